"""The divergence of gamma distributions, from the mean of the log ratio of their densities."""

from itertools import product

DIGITS = 120
SHAPES = [2.0**-7, 0.75, 1.0, 2.5, 100.0, 2.0**17]
FACTORS = [2.0**-8, 0.7, 0.9990234375, 1.0, 1 + 2.0**-20, 1.25, 1.75, 16.0]
MEANS = [0.25, 1.0, 1 + 2.0**-12, 1.5, 64.0]
"""Ratios of the concentrations, and of the means up to rounding."""
RATE = 3.0
POINTS = [
    (a, RATE, a * factor, float(f"{RATE * factor * mean:.7g}"))
    for a, factor, mean in product(SHAPES, FACTORS, MEANS)
    if (factor, mean) != (1.0, 1.0)
]
POINTS += [
    (1000.0, 10.0, 1001.0, 10.0),
    (5.0, 3.0, 5.0, 3.0009765625),
    (100.0, 1.0, 101.0, 1.0),
    (0.5, 1e-30, 2.0, 1e30),
]


def divergence(mp, a, b, c, d):
    return (a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c) + c * mp.log(b / d) + a * (d - b) / b


METHODS = {
    "kl": (divergence, POINTS),
    "kl by p_concentration": (lambda mp, a, b, c, d: (a - c) * mp.psi(1, a) + d / b - 1, POINTS[::3]),
    "kl by p_rate": (lambda mp, a, b, c, d: c / b - a * d / b**2, POINTS[::3]),
    "kl by q_concentration": (lambda mp, a, b, c, d: mp.digamma(c) - mp.digamma(a) - mp.log(d / b), POINTS[::3]),
    "kl by q_rate": (lambda mp, a, b, c, d: a / b - c / d, POINTS[::3]),
}
