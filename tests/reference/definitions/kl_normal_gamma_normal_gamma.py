"""The divergence of normal-gamma distributions: of precisions, and on average of the values at a given precision."""

from itertools import product

DIGITS = 80
FIRST = [(0.0, 1.0, 2.0, 3.0), (-1.5, 0.01171875, 0.25, 8.0), (20.0, 64.0, 300.0, 200.0)]
STEPS = [(0.0, 1.0, 1.0, 1.0), (2.0**-10, 1.0, 1.0009765625, 1.0), (1.0, 1.25, 0.875, 1.125), (-8.0, 40.0, 3.0, 0.25)]
POINTS = [
    (m, k, a, b, m + shift, k * kappa, a * shape, b * rate)
    for (m, k, a, b), (shift, kappa, shape, rate) in product(FIRST, STEPS)
    if (shift, kappa, shape, rate) != (0.0, 1.0, 1.0, 1.0)
]


def divergence(mp, m, k, a, b, n, l, c, d):  # noqa: E741
    gamma = (a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c) + c * mp.log(b / d) + a * (d - b) / b
    return gamma + (mp.log(k / l) + l / k - 1 + l * (m - n) ** 2 * a / b) / 2


METHODS = {"kl": (divergence, POINTS)}
