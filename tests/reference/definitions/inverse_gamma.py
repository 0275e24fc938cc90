"""The inverse gamma distribution, from its density; distribution functions are mpmath's incomplete gamma functions."""

from itertools import product

DIGITS = 60
SHAPES = [0.0625, 0.999, 1.0, 1.5, 6.5, 100.0]
INVERSES = [1e-30, 1e-3, 0.25, 1.0, 1.6, 8.0, 50.0, 700.0]
POINTS = [(float(f"{b / s:.6g}"), a, b) for s, a, b in product(INVERSES, SHAPES, (1.0, 40.0))]
ALONE = list(product([*SHAPES, 2.0, 2.5, 1e-3, 1e6], (1.0, 0.3125)))


def density(mp, x, a, b):
    return b**a * x ** (-a - 1) * mp.exp(-b / x) / mp.gamma(a)


def cdf(mp, x, a, b):
    return mp.gammainc(a, b / x, mp.inf, regularized=True)


def ccdf(mp, x, a, b):
    return mp.gammainc(a, 0, b / x, regularized=True)


def log_of(mp, probability, rest):
    """Logarithm of a probability, of its complement if that is the smaller one."""
    return mp.log(probability) if probability < 0.5 else mp.log1p(-rest)


def mean(mp, a, b):
    return b / (a - 1) if a > 1 else mp.inf


def variance(mp, a, b):
    return b**2 / (a - 1) ** 2 / (a - 2) if a > 2 else mp.inf


METHODS = {
    "pdf": (density, POINTS),
    "logpdf": (lambda mp, x, a, b: mp.log(density(mp, x, a, b)), POINTS),
    "logpdf by concentration": (lambda mp, x, a, b: mp.log(b / x) - mp.digamma(a), POINTS),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, x, a, b: log_of(mp, cdf(mp, x, a, b), ccdf(mp, x, a, b)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, x, a, b: log_of(mp, ccdf(mp, x, a, b), cdf(mp, x, a, b)), POINTS),
    "mean": (mean, [(a, b) for a, b in ALONE if a > 1]),
    "variance": (variance, [(a, b) for a, b in ALONE if a > 2]),
    "entropy": (lambda mp, a, b: a + mp.log(b) + mp.loggamma(a) - (1 + a) * mp.digamma(a), ALONE),
}
