"""The logit of a power-function variable, which neither underflows nor rounds to an end as the variable does."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent.domains import AboveOne, Real
from bernoulli_latent.relaxations._power_root import root
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["LogitPowerFunction"]


class LogitPowerFunction(Continuous):
    """Law of ``logit(z)`` for a `PowerFunction` variable `z` of the same parameters."""

    logits: Real
    sharpness: AboveOne

    @formula
    def logpdf(f, y, logits, sharpness):
        return _log_slope(f, y, logits, sharpness) - f.log(sharpness)

    @formula
    def icdf_logit(f, t, logits, sharpness):
        return -f.side(t) * sharpness * root(f, -f.abs(t), -f.side(t) * logits, sharpness)

    @icdf_logit.differentiate("t")
    def _(f, value, t, logits, sharpness):
        return sharpness * f.exp(f.log_sigmoid_slope(t) - _log_slope(f, value, logits, sharpness))

    @icdf_logit.differentiate("logits")
    def _(f, value, t, logits, sharpness):
        scale = f.log_sigmoid_slope(logits) - _log_slope(f, value, logits, sharpness)
        small, large = (f.log_sigmoid(x) / sharpness for x in (-f.abs(value), f.abs(value)))
        return sharpness * (f.exp(scale + small) - f.exp(scale + f.log1mexp(f.minimum(large, -f.tiny))))

    @icdf_logit.differentiate("sharpness")
    def _(f, value, t, logits, sharpness):
        slope, left, right = _log_slope(f, value, logits, sharpness), f.log_sigmoid(value), f.log_sigmoid(-value)
        rising = f.exp(f.log_sigmoid(-logits) + left / sharpness - slope) * left
        return (rising - f.exp(f.log_sigmoid(logits) + right / sharpness - slope) * right) / sharpness


def _log_slope(f: Any, y: Any, logits: Any, sharpness: Any) -> Any:
    """Logarithm of the derivative by `y` of the distribution function, times the sharpness."""
    left, right = f.log_sigmoid(y), f.log_sigmoid(-y)
    zero = f.log_sigmoid(-logits) + left / sharpness + right
    return f.logaddexp(zero, f.log_sigmoid(logits) + right / sharpness + left)
