"""The compiled loops of ``bivariate``: pairs of bits side by side in vector registers, hard ones one at a time.

The elementary functions are polynomials, because a call of the C library would keep a loop from being vectorised.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.generic_bivariate import (
    CLOSE,
    FAR,
    LENGTHS,
    RAREST,
    REACH,
    SHORT_RULES,
    SMALLEST,
    STEPS,
)
from bernoulli_latent._kernels.generic_wedge import EDGE, GAUSS_LEGENDRE, RADIAL, TINY

__all__ = ["cdf_loop", "correlation_loop", "matrix_loop"]

NDArray: TypeAlias = np.ndarray[Any, Any]

CHUNK = 128
"""Pairs that are solved side by side; their intermediate results stay in the first-level cache."""

H, K, MASS, TARGET, ANGLE, MOVED, NEAR, PRODUCT, BOTH, OTHER, RARER, SIGN, ANSWER, FISHER, TERMS = range(
    0, 15 * CHUNK, CHUNK
)
WORK = 16 * CHUNK
"""Places in the workspace of a chunk: one array with fixed offsets, so that no loop needs checks for overlap."""

OPEN = 2.0
"""Stands for an answer that has to be computed."""

TILE = 64

SINE = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(11))
EXPONENTIAL = tuple(1 / math.factorial(n) for n in range(14))
LOGARITHM = tuple(2 / (2 * n + 1) for n in range(11))
LOG_TWO_HIGH, LOG_TWO_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
ROUNDER = 1.5 * 2.0**52
"""Added to a small number it leaves the nearest integer in the low bits."""

ROOT_HALF = 0x3FE6A09E667F3BCD
NODES, WEIGHTS = (np.array(part) for part in zip(*GAUSS_LEGENDRE, strict=True))
NODES_4, WEIGHTS_4 = (np.array(part) for part in zip(*SHORT_RULES[0], strict=True))
NODES_8, WEIGHTS_8 = (np.array(part) for part in zip(*SHORT_RULES[1], strict=True))
NODES_12, WEIGHTS_12 = (np.array(part) for part in zip(*SHORT_RULES[2], strict=True))


@intrinsic
def _polynomial(typing_context: Any, x: Any, coefficients: Any) -> Any:
    """Horner's rule, unrolled, constant coefficient first; a product and a sum may be rounded together."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, table = arguments
        first, *rest = reversed(cgutils.unpack_tuple(builder, table))
        for coefficient in rest:
            product = builder.fmul(first, x, flags=("contract",))
            first = builder.fadd(product, coefficient, flags=("contract",))
        return first

    return x(x, coefficients), generate


@intrinsic
def _times_power_of_two(typing_context: Any, x: Any, rounded: Any) -> Any:
    """`x` times 2 to the integer in the low bits of `rounded`; the result must not underflow."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(64)
        power = builder.shl(builder.bitcast(arguments[1], integer), integer(52))
        bits = builder.add(builder.bitcast(arguments[0], integer), power)
        return builder.bitcast(bits, arguments[0].type)

    return x(x, rounded), generate


@intrinsic
def _split(typing_context: Any, x: Any) -> Any:
    """Exponent and mantissa of a positive number, the mantissa in [sqrt(1/2), sqrt(2))."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        real, integer = arguments[0].type, ir.IntType(64)
        offset = builder.sub(builder.bitcast(arguments[0], integer), integer(ROOT_HALF))
        exponent = builder.sitofp(builder.ashr(offset, integer(52)), real)
        bits = builder.add(builder.and_(offset, integer(2**52 - 1)), integer(ROOT_HALF))
        return context.make_tuple(builder, signature.return_type, (exponent, builder.bitcast(bits, real)))

    return types.UniTuple(x, 2)(x), generate


@kernel
def _exp(x: float) -> Any:
    """Exponential for |x| < 700."""
    rounded = x * 1.4426950408889634 + ROUNDER
    whole = rounded - ROUNDER
    rest = (x - whole * LOG_TWO_HIGH) - whole * LOG_TWO_LOW
    return _times_power_of_two(_polynomial(rest, EXPONENTIAL), rounded)


