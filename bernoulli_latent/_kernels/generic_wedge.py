"""Gaussian mass of a wedge in the plane, to which every orthant of two correlated normal variables is equal.

The event ``x <= h, y <= k`` is a wedge in the plane where the Gaussian is round. Seen from the wedge's vertex, at
distance ``R`` from the origin, the mass along a ray at angle ``a`` from the outward direction is
``exp(-R^2 / 2) D(R cos a)`` with ``D(x) = 1 - x M(x)``, ``M`` the ratio of Mills (Divgi 1979). ``D`` is positive,
smooth and bounded, so a short Gauss-Legendre rule over the angle is accurate to rounding however small the wedge.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from bernoulli_latent._arrays import Array, namespace, special
from bernoulli_latent._kernels.generic_sampling import polynomial

__all__ = ["EDGE", "GAUSS_LEGENDRE", "RADIAL", "TINY", "Wedge", "feet", "half_angle", "normal_cdf", "wedge"]

EDGE = 40.0
"""Beyond it the normal distribution function is 0 or 1 in float64."""

TINY = 1e-200
"""Stands for zero where it divides or is an argument of ``atan2``."""

RADIAL = (
    *(4.203298053420991, 6.434687181658415, 6.240993709181811, 4.48159996264034, 2.4415881525492877),
    *(0.9719454299398849, 0.24161769074840225, 0.008165509275257504, -0.019447915275030193, -0.005885025984694569),
    *(0.0007382886005085051, 0.0007660888644683194, 1.923852535460593e-05, -8.882153997745997e-05),
    *(-8.319362552156758e-06, 1.0981843084857233e-05, 1.2047773912817544e-06, -1.4698533225081117e-06),
    *(-1.1785589012647919e-07, 1.8708329728137172e-07, 6.289352739918152e-09, -1.5526380994802313e-08),
)
"""(5 + x)^2 D(x) for 0 <= x <= 48 as a polynomial in (265 / (5 + x) - 29) / 24, interpolated at Chebyshev nodes in 50
digits; relative error 1.4e-15. Compiled code keeps the constants of this file and of ``generic_bivariate``: Numba's
disk cache does not see an edit here, so clear it after one."""

_HALF_RULE = (
    (0.07652652113349734, 0.15275338713072584),
    (0.22778585114164507, 0.14917298647260374),
    (0.37370608871541955, 0.14209610931838204),
    (0.5108670019508271, 0.13168863844917664),
    (0.636053680726515, 0.11819453196151841),
    (0.7463319064601508, 0.10193011981724044),
    (0.8391169718222188, 0.08327674157670475),
    (0.912234428251326, 0.06267204833410907),
    (0.9639719272779138, 0.04060142980038694),
    (0.9931285991850949, 0.017614007139152118),
)
GAUSS_LEGENDRE = tuple((sign * node, weight) for node, weight in _HALF_RULE for sign in (-1, 1))
"""Nodes and weights on [-1, 1]; NumPy's own have weights wrong by 7e-14."""


class Wedge(NamedTuple):
    """Mass of a wedge, its derivative by ``atanh(rho)``, and the second derivative over the first."""

    mass: Array
    slope: Array
    bend: Array


def normal_cdf(x: Array) -> Array:
    """The normal distribution function; torch's own ``ndtr`` loses its digits in the lower tail."""
    return special(x).erfc(x * -math.sqrt(0.5)) / 2


def half_angle(rho: Array) -> Array:
    """Tangent of half the opening angle of the wedge, ``exp(atanh(rho))``, finite and not zero."""
    xp = namespace(rho)
    return xp.sqrt(xp.clip(1 + rho, TINY, None)) / xp.sqrt(xp.clip(1 - rho, TINY, None))


def wedge(h: Array, k: Array, t: Array) -> Wedge:
    """Wedge for ``h <= -|k|`` with `t` the tangent of half its opening angle.

    `a` and `b` are the distances from the vertex to the feet of the perpendiculars on its edges. An edge whose foot
    lies on it bounds the half-plane beyond the edge, of mass Phi, less the wedge between the edge's outer part and
    the outward ray.
    """
    xp = namespace(h, k, t)
    h = xp.clip(h, None, -TINY)
    sine = 2 / (t + 1 / t)
    a, b = feet(xp, h, k, t, sine)
    radius = xp.sqrt(h * h + a * a)
    alpha, beta = xp.atan2(-h, xp.abs(a)), xp.atan2(xp.abs(k), xp.abs(b))
    thin = (k > 0) & (a <= 0)  # both edges on one side of the outward ray: no differences of large parts
    first = _sector(radius, xp.where(thin, alpha - 2 * xp.atan(t), 0.0), alpha)
    second = _sector(radius, xp.zeros_like(beta), xp.where(thin, 0.0, beta))
    density = xp.exp(-radius * radius / 2) / (2 * math.pi)
    outer = xp.where(a > 0, -first, first) + xp.where((b > 0) | (k > 0), -second, second)
    half_planes = xp.where(a > 0, normal_cdf(h), 0.0) + xp.where((b > 0) & (k <= 0), normal_cdf(k), 0.0)
    cosine = (1 / t - t) / (1 / t + t)
    return Wedge(half_planes + density * outer, density * sine, a * b + cosine)


def feet(xp: Any, h: Array, k: Array, t: Array, sine: Array) -> tuple[Array, Array]:
    """(k - rho h) / sqrt(1 - rho^2) and its mirror image, in the form that does not cancel as rho nears -1 or 1."""
    narrow = t < 1
    lean = xp.where(narrow, t, -1 / t)
    a = xp.where(narrow, k + h, k - h) / sine - h * lean
    b = xp.where(narrow, h + k, h - k) / sine - k * lean
    return a, b


def _sector(radius: Array, start: Array, stop: Array) -> Array:
    """Integral of D(radius cos(angle)) from `start` to `stop`."""
    xp = namespace(radius)
    radius, centre, half = xp.clip(radius, None, EDGE), (start + stop) / 2, (stop - start) / 2
    total = xp.zeros_like(radius)
    for node, weight in GAUSS_LEGENDRE:
        inverse = 1 / (5.0 + radius * xp.cos(centre + half * node))
        total = total + weight * polynomial(inverse * (265 / 24) - 29 / 24, RADIAL) * inverse * inverse
    return half * total
