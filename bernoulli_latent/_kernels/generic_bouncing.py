"""Exact Hamiltonian trajectories of a standard normal between hyperplanes, for every array library.

Between bounces a trajectory is x cos(t) + v sin(t). All times are kept as tangents of half the angle, so that a
quarter of a period needs additions, multiplications, divisions and square roots only, each rounded once and in
one order. A billiard blows up a difference in the last bit bounce by bounce; so the compiled twin and every batch
and every split of it give the same positions to the last bit. (Torch's square root may differ in the last bit.)
"""

from __future__ import annotations

from typing import NamedTuple

from bernoulli_latent._arrays import Array, namespace

__all__ = ["LONGEST", "TINY", "Walls", "bounce", "products"]

LONGEST = 10_000
"""Bounces after which a trajectory is refused. The way back has as many, so the law stays what it is."""

TINY = 1e-300
"""Stands in for a distance of zero, or less than zero by rounding: the wall is hit at once."""


class Walls(NamedTuple):
    """Hyperplanes ``directions @ x + offsets = 0``."""

    directions: Array
    offsets: Array
    gram: Array

    @classmethod
    def of(cls, directions: Array, offsets: Array) -> Walls:
        """Walls with the inner products of their directions."""
        return cls(directions, offsets, products(directions, directions))


def bounce(positions: Array, velocities: Array, walls: Walls, signs: Array) -> tuple[Array, Array]:
    r"""Ends of trajectories of a quarter period, and how often each bounced.

    Parameters
    ----------
    positions, velocities : array, shape (n, d), float64
        Starts, on the right side of the walls, and independent standard normals.
    walls : Walls
        Hyperplanes in d dimensions.
    signs : array, shape (n, R), float64
        Side of each wall that a trajectory has to stay on; 0 where the wall does not count.

    Returns
    -------
    positions : array, shape (n, d)
        The start itself where there were too many bounces.
    bounces : int array, shape (n,)
    """
    xp = namespace(positions)
    start = positions
    offset, gram = signs * walls.offsets[None, :], walls.gram
    level, slope = (signs * products(x, walls.directions) for x in (positions, velocities))
    rows = xp.arange(signs.shape[0], device=signs.device)
    limit = xp.ones_like(positions[:, 0])
    bounces = xp.zeros_like(rows)
    while True:
        inverse = xp.where(signs == 0, -1.0, _inverse_tangents(level, slope, offset))
        hit = xp.argmax(inverse, axis=1)
        nearest = inverse[rows, hit]
        hits = (nearest * limit > 1.0) & (bounces < LONGEST)
        tangent = xp.where(hits, 1.0 / xp.where(hits, nearest, 1.0), limit)
        positions, velocities = _rotate(positions, velocities, tangent)
        if not bool(xp.any(hits)):
            return xp.where(bounces[:, None] < LONGEST, positions, start), bounces
        level, slope = _rotate(level, slope, tangent)
        limit = xp.where(hits, xp.maximum(limit - tangent, 0.0 * limit) / (1.0 + limit * tangent), 0.0)
        speed, side = slope[rows, hit], signs[rows, hit]
        push = xp.where(hits, 2.0 * speed / xp.where(hits, gram[hit, hit], 1.0), 0.0) * side
        slope = slope - push[:, None] * signs * gram[hit, :]
        velocities = velocities - push[:, None] * walls.directions[hit, :]
        slope[rows, hit] = xp.where(hits, -speed, slope[rows, hit])
        level[rows, hit] = xp.where(hits, -offset[rows, hit], level[rows, hit])
        bounces = bounces + xp.astype(hits, bounces.dtype)


def products(vectors: Array, directions: Array) -> Array:
    """``vectors @ directions.T`` summed in the order of the columns: a row's result is the same in every batch."""
    xp = namespace(vectors)
    total = xp.zeros((vectors.shape[0], directions.shape[0]), dtype=vectors.dtype, device=vectors.device)
    for j in range(vectors.shape[1]):
        total = total + vectors[:, j, None] * directions[None, :, j]
    return total


def _inverse_tangents(level: Array, slope: Array, offset: Array) -> Array:
    r"""One over the tangent of half the angle at which each wall is met; not above zero if it is not.

    With u = tan(t / 2) the signed distance is (offset - level) u^2 + 2 slope u + (offset + level), over 1 + u^2. Its
    smaller positive root is taken in the form that does not cancel.
    """
    xp = namespace(level)
    distance, curvature = offset + level, offset - level
    distance = xp.where(distance > TINY, distance, TINY)
    square = slope * slope - curvature * distance
    root = xp.sqrt(xp.where(square > 0, square, 0.0))
    nearing = slope < 0
    above, below = xp.where(nearing, root - slope, -curvature), xp.where(nearing, distance, slope + root)
    return xp.where(square >= 0, above / xp.where(below > TINY, below, TINY), -1.0)


def _rotate(x: Array, v: Array, tangent: Array) -> tuple[Array, Array]:
    """Both after the angle whose half has this tangent."""
    square = tangent * tangent
    cosine, sine = ((1.0 - square) / (1.0 + square))[:, None], (2.0 * tangent / (1.0 + square))[:, None]
    return x * cosine + v * sine, v * cosine - x * sine
