"""Power functions, from the distribution functions of the parts."""

from itertools import product

import numpy as np

LOGITS = [0.0, 1e-6, -0.5, 2.0, -8.0, 16.75, -36.75, 87.5, -88.0, 700.0, -1e4]
SHARPNESS = [1.0078125, 1.5, 3.0, 20.0, 400.0]
VALUES = [1e-300, 1e-30, 2.0**-30, 1e-3, 0.125, 0.5, 0.8125, 0.9990234375]
NOISE = [-60.0, -30.0, -8.0, -0.75, 0.0, 0.5, 3.0, 12.0, 60.0]
PAIRS = list(product(LOGITS, SHARPNESS))
POINTS = list(product(VALUES, LOGITS, SHARPNESS))[::4]
DRAWS = list(product(NOISE, LOGITS, SHARPNESS))[::7]
TAME = [draw for draw in DRAWS if abs(draw[0]) * draw[2] < 200]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def pdf(mp, z, a, b):
    return (sigmoid(mp, -a) * z ** (1 / b - 1) + sigmoid(mp, a) * (1 - z) ** (1 / b - 1)) / b


def cdf(mp, z, a, b):
    return sigmoid(mp, -a) * z ** (1 / b) + sigmoid(mp, a) * (1 - (1 - z) ** (1 / b))


def ccdf(mp, z, a, b):
    return sigmoid(mp, -a) * (1 - z ** (1 / b)) + sigmoid(mp, a) * (1 - z) ** (1 / b)


def icdf_logit(mp, t, a, b):
    """By the secant method in the logit of the value, from a value in double precision that bisection found."""

    def excess(x):
        left, right = mp.log(sigmoid(mp, x)) / b, mp.log(sigmoid(mp, -x)) / b
        below = sigmoid(mp, -a) * mp.exp(left) - sigmoid(mp, a) * mp.expm1(right)
        above = sigmoid(mp, a) * mp.exp(right) - sigmoid(mp, -a) * mp.expm1(left)
        return mp.log(below) - mp.log(above) - t

    start = mp.mpf(bisection(float(t), float(a), float(b)))
    return sigmoid(mp, mp.findroot(excess, (start, start + mp.mpf(10) ** -9)))


def bisection(t, a, b):
    def log_parts(x, a):
        return -np.logaddexp(0, a) - np.logaddexp(0, -x) / b, -np.logaddexp(0, -a) + np.log(
            -np.expm1(-np.logaddexp(0, max(x, -60.0)) / b)
        ) + min(x + 60.0, 0.0)

    low, high = -1e6, 1e6
    for _ in range(100):
        x = (low + high) / 2
        logit = np.logaddexp(*log_parts(x, a)) - np.logaddexp(*log_parts(-x, -a))
        low, high = (x, high) if logit < t else (low, x)
    return x


def slope(place):
    """Derivative by the argument at `place`, by the implicit function theorem and central differences."""

    def implicit(mp, t, *parameters):
        z = icdf_logit(mp, t, *parameters)
        if place == 0:
            return sigmoid(mp, t) * sigmoid(mp, -t) / pdf(mp, z, *parameters)
        step = mp.mpf(10) ** -80
        ends = [cdf(mp, z, *(x + s * step * (k == place - 1) for k, x in enumerate(parameters))) for s in (1, -1)]
        return (ends[1] - ends[0]) / (2 * step) / pdf(mp, z, *parameters)

    return implicit


def mean(mp, a, b):
    return sigmoid(mp, -a) / (1 + b) + sigmoid(mp, a) * b / (1 + b)


def variance(mp, a, b):
    left, right = 1 / (1 + 2 * b), 1 - 2 / (1 + b) + 1 / (1 + 2 * b)
    return sigmoid(mp, -a) * left + sigmoid(mp, a) * right - mean(mp, a, b) ** 2


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, *x: mp.log(cdf(mp, *x)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, *x: mp.log(ccdf(mp, *x)), POINTS),
    "icdf_logit": (icdf_logit, DRAWS),
    "icdf_logit by t": (slope(0), TAME),
    "icdf_logit by logits": (slope(1), TAME),
    "icdf_logit by sharpness": (slope(2), TAME),
    "mean": (mean, PAIRS),
    "variance": (variance, PAIRS),
}
