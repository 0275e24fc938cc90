"""Rounding: bits as the signs of linear functions of a Gaussian vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, on_host, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_sampling import NORMAL_UNIT
from bernoulli_latent.bits import BitArray
from bernoulli_latent.correlation._problem import directions
from bernoulli_latent.correlation.arcsine import moments_from_gram
from bernoulli_latent.correlation.thresholds import moments_from_thresholds
from bernoulli_latent.errors import warn
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.integers import integer_offsets, integer_rows
from bernoulli_latent.samplers.ties import Ties

__all__ = ["Rounding", "trapezoidal"]

RANK_TOLERANCE = 1e-11
"""Eigenvalues below this part of the largest count as zero."""

TRIANGLE = 64
"""Columns from which a product with a triangle is worth its call."""


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

    @property
    def thresholds(self) -> Array:
        """What the scores have beside their linear part, shape (R,)."""
        return self.factor[:, 0] if self.constant else namespace(self.factor).zeros_like(self.factor[:, 0])

    def draw(self, key: int, start: int, n: int, precision: str) -> BitArray:
        """Samples `start` to `start + n` of the stream `key`; `precision` is no longer ``"auto"``."""
        recipe = self._recipe(precision)
        return BitArray(kernels("sampling", self.factor).draw(key, start, n, *recipe), self.n_bits)

    def draw_rows(self, key: int, rows: Array, precision: str) -> BitArray:
        """Samples of the stream `key` whose numbers are the `rows`, int64 in the model's library, in any order."""
        recipe = self._recipe(precision)
        return BitArray(kernels("sampling", self.factor).draw_rows(key, rows, *recipe), self.n_bits)

    def _recipe(self, precision: str) -> tuple[Array, ...]:
        """What the kernels take; kept, because a stream is drawn in many pieces."""
        recipe = self._recipes.get(precision)
        if recipe is None:
            recipe = self._recipes[precision] = (*self._vectors(precision), self.ties.index, self.ties.flip)
        return recipe

    @cached_property
    def _recipes(self) -> dict[str, tuple[Array, ...]]:
        return {}

    def _vectors(self, precision: str) -> tuple[Array, Array]:
        """Rows for the normals alone and thresholds, in one arithmetic."""
        xp = namespace(self.factor)
        is_threshold = (xp.arange(self.factor.shape[1], device=self.factor.device) == 0) & self.constant
        rows = xp.where(is_threshold, 0.0, self.factor)
        thresholds = self.thresholds
        if precision == "int16":
            integers = integer_rows(rows)
            return integers, integer_offsets(thresholds, _lengths(xp.astype(integers, rows.dtype))[:, 0])
        real = getattr(xp, precision)
        return xp.astype(rows, real), xp.astype(thresholds, real)

    def in_integers(self) -> Rounding:
        """The model that draws in int16 have."""
        integers, offsets = self._vectors("int16")
        xp = namespace(integers)
        rows = xp.astype(integers, self.factor.dtype)
        if not self.constant:
            return Rounding(rows / _lengths(rows), self.ties)
        thresholds = xp.astype(offsets, rows.dtype)[:, None] / (_lengths(rows) * NORMAL_UNIT)
        thresholds[0, 0] = 1.0
        return Rounding(xp.concat([thresholds, (rows / _lengths(rows))[:, 1:]], axis=1), self.ties, constant=True)

    def scores(self, normals: Array) -> Array:
        """Side of every row for `normals` (n, rank), the boundary's made positive: shape (n, R)."""
        return self.oriented(self.projected(normals))

    def projected(self, normals: Array) -> Array:
        """Part of the scores that is linear in the `normals`."""
        return trapezoid_product(normals, self.factor[:, int(self.constant) :])

    def oriented(self, projected: Array) -> Array:
        """Scores from their linear part."""
        xp = namespace(projected)
        if self.constant:
            return projected + self.factor[:, 0]
        return projected * xp.where(projected[:, :1] >= 0, 1.0, -1.0)

    def path(self, normals: Array, weights: Array, precision: str, threads: int) -> Array:
        """Packed bits (steps, n, words) of `weights` (2, steps, n) times the starts and ends of n paths.

        The scores are in float64 for that `precision`, otherwise in float32; the `normals` (2 n, rank) are the starts,
        then the ends.
        """
        xp, n = namespace(normals), normals.shape[0] // 2
        factor, offset, index, flip = self._recipe("float64" if precision == "float64" else "float32")
        normals, weights = (xp.astype(x, factor.dtype) for x in (normals, weights))
        scores = trapezoid_product(normals, factor[:, int(self.constant) :])
        if not self.constant:
            boundary = weights[0, ...] * scores[:n, 0] + weights[1, ...] * scores[n:, 0]
            weights = weights * xp.where(boundary >= 0, xp.ones_like(boundary), -1.0)
        return kernels("paths", scores).path(scores[:n, :], scores[n:, :], weights, offset, index, flip, threads)

    def bits(self, scores: Array) -> BitArray:
        """Bits of the `scores` (n, R), spread over ties."""
        positive = namespace(scores).take(scores >= 0, self.ties.index, axis=1)
        return BitArray.from_array(positive ^ self.ties.flip[None, :])

    def margins(self, scores: Array, bits: BitArray) -> Array:
        """Scores (n, R), or (1, R) for all, spread over the `bits` (n, N) and positive on their side."""
        return self._plus_minus(bits) * namespace(scores).take(scores, self.ties.index, axis=1)

    def _plus_minus(self, bits: BitArray) -> Array:
        """Signs (n, N) that the score of each bit's row should have."""
        return bits.to_array("pm1", dtype=self.factor.dtype) * namespace(self.factor).where(self.ties.flip, -1.0, 1.0)

    def signs(self, bits: BitArray, known: Array | None = None) -> tuple[Array, Array]:
        """Signs (n, R) that a normal should give to the rows for `bits`, and which codes the ties rule out (n,).

        The sign is 0 where none of a row's bits is among the `known` (n, N), or where they contradict each other.
        """
        xp = namespace(self.factor)
        plus_minus = self._plus_minus(bits)
        if known is not None:
            plus_minus = xp.where(known, plus_minus, 0.0)
        groups = xp.arange(self.factor.shape[0], device=self.factor.device)
        members = xp.astype(self.ties.index[:, None] == groups[None, :], self.factor.dtype)
        total, count = plus_minus @ members, xp.abs(plus_minus) @ members
        impossible = xp.any(xp.abs(total) != count, axis=1) | (total[:, 0] < 0)
        signs = xp.where(xp.abs(total) == count, xp.sign(total), 0.0)
        return xp.concat([xp.ones_like(signs[:, :1]), signs[:, 1:]], axis=1), impossible

    def normals(self, points: Array, signs: Array | None = None) -> Array:
        """Normals (n, rank) of points (n, columns) in the space of the rows, which count up to a positive factor.

        They get unit length; or, behind the constant, that which normals typically have, as far as the `signs` allow.
        """
        xp = namespace(points)
        if not self.constant:
            return points / _lengths(points)
        first = points[:, :1]
        normals = points[:, 1:] / xp.where(first > 0, first, _lengths(points))
        return normals if signs is None else normals * self._stretch(normals, signs)

    def _stretch(self, normals: Array, signs: Array) -> Array:
        """Factor (n, 1) that brings `normals` to the root of their dimension, or half-way to where a sign changes."""
        xp = namespace(normals)
        offset, slope = signs * self.factor[:, 0], signs * self.projected(normals)
        crossing = -offset / xp.where(slope == 0, 1.0, slope)
        low = xp.max(xp.where((slope > 0) & (crossing < 1), crossing, 0.0), axis=1, keepdims=True)
        high = xp.min(xp.where((slope < 0) & (crossing > 1), crossing, xp.inf), axis=1, keepdims=True)
        typical = self.rank**0.5 / _lengths(normals)
        return xp.clip(typical, (xp.clip(low, 0.0, 1.0) + 1) / 2, (high + 1) / 2)

    def moments(self) -> BernoulliMoments:
        """Moments of the bits in closed form."""
        return BernoulliMoments.from_matrix(self.moment_matrix())

    def moment_matrix(self) -> Array:
        """The same as a matrix, to rounding, the boundary last."""
        if self.constant:
            rows = self.factor[1:, 1:]
            moments = moments_from_thresholds(self.factor[1:, 0], rows @ rows.T)
        else:
            moments = moments_from_gram(self.factor @ self.factor.T)
        return self.ties.expand(moments)

    def to(self, device: Any) -> Rounding:
        """The same model as torch tensors on `device`."""
        import torch

        ties = self.ties
        moved = [torch.as_tensor(x, device=device) for x in (ties.representatives, ties.index, ties.flip)]
        return Rounding(torch.as_tensor(self.factor, device=device), Ties(*moved), self.constant)


