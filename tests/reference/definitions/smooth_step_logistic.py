"""SmoothStepLogistic, from its density (equation 5.8 of the dissertation) by integration.

Integrals are found to 35 digits at double precision numbers; the tiny changes of the inputs from which conditions are
found go in by their derivatives, which are integrals themselves.
"""

from functools import cache
from itertools import product

import mpmath

DIGITS = 150
SHARPNESS = [2.0**-7, 0.5, 1.0, 2.5, 30.0, 1e6]
LOGITS = [0.0, 0.25, -2.0, 8.0, -50.0, 700.0, -1e4]
VALUES = [0.0, 2.0**-26, -(2.0**-20), -0.5, 1.0, -3.0, 9.0, -40.0, 87.0, -300.0, 1e4, -1e4]
POINTS = list(product(VALUES, LOGITS, SHARPNESS))
SOME, FEW = POINTS[::11], POINTS[5::29]
BELOW = [point for point in POINTS if point[0] <= 1][::11]
NOISE = [
    *[(0.5, 1.5, 2.0**-7), (-4.0, 1.5, 1.0), (30.0, 1.5, 30.0), (-(2.0**-20), -8.0, 2.0**-7)],
    *[(0.0, 0.25, 2.5), (2.0**-30, 0.0, 30.0), (2.0**-30, -(2.0**-29), 0.5), (-5.0, -50.0, 2.5), (-0.25, 3.0, 1e6)],
    *[(100.0, -20.0, 5.0), (-300.0, 40.0, 1.0), (-12.0, 8.0, 30.0), (7.5, -8.0, 30.0), (-700.0, -3.0, 2.5)],
    *[(1e4, 1.0, 2.0), (-30.0, 28.0, 2.0**-7), (-2.0, -7.0, 3.0), (3.0, 3.0, 8.0), (-4.5, 8.0, 30.0)],
]
PARAMETERS = list(product(LOGITS[:6], SHARPNESS))


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def slope(mp, x):
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def pdf(mp, z, a, b):
    # 1 + tanh(a / 2) tanh(b z / 2), as the sum of positive terms that needs few digits
    agree = sigmoid(mp, a) * sigmoid(mp, b * z) + sigmoid(mp, -a) * sigmoid(mp, -b * z)
    return 2 * slope(mp, z) * agree


@cache
def integral(function, x, *parameters):
    """Integral of `function` from `x` >= 0 to infinity, in pieces as wide as what happens there."""
    x, b, a = map(mpmath.mpf, (x, *parameters, 0.0)[:3])
    corners = {x + k / b for k in (0.5, 1, 2, 4, 8, 16, 32, 64)} | {abs(a) / b + k / b for k in (-8, 0, 8)}
    points = sorted(w for w in corners | {x + k for k in (0, 2, 4, 8, 16, 32, 64, 100)} if x <= w <= x + 100)
    with mpmath.workdps(35):
        peak = max(abs(function(mpmath.mp, w, *parameters)) for w in points)  # the tolerance of `quad` is absolute
        return peak * mpmath.quad(lambda w: function(mpmath.mp, w, *parameters) / peak, points) if peak else peak


def near(function, partials):
    """The integral as a function of inputs that differ from doubles by as little as can be."""

    def value(mp, *inputs):
        home = [float(x) for x in inputs]
        changes = zip(inputs, home, partials, strict=True)
        return integral(function, *home) + sum((x - y) * partial(mp, *home) for x, y, partial in changes if x != y)

    return value


def contrast_density(mp, w, b):
    return slope(mp, w) * mp.tanh(b * w / 2)


def gain_density(mp, w, b):
    return 2 * w * slope(mp, w) * slope(mp, b * w)


def bend_density(mp, w, b):
    return -2 * w**2 * slope(mp, w) * slope(mp, b * w) * mp.tanh(b * w / 2)


def upper_density(mp, w, b, a):
    return pdf(mp, w, a, b)


gain = near(gain_density, [lambda mp, *x: -gain_density(mp, *x), lambda mp, *x: integral(bend_density, *x)])
contrast = near(contrast_density, [lambda mp, *x: -contrast_density(mp, *x), gain])
upper_tail = near(
    upper_density,
    [
        lambda mp, *x: -upper_density(mp, *x),
        lambda mp, x, b, a: mp.tanh(mp.mpf(a) / 2) * gain(mp, x, b),
        lambda mp, x, b, a: 2 * slope(mp, a) * contrast(mp, x, b),
    ],
)


def ccdf(mp, z, a, b):
    return 1 - upper_tail(mp, -z, b, -a) if z < 0 else upper_tail(mp, z, b, a)


def cdf(mp, z, a, b):
    return ccdf(mp, -z, -a, b)


