r"""Separation of variables: walls ordered and turned so that each bounds one coordinate, given those before it.

Genz (1992) integrates one coordinate after the other; Gibson, Glasbey and Elston (1994) choose the order; Botev (2017)
tilts each coordinate so that it looks ahead at the walls to come. All of it serves one code at a time, on the host.
"""

from __future__ import annotations

from math import pi
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, from_host
from bernoulli_latent._kernels.generic_bouncing import products
from bernoulli_latent.latent.conditional import boundaries

__all__ = ["Orthant", "inner", "sides"]

RESIDUAL = 1e-6
"""A wall whose direction has less than this part outside the span of others bounds no new coordinate."""


class Orthant(NamedTuple):
    r"""The set ``lower @ x + offset >= 0``, its walls in the order in which they are passed.

    Attributes
    ----------
    lower : array, shape (m, r)
        Lower trapezoidal, with ones on the diagonal.
    offset : array, shape (m,)
    gram : array, shape (m, m)
        Inner products of the rows of `lower`.
    pull : array, shape (r,)
        Derivatives of each coordinate's log weight at the saddle point: the tilt of coordinate `j` that looks
        ahead to wall `k` is ``pull[k] * lower[k, j]``.
    """

    lower: Array
    offset: Array
    gram: Array
    pull: Array

    @classmethod
    def of(cls, directions: Any, offsets: Any) -> Orthant:
        """Set ``directions @ x + offsets >= 0`` of NumPy arrays, up to a rotation."""
        order, lower = _factor(directions, offsets)
        rank = lower.shape[1]
        scale = np.append(np.diagonal(lower), np.ones(len(order) - rank))
        lower, offset = lower / scale[:, None], offsets[order] / scale
        gram = products(lower, lower)
        return cls(lower, offset, gram, _pull(gram[:rank, :rank], offset[:rank]))

    def to(self, like: Array) -> Orthant:
        """The same in the library and on the device of `like`."""
        return Orthant(*(from_host(np.ascontiguousarray(x), like) for x in self))

    def tilt(self, stage: int, start: int = 0) -> Array:
        """Tilt of the coordinates from `start` to `stage`, by the later walls that bound a coordinate."""
        rank = self.lower.shape[1]
        return inner(self.lower[stage:rank, start:stage].T, self.pull[stage:])


def sides(factor: Any, signs: Any, constant: bool) -> tuple[Any, Any]:
    """Directions and offsets of the walls that count, turned so that the inside is positive."""
    directions, offsets = boundaries(factor, constant)
    counts = signs != 0
    counts[0] = not constant
    return directions[counts] * signs[counts, None], offsets[counts] * signs[counts]


def inner(vectors: Array, vector: Array) -> Array:
    """Inner products ``vectors @ vector``, on the host in an order that does not depend on the number of threads."""
    return np.einsum("...i,i->...", vectors, vector) if isinstance(vectors, np.ndarray) else vectors @ vector


def _factor(directions: Any, offsets: Any) -> tuple[Any, Any]:
    """Order of the walls, and their rows (m, r) after a rotation: next is the one least likely to be passed.

    A Cholesky factorization with this choice of pivots. The coordinates so far are taken at their means; walls
    beyond the rank follow, the least distant first.
    """
    basis: list[int] = []
    gram, mean = products(directions, directions), offsets.copy()
    variance, slopes = np.diagonal(gram).copy(), np.zeros((min(directions.shape), len(mean)))
    least = RESIDUAL**2 * variance
    while len(basis) < len(slopes) and (variance > least).any():
        deviation = np.sqrt(np.where(variance > least, variance, np.inf))
        ratio = np.where(variance > least, mean / deviation, np.inf)
        k = int(ratio.argmin())
        slope = (gram[k] - inner(slopes[: len(basis)].T, slopes[: len(basis), k])) / deviation[k]
        slopes[len(basis)] = slope
        variance -= slope * slope
        variance[k] = 0.0
        mean += slope * _hazard(ratio[k])
        basis.append(k)
    rest = np.setdiff1d(np.arange(len(mean)), basis)
    order = np.concatenate([basis, rest[mean[rest].argsort(kind="stable")]]).astype(int)
    return order, np.tril(slopes[: len(basis), order].T)


def _hazard(z: Any) -> Any:
    """Normal density over distribution function."""
    from scipy.special import log_ndtr

    return np.exp(-0.5 * z * z - log_ndtr(z)) / (2 * pi) ** 0.5


def _pull(gram: Any, g: Any, max_iter: int = 50) -> Any:
    r"""Hazards at the saddle point of the tilted log weight (Botev 2017).

    With L the rows, of unit diagonal, its conditions reduce to :math:`z = g + (L L^T - 1) h(z)` for the hazard h,
    solved by damped Newton steps. Any result is right: it affects the variance alone. It is rounded, so that it does
    not depend on the order of a sum.
    """
    matrix = gram - np.eye(len(g))
    z, hazard = g, _hazard(g)
    for _ in range(max_iter):
        error = z - g - matrix @ hazard
        if np.abs(error).max(initial=0.0) < 1e-8:
            break
        step = np.linalg.solve(np.eye(len(g)) + matrix * (hazard * (z + hazard)), error)
        damping = 1.0
        while damping > 1e-6 and _norm(z - damping * step, g, matrix) >= np.abs(error).max():
            damping /= 2
        z = z - damping * step
        hazard = _hazard(z)
    return hazard.round(5)


def _norm(z: Any, g: Any, matrix: Any) -> float:
    return float(np.abs(z - g - matrix @ _hazard(z)).max())
