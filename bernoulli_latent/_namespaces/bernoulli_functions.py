"""Functions of the logits of a bit, in forms that neither cancel nor overflow, with their derivatives."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula

__all__ = ["bernoulli_kl", "cumulant", "sigmoid_difference", "tilted_kl"]


@formula
def sigmoid_difference(f, x, y):
    """sigmoid(x) - sigmoid(y)."""
    high, low = f.maximum(x, y), f.minimum(x, y)
    return -f.side(x - y) * f.sigmoid(high) * f.sigmoid(-low) * f.expm1(low - high)


@sigmoid_difference.differentiate("x")
def _(f, value, x, y):
    return f.sigmoid_slope(x)


@sigmoid_difference.differentiate("y")
def _(f, value, x, y):
    return -f.sigmoid_slope(y)


@formula
def cumulant(f, logits, x):
    """Logarithm of the mean of exp(x b) for the bit b: log(sigmoid(-logits) + sigmoid(logits) exp(x))."""
    product = f.sigmoid(logits) * f.expm1(f.minimum(x, f.max_exponent))
    near = (x < f.max_exponent) & (f.abs(product) < 0.5)
    far = f.logaddexp(f.log_sigmoid(-logits), f.log_sigmoid(logits) + x)
    return f.where(near, f.log1p(f.where(near, product, 0.0)), far)


@cumulant.differentiate("logits")
def _(f, value, logits, x):
    return sigmoid_difference(f, logits + x, logits)


@cumulant.differentiate("x")
def _(f, value, logits, x):
    return f.sigmoid(logits + x)


@formula
def bernoulli_kl(f, p_logits, q_logits):
    """Divergence between bits."""
    return _kl(f, p_logits, q_logits, q_logits - p_logits)


@bernoulli_kl.differentiate("p_logits")
def _(f, value, p_logits, q_logits):
    return f.sigmoid_slope(p_logits) * (p_logits - q_logits)


@bernoulli_kl.differentiate("q_logits")
def _(f, value, p_logits, q_logits):
    return sigmoid_difference(f, q_logits, p_logits)


@formula
def tilted_kl(f, logits, x):
    """Divergence of a bit from that whose logits are larger by `x`: x times the slope of the cumulant less itself."""
    return _kl(f, logits + x, logits, -x)


@tilted_kl.differentiate("logits")
def _(f, value, logits, x):
    return x * f.sigmoid_slope(logits + x) - sigmoid_difference(f, logits + x, logits)


@tilted_kl.differentiate("x")
def _(f, value, logits, x):
    return x * f.sigmoid_slope(logits + x)


def _kl(f: Any, p_logits: Any, q_logits: Any, difference: Any) -> Any:
    """Divergence between bits, with both turned over, if need be, so that the first is more often 0."""
    turn = -f.side(p_logits)
    p, q, shift = turn * p_logits, turn * q_logits, turn * difference
    weight, near = f.sigmoid(p), f.abs(shift) < 1
    small = f.where(near, shift, 0.0)
    series = f.log1pmx(weight * f.expm1(small)) + weight * f.expm1mx(small)
    lower = f.log1p(f.exp(f.minimum(q, 0.0)) * f.sigmoid(-p) - weight)
    upper = f.maximum(q, 0.0) + f.log1p(f.exp(-f.abs(q))) - f.log1p(f.exp(p))
    return f.where(near, series, f.where(q < 0, lower, upper) - weight * shift)
