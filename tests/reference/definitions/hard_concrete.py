"""The hard Concrete distribution: low + (high - low) times a binary Concrete variable, clipped to [0, 1]."""

from itertools import product

STRETCHES = [(-0.125, 1.125), (-0.1, 1.1), (-(2.0**-10), 1 + 2.0**-10), (-1.5, 1.0078125)]
PARAMETERS = [
    (a, s, *ends)
    for (a, s), ends in zip(
        [(0.0, 1.0), (1.5, 0.5), (-3.0, 0.125), (-0.001, 4.0), (20.0, 1.0), (-90.0, 0.25), (50.0, 30.0), (0.5, 2.0)],
        STRETCHES * 2,
        strict=True,
    )
]
VALUES = [0.0, 1e-300, 2.0**-20, 0.125, 0.5, 0.75, 1 - 2.0**-10, 1 - 2.0**-24, 1.0]
POINTS = [(x, *p) for x, p in product(VALUES, PARAMETERS)]
NOISE = [0.0, 1e-8, -0.5, 0.25, 3.0, -16.75, 36.5, -80.0, 600.0]
DRAWS = [(t, *p) for t, p in product(NOISE, PARAMETERS)]
MOMENTS = [
    (a, s, *ends)
    for (a, s), ends in zip(
        [*product([0.0, 3.5], [0.0625, 1.0, 1.5, 60.0]), (-12.0, 0.5), (-12.0, 1.5), (12.0, 8.0), (50.0, 60.0)],
        STRETCHES * 3,
        strict=True,
    )
]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def noise(mp, x, a, s, low, high):
    z = (x - low) / (high - low)
    return s * mp.log(z / (1 - z)) - a


def at_zero(mp, a, s, low, high):
    return sigmoid(mp, noise(mp, mp.mpf(0), a, s, low, high))


def at_one(mp, a, s, low, high):
    return sigmoid(mp, -noise(mp, mp.mpf(1), a, s, low, high))


def density(mp, x, a, s, low, high):
    """By Lebesgue measure, between the atoms."""
    t = noise(mp, x, a, s, low, high)
    return s * sigmoid(mp, t) * sigmoid(mp, -t) * (high - low) / ((x - low) * (high - x))


def pdf(mp, x, *p):
    return at_zero(mp, *p) if x == 0 else at_one(mp, *p) if x == 1 else density(mp, x, *p)


def cdf(mp, x, *p):
    return mp.mpf(1) if x >= 1 else sigmoid(mp, noise(mp, x, *p))


def ccdf(mp, x, *p):
    return mp.mpf(0) if x >= 1 else sigmoid(mp, -noise(mp, x, *p))


def sample(mp, t, a, s, low, high):
    return min(mp.mpf(1), max(mp.mpf(0), low + (high - low) * sigmoid(mp, (a + t) / s)))


def integral(mp, function, a, s, low, high):
    """Integral over the part inside of a function of `x`, by its density."""
    with mp.workdps(72):
        bends = {low + (high - low) * sigmoid(mp, (a + t) / s) for t in (-15, 0, 15)}
        cuts = [mp.mpf(0), *sorted(x for x in bends if 0 < x < 1), mp.mpf(1)]
        return mp.quad(lambda x: function(x) * density(mp, x, a, s, low, high), cuts)


def mean(mp, *p):
    return at_one(mp, *p) + integral(mp, lambda x: x, *p)


def variance(mp, *p):
    centre = mean(mp, *p)
    atoms = at_zero(mp, *p) * centre**2 + at_one(mp, *p) * (1 - centre) ** 2
    return atoms + integral(mp, lambda x: (x - centre) ** 2, *p)


def entropy(mp, *p):
    atoms = sum(mass * mp.log(mass) for mass in (at_zero(mp, *p), at_one(mp, *p)))
    return -atoms - integral(mp, lambda x: mp.log(density(mp, x, *p)), *p)


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, *x: mp.log(cdf(mp, *x)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, *x: mp.log(ccdf(mp, *x)), [point for point in POINTS if point[0] < 1]),
    "icdf_logit": (sample, DRAWS),
    "mass_at_zero": (at_zero, PARAMETERS),
    "mass_at_one": (at_one, PARAMETERS),
    "l0_norm": (lambda mp, *p: 1 - at_zero(mp, *p), PARAMETERS),
    "mean": (mean, MOMENTS),
    "variance": (variance, MOMENTS),
    "entropy": (entropy, MOMENTS),
}
