"""The normal distribution, from the complementary error function."""

from itertools import product

DIGITS = 200
PARAMETERS = [(0.0, 1.0), (1.5, 0.25), (-300.0, 20.0), (2.0**-27, 2.0**-10)]
STANDARD = [0.0, 2.0**-30, -0.125, 0.75, -1.0, 1.25, -2.5, 4.75, -5.25, 8.5, -13.0, 22.0, -26.5, 37.5, -38.5, 1e4, -1e4]
VALUES = [(loc + scale * z, loc, scale) for (loc, scale), z in product(PARAMETERS, STANDARD)]
# A small scale makes up for what the exponential loses to underflow.
VALUES += [(sign * z * 2.0**-20, 0.0, 2.0**-20) for z in (13.25, 14.0, 38.0, 38.625) for sign in (-1, 1)]
EXPONENTS = [0, -1, -2, -5, -10, -24, -60, -149, -1000, -1074]
PROBABILITIES = [2.0**k for k in EXPONENTS[1:]] + [0.499, 0.5 + 2.0**-23, 0.75, 0.96875, 1 - 2.0**-24, 1 - 2.0**-53]
NOISE = [
    sign * t
    for t in (2.0**-70, 2.0**-33, 1e-9, 1e-3, 0.5, 1.375, 1.5, 3.0, 9.0, 36.0, 103.0, 800.0, 1e4, 1e10)
    for sign in (-1, 1)
]


def upper(mp, z):
    return mp.erfc(z / mp.sqrt(2)) / 2


def pdf(mp, x, loc, scale):
    return mp.exp(-(((x - loc) / scale) ** 2) / 2) / (scale * mp.sqrt(2 * mp.pi))


def ccdf(mp, x, loc, scale):
    return upper(mp, (x - loc) / scale)


def cdf(mp, x, loc, scale):
    return upper(mp, (loc - x) / scale)


def quantile(mp, t):
    """Root of logit(cdf(z)) = t, by Newton's method on the negative side."""
    if t == 0:
        return mp.mpf(0)
    size, z = abs(t), min(-mp.sqrt(2 * abs(t)) + 1, mp.mpf(-1) / 2) if abs(t) > 1 else -abs(t) * mp.sqrt(mp.pi / 8)
    for _ in range(200):
        below, above = upper(mp, -z), upper(mp, z)
        step = (mp.log(below / above) + size) * below * above / pdf(mp, z, 0, 1)
        z -= step
        if abs(step) < max(abs(z), 1) * mp.mpf(10) ** (10 - mp.dps):
            return -z if t > 0 else z
    raise ArithmeticError(t)


def icdf_logit(mp, t, loc, scale):
    return loc + scale * quantile(mp, t)


def icdf_slope(mp, t, loc, scale):
    z = quantile(mp, t)
    return scale * upper(mp, z) * upper(mp, -z) / pdf(mp, z, 0, 1)


def log(mp, part, rest):
    """Logarithm of the probability `part` of two that sum to one."""
    return mp.log(part) if part < rest else mp.log1p(-rest)


DRAWS = [(u, *p) for u, p in product(PROBABILITIES, PARAMETERS)]
METHODS = {
    "pdf": (pdf, VALUES),
    "logpdf": (lambda mp, *a: mp.log(pdf(mp, *a)), VALUES),
    "cdf": (cdf, VALUES),
    "logcdf": (lambda mp, *a: log(mp, cdf(mp, *a), ccdf(mp, *a)), VALUES),
    "ccdf": (ccdf, VALUES),
    "logccdf": (lambda mp, *a: log(mp, ccdf(mp, *a), cdf(mp, *a)), VALUES),
    "icdf": (lambda mp, u, *p: icdf_logit(mp, mp.log(u / (1 - u)), *p), DRAWS),
    "iccdf": (lambda mp, q, *p: icdf_logit(mp, mp.log((1 - q) / q), *p), DRAWS),
    "icdf_logit": (icdf_logit, [(t, *p) for t, p in product(NOISE, PARAMETERS)]),
    "mean": (lambda mp, loc, scale: loc, PARAMETERS),
    "variance": (lambda mp, loc, scale: scale**2, PARAMETERS),
    "entropy": (lambda mp, loc, scale: mp.log(scale * mp.sqrt(2 * mp.pi * mp.e)), PARAMETERS),
}
