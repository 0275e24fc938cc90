"""Overlapping exponentials, from the density of the parts."""

from itertools import product

DIGITS = 700
LOGITS = [0.0, 1e-6, -0.5, 2.0, -8.0, 16.75, -36.75, 87.5, -88.0, 300.0, -690.0]
SHARPNESS = [2.0**-10, 0.25, 1.0, 2.75, 8.0, 90.0, 1000.0]
VALUES = [0.0, 2.0**-30, 1e-3, 0.125, 0.5, 0.8125, 0.9990234375, 1.0]
NOISE = [-700.0, -30.0, -8.0, -0.75, 0.0, 1e-3, 0.5, 3.0, 12.0, 60.0]
PAIRS = list(product(LOGITS, SHARPNESS))
POINTS = list(product(VALUES, LOGITS, SHARPNESS))[::5]
INTERIOR = [point for point in POINTS if 0 < point[0] < 1]
DRAWS = [point for point in product(NOISE, LOGITS, SHARPNESS) if point[0] + point[1] or not point[0]][::9]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def part(mp, z, b):
    return (1 - mp.exp(-b * z)) / (1 - mp.exp(-b))


def pdf(mp, z, a, b):
    parts = sigmoid(mp, -a) * mp.exp(-b * z) + sigmoid(mp, a) * mp.exp(b * (z - 1))
    return parts * b / (1 - mp.exp(-b))


def cdf(mp, z, a, b):
    return sigmoid(mp, -a) * part(mp, z, b) + sigmoid(mp, a) * (1 - part(mp, 1 - z, b))


def ccdf(mp, z, a, b):
    return sigmoid(mp, -a) * (1 - part(mp, z, b)) + sigmoid(mp, a) * part(mp, 1 - z, b)


def icdf_logit(mp, t, a, b):
    """The distribution function times exp(-b z) is quadratic in exp(-b z)."""
    p, c = sigmoid(mp, -a), sigmoid(mp, a) * mp.exp(-b)
    middle = sigmoid(mp, t) * (1 - mp.exp(-b)) - p + c
    return -mp.log((mp.sqrt(middle**2 + 4 * p * c) - middle) / (2 * p)) / b


def slope(function, place):
    """Derivative by the argument at `place`, by central differences."""

    def difference(mp, *inputs):
        step = mp.mpf(10) ** -200
        ends = [function(mp, *inputs[:place], inputs[place] + s * step, *inputs[place + 1 :]) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * step)

    return difference


def part_mean(mp, b):
    return 1 / b - 1 / (mp.exp(b) - 1)


def mean(mp, a, b):
    return sigmoid(mp, -a) * part_mean(mp, b) + sigmoid(mp, a) * (1 - part_mean(mp, b))


def variance(mp, a, b):
    left = 2 / b**2 - (1 + 2 / b) / (mp.exp(b) - 1)
    right = 1 - 2 * part_mean(mp, b) + left
    return sigmoid(mp, -a) * left + sigmoid(mp, a) * right - mean(mp, a, b) ** 2


def entropy(mp, a, b):
    """By the antiderivatives of log(1 + c^2 / w^2) and of it over w^2, with w = exp(-b z) and c^2 = exp(a - b)."""
    c, low = mp.exp((a - b) / 2), mp.exp(-b)

    def left(w):
        return w * mp.log(1 + c**2 / w**2) + 2 * c * mp.atan(w / c)

    def right(w):
        return -mp.log(1 + c**2 / w**2) / w + 2 / w - 2 / c * mp.atan(c / w)

    spread = sigmoid(mp, -a) * (left(1) - left(low)) + sigmoid(mp, a) * low * (right(1) - right(low))
    log_normaliser = mp.log(b / (1 - low)) + mp.log(sigmoid(mp, -a)) - b * mean(mp, a, b)
    return -log_normaliser - spread / (1 - low)


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, *x: mp.log(cdf(mp, *x)), INTERIOR),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, *x: mp.log(ccdf(mp, *x)), INTERIOR),
    "icdf_logit": (icdf_logit, DRAWS),
    "icdf_logit by t": (slope(icdf_logit, 0), DRAWS),
    "icdf_logit by logits": (slope(icdf_logit, 1), DRAWS),
    "icdf_logit by sharpness": (slope(icdf_logit, 2), [draw for draw in DRAWS if abs(draw[0]) + abs(draw[1]) > 0.1]),
    "mean": (mean, PAIRS),
    "variance": (variance, PAIRS),
    "entropy": (entropy, [pair for pair in PAIRS if pair[1] > 0.1]),
}
