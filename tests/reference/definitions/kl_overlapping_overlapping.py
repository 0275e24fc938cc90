"""Divergence between overlapping exponentials of one sharpness, by adaptive quadrature of its definition."""

from itertools import product

LOGITS = [-12.0, -1.0, 0.0, 2.0, 9.0]
SHARPNESS = [2.0**-6, 0.5, 2.0, 7.0, 60.0]
DIGITS = 30
PAIRS = [(a, s, b) for a, s, b in product(LOGITS, SHARPNESS, [-8.0, 0.0, 2.5]) if a != b]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def density(mp, z, a, s):
    parts = sigmoid(mp, -a) * mp.exp(-s * z) + sigmoid(mp, a) * mp.exp(s * (z - 1))
    return parts * s / (1 - mp.exp(-s))


def divergence(mp, a, s, b):
    def integrand(z):
        return density(mp, z, a, s) * mp.log(density(mp, z, a, s) / density(mp, z, b, s))

    kinks = [(1 - x / s) / 2 for x in (a, b)] + [k / s for k in (3, 12)] + [1 - k / s for k in (3, 12)]
    return mp.quad(integrand, [0, *sorted({x for x in kinks if 0 < x < 1}), 1])


METHODS = {"kl": (divergence, PAIRS[::2])}
