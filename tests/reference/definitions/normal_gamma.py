"""The normal-gamma distribution, from the densities of its two steps."""

from itertools import product

DIGITS = 60
PARAMETERS = [(0.0, 1.0, 1.0, 1.0), (-3.0, 0.125, 0.0625, 4.0), (1.5, 40.0, 7.0, 0.25), (0.25, 1e-3, 300.0, 200.0)]
VALUES = [-40.0, -1.0, 0.0, 0.250001, 3.0, 1e4]
PRECISIONS = [1e-6, 0.125, 1.0, 5.5, 90.0]


def logpdf(mp, x, tau, m, k, a, b):
    normal = (mp.log(k * tau / (2 * mp.pi)) - k * tau * (x - m) ** 2) / 2
    return normal + a * mp.log(b) - mp.loggamma(a) + (a - 1) * mp.log(tau) - b * tau


def entropy(mp, m, k, a, b):
    gamma = a - mp.log(b) + mp.loggamma(a) + (1 - a) * mp.digamma(a)
    return gamma + (mp.log(2 * mp.pi * mp.e / k) + mp.log(b) - mp.digamma(a)) / 2


POINTS = [(x, tau, *parameters) for x, tau, parameters in product(VALUES, PRECISIONS, PARAMETERS)]
METHODS = {
    "pdf": (lambda mp, *point: mp.exp(logpdf(mp, *point)), POINTS),
    "logpdf": (logpdf, POINTS),
    "entropy": (entropy, PARAMETERS),
}
