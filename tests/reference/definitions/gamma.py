"""The gamma distribution, from its density; distribution functions are mpmath's incomplete gamma functions."""

from itertools import product

DIGITS = 150
SHAPES = [1e-3, 0.0625, 0.5, 0.999, 1.0, 1.5, 2.0, 6.5, 40.0, 1000.0]
WIDE = [*SHAPES, 1e-6, 1e5, 2.0**30]
SCORES = [-30.0, -8.0, -2.5, -0.5, 0.0, 0.25, 1.0, 4.0, 12.0, 40.0]
FRACTIONS = [2.0**-100, 1e-8, 0.01, 0.25, 0.75]
NOISE = [-600.0, -40.0, -3.0, -0.5, 0.0, 1e-8, 0.75, 2.0, 16.0, 300.0]


def points(shapes):
    """Values near the mode, in both tails and near zero."""
    for a in shapes:
        values = [a + 0.5 + z * (a + 1) ** 0.5 for z in SCORES] + [a * part for part in FRACTIONS]
        yield from ((float(round(x, 6)) if x > 0.1 else x, a, 1.0) for x in values if x > 0)
    yield from [(0.25, 3.0, 40.0), (1e-3, 0.25, 1e5), (3e4, 2.5, 1e-4)]


def density(mp, x, a, b):
    return b**a * x ** (a - 1) * mp.exp(-b * x) / mp.gamma(a)


def cdf(mp, x, a, b):
    return mp.gammainc(a, 0, b * x, regularized=True)


def ccdf(mp, x, a, b):
    return mp.gammainc(a, b * x, mp.inf, regularized=True)


def log_of(mp, probability, rest):
    """Logarithm of a probability, of its complement if that is the smaller one."""
    return mp.log(probability) if probability < 0.5 else mp.log1p(-rest)


def log_quantile(mp, t, a):
    """Logarithm of the standard quantile, by Newton's method from the series or the integral, in the nearer tail."""
    probability, rest = 1 / (1 + mp.exp(-t)), 1 / (1 + mp.exp(t))
    y = (mp.log(probability) + mp.loggamma(a + 1)) / a
    lower = probability < mp.gammainc(a, 0, a + 0.5, regularized=True)
    if not lower:
        y = mp.log(a + 0.5)
    for _ in range(200):
        x = mp.exp(y)
        flow = mp.exp(a * y - x - mp.loggamma(a))
        if lower:
            tail = mp.gammainc(a, 0, x, regularized=True)
            step = mp.log(probability / tail) * tail / flow
        else:
            tail = mp.gammainc(a, x, mp.inf, regularized=True)
            step = mp.log1p(max(mp.log(tail / rest) * tail / flow, -mp.mpf("0.5")))
        y += step
        if abs(step) < mp.mpf(10) ** (-mp.dps * 0.8):
            return y
    raise ArithmeticError((t, a))


def icdf_logit(mp, t, a, b):
    return mp.exp(log_quantile(mp, t, a)) / b


def slope(mp, t, a, b):
    """Derivative of the quantile by the concentration, by the implicit function theorem."""
    x = icdf_logit(mp, t, a, b)
    step = a * mp.mpf(10) ** -30
    tail, side = (cdf, -1) if x * b < a else (ccdf, 1)
    return side * (tail(mp, x, a + step, b) - tail(mp, x, a - step, b)) / (2 * step) / density(mp, x, a, b)


def entropy(mp, a, b):
    return a - mp.log(b) + mp.loggamma(a) + (1 - a) * mp.digamma(a)


POINTS = list(points(SHAPES))
ALONE = [(a, b) for a, b in product(WIDE, (1.0, 0.3125))]
DRAWS = [(t, a, 1.0) for t, a in product(NOISE, SHAPES)] + [(-1.0, 0.5, 8.0), (5.0, 30.0, 1e-3)]
METHODS = {
    "pdf": (density, list(points(WIDE))),
    "logpdf": (lambda mp, x, a, b: mp.log(density(mp, x, a, b)), list(points(WIDE))),
    "logpdf by concentration": (lambda mp, x, a, b: mp.log(b * x) - mp.digamma(a), list(points(WIDE))),
    "cdf": (cdf, POINTS),
    "logcdf": (lambda mp, x, a, b: log_of(mp, cdf(mp, x, a, b), ccdf(mp, x, a, b)), POINTS),
    "ccdf": (ccdf, POINTS),
    "logccdf": (lambda mp, x, a, b: log_of(mp, ccdf(mp, x, a, b), cdf(mp, x, a, b)), POINTS),
    "icdf_logit": (icdf_logit, DRAWS),
    "icdf_logit by concentration": (slope, DRAWS),
    "mean": (lambda mp, a, b: a / b, ALONE),
    "variance": (lambda mp, a, b: a / b**2, ALONE),
    "entropy": (entropy, ALONE),
}
