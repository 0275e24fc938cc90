"""First and second moments of binary vectors, exact while they are counts."""

from __future__ import annotations

import operator
import os
import sys
from typing import Any

from bernoulli_latent._arrays import Array, namespace, to_host
from bernoulli_latent._checks import check_same_place, check_symmetric, first_offence
from bernoulli_latent._threads import thread_count
from bernoulli_latent.bits import read_bits
from bernoulli_latent.correlation.bounds import FeasibilityReport, check_bounds, onto_bounds
from bernoulli_latent.correlation.joint import check_probabilities, joint_probabilities, second_moment
from bernoulli_latent.errors import NotFittedError
from bernoulli_latent.form import Form
from bernoulli_latent.io import read_arrays, write_arrays

__all__ = ["BernoulliMoments"]


class BernoulliMoments:
    r"""First and second moments of binary vectors :math:`y \in \{-1, +1\}^N`.

    .. math:: M = \begin{pmatrix} E[y y^\top] & E[y] \\ E[y]^\top & 1 \end{pmatrix}

    Moments of samples are kept as integer counts, so that streaming (:meth:`update`) and merging (``a + b``)
    are exact, and give the same numbers in any order. They are divided, in float64, when they are read.

    ``BernoulliMoments()`` is empty and waits for :meth:`update`; the other ways in are :meth:`from_samples`,
    :meth:`from_marginals` and :meth:`from_matrix`.

    Attributes
    ----------
    form : Form or None
        Coding, dtype and device of the samples, in which a sampler will answer.

    Notes
    -----
    Rows are samples here; [1]_ writes the transpose.

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020, section 3.

    Examples
    --------
    >>> moments = BernoulliMoments.from_samples([[0, 1], [1, 1], [1, 1], [1, 0]])
    >>> moments.marginals
    array([0.75, 0.75])
    >>> moments.matrix
    array([[1. , 0. , 0.5],
           [0. , 1. , 0.5],
           [0.5, 0.5, 1. ]])
    """

    def __init__(self) -> None:
        self._counts: Array = None
        self._matrix: Array = None
        self.form: Form | None = None

    @classmethod
    def from_samples(cls, y: Any, values: str = "auto", *, threads: int | None = None) -> BernoulliMoments:
        """Moments of the rows of `y`.

        Parameters
        ----------
        y : array, shape (n_samples, n_bits), or BitArray
            Bits coded as bool, {0, 1} or {-1, +1} in any real dtype; NumPy array, torch tensor or dask array.
        values : {"auto", "01", "pm1", "bool"}
            Coding; ``"auto"`` reads it from the data.
        threads : int, optional
            Threads that count, each with sums of its own; by default what the environment variable
            ``BERNOULLI_LATENT_THREADS`` says, or 1. The counts do not depend on it.

        Raises
        ------
        ValueError
            If `y` is empty or holds anything but bits of one coding.
        """
        return cls().update(y, values, threads=threads)

    @classmethod
    def from_marginals(
        cls,
        probabilities: Any,
        *,
        correlation: Any = None,
        joint: Any = None,
        odds_ratio: Any = None,
    ) -> BernoulliMoments:
        r"""Moments from probabilities of a 1 and one description of the pairs; without one, independent bits.

        Parameters
        ----------
        probabilities : array, shape (n_bits,)
            :math:`p_i = P(y_i = 1)`, in [0, 1].
        correlation : array, shape (n_bits, n_bits), optional
            Pearson (phi) correlations: :math:`p_{ij} = p_i p_j + \phi_{ij} \sqrt{p_i q_i p_j q_j}`.
        joint : array, shape (n_bits, n_bits), optional
            :math:`p_{ij} = P(y_i = y_j = 1)`, with the probabilities on the diagonal.
        odds_ratio : array, shape (n_bits, n_bits), optional
            :math:`p_{11} p_{00} / (p_{10} p_{01}) \ge 0`; the diagonal is not read. Solved by the quadratic of
            Plackett (1965).

        Raises
        ------
        ValueError
            If an argument is out of its domain, not symmetric, or of the wrong size, or more than one
            description is given. Pairs that no distribution allows are found by :meth:`check_feasible`.

        Examples
        --------
        >>> BernoulliMoments.from_marginals([0.5, 0.5], correlation=[[1, 0.2], [0.2, 1]]).second_moment
        array([[1. , 0.2],
               [0.2, 1. ]])
        """
        given = {"correlation": correlation, "joint": joint, "odds_ratio": odds_ratio}
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) > 1:
            raise ValueError(f"give one of `correlation`, `joint`, `odds_ratio`; got {', '.join(given)}")
        p = check_probabilities(probabilities)
        xp = namespace(p)
        pairs = p[:, None] * p[None, :]
        for name, value in given.items():
            pairs = joint_probabilities(p, name, value)
        mean = 2 * p - 1
        second = second_moment(p[:, None], p[None, :], pairs)
        return cls._from_parts(xp, second, mean)

    @classmethod
    def _from_parts(cls, xp: Any, second: Array, mean: Array) -> BernoulliMoments:
        one = xp.ones((1, 1), dtype=xp.float64, device=mean.device)
        M = xp.concat([xp.concat([second, mean[:, None]], axis=1), xp.concat([mean[None, :], one], axis=1)])
        diagonal = xp.eye(M.shape[0], dtype=xp.float64, device=M.device)
        return cls.from_matrix(xp.where(diagonal != 0, diagonal, M))

    @classmethod
    def from_matrix(cls, M: Any) -> BernoulliMoments:
        """Moments from a bordered matrix, the means of {-1, +1} bits in its last row and column.

        Parameters
        ----------
        M : array, shape (n_bits + 1, n_bits + 1)
            Symmetric, unit diagonal, means in [-1, 1]. Kept in float64. Entries that miss these values, or the
            Frechet bounds, by rounding (1e-9, or 1e-6 if `M` is float32) are moved onto them.

        Raises
        ------
        ValueError
            If `M` is not square and symmetric, smaller than 2 x 2, its diagonal is not 1, or a mean lies outside
            [-1, 1].
        """
        matrix = check_symmetric(M, "M")
        xp = namespace(matrix)
        if matrix.shape[0] < 2:
            raise ValueError(f"`M` must be at least 2 x 2, moments and their border; got {tuple(matrix.shape)}")
        rounding = 1e-9 if matrix.dtype == xp.float64 else 1e-6
        offence = first_offence(~(xp.abs(xp.linalg.diagonal(matrix) - 1) <= rounding))
        if offence is not None:
            value = float(matrix[offence * 2])
            raise ValueError(f"`M` must have a unit diagonal; got {value} at index {offence * 2}")
        offence = first_offence(xp.abs(matrix[-1, :]) > 1 + rounding)
        if offence is not None:
            value = float(matrix[-1, offence[0]])
            raise ValueError(f"`M` must have means in [-1, 1] in its last row; got {value} at index {offence[0]}")
        moments = cls()
        moments._matrix = onto_bounds(xp.astype(matrix, xp.float64), rounding)
        return moments

    def update(self, y: Any, values: str = "auto", *, threads: int | None = None) -> BernoulliMoments:
        """Add the rows of `y` in place and return self; see :meth:`from_samples`.

        A dask array is counted block by block, by the threads of its scheduler.

        Raises
        ------
        ValueError
            As :meth:`from_samples`; also if the width or the coding differs from what came before. Nothing is
            added then.
        TypeError
            If these moments were given as numbers, so that there are no counts to add to.
        """
        is_dask = "dask" in sys.modules and hasattr(y, "dask")
        part = _of_dask(y, values) if is_dask else _of_array(y, values, thread_count(threads))
        total = part if self.is_empty else self + part
        self._counts, self.form = total._counts, total.form
        return self

    def __add__(self, other: BernoulliMoments) -> BernoulliMoments:
        """Moments of both samples together, exact."""
        if not isinstance(other, BernoulliMoments):
            return NotImplemented
        if self.is_empty or other.is_empty:
            return (other if self.is_empty else self).copy()
        self._check_mergeable(other)
        total = BernoulliMoments()
        total._counts = self._counts + other._counts
        total.form = self._merged_form(other)
        return total

    def copy(self) -> BernoulliMoments:
        """Independent copy, to be updated without touching this one."""
        twin = BernoulliMoments()
        twin._matrix, twin.form = self._matrix, self.form
        twin._counts = None if self._counts is None else namespace(self._counts).asarray(self._counts, copy=True)
        return twin

    def _check_mergeable(self, other: BernoulliMoments) -> None:
        if self._counts is None or other._counts is None:
            raise TypeError("moments can be added only if both were counted from samples; one was given as numbers")
        if self.n_bits != other.n_bits:
            raise ValueError(f"`y` must have {self.n_bits} bits like the earlier samples; got {other.n_bits}")
        check_same_place(other._counts, "y", self._counts, "the earlier samples")

    def _merged_form(self, other: BernoulliMoments) -> Form | None:
        if self.form is None or other.form is None:
            return self.form or other.form
        return self.form.merge(other.form)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted or given yet."""
        return self._counts is None and self._matrix is None

    @property
    def n_samples(self) -> int | None:
        """Number of samples counted; None if the moments were given as numbers."""
        if self.is_empty:
            return 0
        return None if self._counts is None else int(self._counts[-1, -1])

    @property
    def n_bits(self) -> int:
        """Number of bits N."""
        return int((self._counts if self._matrix is None else self._matrix).shape[0]) - 1

    @property
    def matrix(self) -> Array:
        """Bordered second moments `M`, shape (N + 1, N + 1), float64, the means last."""
        if self.is_empty:
            raise NotFittedError("these moments are empty; call `update(y)` or use `from_samples` first")
        if self._matrix is not None:
            return namespace(self._matrix).asarray(self._matrix, copy=True)
        xp = namespace(self._counts)
        return xp.astype(self._counts, xp.float64) / self.n_samples

    @property
    def mean(self) -> Array:
        """Means E[y] of {-1, +1} bits, shape (N,)."""
        return self.matrix[-1, :-1]

    @property
    def second_moment(self) -> Array:
        """Second moments E[y y^T], shape (N, N)."""
        return self.matrix[:-1, :-1]

    @property
    def marginals(self) -> Array:
        """Probabilities P(y_i = 1), shape (N,)."""
        return (1 + self.mean) / 2

    @property
    def covariance(self) -> Array:
        """Covariance of {-1, +1} bits, shape (N, N)."""
        M = self.matrix
        return M[:-1, :-1] - M[:-1, -1:] * M[-1:, :-1]

    @property
    def correlation(self) -> Array:
        """Pearson (phi) correlation, shape (N, N); a constant bit correlates 1 with itself and 0 with the rest."""
        covariance, second = self.covariance, self.second_moment
        xp = namespace(covariance)
        deviation = xp.sqrt(xp.linalg.diagonal(covariance))
        deviation = xp.where(self._is_constant, xp.ones_like(deviation), deviation)
        phi = covariance / (deviation[:, None] * deviation[None, :])
        varies = ~self._is_constant[:, None] & ~self._is_constant[None, :]
        identity = xp.eye(phi.shape[0], dtype=xp.float64, device=phi.device)
        return xp.where(varies, xp.where(xp.abs(second) == 1, second, phi), identity)

    @property
    def _is_constant(self) -> Array:
        return namespace(self.mean).abs(self.mean) == 1

    @property
    def constant_bits(self) -> Array:
        """Indices of the bits that never vary."""
        return namespace(self.mean).nonzero(self._is_constant)[0]

    def check_feasible(self) -> FeasibilityReport:
        """Check the necessary conditions for a binary distribution with these moments.

        Returns
        -------
        FeasibilityReport
            ``.feasible``, and the violated Frechet bounds ``.pairs`` and triangle inequalities ``.triples``,
            worst first. The cost of the triples grows as N cubed.

        References
        ----------
        .. [1] Frechet, "Generalisation du theoreme des probabilites totales", Fundamenta Mathematicae 25, 1935.
        .. [2] Pitowsky, "Quantum Probability - Quantum Logic", Springer 1989, chapter 2.

        Examples
        --------
        >>> moments = BernoulliMoments.from_marginals([0.9, 0.9], joint=[[0.9, 0.1], [0.1, 0.9]])
        >>> print(moments.check_feasible())
        infeasible: 1 pairs and 0 triples violate their bounds
          bits (0, 1): P(both 1) = 0.1 not in [0.8, 0.9]
        """
        return check_bounds(self.matrix)

    def as_array(self) -> tuple[str, Array]:
        """What is kept: ``"counts"`` of integers, or the ``"matrix"`` that was given."""
        return ("matrix", self.matrix) if self._counts is None else ("counts", self._counts)

    @classmethod
    def from_array(cls, name: str, content: Array) -> BernoulliMoments:
        """Inverse of :meth:`as_array`."""
        moments = cls()
        moments._counts, moments._matrix = (content, None) if name == "counts" else (None, content)
        return moments

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a new .npz or .safetensors file, whole or not at all."""
        name, content = self.as_array()
        values = {"form": None if self.form is None else self.form.as_dict()}
        write_arrays(path, type(self).__name__, {name: to_host(content)}, values)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BernoulliMoments:
        """Read what :meth:`save` wrote, as NumPy arrays; a damaged or foreign file is a ``ValueError``."""
        arrays, values = read_arrays(path, cls.__name__)
        moments = cls.from_array(*arrays.popitem())
        moments.form = values["form"] and Form.from_dict(values["form"])
        return moments

    def to(self, device: Any) -> BernoulliMoments:
        """The same moments as torch tensors on `device`."""
        import torch

        twin = BernoulliMoments()
        twin._counts, twin._matrix = (
            None if x is None else torch.as_tensor(x, device=device) for x in (self._counts, self._matrix)
        )
        twin.form = None if self.form is None else self.form.to(device)
        return twin

    def __repr__(self) -> str:
        if self.is_empty:
            return "BernoulliMoments()"
        return f"BernoulliMoments(n_bits={self.n_bits}, n_samples={self.n_samples})"


def _of_array(y: Any, values: str, threads: int = 1) -> BernoulliMoments:
    bits, coding = read_bits(y, "y", values, threads=threads)
    moments = BernoulliMoments.from_array("counts", bits.cross_products(threads=threads))
    moments.form = Form.of(y, coding)
    return moments


def _of_dask(y: Any, values: str) -> BernoulliMoments:
    """Moments of a dask array, its blocks added pairwise so that few are held at a time."""
    import dask

    parts = [dask.delayed(_of_array)(block, values) for block in y.rechunk({1: -1}).to_delayed().ravel()]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [dask.delayed(operator.add)(*pair) for pair in pairs] + parts[len(parts) - len(parts) % 2 :]
    total: BernoulliMoments = parts[0].compute()
    return total
