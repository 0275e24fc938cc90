"""The binary Concrete distribution, as the law of S((logits + logit(U)) / temperature) for uniform U."""

from itertools import product

PARAMETERS = [(0.0, 1.0), (1.5, 0.5), (-3.0, 0.125), (-0.001, 4.0), (20.0, 1.0), (-90.0, 0.25), (500.0, 1000.0)]
LOGITS = [0.0, 1e-300, -1e-8, 0.25, -1.0, 4.5, -17.0, 40.0, -88.0, 400.0, -700.0]
VALUES = [
    5e-324,
    2.0**-140,
    1e-300,
    1e-30,
    2.0**-24,
    0.001953125,
    0.25,
    0.499,
    0.5,
    0.5 + 2.0**-24,
    0.75,
    1 - 2.0**-10,
    1 - 2.0**-24,
    1 - 2.0**-53,
]
POINTS = [(z, *p) for z, p in product(VALUES, PARAMETERS)]
NOT_UNIFORM = [point for point in POINTS if point[1:] != (0.0, 1.0)]
AT_LOGITS = [(y, *p) for y, p in product(LOGITS, PARAMETERS)]
NOISE = [0.0, 1e-8, -0.5, 3.0, -16.75, 36.5, -80.0, 600.0]
DRAWS = [(t, a, s) for t, (a, s) in product(NOISE, [*PARAMETERS, (1e4, 1e-3), (-1e4, 1e3), (0.125, 1e-3)]) if t + a]
MOMENTS = list(product([0.0, -0.001, 0.75, -3.5], [0.0625, 0.5, 0.96875, 1.25, 8.0, 1000.0]))
SLOPES = [(a, s) for a, s in MOMENTS if a]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def noise(mp, z, a, s):
    return s * mp.log(z / (1 - z)) - a


def pdf(mp, z, a, s):
    """The derivative of the distribution function."""
    return s * sigmoid(mp, noise(mp, z, a, s)) * sigmoid(mp, -noise(mp, z, a, s)) / (z * (1 - z))


def pdf_at_logit(mp, y, a, s):
    return s * sigmoid(mp, s * y - a) * sigmoid(mp, a - s * y) / (sigmoid(mp, y) * sigmoid(mp, -y))


def by_z(mp, z, a, s):
    return -(s * mp.tanh(noise(mp, z, a, s) / 2) + 1 - 2 * z) / (z * (1 - z))


def sample(mp, t, a, s):
    return sigmoid(mp, (a + t) / s)


def slope(mp, t, a, s):
    return sigmoid(mp, (a + t) / s) * sigmoid(mp, -(a + t) / s) / s


def expectation(mp, function, a, s):
    """Mean of a function of the logit, over the uniform variable behind it and over its mirror image."""
    with mp.workdps(72):
        levels = {sigmoid(mp, -abs(c * s - a)) for c in (-15, 0, 15)}
        cuts = [0, *sorted(u for u in levels if 1e-60 < u < 0.5), 0.5]
        return mp.quad(lambda u: sum(function((a + side * mp.log(u / (1 - u))) / s) for side in (-1, 1)), cuts)


def mean(mp, a, s):
    return expectation(mp, lambda y: sigmoid(mp, y), a, s)


def variance(mp, a, s):
    centre = mean(mp, a, s)
    return expectation(mp, lambda y: (sigmoid(mp, y) - centre) ** 2, a, s)


def entropy(mp, a, s):
    """That of the logit, and the mean logarithm of its derivative."""
    return 2 - mp.log(s) - expectation(mp, lambda y: abs(y) + 2 * mp.log(1 + mp.exp(-abs(y))), a, s)


def mean_by_logits(mp, a, s):
    return expectation(mp, lambda y: sigmoid(mp, y) * sigmoid(mp, -y) / s, a, s)


def mean_by_temperature(mp, a, s):
    return expectation(mp, lambda y: -y * sigmoid(mp, y) * sigmoid(mp, -y) / s, a, s)


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), NOT_UNIFORM),
    "logpdf_at_logit": (lambda mp, *x: mp.log(pdf_at_logit(mp, *x)), AT_LOGITS),
    "logpdf by z": (by_z, NOT_UNIFORM),
    "logpdf by logits": (lambda mp, *x: mp.tanh(noise(mp, *x) / 2), POINTS),
    "logpdf by temperature": (
        lambda mp, z, a, s: 1 / s - mp.log(z / (1 - z)) * mp.tanh(noise(mp, z, a, s) / 2),
        POINTS,
    ),
    "cdf": (lambda mp, *x: sigmoid(mp, noise(mp, *x)), POINTS),
    "logcdf": (lambda mp, *x: mp.log(sigmoid(mp, noise(mp, *x))), POINTS),
    "logcdf by z": (lambda mp, z, a, s: s * sigmoid(mp, -noise(mp, z, a, s)) / (z * (1 - z)), POINTS),
    "ccdf": (lambda mp, *x: sigmoid(mp, -noise(mp, *x)), POINTS),
    "logccdf": (lambda mp, *x: mp.log(sigmoid(mp, -noise(mp, *x))), POINTS),
    "icdf_logit": (sample, DRAWS),
    "icdf_logit by logits": (slope, DRAWS),
    "icdf_logit by temperature": (lambda mp, t, a, s: -(a + t) / s * slope(mp, t, a, s), DRAWS),
    "mean": (mean, MOMENTS),
    "mean by logits": (mean_by_logits, MOMENTS),
    "mean by temperature": (mean_by_temperature, SLOPES),
    "variance": (variance, MOMENTS),
    "entropy": (entropy, [(a, s) for a, s in MOMENTS if abs(a) > 0.1 or s != 0.96875]),
}
