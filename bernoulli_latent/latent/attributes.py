"""Editing of attributes: set the bits that samples with an attribute agree on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, as_array, from_host, to_host
from bernoulli_latent._checks import check_count
from bernoulli_latent.bits import BitArray, bits_like, read_bits
from bernoulli_latent.errors import NotFittedError
from bernoulli_latent.form import Form

if TYPE_CHECKING:
    from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler

__all__ = ["AttributeBits", "AttributeEditor"]

HostArray = np.ndarray[Any, Any]


class AttributeBits(NamedTuple):
    """Bits that carry an attribute, the most decided first.

    Attributes
    ----------
    indices : numpy.ndarray of int64, shape (n,)
        Which bits.
    values : numpy.ndarray of bool, shape (n,)
        To what they are set.
    """

    indices: HostArray
    values: HostArray


class AttributeEditor:
    r"""Give latents an attribute, or take it away, by setting the bits that tell of it.

    .. math:: b_i \leftarrow +1 \text{ where } E[y_i \mid a] > D, \qquad b_i \leftarrow -1 \text{ where }
              E[y_i \mid a] < -D

    Parameters
    ----------
    sampler : HyperplaneSampler or DichotomizedGaussianSampler, optional
        Fitted to such latents; needed by ``edit(..., propagate=True)``.

    Attributes
    ----------
    names_ : tuple
        Names of the attributes.
    mean_ : numpy.ndarray, shape (n_bits,)
        :math:`E[y]`, of {-1, +1} bits.
    conditional_mean_ : numpy.ndarray, shape (n_attributes, 2, n_bits)
        :math:`E[y \mid a]` without (0) and with (1) each attribute.
    counts_ : numpy.ndarray of int64, shape (n_attributes, 2)
        Samples without and with each attribute.

    Notes
    -----
    A small `threshold` sets many bits and nearly replaces the sample, also by bits that are merely skewed in
    all samples. `contrast` leaves those alone: it looks at :math:`E[y_i \mid a] - E[y_i]`. The reference
    takes D = 0.1.

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020, section on
       attribute modification.
    .. [2] Benjamini and Hochberg, "Controlling the false discovery rate", J. R. Statist. Soc. B 57, 1995.

    Examples
    --------
    >>> latents = [[1, 0, 1], [1, 1, 0], [0, 0, 1], [0, 1, 1]]
    >>> editor = AttributeEditor().fit(latents, [1, 1, 0, 0], names=["glasses"])
    >>> editor.bits("glasses", contrast=True, budget=1)
    AttributeBits(indices=array([0]), values=array([ True]))
    >>> editor.edit(np.array([[0, 0, 1]]), "glasses", budget=1)
    array([[1, 0, 1]])
    """

    def __init__(self, sampler: GaussianRoundingSampler | None = None) -> None:
        self.sampler = sampler

    def fit(self, latents: Any, attributes: Any, names: Sequence[Hashable] | None = None) -> AttributeEditor:
        """Measure the mean of every bit with and without each attribute.

        Parameters
        ----------
        latents : array, shape (n_samples, n_bits), or BitArray
            Bits coded as bool, {0, 1} or {-1, +1}.
        attributes : array, shape (n_samples, n_attributes) or (n_samples,), or BitArray
            Whether each sample has each attribute, in any of the same codings.
        names : sequence, optional
            One name for each attribute; by default 0, 1, 2, ...

        Returns
        -------
        AttributeEditor
            The editor itself.

        Raises
        ------
        ValueError
            If the rows of `latents` and `attributes` do not match, `names` do not fit, or an attribute is the
            same for all samples, which leaves one of its two means undefined.
        """
        bits, _ = read_bits(latents, "latents")
        columns = _read_attributes(attributes)
        if len(columns) != len(bits):
            raise ValueError(f"`attributes` must have {len(bits)} rows like `latents`; got {len(columns)}")
        self.names_ = _check_names(names, columns.shape[1])
        _check_varies(columns, self.names_)
        self.mean_ = _mean(bits)
        self.counts_ = np.stack([np.sum(~columns, axis=0), np.sum(columns, axis=0)], axis=1)
        self.conditional_mean_ = np.stack(
            [[_mean(bits[from_host(has == value, bits.words)]) for value in (False, True)] for has in columns.T]
        )
        return self

    def bits(
        self,
        name: Hashable,
        value: bool = True,
        threshold: float = 0.1,
        contrast: bool = False,
        budget: int | None = None,
        *,
        significance: float | None = None,
    ) -> AttributeBits:
        """Bits that :meth:`edit` would set, and to what.

        Parameters
        ----------
        name : hashable
            One of ``names_``.
        value : bool, default True
            Whether the attribute is given or taken away.
        threshold : float, default 0.1
            D in [0, 2): bits whose mean is nearer to zero are left as they are.
        contrast : bool, default False
            Judge by how the mean differs from that of all samples.
        budget : int, optional
            Keep only so many bits, those with the largest means in absolute value.
        significance : float, optional
            Keep only bits whose frequencies with and without the attribute differ, by the pooled two-proportion z-test,
            at this false discovery rate in (0, 1) over all bits (Benjamini and Hochberg 1995).

        Returns
        -------
        AttributeBits
            ``indices`` and ``values``, the most decided bits first.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        ValueError
            If `name` is unknown, or `threshold`, `budget` or `significance` is out of its domain.
        """
        score = self._conditional_mean(name, value)
        if contrast:
            score = score - self.mean_
        if not 0 <= threshold < 2:
            raise ValueError(f"`threshold` must lie in [0, 2); got {threshold}. It is compared with means in [-1, 1]")
        chosen = np.abs(score) > threshold
        if significance is not None:
            chosen &= self._significant(name, significance)
        order = np.argsort(np.where(chosen, -np.abs(score), 1.0), kind="stable")[: int(np.sum(chosen))]
        index = order if budget is None else order[: check_count(budget, "budget")]
        return AttributeBits(index, score[index] > 0)

    def edit(
        self,
        latents: Any,
        name: Hashable,
        value: bool = True,
        threshold: float = 0.1,
        contrast: bool = False,
        budget: int | None = None,
        *,
        significance: float | None = None,
        propagate: bool = False,
        rng: Any = None,
    ) -> Array:
        """Copy of `latents` with the attribute given or taken away.

        Parameters
        ----------
        latents : array, shape (n_samples, n_bits), or BitArray
            Bits of as many columns as those fitted.
        name, value, threshold, contrast, budget, significance
            See :meth:`bits`.
        propagate : bool, default False
            Draw all other bits anew from the sampler, given those that are set. They then agree with the attribute, but
            no longer with the latents that came.
        rng : None, int or generator
            Randomness of the new bits.

        Returns
        -------
        array, shape (n_samples, n_bits), or BitArray
            In the coding, dtype, library and device of `latents`. Where `latents` are all ones, which every
            coding writes alike, cleared bits are 0.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        ValueError
            If the number of bits differs from that fitted, or there is no sampler to draw from; otherwise as
            :meth:`bits`.
        """
        index, target = self.bits(name, value, threshold, contrast, budget, significance=significance)
        bits, coding = read_bits(latents, "latents", least=0)
        if bits.n_bits != len(self.mean_):
            raise ValueError(f"`latents` must have {len(self.mean_)} bits like those fitted; got {bits.n_bits}")
        keep = ~_mask(index, bits)
        edited = BitArray((bits.words & keep) | _mask(index[target], bits), bits.n_bits)
        if propagate:
            edited = self._redrawn(edited, index, rng)
        return edited if isinstance(latents, BitArray) else Form.of(latents, coding).write(edited)

    def _redrawn(self, edited: BitArray, index: HostArray, rng: Any) -> BitArray:
        if self.sampler is None:
            raise ValueError("`propagate` needs a fitted sampler; make the editor with AttributeEditor(sampler)")
        known = np.zeros(edited.n_bits, dtype=np.bool_)
        known[index] = True
        return bits_like(read_bits(self.sampler.sample_given(edited, known, rng=rng), least=0)[0], edited.words)

    def _significant(self, name: Hashable, level: float) -> HostArray:
        """Bits whose frequencies with and without the attribute differ, by the procedure of Benjamini and Hochberg."""
        from scipy.special import ndtr

        if not 0 < level < 1:
            raise ValueError(f"`significance` must lie in (0, 1); got {level}")
        k = self.names_.index(name)
        without, with_it = (1 + self.conditional_mean_[k]) / 2
        n, m = self.counts_[k]
        pooled = (n * without + m * with_it) / (n + m)
        deviation = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        z = np.abs(with_it - without) / np.where(deviation > 0, deviation, np.inf)
        p = 2 * ndtr(-z)
        order = np.argsort(p, kind="stable")
        passed = np.flatnonzero(p[order] <= level * np.arange(1, len(p) + 1) / len(p))
        significant = np.zeros(len(p), dtype=np.bool_)
        significant[order[: passed[-1] + 1 if len(passed) else 0]] = True
        return significant

    def _conditional_mean(self, name: Hashable, value: bool) -> HostArray:
        if not hasattr(self, "names_"):
            raise NotFittedError("this AttributeEditor is not fitted yet; call `fit(latents, attributes)` first")
        if name not in self.names_:
            known = ", ".join(map(repr, self.names_[:10])) + (", ..." if len(self.names_) > 10 else "")
            raise ValueError(f"`name` must be one of {known}; got {name!r}")
        mean: HostArray = self.conditional_mean_[self.names_.index(name), int(bool(value))]
        return mean


def _mean(bits: BitArray) -> HostArray:
    """Means of {-1, +1} bits."""
    return 2 * np.asarray(to_host(bits.mean()), dtype=np.float64) - 1


def _mask(index: HostArray, like: BitArray) -> Array:
    """One row of words with the bits at `index` set, in the library of `like`."""
    row = np.zeros((1, like.n_bits), dtype=np.bool_)
    row[0, index] = True
    return BitArray.from_array(from_host(row, like.words)).words


def _read_attributes(attributes: Any) -> HostArray:
    """Boolean matrix with a column for each attribute."""
    if not isinstance(attributes, BitArray):
        attributes = as_array(attributes, "attributes")
        attributes = attributes[:, None] if attributes.ndim == 1 else attributes
    columns = read_bits(attributes, "attributes")[0].to_array("bool")
    return to_host(columns)


def _check_names(names: Sequence[Hashable] | None, n_attributes: int) -> tuple[Hashable, ...]:
    if names is None:
        return tuple(range(n_attributes))
    if isinstance(names, str) or len(names) != n_attributes:
        raise ValueError(f"`names` must be {n_attributes} names, one for each column of `attributes`; got {names!r}")
    if len(set(names)) != n_attributes:
        raise ValueError(f"`names` must differ from each other; got {list(names)!r}")
    return tuple(names)


def _check_varies(columns: HostArray, names: tuple[Hashable, ...]) -> None:
    for column, name in zip(columns.T, names, strict=True):
        if column.all() or not column.any():
            raise ValueError(
                f"`attributes` must vary in every column; got only {int(column[0])} for {name!r}, "
                "so one of its two means is undefined"
            )
