"""Divergence of one normal distribution from another, from their variances and means."""

from itertools import product

DIGITS = 200
LOCATIONS = [(0.0, 0.0), (0.5, -0.25), (1.0, 1.0 + 2.0**-20), (-300.0, 200.0), (2.0**-40, 0.0)]
SCALES = [
    (1.0, 1.0),
    (1.0 + 2.0**-20, 1.0),
    (1.0 - 2.0**-23, 1.0),
    (0.75, 0.5),
    (0.3125, 0.625),
    (0.3125, 0.6),
    (100.0, 0.0625),
    (0.01, 100.0),
    (2.0**-100, 2.0**20),
    (2.0**-100, 1.25 * 2.0**-100),
    (1e-300, 1e10),
]
PAIRS = [(p, s, q, t) for (p, q), (s, t) in product(LOCATIONS, SCALES)]
DIFFERENT = [pair for pair in PAIRS if pair[0] != pair[2] or pair[1] != pair[3]]


def kl(mp, p_loc, p_scale, q_loc, q_scale):
    variances = (p_scale / q_scale) ** 2
    return mp.log(1 / variances) / 2 + (variances + ((p_loc - q_loc) / q_scale) ** 2 - 1) / 2


def by_p_scale(mp, p_loc, p_scale, q_loc, q_scale):
    return p_scale / q_scale**2 - 1 / p_scale


def by_q_scale(mp, p_loc, p_scale, q_loc, q_scale):
    return 1 / q_scale - (p_scale**2 + (p_loc - q_loc) ** 2) / q_scale**3


METHODS = {
    "kl": (kl, DIFFERENT),
    "kl by p_loc": (lambda mp, p, s, q, t: (p - q) / t**2, PAIRS),
    "kl by q_loc": (lambda mp, p, s, q, t: (q - p) / t**2, PAIRS),
    "kl by p_scale": (by_p_scale, PAIRS),
    "kl by q_scale": (by_q_scale, PAIRS),
}