@kernel
def _log(x: float) -> Any:
    """Logarithm of a positive number that is not subnormal."""
    exponent, mantissa = _split(x)
    s = (mantissa - 1) / (mantissa + 1)
    return exponent * LOG_TWO_HIGH + (exponent * LOG_TWO_LOW + s * _polynomial(s * s, LOGARITHM))


@kernel
def _sin(x: float) -> Any:
    """Sine for |x| <= pi / 2."""
    return x * _polynomial(x * x, SINE)


@kernel
def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


@kernel
def _phi(x: float) -> float:
    """The normal distribution function."""
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@kernel
def _sector(radius: float, start: float, stop: float, terms: NDArray) -> float:
    """Integral of D(radius cos(angle)) from `start` to `stop`; see ``generic_wedge``."""
    radius, middle, half = min(radius, EDGE), (math.pi - start - stop) / 2, (stop - start) / 2
    for n in range(len(NODES)):
        inverse = 1 / (5.0 + radius * _sin(middle + half * NODES[n]))
        terms[n] = WEIGHTS[n] * _polynomial(inverse * (265 / 24) - 29 / 24, RADIAL) * inverse * inverse
    total = 0.0
    for n in range(len(NODES)):
        total += terms[n]
    return half * total


@kernel
def _wedge(h: float, k: float, t: float, terms: NDArray) -> tuple[float, float, float]:
    """Mass, slope and bend of a wedge; see ``generic_wedge.wedge``."""
    h = min(h, -TINY)
    sine = 2 / (t + 1 / t)
    if t < 1:
        a, b = (k + h) / sine - h * t, (h + k) / sine - k * t
    else:
        a, b = (k - h) / sine + h / t, (h - k) / sine + k / t
    radius = math.sqrt(h * h + a * a)
    alpha = math.atan2(-h, abs(a))
    if k > 0 and a <= 0:
        outer, half_planes = _sector(radius, alpha - 2 * math.atan(t), alpha, terms), 0.0
    else:
        beta = math.atan2(abs(k), abs(b))
        first, second = _sector(radius, 0.0, alpha, terms), _sector(radius, 0.0, beta, terms)
        outer = (-first if a > 0 else first) + (-second if b > 0 or k > 0 else second)
        half_planes = (_phi(h) if a > 0 else 0.0) + (_phi(k) if b > 0 and k <= 0 else 0.0)
    density = math.exp(-radius * radius / 2) / (2 * math.pi)
    return half_planes + density * outer, density * sine, a * b + (1 / t - t) / (1 / t + t)


@kernel
def _cdf(h: float, k: float, rho: float, terms: NDArray) -> float:
    low, high = _clip(min(h, k), -EDGE, EDGE), _clip(max(h, k), -EDGE, EDGE)
    t = math.sqrt(max(1 + rho, TINY)) / math.sqrt(max(1 - rho, TINY))
    if low + high <= 0:
        return _wedge(low, high, t, terms)[0]
    mass = _wedge(-high, -low, t, terms)[0]
    if low > 0:
        return 0.5 * (math.erf(low * math.sqrt(0.5)) + math.erf(high * math.sqrt(0.5))) + mass
    return _phi(low) - _phi(-high) + mass


@kernel
def cdf_loop(h: NDArray, k: NDArray, rho: NDArray, out: NDArray) -> None:
    terms = np.empty(len(NODES))
    for n in range(len(out)):
        out[n] = _cdf(h[n], k[n], rho[n], terms)


@kernel
def _solve_by_wedge(h: float, k: float, cell: float, fisher: float, terms: NDArray) -> float:
    """Fisher transform of the correlation at which the wedge has the mass `cell`."""
    target, low, high = math.log(cell), -REACH, REACH
    for _ in range(100):
        mass, gain, bend = _wedge(h, k, math.exp(fisher), terms)
        mass = max(mass, 5e-324)
        excess, slope = math.log(mass) - target, gain / mass
        low, high = fisher if excess <= 0 else low, fisher if excess >= 0 else high
        newton = excess / max(slope, 1e-100)
        moved = fisher - newton / _clip(1 - newton * (bend - slope) / 2, 0.5, 2.0)
        moved = moved if low <= moved <= high else (low + high) / 2
        length, fisher = abs(moved - fisher), moved
        if (abs(excess) < 1e-5 and length < 1e-5) or high - low < 1e-12:
            break
    return fisher


