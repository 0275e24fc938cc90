"""Divergence of SmoothStepLogistic from the standard logistic distribution, by integration over the size."""

from make_tables import definitions

DIGITS = 150
SMOOTH = definitions("smooth_step_logistic")
POINTS = [(a, b) for a in [2.0**-20, 0.25, -2.0, 8.0, -50.0, 700.0] for b in SMOOTH.SHARPNESS]


def kl(mp, a, b):
    return SMOOTH.information(mp, 0, b, a)


def at_doubles(density):
    """The integral at the doubles nearest to the inputs: its condition counts as 0, and errors have to be small."""
    return lambda mp, a, b: SMOOTH.integral(density, 0.0, float(b), float(a))


METHODS = {
    "kl": (kl, POINTS),
    "kl by logits": (at_doubles(SMOOTH.information_by_logits_density), POINTS),
    "kl by sharpness": (at_doubles(SMOOTH.information_by_sharpness_density), POINTS[1::2]),
}
