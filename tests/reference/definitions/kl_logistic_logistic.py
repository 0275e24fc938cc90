"""Divergences of logistic distributions: the integral of p log(p / q), and its derivatives under the integral sign.

The integrals have 40 digits, too few for a condition by differences: theirs is 0. The closed form for equal scales, in
all digits, is what the integral gives there.
"""

from functools import cache
from itertools import product

from mpmath import mp

GRID = [0, 1, 3, 8, 20, 50, 110]


def log_twice_cosh(y):
    return abs(y) + 2 * mp.log1p(mp.exp(-abs(y)))


def density(noise):
    return mp.exp(-abs(noise)) / (1 + mp.exp(-abs(noise))) ** 2


INTEGRANDS = {
    "value": lambda noise, y: log_twice_cosh(y),
    "shift": lambda noise, y: mp.tanh(y / 2),
    "scale": lambda noise, y: noise * mp.tanh(y / 2),
    "reach": lambda noise, y: y * mp.tanh(y / 2),
}


@cache
def mean(name, shift, ratio):
    """Mean over the standard logistic `noise` of a function of it and of ``y = shift + ratio noise``."""
    centre = -shift / ratio
    corners = {side * x for x in GRID for side in (-1, 1)} | {
        centre + side * x / ratio for x in GRID for side in (-1, 1)
    }
    corners = sorted(x for x in corners if abs(x) <= GRID[-1])
    return mp.quad(lambda noise: density(noise) * INTEGRANDS[name](noise, shift + ratio * noise), corners)


def integral(finish):
    """``finish(mean, p_scale, q_scale)`` in 40 digits, with the means by name."""

    def function(_, p_loc, p_scale, q_loc, q_scale):
        with mp.workdps(40):
            shift, ratio = (p_loc - q_loc) / q_scale, p_scale / q_scale
            return finish(lambda name: mean(name, shift, ratio), p_scale, q_scale)

    return function


def of_temperatures(function):
    """The divergence of the logits of binary Concrete variables."""
    return lambda mp, a, s, b, t: function(mp, a / s, 1 / s, b / t, 1 / t)


def equal_scales(mp, x):
    return x * mp.coth(x / 2) - 2


def slope(mp, x):
    return (mp.sinh(x) - x) / (mp.cosh(x) - 1)


divergence = integral(lambda mean, p, q: mp.log(q / p) - 2 + mean("value"))
SHIFTS = [0.0, 2.0**-20, -0.25, 1.0, 3.75, -20.0, 1e4]
SCALES = [
    (1.0, 1.0),
    (1.0, 1 + 2.0**-20),
    (1 + 2.0**-10, 1.0),
    (2.0, 2.5),
    (3.0, 0.75),
    (2.0**-7, 1.0),
    (1.0, 2.0**-7),
    (2.0**-20, 1.0),
    (4.0, 2.0**-16),
]
POINTS = [(0.5 + shift, p, 0.5, q) for shift, (p, q) in product(SHIFTS, SCALES)]
POINTS += [(0.1, 0.3, 0.2, 0.7), (-3.3, 1e-3, 1e3, 77.7), (1e-5, 1.0, 0.0, 1 + 1e-5), (3e-5, 1 + 3e-5, 0.0, 1.0)]
LOGITS = [(a, s, b, t) for a, b in [(2.0, 2.0), (-3.5, 0.25), (100.0, -7.0)] for s, t in SCALES]
LOGITS += [(0.7, 0.4, -0.3, 0.9), (1e4, 1e-3, -1e4, 1e3), (12.3, 0.66, 12.3, 0.66)]
SIZES = [
    1e-160,
    -1e-100,
    1e-30,
    1e-8,
    -0.001,
    0.1,
    -0.5,
    1.0,
    2.0,
    -2.9375,
    3.0,
    3.0625,
    -5.0,
    10.0,
    37.0,
    -90.0,
    745.0,
]
SIZES += [1e8, 1e300, 2.0**-70, 2.0**-30, 2.0**-10, 0.25, -1.5, 2.0**20]
METHODS = {
    "equal scales": (equal_scales, [(x,) for x in SIZES]),
    "equal scales by x": (slope, [(x,) for x in SIZES]),
    "different scales": (divergence, POINTS),
    "different scales by p_loc": (integral(lambda mean, p, q: mean("shift") / q), POINTS),
    "different scales by p_scale": (integral(lambda mean, p, q: mean("scale") / q - 1 / p), POINTS),
    "different scales by q_scale": (integral(lambda mean, p, q: (1 - mean("reach")) / q), POINTS),
    "temperatures": (of_temperatures(divergence), LOGITS),
}
