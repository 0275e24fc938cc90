"""Divergences of SmoothStepLogistic: those of the sign given the size, averaged over the size by quadrature.

They are at most those of StepLogistic with the same logits, and approach them as the sharpness grows.
"""

from __future__ import annotations

import math

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import bernoulli_kl
from bernoulli_latent.divergences.bernoulli import _require, _same
from bernoulli_latent.divergences.pairs import evaluate_pair, register_kl
from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.smooth_bits import agreement_logit, mean_information, size_mean
from bernoulli_latent.relaxations.smooth_step_logistic import SmoothStepLogistic

__all__: list[str] = []

_LARGEST, _NEGLIGIBLE = math.log(45), 14
"""Logarithms of a size beyond which no mass is left, and of the ratio of sizes whose parts differ by 1e-18."""


@formula
def from_fair_sign(f, p_logits, p_sharpness):
    """Relative error below 1e-14, or 2e-6 in single precision."""
    return mean_information(f, p_logits, p_sharpness)


@formula
def of_equal_sharpness(f, p_logits, p_sharpness, q_logits):
    """Relative error below 1e-14 for logits up to 8 in size, 1e-9 up to 15, and 1e-6 up to 40."""
    limit = bernoulli_kl(f, p_logits, q_logits)
    return size_mean(
        f,
        lambda w: bernoulli_kl(f, agreement_logit(f, p_logits, w), agreement_logit(f, q_logits, w)),
        p_sharpness,
        limit,
    )


@formula
def of_any_sharpness(f, p_logits, p_sharpness, q_logits, q_sharpness):
    """Relative error below 1e-14 for logits up to 8 in size, 1e-11 up to 15, and 1e-7 up to 40."""
    return _wide_size_mean(
        f,
        lambda y: bernoulli_kl(
            f, agreement_logit(f, p_logits, p_sharpness * y), agreement_logit(f, q_logits, q_sharpness * y)
        ),
        f.maximum(p_sharpness, q_sharpness),
    )


def _wide_size_mean(f, integrand, sharpness):
    """Mean of ``integrand(|L|)`` over standard logistic `L`, where the integrand may have several scales.

    The trapezoidal rule on the logarithm of the size, from where nothing has begun on the finest scale, the inverse of
    `sharpness`.
    """
    n_steps = 320 if f.epsilon < 1e-10 else 160
    start = -f.log(f.maximum(sharpness, 1.0)) - _NEGLIGIBLE
    step = (_LARGEST - start) / n_steps

    def part(k):
        size = f.exp(start + k * step)
        return size * f.sigmoid_slope(size) * integrand(size)

    return 2 * step * sum(part(k) for k in range(n_steps + 1))


@register_kl(SmoothStepLogistic, Logistic)
def from_logistic(p: SmoothStepLogistic, q: Logistic) -> Array:
    """Divergence from the standard logistic distribution."""
    _require(_same(q.loc, 0.0) and _same(q.scale, 1.0), p, q, "`q` must be Logistic(loc=0.0, scale=1.0)")
    return evaluate_pair(from_fair_sign, p, q)


@register_kl(SmoothStepLogistic, SmoothStepLogistic)
def of_smooth_steps(p: SmoothStepLogistic, q: SmoothStepLogistic) -> Array:
    """Divergence of two smooth steps: faster and more accurate if they are seen to have one sharpness."""
    equal = _same(p.sharpness, q.sharpness)
    return evaluate_pair(of_equal_sharpness if equal else of_any_sharpness, p, q)
