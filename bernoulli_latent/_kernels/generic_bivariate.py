"""The bivariate normal distribution function, and its inverse in the correlation, for every array library.

Pairs of bits are recoded so that both are rare, of probabilities up to 1/2. Most are then solved by Halley's method
in the angle ``asin(rho)``, the mass being carried along in increments (Plackett 1954); the others, close to -1 or 1 or
very rare, from the mass of the wedge itself, bracketed. Both halves work with the logarithm of the mass.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, namespace, special
from bernoulli_latent._kernels.generic_wedge import EDGE, GAUSS_LEGENDRE, half_angle, normal_cdf, wedge

__all__ = [
    "CLOSE",
    "FAR",
    "LENGTHS",
    "RAREST",
    "SHORT_RULES",
    "STEPS",
    "cdf",
    "correlation",
    "correlation_matrix",
]

FAR = 1.2
"""Angle ``asin(rho)`` beyond which a correlation is found from the wedge and not by increments."""

RAREST = 1e-10
"""Probability below which it is, too: increments would need longer rules."""

CLOSE = 1e-6
"""Length of a step after which the next one would be below rounding."""

LENGTHS = (0.01, 0.1, 0.35)
"""Increments up to these lengths are integrated to rounding by the shorter rules."""

SHORT_RULES = tuple(
    tuple(zip(*(part.tolist() for part in np.polynomial.legendre.leggauss(n)), strict=True)) for n in (4, 8, 12)
)
STEPS = 6
SMALLEST = 1e-150
"""Stands for smaller cells in the odds ratio, so that it does not overflow."""

REACH = 20.0
"""Fisher transform beyond which a correlation is -1 or 1 in float64."""


class Table(NamedTuple):
    """Four cells of a pair of bits, each coded so that its probability `p`, `q` of being 1 is at most 1/2.

    `turned` says that one of the two was recoded; `h` and `k` are the normal quantiles of `p` and `q`.
    """

    p: Array
    q: Array
    h: Array
    k: Array
    both: Array
    first: Array
    second: Array
    neither: Array
    turned: Array


def cdf(h: Array, k: Array, rho: Array) -> Array:
    """P(x <= h, y <= k) of standard normal variables of correlation `rho`; float64 arrays of one shape."""
    xp, erf = namespace(h, k, rho), special(h).erf
    h, k = xp.clip(h, -EDGE, EDGE), xp.clip(k, -EDGE, EDGE)
    low, high = xp.minimum(h, k), xp.maximum(h, k)
    upper = low + high > 0
    mass = wedge(xp.where(upper, -high, low), xp.where(upper, -low, high), half_angle(rho)).mass
    # Phi(h) + Phi(k) - 1 without cancellation
    centred = (erf(low * math.sqrt(0.5)) + erf(high * math.sqrt(0.5))) / 2
    excess = xp.where(low > 0, centred, normal_cdf(low) - normal_cdf(-high))
    probability = xp.where(upper, excess + mass, mass)
    return xp.where(probability > 0, probability, xp.zeros_like(probability))


def correlation(p_i: Array, p_j: Array, p_ij: Array, slack: float) -> Array:
    """Tetrachoric correlation; float64 arrays of one shape, checked. A lower bound is met within `slack`."""
    xp = namespace(p_i, p_j, p_ij)
    shape, one = p_ij.shape, xp.ones_like(xp.reshape(p_ij, (-1,)))
    p_i, p_j, p_ij = (xp.reshape(p, (-1,)) for p in (p_i, p_j, p_ij))
    bound = p_i + p_j - 1
    at_low = p_ij <= xp.where(bound > 0, bound + slack, 0.0)
    at_high = p_ij >= xp.minimum(p_i, p_j)
    constant = (p_i <= 0) | (p_i >= 1) | (p_j <= 0) | (p_j >= 1)
    rho = xp.where(constant, 0.0, xp.where(at_high, one, -one))
    inside = ~(constant | at_low | at_high)
    rho[inside] = _solve(_table(p_i[inside], p_j[inside], p_ij[inside]))
    return xp.reshape(rho, shape)


def correlation_matrix(p: Array, joint: Array, slack: float) -> Array:
    """Tetrachoric correlations of all pairs, with a unit diagonal; only the lower triangle of `joint` is read."""
    xp = namespace(p, joint)
    below = xp.tril(xp.ones_like(joint), k=-1) > 0
    i, j = xp.nonzero(below)
    rho = xp.eye(p.shape[0], dtype=xp.float64, device=p.device)
    rho[i, j] = correlation(p[i], p[j], joint[i, j], slack)
    rho[j, i] = rho[i, j]
    return rho


def _table(p_i: Array, p_j: Array, p_ij: Array) -> Table:
    xp, ndtri = namespace(p_i), special(p_i).ndtri
    cells = xp.stack([p_ij, p_i - p_ij, p_j - p_ij, (p_ij - p_i) + (1 - p_j)])
    over_i, over_j = p_i > 0.5, p_j > 0.5
    cells = xp.where(over_i, cells[[2, 3, 0, 1]], cells)
    cells = xp.where(over_j, cells[[1, 0, 3, 2]], cells)
    p, q = xp.minimum(p_i, 1 - p_i), xp.minimum(p_j, 1 - p_j)
    return Table(p, q, ndtri(p), ndtri(q), cells[0], cells[1], cells[2], cells[3], over_i != over_j)


def _solve(table: Table) -> Array:
    xp = namespace(table.p)
    fisher = _guess(xp, table)
    angle = (math.pi / 2) * xp.tanh(fisher / 2)
    rare = (xp.minimum(table.p, table.q) < RAREST) | (table.both < 1e-3 * table.p * table.q)
    rho = xp.zeros_like(angle)
    near = ~rare & (xp.abs(angle) < FAR)
    places = xp.nonzero(near)[0]
    angle, settled = _solve_by_increments(_at(table, places), angle[places])
    rho[places] = xp.sin(angle)
    near[places] = settled
    places = xp.nonzero(~near)[0]
    rho[places] = _solve_by_wedge(_at(table, places), fisher[places])
    return xp.where(table.turned, -rho, rho)


def _at(table: Table, places: Array) -> Table:
    return Table(*(part[places] for part in table))


def _guess(xp: Any, table: Table) -> Array:
    """Fisher transform of the correlation, about: a power of the odds ratio (Bonett and Price 2005, equation 5)."""
    first, second = xp.clip(table.first, SMALLEST, None), xp.clip(table.second, SMALLEST, None)
    odds = xp.clip((table.both / first) * (table.neither / second), SMALLEST, 1 / SMALLEST)
    power = (1 - xp.abs(table.p - table.q) / 5 - (0.5 - xp.minimum(table.p, table.q)) ** 2) / 2
    return xp.clip(power * xp.log(odds), -REACH, REACH)


def _solve_by_increments(table: Table, angle: Array) -> tuple[Array, Array]:
    """Angles, and which of them are accurate: the last step was short and not cut."""
    xp = namespace(angle)
    length = xp.abs(angle)
    mass = table.p * table.q + _increment(xp, table, xp.zeros_like(angle), angle)
    for _ in range(STEPS):
        moved = xp.clip(angle + _step(xp, table, angle, mass), -FAR, FAR)
        length = xp.abs(moved - angle)
        if _longest(xp, length) < CLOSE:
            return moved, xp.abs(moved) < FAR
        mass = mass + _increment(xp, table, angle, moved)
        angle = moved
    return angle, (length < CLOSE) & (xp.abs(angle) < FAR)


def _longest(xp: Any, length: Array) -> float:
    return float(xp.max(length)) if length.shape[0] else 0.0


def _increment(xp: Any, table: Table, start: Array, stop: Array) -> Array:
    """Mass gained as ``asin(rho)`` goes from `start` to `stop` (Plackett 1954)."""
    centre, half = (start + stop) / 2, (stop - start) / 2
    squares, product = (table.h * table.h + table.k * table.k) / 2, table.h * table.k
    longest = 2 * _longest(xp, xp.abs(half))
    fitting = (rule for rule, length in zip(SHORT_RULES, LENGTHS, strict=True) if longest < length)
    total = xp.zeros_like(half)
    for node, weight in next(fitting, GAUSS_LEGENDRE):
        sine = xp.sin(centre + half * node)
        total = total + weight * xp.exp((product * sine - squares) / (1 - sine * sine))
    return half * total / (2 * math.pi)


def _step(xp: Any, table: Table, angle: Array, mass: Array) -> Array:
    """Halley's step for the logarithm of the mass."""
    h, k, sine = table.h, table.k, xp.sin(angle)
    square = 1 - sine * sine
    mass = xp.maximum(mass, 1e-3 * table.both)
    slope = xp.exp((h * k * sine - (h * h + k * k) / 2) / square) / (2 * math.pi * mass)
    newton = xp.log(mass / table.both) / slope
    bend = (k - h * sine) * (h - k * sine) / (square * xp.sqrt(square)) - slope
    return -newton / xp.clip(1 - newton * bend / 2, 0.5, 2.0)


