"""The logit-normal distribution, from the normal one and by the trapezoidal rule."""

from itertools import product

from definitions import normal

DIGITS = 90
PARAMETERS = [(0.0, 1.0), (-0.75, 0.25), (3.0, 2.5), (-20.0, 20.0)]
VALUES = [2.0**-149, 1e-300, 2.0**-40, 0.0625, 0.5, 0.5 + 2.0**-20, 0.75, 1 - 2.0**-10, 1 - 2.0**-24, 1 - 2.0**-53]
POINTS = [(x, *p) for x, p in product(VALUES, PARAMETERS)]
DRAWS = [(t, *p) for t, p in product([-1e4, -800.0, -30.0, -2.0, -(2.0**-20), 0.0, 0.5, 7.0, 90.0], PARAMETERS)]
LEVELS = [(u, *p) for u, p in product([2.0**-149, 2.0**-20, 0.25, 0.5, 0.96875, 1 - 2.0**-24], PARAMETERS)]
NARROW = [(0.0, 2.0**-7), (-50.0, 2.0**-7), (0.75, 0.25), (-3.0, 1.0), (30.0, 1.0), (-2.5, 1.984375), (-50.0, 1.984375)]
WIDE = [
    (0.5, 2.0),
    (-50.0, 2.0),
    (0.25, 3.0),
    (-8.0, 3.0),
    (50.0, 6.0),
    (-50.0, 7.0),
    (-20.0, 20.0),
    (9.0, 100.0),
    (-50.0, 100.0),
]
MOMENTS = NARROW + WIDE
SIGNED = [(loc, scale) for loc, scale in MOMENTS if loc != 0]


def sigmoid(mp, y):
    return 1 / (1 + mp.exp(-y))


def logit(mp, x):
    return mp.log(x / (1 - x))


def expectation(mp, of_logit, loc, scale):
    """Mean over the normal logit: the poles at ``i pi`` leave an error of 1e-27, the ends one of 1e-30."""
    step = min(mp.mpf("0.3"), mp.mpf("0.3") / scale)
    reach = 12 + min(2 * scale, abs(loc) / scale)
    count = int(reach / step)
    nodes = (k * step for k in range(-count, count + 1))
    return mp.fsum(of_logit(loc + scale * x) * mp.npdf(x) for x in nodes) * step


def mean(mp, loc, scale):
    return expectation(mp, lambda y: sigmoid(mp, y), loc, scale)


def mean_by_loc(mp, loc, scale):
    return expectation(mp, lambda y: sigmoid(mp, y) * sigmoid(mp, -y), loc, scale)


def mean_by_scale(mp, loc, scale):
    return scale * expectation(
        mp, lambda y: sigmoid(mp, y) * sigmoid(mp, -y) * (sigmoid(mp, -y) - sigmoid(mp, y)), loc, scale
    )


def variance(mp, loc, scale):
    """Of the mirror image in the right tail, where the square of the mean is not close to 1."""
    centre = mean(mp, -abs(loc), scale)
    return expectation(mp, lambda y: (sigmoid(mp, y) - centre) ** 2, -abs(loc), scale)


def entropy(mp, loc, scale):
    slope = expectation(mp, lambda y: mp.log(sigmoid(mp, y) * sigmoid(mp, -y)), loc, scale)
    return slope + mp.log(scale * mp.sqrt(2 * mp.pi * mp.e))


def pdf(mp, x, *parameters):
    return normal.pdf(mp, logit(mp, x), *parameters) / (x * (1 - x))


def cdf(mp, x, *parameters):
    return normal.cdf(mp, logit(mp, x), *parameters)


def ccdf(mp, x, *parameters):
    return normal.ccdf(mp, logit(mp, x), *parameters)


def icdf_logit(mp, t, *parameters):
    return sigmoid(mp, normal.icdf_logit(mp, t, *parameters))


METHODS = {
    "pdf": (pdf, POINTS),
    "logpdf": (lambda mp, *a: mp.log(pdf(mp, *a)), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, *a: normal.log(mp, cdf(mp, *a), ccdf(mp, *a)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, *a: normal.log(mp, ccdf(mp, *a), cdf(mp, *a)), POINTS),
    "icdf": (lambda mp, u, *p: icdf_logit(mp, logit(mp, u), *p), LEVELS),
    "iccdf": (lambda mp, q, *p: icdf_logit(mp, -logit(mp, q), *p), LEVELS),
    "icdf_logit": (icdf_logit, DRAWS),
    "mean": (mean, MOMENTS),
    "mean by loc": (mean_by_loc, MOMENTS),
    "mean by scale": (mean_by_scale, SIGNED),
    "variance": (variance, MOMENTS),
    "entropy": (entropy, MOMENTS),
}
