"""Rounding: bits as the signs of linear functions of a Gaussian vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, namespace, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent.bits import BitArray
from bernoulli_latent.correlation.arcsine import moments_from_gram
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.ties import Ties

__all__ = ["Rounding", "factor_rows"]

RANK_TOLERANCE = 1e-11
"""Eigenvalues below this part of the largest count as zero."""


@dataclass(frozen=True)
class Rounding:
    r"""Bits :math:`b_i = \mathrm{sign}(v_i \cdot r)` of a vector `r` with :math:`r_0 > 0`, with sign(0) = +1.

    The other coordinates are standard normals. The first one is either the absolute value of a normal, which is
    what multiplying by the sign of the boundary's score :math:`v_0 \cdot r = r_0` comes to, or the constant 1.

    Attributes
    ----------
    factor : array, shape (R, columns), float64
        Rows :math:`v_i`, lower trapezoidal; row 0 is the boundary, (1, 0, ..., 0). The others are unit vectors, or,
        if `constant`, unit vectors behind a threshold.
    ties : Ties
        How the R rows become N bits.
    constant : bool
        Whether the first coordinate is the constant 1.
    """

    factor: Array
    ties: Ties
    constant: bool = False

    @property
    def n_bits(self) -> int:
        """Number of bits N."""
        return int(self.ties.index.shape[0])

    @property
    def rank(self) -> int:
        """Dimension of the normals."""
        return int(self.factor.shape[1]) - self.constant

    @cached_property
    def _single(self) -> Array:
        return namespace(self.factor).astype(self.factor, namespace(self.factor).float32)

    def draw(self, key: int, start: int, n: int, precision: str) -> BitArray:
        """Samples `start` to `start + n` of the stream `key`."""
        factor = self._single if precision == "float32" else self.factor
        module = kernels("sampling", factor)
        if module.__name__.endswith("generic_sampling"):
            words = module.draw(key, start, n, factor, self.ties.index, self.ties.flip, self.constant)
            return BitArray(words, self.n_bits)
        host = [to_host(x) for x in (factor, self.ties.index, self.ties.flip)]
        words = module.draw(key, start, n, *host, self.constant)
        return BitArray(from_host(words.view(np.int64), factor) if is_torch(factor) else words, self.n_bits)

    def scores(self, normals: Array) -> Array:
        """Side of every row for `normals` (n, rank), the boundary's made positive: shape (n, R)."""
        return self.oriented(self.projected(normals))

    def projected(self, normals: Array) -> Array:
        """Part of the scores that is linear in the `normals`."""
        return normals @ self.factor[:, int(self.constant) :].T

    def oriented(self, projected: Array) -> Array:
        """Scores from their linear part."""
        xp = namespace(projected)
        if self.constant:
            return projected + self.factor[:, 0]
        return projected * xp.where(projected[:, :1] >= 0, 1.0, -1.0)

    def bits(self, scores: Array) -> BitArray:
        """Bits of the `scores` (n, R), spread over ties."""
        positive = namespace(scores).take(scores >= 0, self.ties.index, axis=1)
        return BitArray.from_array(positive ^ self.ties.flip[None, :])

    def signs(self, bits: BitArray) -> Array:
        """Signs (n, R) that a normal should give to the rows for `bits`, the boundary's +1."""
        xp = namespace(self.factor)
        plus_minus = bits.to_array("pm1", dtype=self.factor.dtype) * xp.where(self.ties.flip, -1.0, 1.0)[None, :]
        own = self.ties.representatives[1:]
        ones = xp.ones((plus_minus.shape[0], 1), dtype=self.factor.dtype, device=self.factor.device)
        return xp.concat([ones, xp.take(plus_minus, own, axis=1)], axis=1)

    def moments(self) -> BernoulliMoments:
        """Moments of the bits in closed form."""
        moments = moments_from_gram(self.factor @ self.factor.T)
        return BernoulliMoments.from_matrix(self.ties.expand(moments))

    def to(self, device: Any) -> Rounding:
        """The same model as torch tensors on `device`."""
        import torch

        ties = self.ties
        moved = [torch.as_tensor(x, device=device) for x in (ties.representatives, ties.index, ties.flip)]
        return Rounding(torch.as_tensor(self.factor, device=device), Ties(*moved), self.constant)


def factor_rows(H: Array, rank: int | None = None) -> Array:
    """Unit rows whose inner products are the positive semidefinite `H`, lower trapezoidal.

    Parameters
    ----------
    H : array, shape (n, n)
        Positive semidefinite with unit diagonal.
    rank : int, optional
        Keep at most so many of the largest eigenvalues; the rows are scaled back to unit length.

    Returns
    -------
    array, shape (n, r)
        `r` is the numerical rank of `H`, or `rank` if that is less. The first column is that of `H`, unless r is 1.
    """
    xp = namespace(H)
    eigenvalues, eigenvectors = xp.linalg.eigh(H)
    kept = int(xp.count_nonzero(eigenvalues > RANK_TOLERANCE * eigenvalues[-1]))
    kept = kept if rank is None else min(kept, rank)
    rows = eigenvectors[:, -kept:] * xp.sqrt(eigenvalues[-kept:])
    upper = xp.linalg.qr(rows.T)[1]
    upper = upper * xp.where(xp.linalg.diagonal(upper) < 0, -1.0, 1.0)[:, None]
    return _unit_rows(xp.tril(upper.T), H[:, 0])


def _unit_rows(lower: Array, boundary: Array) -> Array:
    """Rows scaled to unit length, their first column exactly `boundary` wherever there are others to make up for it.

    What the small eigenvalues took away is so missing in the pairs alone, and not in the means.
    """
    xp = namespace(lower)
    rest = xp.linalg.vector_norm(lower[:, 1:], axis=1)
    free = rest > 0
    first = xp.where(free, boundary, xp.where(lower[:, 0] < 0, -1.0, 1.0))
    scale = xp.sqrt((1 - first) * (1 + first)) / xp.where(free, rest, 1.0)
    return xp.concat([first[:, None], lower[:, 1:] * scale[:, None]], axis=1)
