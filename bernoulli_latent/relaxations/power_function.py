"""Power functions: the relaxation of DVAE#."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent.domains import AboveOne, Real
from bernoulli_latent.relaxations._mixture import information
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["PowerFunction"]

_STEPS = 16
"""Newton steps: the slowest of 10^6 random cases converged in 14."""


class PowerFunction(Continuous):
    r"""Mixture of a power-function distribution on [0, 1] and its mirror image, weighted by a bit.

    .. math:: F(z) = S(-a)\,z^{1/\beta} + S(a) \bigl(1 - (1 - z)^{1/\beta}\bigr), \qquad 0 \le z \le 1

    with the logistic function :math:`S`.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability of the part near 1.
    sharpness : array_like, above 1
        The exponent :math:`\beta`: the larger, the nearer to 0 or 1 are values.

    Notes
    -----
    The density is infinite at 0 and 1. The quantile has no closed form: Newton's method on the logarithm of the
    probability, in ``logit(z) / sharpness`` and kept in a bracket, starts where one of the two terms of the
    distribution function is the whole. The derivatives of the quantile are implicit. Values near 0 may underflow at
    large sharpness, and values near 1 round to 1.

    The entropy is that of one part and the mutual information of value and bit, by double-exponential quadrature with
    an absolute error below 1e-10. Other errors are a few ulp times the condition of the result, for finite logits and
    sharpness up to 1e3.

    References
    ----------
    .. [1] A. Vahdat, E. Andriyash, W. G. Macready, DVAE#: discrete variational autoencoders with relaxed Boltzmann
           priors, NeurIPS 2018, section 4.

    Examples
    --------
    >>> from bernoulli_latent import PowerFunction
    >>> relaxed = PowerFunction(logits=1.0, sharpness=8.0)
    >>> float(relaxed.cdf(0.5).round(4)), float(relaxed.mean().round(4))
    (0.3073, 0.6797)
    >>> relaxed.sample(3, rng=0).round(3)
    array([0.996, 0.33 , 0.   ])
    """

    logits: Real
    sharpness: AboveOne
    support = (0.0, 1.0)

    @formula
    def pdf(f, z, logits, sharpness):
        left = f.sigmoid(-logits) * f.exp(f.log(z) / sharpness) / z
        return (left + f.sigmoid(logits) * f.exp(f.log1p(-z) / sharpness) / (1 - z)) / sharpness

    @formula
    def logpdf(f, z, logits, sharpness):
        power = (1 - sharpness) / sharpness
        left, right = f.log_sigmoid(-logits) + power * f.log(z), f.log_sigmoid(logits) + power * f.log1p(-z)
        return f.logaddexp(left, right) - f.log(sharpness)

    @formula
    def cdf(f, z, logits, sharpness):
        left = f.exp(f.log(z) / sharpness)
        return f.sigmoid(-logits) * left - f.sigmoid(logits) * f.expm1(f.log1p(-z) / sharpness)

    @formula
    def ccdf(f, z, logits, sharpness):
        right = f.exp(f.log1p(-z) / sharpness)
        return f.sigmoid(logits) * right - f.sigmoid(-logits) * f.expm1(f.log(z) / sharpness)

    @formula
    def logcdf(f, z, logits, sharpness):
        above = PowerFunction.ccdf(f, z, logits, sharpness)
        right = f.log(-f.expm1(f.log1p(-z) / sharpness))
        below = f.logaddexp(f.log_sigmoid(-logits) + f.log(z) / sharpness, f.log_sigmoid(logits) + right)
        return f.where(above < 0.5, f.log1p(-f.minimum(above, 0.5)), below)

    @formula
    def logccdf(f, z, logits, sharpness):
        below = PowerFunction.cdf(f, z, logits, sharpness)
        left = f.log(-f.expm1(f.log(z) / sharpness))
        above = f.logaddexp(f.log_sigmoid(logits) + f.log1p(-z) / sharpness, f.log_sigmoid(-logits) + left)
        return f.where(below < 0.5, f.log1p(-f.minimum(below, 0.5)), above)

    @formula
    def icdf_logit(f, t, logits, sharpness):
        return f.sigmoid(-f.side(t) * sharpness * _root(f, -f.abs(t), -f.side(t) * logits, sharpness))

    @icdf_logit.differentiate("t")
    def _(f, value, t, logits, sharpness):
        _, _, _, _, steepness = _parts(f, value, t, logits, sharpness)
        return f.sigmoid_slope(t) * sharpness * steepness

    @icdf_logit.differentiate("logits")
    def _(f, value, t, logits, sharpness):
        z, rest, left, right, steepness = _parts(f, value, t, logits, sharpness)
        lower = left + f.expm1(f.log1p(-f.minimum(z, 0.5)) / sharpness)
        upper = right + f.expm1(f.log1p(-f.minimum(rest, 0.5)) / sharpness)
        return f.sigmoid_slope(logits) * f.where(z < rest, lower, upper) * sharpness * steepness

    @icdf_logit.differentiate("sharpness")
    def _(f, value, t, logits, sharpness):
        z, rest, left, right, steepness = _parts(f, value, t, logits, sharpness)
        falling = f.sigmoid(-logits) * left * _log(f, z, rest) - f.sigmoid(logits) * right * _log(f, rest, z)
        return falling * steepness / sharpness

    @formula
    def mean(f, logits, sharpness):
        return (f.sigmoid(-logits) + f.sigmoid(logits) * sharpness) / (1 + sharpness)

    @formula
    def variance(f, logits, sharpness):
        between = f.sigmoid_slope(logits) * (sharpness - 1) ** 2
        return (sharpness**2 / (1 + 2 * sharpness) + between) / (1 + sharpness) ** 2

    @formula
    def entropy(f, logits, sharpness):
        part = f.log(sharpness) + 1 - sharpness
        return part + _double_exponential_mean(lambda v: _information(f, v, logits, sharpness))


def _information(f: Any, v: Any, logits: Any, sharpness: Any) -> Any:
    """Integrand of the mutual information of value and bit, where the value is exp(-sharpness v)."""
    ratio = (sharpness - 1) * v + (1 - 1 / sharpness) * f.log(-f.expm1(-sharpness * v))
    return information(f, logits, ratio, sharpness < 1.5)


def _log(f: Any, z: Any, rest: Any) -> Any:
    """Logarithm of `z` near 0 and near 1, where `rest` is 1 - z."""
    return f.where(z < rest, f.log(z), f.log1p(-f.minimum(rest, 0.5)))


def _parts(f: Any, value: Any, t: Any, logits: Any, sharpness: Any) -> tuple[Any, Any, Any, Any, Any]:
    """z, 1 - z, z^(1 / sharpness), (1 - z)^(1 / sharpness) and the inverse of the density over sharpness."""
    other = PowerFunction.icdf_logit(f, -t, -logits, sharpness)
    z, rest = f.where(value > 0, value, f.tiny), f.where(other > 0, other, f.tiny)
    left, right = f.exp(_log(f, z, rest) / sharpness), f.exp(_log(f, rest, z) / sharpness)
    odds = f.sigmoid(-logits) * left * rest + f.sigmoid(logits) * right * z
    return z, rest, left, right, value * other / odds


def _root(f: Any, t: Any, logits: Any, sharpness: Any) -> Any:
    """``logit(z) / sharpness`` where the logit of the distribution function is `t`, which is not positive."""
    level = f.log_sigmoid(t)
    low, high = -_from_left(f, -level, sharpness), _from_left(f, f.softplus(t), sharpness)
    only_left, only_right = level - f.log_sigmoid(-logits), level - f.log_sigmoid(logits)
    left = -_from_left(f, f.where(only_left < 0, -only_left, 1.0), sharpness)
    right = _from_left(f, -f.log1p(-f.exp(f.where(only_right < 0, only_right, -1.0))), sharpness)
    high = f.minimum(high, f.where(only_left < 0, left, f.infinity))
    high = f.minimum(high, f.where(only_right < 0, right, f.infinity))
    root, last = high, f.infinity
    for _ in range(_STEPS):
        excess, slope = _log_cdf(f, root, logits, sharpness, level)
        low, high = f.where(excess < 0, root, low), f.where(excess < 0, high, root)
        newton, size = root - excess / slope, f.abs(excess)
        kept = (size < 1e3 * f.epsilon) | ((newton > low) & (newton < high) & (size < last / 2))
        root, last = f.where(kept, newton, (low + high) / 2), f.where(kept, size, f.infinity)
    return root


def _from_left(f: Any, size: Any, sharpness: Any) -> Any:
    """``-logit(z) / sharpness`` where ``-log(z) / sharpness`` is `size`."""
    return size + f.log(f.maximum(-f.expm1(-sharpness * size), f.tiny)) / sharpness


def _log_cdf(f: Any, root: Any, logits: Any, sharpness: Any, level: Any) -> tuple[Any, Any]:
    """Logarithm of the distribution function above `level`, and its derivative by the root."""
    x = sharpness * root
    left = f.log_sigmoid(-logits) + f.log_sigmoid(x) / sharpness
    near = f.maximum(x, -40.0)  # further left, the second term is exponential
    right = f.log_sigmoid(logits) + f.log(-f.expm1(-f.softplus(near) / sharpness)) + (x - near)
    total = f.logaddexp(left, right)
    slope = f.exp(left + f.log_sigmoid(-x) - total)
    slope = slope + f.exp(f.log_sigmoid(logits) + f.log_sigmoid(-x) / sharpness + f.log_sigmoid(x) - total)
    return total - level, slope


def _double_exponential_mean(integrand: Callable[[float], Any]) -> Any:
    """Mean of `integrand` over a standard exponential variable; it may be singular at 0."""
    return sum(weight * integrand(node) for node, weight in _RULE)


def _double_exponential_rule(nodes_per_unit: int) -> list[tuple[float, float]]:
    """Nodes and weights for that mean, by the trapezoidal rule in x with the node exp(x - exp(-x))."""
    steps = [k / nodes_per_unit for k in range(-21 * nodes_per_unit // 5, 19 * nodes_per_unit // 5)]
    nodes = [(x, math.exp(x - math.exp(-x))) for x in steps]
    return [(v, math.exp(-v) * v * (1 + math.exp(-x)) / nodes_per_unit) for x, v in nodes]


_RULE = _double_exponential_rule(16)
