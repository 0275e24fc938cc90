"""Divergences of SmoothStepLogistic: those of the sign given the size, averaged over the size by quadrature.

They are at most those of StepLogistic with the same logits, and approach them as the sharpness grows.
"""

from __future__ import annotations

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import bernoulli_kl, sigmoid_difference, tilted_kl
from bernoulli_latent.divergences.pairs import evaluate_pair, register_kl, require, same
from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.smooth_bits import agreement_logit, logit_gap, mean_information, probability_gap
from bernoulli_latent.relaxations.smooth_sizes import SIZE, SPREAD, size_mean, wide_size_mean
from bernoulli_latent.relaxations.smooth_step_logistic import SmoothStepLogistic

__all__: list[str] = []


@formula
def from_fair_sign(f, p_logits, p_sharpness):
    """Relative error below 1e-14 (1e-6 in single precision), for logits up to 700 in size; so have its derivatives."""
    return mean_information(f, p_logits, p_sharpness)


@formula
def of_equal_sharpness(f, p_logits, p_sharpness, q_logits):
    """Relative error below 2e-14 (2e-6 in single precision), for logits up to 700 in size; so have its derivatives.

    Those by the sharpness, which vanish as it grows, below 2e-13.
    """
    return _equal_mean(f, _sign_kl, bernoulli_kl(f, p_logits, q_logits), p_logits, p_sharpness, q_logits)


@of_equal_sharpness.differentiate("p_logits")
def _(f, value, p_logits, p_sharpness, q_logits):
    pull = _equal_mean(f, _pull, p_logits - q_logits, p_logits, p_sharpness, q_logits)
    return f.sigmoid_slope(p_logits) * pull


@of_equal_sharpness.differentiate("p_sharpness")
def _(f, value, p_logits, p_sharpness, q_logits):
    limit = bernoulli_kl(f, p_logits, q_logits)
    return _equal_mean(f, _sign_kl, limit, p_logits, p_sharpness, q_logits, SPREAD) / p_sharpness


@of_equal_sharpness.differentiate("q_logits")
def _(f, value, p_logits, p_sharpness, q_logits):
    return _equal_mean(f, _push, sigmoid_difference(f, q_logits, p_logits), p_logits, p_sharpness, q_logits)


@formula
def of_any_sharpness(f, p_logits, p_sharpness, q_logits, q_sharpness):
    """Relative error below 1e-13 for a sharpness up to 1e4, and 1e-10 up to 1e6 (2e-6 in single precision).

    For logits up to 700 in size; so have its derivatives, but where they change sign.
    """
    return _wide_mean(f, _sign_kl, p_logits, p_sharpness, q_logits, q_sharpness)


@of_any_sharpness.differentiate("p_logits")
def _(f, value, p_logits, p_sharpness, q_logits, q_sharpness):
    return f.sigmoid_slope(p_logits) * _wide_mean(f, _pull, p_logits, p_sharpness, q_logits, q_sharpness)


@of_any_sharpness.differentiate("p_sharpness")
def _(f, value, p_logits, p_sharpness, q_logits, q_sharpness):
    def steepening(f, a, w, b, v):
        return w * f.sigmoid_slope(w) * logit_gap(f, a, w, b, v)

    pull = _wide_mean(f, steepening, p_logits, p_sharpness, q_logits, q_sharpness)
    return f.tanh_half(p_logits) * pull / p_sharpness


@of_any_sharpness.differentiate("q_logits")
def _(f, value, p_logits, p_sharpness, q_logits, q_sharpness):
    return _wide_mean(f, _push, p_logits, p_sharpness, q_logits, q_sharpness)


@of_any_sharpness.differentiate("q_sharpness")
def _(f, value, p_logits, p_sharpness, q_logits, q_sharpness):
    def steepening(f, a, w, b, v):
        return -v * probability_gap(f, a, w, b, v) * f.sigmoid_rise(v - b, 2 * b)

    return _wide_mean(f, steepening, p_logits, p_sharpness, q_logits, q_sharpness) / q_sharpness


def _sign_kl(f, a, w, b, v):
    """Divergence of the signs, where the bits have the logits `a`, `w` and `b`, `v`."""
    return tilted_kl(f, agreement_logit(f, b, v), logit_gap(f, a, w, b, v))


def _pull(f, a, w, b, v):
    """Derivative by the probability of the bit `a`."""
    return f.tanh_half(w) * logit_gap(f, a, w, b, v)


def _push(f, a, w, b, v):
    """Derivative by the logits `b`."""
    return -probability_gap(f, a, w, b, v) * f.sigmoid_rise(b - v, 2 * v)


def _equal_mean(f, of_bits, limit, a, sharpness, b, measure=SIZE):
    return size_mean(f, lambda w: of_bits(f, a, w, b, w), sharpness, limit, (a, b), measure)


def _wide_mean(f, of_bits, a, sharpness, b, q_sharpness):
    return wide_size_mean(
        f, lambda y: of_bits(f, a, sharpness * y, b, q_sharpness * y), ((a, sharpness), (b, q_sharpness))
    )


@register_kl(SmoothStepLogistic, Logistic)
def from_logistic(p: SmoothStepLogistic, q: Logistic) -> Array:
    """Divergence from the standard logistic distribution."""
    require(same(q.loc, 0.0) and same(q.scale, 1.0), p, q, "`q` must be Logistic(loc=0.0, scale=1.0)")
    return evaluate_pair(from_fair_sign, p, q)


@register_kl(SmoothStepLogistic, SmoothStepLogistic)
def of_smooth_steps(p: SmoothStepLogistic, q: SmoothStepLogistic) -> Array:
    """Divergence of two smooth steps: faster and more accurate if they are seen to have one sharpness."""
    equal = same(p.sharpness, q.sharpness)
    return evaluate_pair(of_equal_sharpness if equal else of_any_sharpness, p, q)