def by_logits(mp, z, a, b):
    """Derivative of the distribution function by the logits."""
    return -2 * slope(mp, a) * contrast(mp, abs(z), b)


def by_sharpness(mp, z, a, b):
    """Derivative of the distribution function by the sharpness."""
    return -mp.tanh(a / 2) * gain(mp, abs(z), b)


@cache
def nearest_quantile(t, a, b):
    """Quantile in double precision, where the logit of the probability is `t` below the median of the sign."""
    target, low, high, z = -mpmath.log1p(mpmath.exp(-t)), t - 2, 0.0, min(t, -1e-3)
    for _ in range(60):
        value = cdf(mpmath.mp, z, a, b)
        excess = mpmath.log(value) - target
        low, high = (low, z) if excess > 0 else (z, high)
        newton = float(z - excess * value / pdf(mpmath.mp, z, a, b))
        before, z = z, newton if low < newton < high else (low + high) / 2
        if abs(z - before) <= 1e-15 * abs(z):
            break
    return z


def icdf_logit(mp, t, a, b):
    if ccdf(mp, 0, a, b) * mp.exp(t) > cdf(mp, 0, a, b):
        return -icdf_logit(mp, -t, -a, b)
    z = nearest_quantile(*map(float, (t, a, b)))
    return z + (1 / (1 + mp.exp(-t)) - cdf(mp, z, a, b)) / pdf(mp, z, a, b)


def implicit(by):
    def derivative(mp, t, a, b):
        z = icdf_logit(mp, t, a, b)
        return by(mp, t, z, a, b) / pdf(mp, z, a, b)

    return derivative


def shift_density(mp, w, b):
    return 2 * w * slope(mp, w) * mp.tanh(b * w / 2)


def bits(mp, w, a, b):
    """Probabilities of the sides, given the size `w`."""
    return [
        sigmoid(mp, a) * sigmoid(mp, side * b * w) + sigmoid(mp, -a) * sigmoid(mp, -side * b * w) for side in (1, -1)
    ]


def information_density(mp, w, b, a):
    return 2 * slope(mp, w) * sum(p * mp.log(2 * p) for p in bits(mp, w, a, b))


def information_by_logits_density(mp, w, b, a):
    right, left = bits(mp, w, a, b)
    return 2 * slope(mp, w) * slope(mp, a) * mp.tanh(b * w / 2) * mp.log(right / left)


def information_by_sharpness_density(mp, w, b, a):
    right, left = bits(mp, w, a, b)
    return 2 * slope(mp, w) * w * slope(mp, b * w) * mp.tanh(mp.mpf(a) / 2) * mp.log(right / left)


shift = near(shift_density, [None, lambda mp, x, b: integral(lambda m, w, b: 2 * w * gain_density(m, w, b), x, b)])
information = near(
    information_density,
    [
        None,
        lambda mp, *x: integral(information_by_sharpness_density, *x),
        lambda mp, *x: integral(information_by_logits_density, *x),
    ],
)


def mean(mp, a, b):
    return mp.tanh(a / 2) * shift(mp, 0, b)


METHODS = {
    "pdf": (pdf, POINTS[::3]),
    "logpdf": (lambda mp, *x: mp.log(pdf(mp, *x)), POINTS[1::3]),
    "cdf": (cdf, SOME),
    "cdf by logits": (by_logits, FEW),
    "cdf by sharpness": (by_sharpness, [point for point in FEW if point[1]]),
    "ccdf": (ccdf, FEW),
    "logcdf": (lambda mp, *x: mp.log(cdf(mp, *x)), SOME),
    "logcdf by z": (lambda mp, *x: pdf(mp, *x) / cdf(mp, *x), FEW),
    "logcdf by logits": (lambda mp, *x: by_logits(mp, *x) / cdf(mp, *x), BELOW),
    "logcdf by sharpness": (lambda mp, *x: by_sharpness(mp, *x) / cdf(mp, *x), [x for x in BELOW if x[1]]),
    "logccdf": (lambda mp, *x: mp.log(ccdf(mp, *x)), FEW),
    "icdf_logit": (icdf_logit, NOISE),
    "icdf_logit by t": (implicit(lambda mp, t, z, a, b: slope(mp, t)), NOISE[::3]),
    "icdf_logit by logits": (implicit(lambda mp, t, z, a, b: -by_logits(mp, z, a, b)), NOISE[::2]),
    "icdf_logit by sharpness": (implicit(lambda mp, t, z, a, b: -by_sharpness(mp, z, a, b)), NOISE[1::2]),
    "mean": (mean, PARAMETERS),
    "variance": (lambda mp, a, b: mp.pi**2 / 3 - mean(mp, a, b) ** 2, PARAMETERS),
    "entropy": (lambda mp, a, b: 2 - information(mp, 0, b, a), PARAMETERS),
}
