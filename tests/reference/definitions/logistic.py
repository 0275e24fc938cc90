"""The logistic distribution, from its distribution function."""

from itertools import product

LOCATIONS = [(0.0, 1.0), (1.5, 0.25), (-300.0, 20.0), (1e-8, 1e-3)]
STANDARD = [
    0.0,
    1e-300,
    1e-8,
    -0.001,
    0.5,
    -0.75,
    1.0,
    -2.5,
    7.0,
    -16.6875,
    36.75,
    -40.0,
    87.0,
    -88.5,
    104.0,
    700.0,
    -745.0,
]
VALUES = [(loc + scale * z, loc, scale) for (loc, scale), z in product(LOCATIONS, STANDARD)]
PROBABILITIES = [
    2.0**-149,
    1e-300,
    5e-324,
    1e-30,
    2.0**-24,
    1e-3,
    0.25,
    0.499,
    0.5,
    0.5000001,
    0.75,
    0.999,
    1 - 2.0**-24,
    1 - 2.0**-53,
]


def cdf(mp, x, loc, scale):
    return 1 / (1 + mp.exp(-(x - loc) / scale))


def ccdf(mp, x, loc, scale):
    return 1 / (1 + mp.exp((x - loc) / scale))


def pdf(mp, x, loc, scale):
    return cdf(mp, x, loc, scale) * ccdf(mp, x, loc, scale) / scale


def icdf_logit(mp, t, loc, scale):
    return loc + scale * t


METHODS = {
    "pdf": (pdf, VALUES),
    "logpdf": (lambda mp, *a: mp.log(pdf(mp, *a)), VALUES),
    "cdf": (cdf, VALUES),
    "logcdf": (lambda mp, *a: mp.log(cdf(mp, *a)), VALUES),
    "ccdf": (ccdf, VALUES),
    "logccdf": (lambda mp, *a: mp.log(ccdf(mp, *a)), VALUES),
    "icdf": (
        lambda mp, u, loc, scale: loc + scale * mp.log(u / (1 - u)),
        [(u, *p) for u in PROBABILITIES for p in LOCATIONS],
    ),
    "iccdf": (
        lambda mp, q, loc, scale: loc - scale * mp.log(q / (1 - q)),
        [(u, *p) for u in PROBABILITIES for p in LOCATIONS],
    ),
    "icdf_logit": (icdf_logit, VALUES),
    "mean": (lambda mp, loc, scale: loc, LOCATIONS),
    "variance": (lambda mp, loc, scale: (mp.pi * scale) ** 2 / 3, LOCATIONS),
    "entropy": (lambda mp, loc, scale: mp.log(scale) + 2, LOCATIONS),
}
