"""Spike-and-exponential, from its distribution function; the density by Lebesgue measure and a unit mass at 0."""

from itertools import product

DIGITS = 700
LOGITS = [0.0, 1e-6, -0.5, 2.0, -8.0, 16.75, -36.75, 87.5, -88.0, 300.0, -690.0]
SHARPNESS = [2.0**-10, 0.25, 1.0, 2.75, 8.0, 90.0, 1000.0]
VALUES = [0.0, 2.0**-30, 1e-3, 0.125, 0.5, 0.8125, 0.9990234375, 1.0]
NOISE = [-700.0, -30.0, -8.0, -0.75, 0.0, 1e-3, 0.5, 3.0, 12.0, 90.0, 690.0]
PAIRS = list(product(LOGITS, SHARPNESS))
POINTS = list(product(VALUES, LOGITS, SHARPNESS))[::5]
INTERIOR = [point for point in POINTS if 0 < point[0] < 1]
DRAWS = [(t, a, b) for t, a, b in product(NOISE, LOGITS, SHARPNESS) if t + a > 0][::7]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def pdf(mp, z, a, b):
    return sigmoid(mp, -a) if z == 0 else sigmoid(mp, a) * b * mp.exp(b * z) / (mp.exp(b) - 1)


def cdf(mp, z, a, b):
    return sigmoid(mp, -a) + sigmoid(mp, a) * (mp.exp(b * z) - 1) / (mp.exp(b) - 1)


def ccdf(mp, z, a, b):
    return sigmoid(mp, a) * (mp.exp(b) - mp.exp(b * z)) / (mp.exp(b) - 1)


def icdf_logit(mp, t, a, b):
    level = (sigmoid(mp, t) - sigmoid(mp, -a)) / sigmoid(mp, a)
    return mp.log(1 + level * (mp.exp(b) - 1)) / b


def slope(function, place):
    """Derivative by the argument at `place`, by central differences."""

    def difference(mp, *inputs):
        step = mp.mpf(10) ** -200
        ends = [function(mp, *inputs[:place], inputs[place] + s * step, *inputs[place + 1 :]) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * step)

    return difference


def part_mean(mp, b):
    return mp.exp(b) / (mp.exp(b) - 1) - 1 / b


def mean(mp, a, b):
    return sigmoid(mp, a) * part_mean(mp, b)


def variance(mp, a, b):
    second = mp.exp(b) / (mp.exp(b) - 1) * (1 - 2 / b) + 2 / b**2
    return sigmoid(mp, a) * second - mean(mp, a, b) ** 2


def entropy(mp, a, b):
    p, q = sigmoid(mp, a), sigmoid(mp, -a)
    return -p * mp.log(p) - q * mp.log(q) - p * (mp.log(b / (mp.exp(b) - 1)) + b * part_mean(mp, b))


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, *x: mp.log(cdf(mp, *x)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, *x: mp.log(ccdf(mp, *x)), INTERIOR),
    "icdf_logit": (icdf_logit, DRAWS),
    "icdf_logit by t": (slope(icdf_logit, 0), DRAWS),
    "icdf_logit by logits": (slope(icdf_logit, 1), DRAWS),
    "icdf_logit by sharpness": (slope(icdf_logit, 2), [draw for draw in DRAWS if draw[0] < 60]),
    "mean": (mean, PAIRS),
    "variance": (variance, PAIRS),
    "entropy": (entropy, PAIRS),
}
