"""Mixtures of independent bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bernoulli_latent._arrays import Array, namespace, on_host
from bernoulli_latent._checks import check_same_place
from bernoulli_latent.bits import BitArray, read_bits

__all__ = ["BernoulliMixture", "log_sum", "unpacked"]

PSEUDO_COUNT = 0.5
"""Rows that the prior adds to every component, and to both values of each of its bits."""

HOST_ENTRIES = 2**18
DEVICE_ENTRIES = 2**24
"""Bits unpacked at a time: two megabytes stay in the cache, a device wants more work at once."""


@dataclass(frozen=True)
class BernoulliMixture:
    r"""Mixture of vectors of independent bits.

    .. math:: P(y) = \sum_k w_k \prod_i p_{ki}^{y_i} (1 - p_{ki})^{1 - y_i}, \qquad y_i \in \{0, 1\}

    Attributes
    ----------
    weights : array, shape (n_components,), float64
        Positive, with sum 1.
    probabilities : array, shape (n_components, n_bits), float64
        Of a 1, strictly between 0 and 1.

    References
    ----------
    .. [1] Bishop, "Pattern Recognition and Machine Learning", Springer 2006, section 9.3.3.

    Examples
    --------
    >>> import numpy as np
    >>> mixture = BernoulliMixture(np.array([0.5, 0.5]), np.array([[0.9, 0.9], [0.1, 0.1]]))
    >>> mixture.responsibilities([[1, 1], [1, 0]]).round(3)
    array([[0.988, 0.012],
           [0.5  , 0.5  ]])
    """

    weights: Array
    probabilities: Array

    @classmethod
    def from_counts(cls, sizes: Array, counts: Array) -> BernoulliMixture:
        """Most probable mixture for `sizes` (n_components,) of components and `counts` (n_components, n_bits) of ones.

        The prior, Dirichlet(1.5) for the weights and Beta(1.5, 1.5) for the probabilities, adds half a row to each
        component and to each value of each bit, so that nothing is ever 0 or 1.
        """
        total = namespace(sizes).sum(sizes) + PSEUDO_COUNT * sizes.shape[0]
        probabilities = (counts + PSEUDO_COUNT) / (sizes + 2 * PSEUDO_COUNT)[:, None]
        return cls((sizes + PSEUDO_COUNT) / total, probabilities)

    @property
    def n_components(self) -> int:
        """Number of components."""
        return int(self.weights.shape[0])

    @cached_property
    def _linear(self) -> tuple[Array, Array]:
        """Slopes (n_bits, n_components) and offsets (n_components,) of the joint log-probabilities."""
        xp = namespace(self.weights)
        log_zero = xp.log1p(-self.probabilities)
        return (xp.log(self.probabilities) - log_zero).T, xp.log(self.weights) + xp.sum(log_zero, axis=1)

    def log_joint(self, rows: Array) -> Array:
        """``log P(component, y)``, shape (n, n_components), of `rows` (n, n_bits) of float64 zeros and ones."""
        slopes, offsets = self._linear
        return rows @ slopes + offsets[None, :]

    def log_prior(self) -> float:
        """Logarithm of the prior density, up to a constant."""
        xp, (p, w) = namespace(self.weights), (self.probabilities, self.weights)
        return PSEUDO_COUNT * float(xp.sum(xp.log(w)) + xp.sum(xp.log(p) + xp.log1p(-p)))

    def responsibilities(self, y: Any) -> Array:
        """Probability of each component given the bits.

        Parameters
        ----------
        y : array, shape (n, n_bits), or BitArray
            Bits in any coding, in the library and on the device of the mixture.

        Returns
        -------
        array, shape (n, n_components), float64
            Rows have sum 1.

        Raises
        ------
        TypeError
            If `y` is in another library or on another device than the mixture.
        ValueError
            If `y` holds no bits, or has another number of them.
        """
        joint = self._collect(y, BernoulliMixture.log_joint)
        return namespace(joint).exp(joint - log_sum(joint))

    def log_prob(self, y: Any) -> Array:
        """Log-probability of each row of `y`, shape (n,)."""
        return self._collect(y, lambda mixture, rows: log_sum(mixture.log_joint(rows))[:, 0])

    def assign(self, y: Any) -> Array:
        """Most probable component of each row of `y`, shape (n,); the first one of a tie."""
        return self._collect(y, lambda mixture, rows: namespace(rows).argmax(mixture.log_joint(rows), axis=1))

    def _collect(self, y: Any, function: Any) -> Array:
        """Answers of `function` for the rows of `y`, some rows at a time."""
        bits = read_bits(y, "y", least=0)[0]
        check_same_place(bits.words, "y", self.weights, "the mixture")
        if bits.n_bits != self.probabilities.shape[1]:
            raise ValueError(f"`y` must have {self.probabilities.shape[1]} bits like the mixture; got {bits.n_bits}")
        return namespace(self.weights).concat([function(self, rows) for rows in unpacked(bits)])


def unpacked(bits: BitArray) -> Iterator[Array]:
    """Some rows after the other as float64 zeros and ones; there is a first block even if there are no rows."""
    entries = HOST_ENTRIES if on_host(bits.words) else DEVICE_ENTRIES
    step, real = max(1, entries // bits.n_bits), namespace(bits.words).float64
    for first in range(0, max(len(bits), 1), step):
        yield bits[first : first + step].to_array("01", dtype=real)


def log_sum(joint: Array) -> Array:
    """Logarithm of the sums of ``exp(joint)`` over the components, shape (n, 1)."""
    xp = namespace(joint)
    largest = xp.max(joint, axis=1, keepdims=True)
    return largest + xp.log(xp.sum(xp.exp(joint - largest), axis=1, keepdims=True))
