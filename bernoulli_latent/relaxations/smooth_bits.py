"""The sign of a SmoothStepLogistic variable given its size: a bit, and averages over the size.

Given the size `y` the sign agrees with a bit of logits ``sharpness * y`` as often as two independent bits agree.
"""

from __future__ import annotations

from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import bernoulli_kl

__all__ = ["agreement", "agreement_logit", "log_agreement", "mean_information", "mean_shift", "size_mean"]

_RULES = {"double": (48, 7), "single": (16, 6)}


@formula
def agreement(f, logits, other):
    """Probability that two independent bits with these logits are equal."""
    return f.sigmoid(logits) * f.sigmoid(other) + f.sigmoid(-logits) * f.sigmoid(-other)


@agreement.differentiate("logits")
def _(f, value, logits, other):
    return f.sigmoid_slope(logits) * f.tanh_half(other)


@agreement.differentiate("other")
def _(f, value, logits, other):
    return f.sigmoid_slope(other) * f.tanh_half(logits)


@formula
def log_agreement(f, logits, other):
    """Logarithm of `agreement`."""
    return f.logaddexp(f.log_sigmoid(logits) + f.log_sigmoid(other), f.log_sigmoid(-logits) + f.log_sigmoid(-other))


@log_agreement.differentiate("logits")
def _(f, value, logits, other):
    return f.sigmoid_rise(logits, other)


@log_agreement.differentiate("other")
def _(f, value, logits, other):
    return f.sigmoid_rise(other, logits)


@formula
def agreement_logit(f, logits, other):
    """Logit of `agreement`: 2 atanh(tanh(logits / 2) tanh(other / 2))."""
    large, small = f.maximum(f.abs(logits), f.abs(other)), f.minimum(f.abs(logits), f.abs(other))
    far = small + f.log1p(f.exp(-large - small)) - f.log1p(f.exp(small - large))
    near = f.logistic_noise(f.tanh_half(f.minimum(small, 1.0)) * f.tanh_half(large))
    return f.side(logits) * f.side(other) * f.where(small < 1, near, far)


@agreement_logit.differentiate("logits")
def _(f, value, logits, other):
    return f.sigmoid_rise(logits - other, 2 * other)


@agreement_logit.differentiate("other")
def _(f, value, logits, other):
    return f.sigmoid_rise(other - logits, 2 * logits)


def size_mean(f, integrand, sharpness, limit):
    """Mean of ``integrand(sharpness |L|)`` over standard logistic `L`; `limit` is the integrand at infinity."""
    # Above 1 the integrand is at its limit long before the sizes end: the integral is that of what it lacks.
    rate, ceiling = f.maximum(sharpness, 1.0), f.where(sharpness > 1, limit, 0.0)

    def weighted(v):
        weight = 2 * f.exp(v + 0 * rate) * f.sigmoid_slope(v / rate) / rate
        return weight * (integrand(sharpness * v / rate) - ceiling)

    return ceiling + f.exponential_mean(weighted, **_RULES)


@formula
def mean_information(f, logits, sharpness):
    """Mean over the size of the divergence of the sign from a fair coin."""
    fair = 0 * logits
    return size_mean(
        f, lambda w: bernoulli_kl(f, agreement_logit(f, logits, w), fair), sharpness, bernoulli_kl(f, logits, fair)
    )


@mean_information.differentiate("logits")
def _(f, value, logits, sharpness):
    pull = size_mean(f, lambda w: f.tanh_half(w) * agreement_logit(f, logits, w), sharpness, logits)
    return f.sigmoid_slope(logits) * pull


@mean_information.differentiate("sharpness")
def _(f, value, logits, sharpness):
    pull = size_mean(f, lambda w: w * f.sigmoid_slope(w) * agreement_logit(f, logits, w), sharpness, 0.0)
    return f.tanh_half(logits) * pull / sharpness


def mean_shift(f, sharpness):
    """Mean of ``|L| tanh(sharpness |L| / 2)`` over standard logistic `L`; above 1, what it lacks of 2 log 2."""
    sharp = sharpness > 1
    rate = f.where(sharp, 1 + sharpness, 1.0)

    def integrand(v):
        near, fall = f.exp(-v / rate), f.expm1(-sharpness * v / rate)
        return v * f.where(sharp, -4 / rate**2, -2 * fall) / ((1 + near) ** 2 * (2 + fall))

    return f.where(sharp, 2 * f.log2, 0.0) + f.exponential_mean(integrand, **_RULES)