@kernel
def _tabulate(p_i: NDArray, p_j: NDArray, p_ij: NDArray, slack: float, work: NDArray) -> None:
    """Cells of the bits, each recoded to be 1 with probability 1/2 at most, and guesses; see ``generic_bivariate``."""
    for n in range(len(p_ij)):
        both, first, second = p_ij[n], p_i[n] - p_ij[n], p_j[n] - p_ij[n]
        neither = (p_ij[n] - p_i[n]) + (1 - p_j[n])
        p, q, bound = min(p_i[n], 1 - p_i[n]), min(p_j[n], 1 - p_j[n]), p_i[n] + p_j[n] - 1
        answer = -1.0 if both <= (bound + slack if bound > 0 else 0.0) else OPEN
        answer = 1.0 if both >= min(p_i[n], p_j[n]) else answer
        work[ANSWER + n] = 0.0 if min(p, q) <= 0 else answer
        over_i, over_j = p_i[n] > 0.5, p_j[n] > 0.5
        both, second = (second, both) if over_i else (both, second)
        first, neither = (neither, first) if over_i else (first, neither)
        both, first = (first, both) if over_j else (both, first)
        second, neither = (neither, second) if over_j else (second, neither)
        work[SIGN + n] = 1.0 if over_i == over_j else -1.0
        work[PRODUCT + n], work[BOTH + n], work[OTHER + n] = p * q, both, first if p <= q else second
        work[RARER + n] = min(p, q)
        odds = (max(both, SMALLEST) / max(first, SMALLEST)) * (max(neither, SMALLEST) / max(second, SMALLEST))
        power = (1 - abs(p - q) / 5 - (0.5 - min(p, q)) * (0.5 - min(p, q))) / 2
        work[FISHER + n] = _clip(power * _log(_clip(odds, SMALLEST, 1 / SMALLEST)), -REACH, REACH)


@kernel
def _begin(h: NDArray, k: NDArray, work: NDArray) -> None:
    """Where increments start; pairs that they will not solve get values that stay where they are."""
    for n in range(len(h)):
        growth = _exp(work[FISHER + n])
        angle = (math.pi / 2) * (growth - 1) / (growth + 1)
        near = (work[ANSWER + n] == OPEN) & (work[RARER + n] >= RAREST) & (abs(angle) < FAR)
        near &= work[BOTH + n] >= 1e-3 * work[PRODUCT + n]
        work[H + n], work[K + n] = h[n] if near else 0.0, k[n] if near else 0.0
        work[MASS + n], work[TARGET + n] = work[PRODUCT + n] if near else 0.25, work[BOTH + n] if near else 0.25
        work[ANGLE + n], work[MOVED + n], work[NEAR + n] = 0.0, angle if near else 0.0, 1.0 if near else 0.0


@kernel
def _advance(nodes: NDArray, weights: NDArray, size: int, work: NDArray) -> None:
    """Add to the mass what it gains between two angles (Plackett 1954)."""
    for m in range(len(nodes)):
        node, weight = nodes[m], weights[m] / (4 * math.pi)
        for n in range(size):
            h, k, start, stop = work[H + n], work[K + n], work[ANGLE + n], work[MOVED + n]
            sine = _sin((start + stop) / 2 + (stop - start) / 2 * node)
            exponent = (h * k * sine - (h * h + k * k) / 2) / (1 - sine * sine)
            work[MASS + n] += (stop - start) * weight * _exp(exponent)