def trapezoid_product(x: Array, rows: Array) -> Array:
    """``x @ rows.T`` for lower trapezoidal `rows` (R, r), with half the work where they are a triangle."""
    r = rows.shape[1]
    if not on_host(rows) or r < TRIANGLE or x.shape[0] == 0:
        return x @ rows.T
    from scipy.linalg.blas import get_blas_funcs

    wide, tall = to_host(x), to_host(rows)
    products = np.empty((len(wide), len(tall)), wide.dtype)
    multiply = get_blas_funcs("trmm", dtype=wide.dtype)
    products[:, :r] = multiply(1.0, np.asfortranarray(tall[:r].T), wide.T, trans_a=1).T
    products[:, r:] = wide @ tall[r:].T
    return from_host(products, x)


def _lengths(points: Array) -> Array:
    """Lengths of the rows (n, 1), 1 for a row of zeros."""
    length = namespace(points).linalg.vector_norm(points, axis=1, keepdims=True)
    return namespace(points).where(length > 0, length, 1.0)


def trapezoidal(rows: Array, rank: int | None = None, bordered: bool = True) -> Array:
    """Unit `rows` turned so that they are lower trapezoidal; their inner products stay, up to the `rank`.

    Parameters
    ----------
    rows : array, shape (n, columns)
        Unit vectors.
    rank : int, optional
        Keep at most so many of the largest singular values; the rows are scaled back to unit length. Rows of which
        nothing is left take the first axis, with a warning, if the rank has no more for them.
    bordered : bool
        Whether to keep all inner products with the first row exactly, unless the rank is 1: they are the means.
    """
    boundary, rows = rows @ rows[0], _lower(_significant(rows, rank))
    return _bordered(rows, boundary, rank) if bordered and rows.shape[1] > 1 else _directions(rows, rank)


