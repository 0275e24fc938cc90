r"""Divergences between logistic distributions, and between binary Concrete ones, whose logits are logistic.

If the first scale is :math:`s` times the second and the means are :math:`m` second scales apart, then

.. math::
    \mathrm{KL} = s - 1 - \log s
    + 2 \mathrm{E}\, \mathrm{KL}\big(\mathrm{Bernoulli}(S(L)) \,\|\, \mathrm{Bernoulli}(S(m + s L))\big)

for the standard logistic :math:`L`: the mean log ratio of the densities, with its first order, a score, taken in closed
form. No term is negative, so small divergences keep their digits. The mean is :math:`s` times that at
:math:`(m / s, 1 / s)`, so the inner scale :math:`t = \min(s, 1 / s)` is at most 1. The two signs of :math:`L` together
split it into positive terms,

.. math::
    2 \mathrm{E} \big[\log(1 + S(-V)(e^{(1 - t) V} - 1)) - S(-V)(1 - t) V\big]
    + \mathrm{E} \log\big(1 + 4 \sinh^2(n / 2)\, S(t V) S(-t V)\big),

with :math:`V = |L|` and the shift :math:`n` in units of the larger scale.

Relative errors are at most 2e-15 in double and 2e-6 in single precision; the closed form for equal scales is within
4 ulp. Derivatives by the scales have errors of 3e-14 and 1e-6 of the inverse scale.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import Formula, formula
from bernoulli_latent.divergences.pairs import advise, evaluate_pair, register_kl
from bernoulli_latent.relaxations.base import Distribution
from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete
from bernoulli_latent.relaxations.concrete import Concrete
from bernoulli_latent.relaxations.logistic import Logistic

__all__: list[str] = []

_RULES = (72, 10), (18, 6)
"""Nodes and stretch for double and single precision: relative errors below 1e-15 and 2e-8 at any shift and ratio."""

advise(
    Concrete,
    Concrete,
    "that of their categories is no bound for relaxed samples; `monte_carlo_kl_divergence` estimates it in log space",
)


@register_kl(Logistic, Logistic)
def logistic_logistic(p: Distribution, q: Distribution) -> Array:
    """Closed form if the scales are one number or object, else by quadrature."""
    return evaluate_pair(_choose(p, q, "scale", equal_scales, different_scales), p, q)


@register_kl(BinaryConcrete, BinaryConcrete)
def binary_concrete_binary_concrete(p: Distribution, q: Distribution) -> Array:
    """That of the logits: closed form if the temperatures are one number or object, else by quadrature."""
    return evaluate_pair(_choose(p, q, "temperature", equal_temperatures, different_temperatures), p, q)


@formula
def equal_scales(f, p_loc, q_loc, p_scale):
    return standard_divergence(f, (p_loc - q_loc) / p_scale)


@formula
def different_scales(f, p_loc, p_scale, q_loc, q_scale):
    return divergence(f, (p_loc - q_loc) / q_scale, f.log_ratio(p_scale, q_scale))


@formula
def equal_temperatures(f, p_logits, q_logits):
    return standard_divergence(f, p_logits - q_logits)


@formula
def different_temperatures(f, p_logits, p_temperature, q_logits, q_temperature):
    # Of exact differences where the temperatures are near.
    excess, near = q_temperature - p_temperature, f.abs(q_temperature - p_temperature) < p_temperature / 2
    exact = (p_logits - q_logits) + p_logits * (excess / p_temperature)
    shift = f.where(near, exact, p_logits * (q_temperature / p_temperature) - q_logits)
    return divergence(f, shift, f.log_ratio(q_temperature, p_temperature))


@formula
def standard_divergence(f, x):
    """Divergence x coth(x / 2) - 2 of logistic distributions whose means are `x` common scales apart."""
    size = f.abs(x)
    near = size < 3
    inner, outer = f.where(near, x, 0.0), f.where(near, 3.0, f.minimum(size, f.max_exponent))
    square, odds = inner**2 / 4, range(f.by_precision(21, 13), 1, -2)
    fraction = inner * (inner / (2 * reduce(lambda below, odd: odd + square / below, odds, odds[0] + 2.0)))
    return f.where(near, fraction, size - 2 + 2 * outer / f.expm1(outer))


@standard_divergence.differentiate("x")
def _(f, value, x):
    # (sinh(x) - x) / (cosh(x) - 1), near zero by the series of sinh(x) - x both above and below.
    size = f.abs(x)
    near = size < 3
    inner = f.where(near, x, 0.0)
    factors = [2 * k * (2 * k + 1) for k in range(f.by_precision(13, 8), 1, -1)]
    above, below = f.nested_series(inner**2, factors), f.nested_series(inner**2 / 4, factors)
    outer = f.where(near, 3.0, f.minimum(size, f.max_exponent))
    decay = f.exp(-outer)
    far = f.side(x) * (1 - 2 * outer * decay - decay**2) / (1 - decay) ** 2
    return f.where(near, inner / 3 * above / (1 + inner**2 / 24 * below) ** 2, far)


@formula
def divergence(f, shift, log_ratio):
    """Divergence of logistic distributions: `shift` in scales of the second, logarithm of first scale over second."""
    _, outer, inner, distance = _reduced(f, shift, log_ratio)
    bounded = f.minimum(distance, f.max_exponent)
    growth, gap = -f.expm1(bounded) * f.expm1(-bounded), -f.expm1(-f.abs(log_ratio))

    def integrand(v: Any, tail: Any) -> Any:
        scales = f.log1pmx(tail * f.expm1(gap * v)) + tail * f.expm1mx(gap * v)
        return 2 * scales + f.log1p(growth * f.sigmoid_slope(inner * v))

    return f.expm1mx(log_ratio) + outer * (f.half_logistic_mean(integrand, *_RULES) + (distance - bounded))


@divergence.differentiate("shift")
def _(f, value, shift, log_ratio):
    _, _, inner, distance = _reduced(f, shift, log_ratio)

    def integrand(v: Any, tail: Any) -> Any:
        return f.sigmoid(distance + inner * v) * f.sigmoid(distance - inner * v)

    return -f.side(shift) * f.expm1(-2 * distance) * f.half_logistic_mean(integrand, *_RULES)


@divergence.differentiate("log_ratio")
def _(f, value, shift, log_ratio):
    narrow, outer, inner, distance = _reduced(f, shift, log_ratio)

    def integrand(v: Any, tail: Any) -> Any:
        right, left = inner * v + distance, inner * v - distance
        return f.where(
            narrow,
            inner * v * (f.tanh_half(right) + f.tanh_half(left)) / 2,
            f.bernoulli_entropy(right) + f.bernoulli_entropy(left),
        )

    return outer * f.half_logistic_mean(integrand, *_RULES) - 1


def _reduced(f: Any, shift: Any, log_ratio: Any) -> Any:
    """Whether the first scale is the smaller; the larger scale, the smaller and the shift in scales of the second.

    The smaller one and the shift are in units of the larger.
    """
    narrow = log_ratio <= 0
    inner = f.exp(f.where(narrow, log_ratio, -log_ratio))
    outer = f.exp(f.where(narrow, 0.0, log_ratio))
    return narrow, outer, inner, f.side(shift) * shift * f.where(narrow, 1.0, inner)


def _choose(p: Distribution, q: Distribution, name: str, equal: Formula, different: Formula) -> Formula:
    x, y = p.parameters[name], q.parameters[name]
    return equal if x is y or (isinstance(x, float) and isinstance(y, float) and x == y) else different