@kernel
def _step(size: int, work: NDArray) -> None:
    """Halley's step for the logarithm of the mass."""
    for n in range(size):
        h, k, angle, target = work[H + n], work[K + n], work[MOVED + n], work[TARGET + n]
        sine = _sin(angle)
        square = 1 - sine * sine
        mass = max(work[MASS + n], 1e-3 * target)
        slope = _exp((h * k * sine - (h * h + k * k) / 2) / square) / (2 * math.pi * mass)
        newton = _log(mass / target) / slope
        bend = (k - h * sine) * (h - k * sine) / (square * math.sqrt(square)) - slope
        work[ANGLE + n] = angle
        work[MOVED + n] = _clip(angle - newton / _clip(1 - newton * bend / 2, 0.5, 2.0), -FAR, FAR)


@kernel
def _longest(size: int, work: NDArray) -> float:
    longest = 0.0
    for n in range(size):
        longest = max(longest, abs(work[MOVED + n] - work[ANGLE + n]))
    return longest


@kernel
def _solve_by_increments(size: int, work: NDArray) -> None:
    longest = _longest(size, work)
    for _ in range(STEPS):
        if longest < LENGTHS[0]:
            _advance(NODES_4, WEIGHTS_4, size, work)
        elif longest < LENGTHS[1]:
            _advance(NODES_8, WEIGHTS_8, size, work)
        elif longest < LENGTHS[2]:
            _advance(NODES_12, WEIGHTS_12, size, work)
        else:
            _advance(NODES, WEIGHTS, size, work)
        _step(size, work)
        longest = _longest(size, work)
        if longest < CLOSE:
            break


@kernel
def _solve(
    p_i: NDArray, p_j: NDArray, p_ij: NDArray, h: NDArray, k: NDArray, slack: float, rho: NDArray, work: NDArray
) -> None:
    """Correlations of one chunk of pairs; `h` and `k` are the quantiles of the recoded bits."""
    size = len(rho)
    _tabulate(p_i, p_j, p_ij, slack, work)
    _begin(h, k, work)
    _solve_by_increments(size, work)
    for n in range(size):
        rho[n] = work[SIGN + n] * _sin(work[MOVED + n])
    for n in range(size):
        both, other, angle = work[BOTH + n], work[OTHER + n], work[MOVED + n]
        if work[ANSWER + n] != OPEN:
            rho[n] = work[ANSWER + n]
        elif work[NEAR + n] == 0 or abs(angle) >= FAR or abs(angle - work[ANGLE + n]) >= CLOSE:
            sign = -1.0 if other < both else 1.0
            low, high = min(h[n], k[n]), sign * max(h[n], k[n])
            fisher = _solve_by_wedge(low, high, min(both, other), sign * work[FISHER + n], work[TERMS:])
            rho[n] = work[SIGN + n] * sign * math.tanh(fisher)


@kernel
def correlation_loop(
    p_i: NDArray, p_j: NDArray, p_ij: NDArray, h: NDArray, k: NDArray, slack: float, rho: NDArray
) -> None:
    work = np.zeros(WORK)
    for start in range(0, len(rho), CHUNK):
        part = slice(start, min(start + CHUNK, len(rho)))
        _solve(p_i[part], p_j[part], p_ij[part], h[part], k[part], slack, rho[part], work)


@kernel
def matrix_loop(p: NDArray, joint: NDArray, h: NDArray, slack: float, rho: NDArray) -> None:
    """Lower triangle row by row, then the upper one from it in tiles that stay in the cache."""
    work, p_i, h_i = np.zeros(WORK), np.empty(CHUNK), np.empty(CHUNK)
    for i in range(len(p)):
        p_i[:], h_i[:], rho[i, i] = p[i], h[i], 1.0
        for start in range(0, i, CHUNK):
            part = slice(start, min(start + CHUNK, i))
            own = slice(0, part.stop - start)
            _solve(p_i[own], p[part], joint[i, part], h_i[own], h[part], slack, rho[i, part], work)
    for tile in range(0, len(p), TILE):
        for i in range(tile, len(p)):
            for j in range(tile, min(tile + TILE, i)):
                rho[j, i] = rho[i, j]
