"""Tails of the logistic law seen through a smooth step: the functions that SmoothStepLogistic is made of.

With `Z` standard logistic, the *contrast* beyond `x` >= 0 is ``E[tanh(sharpness Z / 2) | Z > x]``, and the *blur* is
what it lacks of 1. One integral gives both without cancellation: of the one that is small.
"""

from __future__ import annotations

import numpy as np

from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.numpy_functions import compiled
from bernoulli_latent._namespaces.quadrature import exponential_rule

__all__ = ["blur", "contrast", "contrast_gain", "tail", "tail_sum"]

_RULES = {"double": (28, 8), "single": (12, 5)}
"""Exact to 1e-17 and 5e-9 for sharpness from 0.01 to 1e6."""
_LARGE = 4096
"""Elements of a block from which a compiled loop is worth its loading; once loaded it wins from 64 on."""


def tail(f, x, sharpness):
    """Contrast and blur beyond `x`, and the blur times ``exp(sharpness x)``, which does not underflow."""
    # Where the contrast is at most about 1/2 the integrand is its own, elsewhere that of the blur.
    faint = sharpness * (1 + x) <= 1
    near, decay = f.exp(-x), f.exp(-sharpness * x)
    constant = f.where(faint, -f.expm1(-sharpness * x), 2.0)
    slope = f.where(faint, decay, f.where(sharpness > 1, 0.0, -2.0))
    value = (1 + near) * tail_sum(f, near, decay, constant, slope, sharpness)
    scaled = f.where(faint, (1 - value) / f.where(faint, decay, 1.0), value)
    return f.where(faint, value, 1 - decay * value), f.where(faint, 1 - value, decay * value), scaled


@formula
def tail_sum(f, near, decay, constant, slope, sharpness):
    """Mean of ``constant - slope expm1(-sharpness v / rate)`` in the measure of the tail."""
    density, rate, _ = _tail_weights(f, near, decay, sharpness)
    return f.exponential_mean(
        lambda v: (constant - slope * f.expm1(-sharpness * v / rate)) * density(v, 2, 1), **_RULES
    )


@compiled(tail_sum)
def _(near, decay, constant, slope, sharpness):
    """The same where a large block has one sharpness, and the nodes are those of all its elements."""
    if np.ndim(sharpness) or near.size < _LARGE:
        return None
    from bernoulli_latent._kernels.smooth_tail import rational_sum

    rate = 1 + sharpness if sharpness > 1 else 1.0
    v, weight = np.array(exponential_rule(*_RULES["double"])).T
    spent = -sharpness * v / rate
    nodes = np.stack([weight, np.full_like(v, rate), np.exp(-v / rate), np.exp(spent), np.expm1(spent)], axis=1)
    return rational_sum(near, decay, constant, np.broadcast_to(slope, near.shape), nodes)


def _tail_weights(f, near, decay, sharpness):
    """What integrals over ``v = (Z - x) rate`` share; for `sharpness` above 1 the decay is part of their measure."""
    rate = f.where(sharpness > 1, 1 + sharpness, 1.0)

    def density(v, outer, inner):
        return 1 / (rate * (1 + near * f.exp(-v / rate)) ** outer * (1 + decay * f.exp(-sharpness * v / rate)) ** inner)

    def fall(v):
        return f.exp(f.where(sharpness > 1, 0.0, -sharpness) * v)

    return density, rate, fall


@formula
def contrast(f, x, sharpness):
    """Mean of ``tanh(sharpness Z / 2)`` given that `Z` exceeds `x`."""
    return tail(f, x, sharpness)[0]


@contrast.differentiate("x")
def _(f, value, x, sharpness):
    decay = f.exp(-sharpness * x)
    density, _, fall = _tail_weights(f, f.exp(-x), decay, sharpness)
    return 2 * sharpness * decay * f.exponential_mean(lambda v: fall(v) * density(v, 1, 2), **_RULES)


@contrast.differentiate("sharpness")
def _(f, value, x, sharpness):
    return f.exp(-sharpness * x) * contrast_gain(f, x, sharpness)


@formula
def blur(f, x, sharpness):
    """What the contrast beyond `x` lacks of 1."""
    return tail(f, x, sharpness)[1]


@blur.differentiate("x")
def _(f, value, x, sharpness):
    return -contrast.derivatives["x"](f, value, x, sharpness)


@blur.differentiate("sharpness")
def _(f, value, x, sharpness):
    return -contrast.derivatives["sharpness"](f, value, x, sharpness)


@formula
def contrast_gain(f, x, sharpness):
    """Derivative of the contrast by the sharpness, times ``exp(sharpness x)``."""
    density, rate, fall = _tail_weights(f, f.exp(-x), f.exp(-sharpness * x), sharpness)
    integral = f.exponential_mean(lambda v: fall(v) * (x + v / rate) * density(v, 2, 2), **_RULES)
    return 2 * (1 + f.exp(-x)) * integral
