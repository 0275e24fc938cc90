"""The lower tail of SmoothStepLogistic at ``-y``, for `y` >= 0, and its inverse."""

from __future__ import annotations

from typing import Any, NamedTuple

from bernoulli_latent.relaxations.smooth_bits import log_agreement
from bernoulli_latent.relaxations.smooth_tail import tail

__all__ = ["LowerTail", "centre", "hazard", "log_lower_tail", "lower_tail", "lower_tail_root"]

_STEPS = 7
"""One more than any of 3000 laws and probabilities, drawn from all regimes, was seen to need."""


class LowerTail(NamedTuple):
    """What the distribution function `F` at ``-y`` and its derivatives share.

    Attributes
    ----------
    height : array
        ``F / (S(-y) scale)`` with ``scale = S(logits) exp(-sharpness y) + S(-logits)``: neither over- nor underflows.
    first, second : array
        The first term of the scale over ``S(logits) scale``, and the second over the scale.
    contrast, blur : array
        Beyond `y`.
    """

    height: Any
    first: Any
    second: Any
    contrast: Any
    blur: Any


def lower_tail(f, y, logits, sharpness):
    """`LowerTail` at ``-y``."""
    contrast, blur, scaled_blur = tail(f, y, sharpness)
    power = sharpness * y
    second = f.sigmoid(power - logits)
    first = f.where(logits >= 0, f.sigmoid(logits - power), f.exp(-power) * second) / f.sigmoid(f.abs(logits))
    return LowerTail(first * scaled_blur + 2 * second * contrast, first, second, contrast, blur)


def log_lower_tail(f, y, logits, sharpness, lower):
    """Logarithm of the distribution function at ``-y``."""
    scale = log_agreement(f, logits, -sharpness * y) + f.log1p(f.exp(-sharpness * y))
    return f.log_sigmoid(-y) + f.log(lower.height) + scale


def hazard(f, y, sharpness, lower):
    """Density at ``-y`` over the distribution function there."""
    return 2 * f.sigmoid(y) / ((1 + f.exp(-sharpness * y)) * lower.height)


def centre(f, logits, sharpness):
    """Logit of the probability of a negative value."""
    contrast, blur, _ = tail(f, 0 * sharpness, sharpness)
    balance = f.tanh_half(logits) * contrast
    low, high = (blur + 2 * f.sigmoid(sign * logits) * contrast for sign in (-1, 1))
    even = f.abs(balance) < 0.5
    return f.where(even, -f.logistic_noise(f.where(even, balance, 0.0)), f.log(low) - f.log(high))


def lower_tail_root(f, t, logits, sharpness):
    """Where ``-y`` has the probability of logit `t`, which is at most that of a negative value."""

    def look(y):
        lower = lower_tail(f, y, logits, sharpness)
        excess, exact = _excess(f, y, t, logits, lower)
        far = log_lower_tail(f, y, logits, sharpness, lower) - f.log_sigmoid(t)
        value = f.where(exact, f.log1p(f.where(exact, excess, 0.0)), far)
        slope = hazard(f, y, sharpness, lower)
        # Halley's step: the second derivative needs no integral.
        bend = value * (1 - (f.tanh_half(y) + sharpness * f.sigmoid_rise(-sharpness * y, logits)) / slope) / 2
        return value, value / (slope * f.minimum(f.maximum(1 + bend, 0.5), 2.0))

    return f.decreasing_root(look, _start(f, t, logits, sharpness), _STEPS)


def _excess(f, y, t, logits, lower):
    """Ratio of the distribution function at ``-y`` to the probability of logit `t`, less 1, and where it is exact.

    Differences of logarithms lose small roots and small complements; these differences of probabilities keep them.
    """
    gap, close = f.minimum(f.maximum(t + y, -1.0), 1.0), f.abs(t + y) < 1
    lift = f.tanh_half(logits) * lower.contrast / f.sigmoid(-f.minimum(t, 2.0))
    above = f.tanh_half(y) + f.sigmoid(-y) * (lower.blur + 2 * f.sigmoid(logits) * lower.contrast)
    complement = (f.sigmoid(-t) - above) / f.sigmoid(f.maximum(t, 0.0))
    excess = f.where(close, -f.exp(-gap) * f.sigmoid(y) * (f.expm1(gap) + lift), complement)
    return excess, (close | (t > 0)) & (f.abs(excess) < 0.5)


def _start(f, t, logits, sharpness):
    """Left of the root, from lower bounds of the distribution function."""
    contrast, blur, _ = tail(f, 0 * sharpness, sharpness)
    level = f.minimum(f.log(blur + 2 * f.sigmoid(-logits) * contrast), f.log2 + f.log_sigmoid(-logits))
    drop = f.maximum(level - f.log_sigmoid(t), f.tiny)
    steep = (f.log(blur / 2) - f.log_sigmoid(t)) / (1 + sharpness)
    return f.maximum(f.maximum(drop + f.log(-f.expm1(-drop)), steep), 0.0)
