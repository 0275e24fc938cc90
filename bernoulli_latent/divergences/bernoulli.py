"""Divergences between bits and between mixtures that a bit weights.

The divergence between two mixtures of the same two laws is at most that between their bits, and equal to it where the
laws have disjoint supports (data processing).
"""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import bernoulli_kl
from bernoulli_latent.divergences.pairs import advise, closed_form, evaluate_pair, register_kl, require, same
from bernoulli_latent.relaxations import _truncated_exponential as exponential
from bernoulli_latent.relaxations._mixture import divergence
from bernoulli_latent.relaxations.base import Continuous
from bernoulli_latent.relaxations.bernoulli import Bernoulli
from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.overlapping_exponential import OverlappingExponential
from bernoulli_latent.relaxations.power_function import PowerFunction
from bernoulli_latent.relaxations.spike_exponential import SpikeExponential
from bernoulli_latent.relaxations.step import Step
from bernoulli_latent.relaxations.step_logistic import StepLogistic

__all__: list[str] = []


@closed_form(Bernoulli, Bernoulli)
@closed_form(StepLogistic, StepLogistic)
@formula
def of_bits(f, p_logits, q_logits):
    return bernoulli_kl(f, p_logits, q_logits)


@formula
def from_fair_bit(f, p_logits):
    return bernoulli_kl(f, p_logits, 0.0 * p_logits)


@formula
def of_overlapping_exponentials(f, p_logits, p_sharpness, q_logits):
    def integrand(v):
        return divergence(f, p_logits, q_logits, p_sharpness - 2 * v, p_sharpness < 1)

    return exponential.mean_of(f, integrand, p_sharpness)


@register_kl(StepLogistic, Logistic)
def from_logistic(p: StepLogistic, q: Logistic) -> Array:
    """Divergence from the standard logistic distribution, a StepLogistic of logits 0."""
    require(same(q.loc, 0.0) and same(q.scale, 1.0), p, q, "`q` must be Logistic(loc=0.0, scale=1.0)")
    return evaluate_pair(from_fair_bit, p, q)


@register_kl(Step, Step)
def of_steps(p: Step, q: Step) -> Array:
    """Divergence of two steps over one base."""
    require(_same_law(p.base, q.base), p, q, "both must have the same base")
    return evaluate_pair(of_bits, p, q)


@register_kl(Step, Continuous)
def from_base(p: Step, q: Continuous) -> Array:
    """Divergence from the base, a step of logits 0."""
    require(_same_law(p.base, q), p, q, "`q` must be the base of `p`")
    return evaluate_pair(from_fair_bit, p, q)


@register_kl(SpikeExponential, SpikeExponential)
def of_spikes(p: SpikeExponential, q: SpikeExponential) -> Array:
    """Divergence of two laws with disjoint parts."""
    require(same(p.sharpness, q.sharpness), p, q, "both must have the same sharpness")
    return evaluate_pair(of_bits, p, q)


@register_kl(OverlappingExponential, OverlappingExponential)
def of_overlaps(p: OverlappingExponential, q: OverlappingExponential) -> Array:
    """Divergence of two laws with common parts, by quadrature: relative errors below 1e-11, or 3e-5 in float32."""
    require(same(p.sharpness, q.sharpness), p, q, "both must have the same sharpness")
    return evaluate_pair(of_overlapping_exponentials, p, q)


advise(
    PowerFunction,
    PowerFunction,
    "the divergence of their bits, as Bernoulli variables, is an upper bound; or use `monte_carlo_kl_divergence`",
)


def _same_law(p: Any, q: Any) -> bool:
    if p is q:
        return True
    return type(p) is type(q) and all(map(same, p.parameters.values(), q.parameters.values()))
