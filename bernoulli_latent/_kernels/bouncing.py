"""Exact Hamiltonian trajectories between hyperplanes, one after the other, in compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, from_host, to_host
from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.generic_bouncing import LONGEST, TINY, Walls

__all__ = ["Walls", "bounce"]


def bounce(positions: Array, velocities: Array, walls: Walls, signs: Array) -> tuple[Array, Array]:
    """Ends of trajectories of a quarter period and how often each bounced; see the generic twin."""
    ends, speeds = np.array(to_host(positions), order="C"), np.array(to_host(velocities), order="C")
    directions, offsets, gram = (np.ascontiguousarray(to_host(x)) for x in walls)
    bounces = np.empty(len(ends), np.int64)
    columns = np.ascontiguousarray(directions.T)
    _bounce_all(ends, speeds, directions, columns, offsets, gram, np.ascontiguousarray(to_host(signs)), bounces)
    return from_host(ends, positions), from_host(bounces, positions)


@kernel
def _bounce_all(
    positions: Any, velocities: Any, directions: Any, columns: Any, offsets: Any, gram: Any, signs: Any, bounces: Any
) -> None:
    start, total = np.empty(positions.shape[1]), np.empty(len(offsets))
    for k in range(len(positions)):
        rows = np.flatnonzero(signs[k])
        side = signs[k][rows]
        offset = side * offsets[rows]
        level = side * _products(positions[k], columns, total)[rows]
        slope = side * _products(velocities[k], columns, total)[rows]
        start[:] = positions[k]
        bounces[k] = _trajectory(positions[k], velocities[k], directions, gram, rows, side, offset, level, slope)
        if bounces[k] == LONGEST:
            positions[k] = start


@kernel
def _products(vector: Any, columns: Any, total: Any) -> Any:
    """Inner products with all directions, summed in the order of the columns."""
    total[:] = 0.0
    for j in range(len(vector)):
        x, column = vector[j], columns[j]
        for i in range(len(total)):
            total[i] += x * column[i]
    return total


@kernel
def _trajectory(
    x: Any, v: Any, directions: Any, gram: Any, rows: Any, side: Any, offset: Any, level: Any, slope: Any
) -> int:
    """Move `x` and `v` for a quarter period and return the bounces; `rows` are the walls that count."""
    inverse = np.empty(len(rows))
    limit, bounces = 1.0, 0
    while True:
        hit = _nearest(level, slope, offset, inverse)
        hits = hit >= 0 and inverse[hit] * limit > 1.0 and bounces < LONGEST
        tangent = 1.0 / inverse[hit] if hits else limit
        _rotate(x, v, tangent)
        if not hits:
            return bounces
        _rotate(level, slope, tangent)
        limit = max(limit - tangent, 0.0) / (1.0 + limit * tangent)
        wall, speed = rows[hit], slope[hit]
        push = 2.0 * speed / gram[wall, wall] * side[hit]
        _push(slope, push, side, gram[wall], rows)
        direction = directions[wall]
        for j in range(len(v)):
            v[j] -= push * direction[j]
        level[hit], slope[hit] = -offset[hit], -speed
        bounces += 1


@kernel
def _nearest(level: Any, slope: Any, offset: Any, inverse: Any) -> int:
    """Wall that is met first, or -1 if none is ahead; fills `inverse` with one over the half angles' tangents."""
    for i in range(len(level)):
        distance, curvature, rate = offset[i] + level[i], offset[i] - level[i], slope[i]
        distance = distance if distance > TINY else TINY
        square = rate * rate - curvature * distance
        root = np.sqrt(square if square > 0.0 else 0.0)
        above = root - rate if rate < 0.0 else -curvature
        below = distance if rate < 0.0 else rate + root
        ratio = above / (below if below > TINY else TINY)
        inverse[i] = ratio if square >= 0.0 else -1.0
    hit, most = -1, 0.0
    for i in range(len(inverse)):
        if inverse[i] > most:
            hit, most = i, inverse[i]
    return hit


@kernel
def _rotate(x: Any, v: Any, tangent: float) -> None:
    """Both after the angle whose half has this tangent."""
    square = tangent * tangent
    cosine, sine = (1.0 - square) / (1.0 + square), 2.0 * tangent / (1.0 + square)
    for j in range(len(x)):
        old = x[j]
        x[j] = old * cosine + v[j] * sine
        v[j] = v[j] * cosine - old * sine


@kernel
def _push(slope: Any, push: float, side: Any, row: Any, rows: Any) -> None:
    for i in range(len(slope)):
        slope[i] -= push * side[i] * row[rows[i]]