def _solve_by_wedge(table: Table, fisher: Array) -> Array:
    """Correlations from the smaller of the cells that the rarer bit takes part in, by bracketed Halley steps."""
    xp = namespace(fisher)
    other = xp.where(table.p <= table.q, table.first, table.second)
    opposite = other < table.both
    target = xp.log(xp.minimum(other, table.both))
    h, k = xp.minimum(table.h, table.k), xp.maximum(table.h, table.k)
    k, fisher = xp.where(opposite, -k, k), xp.where(opposite, -fisher, fisher)
    low, high = xp.full_like(h, -REACH), xp.full_like(h, REACH)
    for _ in range(100):
        mass, gain, bend = wedge(h, k, xp.exp(fisher))
        mass = xp.clip(mass, 5e-324, None)
        excess, slope = xp.log(mass) - target, gain / mass
        low, high = xp.where(excess <= 0, fisher, low), xp.where(excess >= 0, fisher, high)
        newton = excess / xp.clip(slope, 1e-100, None)
        moved = fisher - newton / xp.clip(1 - newton * (bend - slope) / 2, 0.5, 2.0)
        moved = xp.where((moved >= low) & (moved <= high), moved, (low + high) / 2)
        length, fisher = xp.abs(moved - fisher), moved
        if bool(xp.all((xp.abs(excess) < 1e-5) & (length < 1e-5) | (high - low < 1e-12))):
            break
    return xp.where(opposite, -xp.tanh(fisher), xp.tanh(fisher))
