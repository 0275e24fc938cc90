"""The sign of a SmoothStepLogistic variable given its size: a bit, and averages over the size.

Given the size `y` the sign agrees with a bit of logits ``sharpness * y`` as often as two independent bits agree.
"""

from __future__ import annotations

from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import bernoulli_kl, sigmoid_difference
from bernoulli_latent.relaxations.smooth_sizes import size_mean

__all__ = [
    "agreement",
    "agreement_logit",
    "log_agreement",
    "logit_gap",
    "mean_information",
    "mean_shift",
    "probability_gap",
]

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


@formula
def probability_gap(f, logits, other, q_logits, q_other):
    """Agreement of the first two logits less that of the last two."""
    rise = f.tanh_half(logits) * sigmoid_difference(f, other, q_other)
    return rise + sigmoid_difference(f, logits, q_logits) * f.tanh_half(q_other)


@formula
def logit_gap(f, logits, other, q_logits, q_other):
    """Difference of the logits of agreement, with all digits where they are nearly equal and large."""
    p, q = agreement_logit(f, logits, other), agreement_logit(f, q_logits, q_other)
    near = f.abs(p - q) < 1
    ratio = probability_gap(f, logits, other, q_logits, q_other) / f.maximum(agreement(f, p, -q), f.tiny)
    return f.where(near, f.logistic_noise(f.where(near, ratio, 0.0)), p - q)


@formula
def mean_information(f, logits, sharpness):
    """Mean over the size of the divergence of the sign from a fair coin."""
    fair = 0 * logits
    return size_mean(
        f, lambda w: bernoulli_kl(f, agreement_logit(f, logits, w), fair), sharpness, bernoulli_kl(f, logits, fair)
    )


@mean_information.differentiate("logits")
def _(f, value, logits, sharpness):
    pull = size_mean(f, lambda w: f.tanh_half(w) * agreement_logit(f, logits, w), sharpness, logits, (logits,))
    return f.sigmoid_slope(logits) * pull


@mean_information.differentiate("sharpness")
def _(f, value, logits, sharpness):
    pull = size_mean(f, lambda w: w * f.sigmoid_slope(w) * agreement_logit(f, logits, w), sharpness, 0.0, (logits,))
    return f.tanh_half(logits) * pull / sharpness


def mean_shift(f, sharpness):
    """Mean of ``|L| tanh(sharpness |L| / 2)`` over standard logistic `L`; above 1, what it lacks of 2 log 2."""
    sharp = sharpness > 1
    rate = f.where(sharp, 1 + sharpness, 1.0)

    def integrand(v):
        near, fall = f.exp(-v / rate), f.expm1(-sharpness * v / rate)
        return v * f.where(sharp, -4 / rate**2, -2 * fall) / ((1 + near) ** 2 * (2 + fall))

    return f.where(sharp, 2 * f.log2, 0.0) + f.exponential_mean(integrand, **_RULES)