def _lower(rows: Array) -> Array:
    """`rows` turned so that they are lower trapezoidal."""
    xp = namespace(rows)
    upper = xp.linalg.qr(rows.T)[1]
    upper = upper * xp.where(xp.linalg.diagonal(upper) < 0, -1.0, 1.0)[:, None]
    return xp.tril(upper.T)


def _significant(rows: Array, rank: int | None) -> Array:
    """`rows` without columns of rounding, or their coordinates along the first `rank` singular vectors."""
    xp = namespace(rows)
    lengths = xp.sum(rows * rows, axis=0)
    rows = rows[:, lengths > RANK_TOLERANCE * xp.max(lengths)]
    if rank is None or rank >= rows.shape[1]:
        return rows
    return rows @ xp.linalg.eigh(rows.T @ rows)[1][:, -rank:]


def _bordered(rows: Array, boundary: Array, rank: int | None) -> Array:
    """Unit rows with the first column `boundary`.

    What the small eigenvalues took away is so missing in the pairs alone, and not in the means.
    """
    xp = namespace(rows)
    boundary = xp.clip(boundary[1:, None], -1.0, 1.0)
    rest = xp.sqrt((1 - boundary) * (1 + boundary)) * _directions(rows[1:, 1:], None if rank is None else rank - 1)
    first = xp.concat([xp.ones_like(boundary[:1]), xp.zeros_like(rest[:1])], axis=1)
    return xp.concat([first, xp.concat([boundary, rest], axis=1)])


def _directions(rows: Array, rank: int | None) -> Array:
    """`rows` scaled to unit length; those that are zero get axes of their own, as far as the `rank` allows."""
    xp, columns = namespace(rows), rows.shape[1]
    unit = directions(rows)
    if unit.shape[1] == columns:
        return unit
    if rank is None or unit.shape[1] <= rank:
        return _lower(unit)
    lost = xp.linalg.vector_norm(unit[:, :columns], axis=1) == 0
    warn(f"a `rank` so small leaves {int(xp.count_nonzero(lost))} bits no direction of their own: they share one")
    unit[lost, 0] = 1.0
    return unit[:, :columns]
