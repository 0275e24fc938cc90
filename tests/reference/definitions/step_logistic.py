"""StepLogistic, from equations 5.4 to 5.7 of the dissertation with alpha = 2 S(logits)."""

from itertools import product

DIGITS = 5000
LOGITS = [
    0.0,
    1e-8,
    -0.001,
    0.25,
    -0.5,
    1.0,
    -2.0,
    3.5,
    -8.0,
    16.75,
    -17.0,
    36.75,
    -37.0,
    87.5,
    -88.0,
    300.0,
    -700.0,
    1e4,
    -1e4,
]
VALUES = [
    0.0,
    1e-300,
    -1e-30,
    1e-8,
    -0.001,
    0.125,
    -0.5,
    1.0,
    -2.5,
    9.0,
    -16.75,
    36.5,
    -50.0,
    87.0,
    -88.5,
    600.0,
    -700.0,
    1e4,
    -1e4,
]
PAIRS = list(product(VALUES, LOGITS))
NOISE = [*VALUES, 2.0, -1.0, 8.0, -16.75, 0.5, -0.25]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def side(z):
    return 1 if z >= 0 else -1


def pdf(mp, z, a):
    return 2 * sigmoid(mp, side(z) * a) * sigmoid(mp, z) * sigmoid(mp, -z)


def cdf(mp, z, a):
    alpha = 2 * sigmoid(mp, a)
    return (2 - alpha) * sigmoid(mp, z) if z < 0 else 1 - alpha * sigmoid(mp, -z)


def ccdf(mp, z, a):
    return 1 - (2 - 2 * sigmoid(mp, a)) * sigmoid(mp, z) if z < 0 else 2 * sigmoid(mp, a) * sigmoid(mp, -z)


def icdf_logit(mp, t, a):
    u, weight = sigmoid(mp, t), sigmoid(mp, -a)
    level = u / (2 * weight) if t + a < 0 else 1 - sigmoid(mp, -t) / (2 * sigmoid(mp, a))
    return mp.log(level / (1 - level))


def slope(mp, t, a):
    """Derivative of the quantile by the logits, by the implicit function theorem."""
    z = icdf_logit(mp, t, a)
    weight = sigmoid(mp, a) * sigmoid(mp, -a)
    left, right = (2 * sigmoid(mp, z), 0) if t + a < 0 else (1, 1 - 2 * sigmoid(mp, -z))
    return weight * (left - right) / pdf(mp, z, a)


def entropy(mp, a):
    p, q = sigmoid(mp, a), sigmoid(mp, -a)
    return 2 - mp.log(2) - p * mp.log(p) - q * mp.log(q)


def mean(mp, a):
    return 2 * mp.log(2) * (sigmoid(mp, a) - sigmoid(mp, -a))


ALONE = [(a,) for a in LOGITS]
DRAWS = [(t, a) for t, a in product(NOISE, LOGITS) if t + a != 0 or a == 0]
METHODS = {
    "pdf": (pdf, PAIRS),
    "logpdf": (lambda mp, z, a: mp.log(pdf(mp, z, a)), PAIRS),
    "cdf": (cdf, PAIRS),
    "logcdf": (lambda mp, z, a: mp.log(cdf(mp, z, a)), PAIRS),
    "ccdf": (ccdf, PAIRS),
    "logccdf": (lambda mp, z, a: mp.log(ccdf(mp, z, a)), PAIRS),
    "icdf_logit": (icdf_logit, DRAWS),
    "icdf_logit by logits": (slope, DRAWS),
    "mean": (mean, ALONE),
    "variance": (lambda mp, a: mp.pi**2 / 3 - mean(mp, a) ** 2, ALONE),
    "entropy": (entropy, ALONE),
}
