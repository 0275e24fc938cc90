"""Power functions: the relaxation of DVAE#."""

from __future__ import annotations

import math
from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent.domains import AboveOne, Real
from bernoulli_latent.relaxations._logit_power import LogitPowerFunction
from bernoulli_latent.relaxations._mixture import information
from bernoulli_latent.relaxations._power_root import root
from bernoulli_latent.relaxations._unit_interval import between_ends
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["PowerFunction"]


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
    large sharpness, and values near 1 round to 1: work with the logit and `logit_law` where that matters.

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

    def logit_law(self) -> LogitPowerFunction:
        """Distribution of the logit of a value."""
        return LogitPowerFunction(**self.parameters)

    @formula
    def pdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _density(f, x, logits, sharpness), f.infinity, f.infinity)

    @formula
    def logpdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _log_density(f, x, logits, sharpness), f.infinity, f.infinity)

    @formula
    def cdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _below(f, f.log(x), f.log1p(-x), logits, sharpness), 0.0, 1.0)

    @formula
    def ccdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _below(f, f.log1p(-x), f.log(x), -logits, sharpness), 1.0, 0.0)

    @formula
    def logcdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _log_below(f, f.log(x), f.log1p(-x), logits, sharpness), -f.infinity, 0.0)

    @formula
    def logccdf(f, z, logits, sharpness):
        return between_ends(f, z, lambda x: _log_below(f, f.log1p(-x), f.log(x), -logits, sharpness), 0.0, -f.infinity)

    @formula
    def icdf_logit(f, t, logits, sharpness):
        return f.sigmoid(-f.side(t) * sharpness * root(f, -f.abs(t), -f.side(t) * logits, sharpness))

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

    variance.wide = True

    @formula
    def entropy(f, logits, sharpness):
        part = f.log(sharpness) + 1 - sharpness
        return part + f.weighted_sum(lambda v: _information(f, v, logits, sharpness), _RULE)


def _density(f: Any, z: Any, logits: Any, sharpness: Any) -> Any:
    left = f.sigmoid(-logits) * f.exp(f.log(z) / sharpness) / z
    return (left + f.sigmoid(logits) * f.exp(f.log1p(-z) / sharpness) / (1 - z)) / sharpness


def _log_density(f: Any, z: Any, logits: Any, sharpness: Any) -> Any:
    power = (1 - sharpness) / sharpness
    left, right = f.log_sigmoid(-logits) + power * f.log(z), f.log_sigmoid(logits) + power * f.log1p(-z)
    return f.logaddexp(left, right) - f.log(sharpness)


def _below(f: Any, log_z: Any, log_rest: Any, logits: Any, sharpness: Any) -> Any:
    """Distribution function, by the logarithms of z and 1 - z."""
    return f.sigmoid(-logits) * f.exp(log_z / sharpness) - f.sigmoid(logits) * f.expm1(log_rest / sharpness)


def _log_below(f: Any, log_z: Any, log_rest: Any, logits: Any, sharpness: Any) -> Any:
    above = _below(f, log_rest, log_z, -logits, sharpness)
    right = f.log(-f.expm1(log_rest / sharpness))
    below = f.logaddexp(f.log_sigmoid(-logits) + log_z / sharpness, f.log_sigmoid(logits) + right)
    return f.where(above < 0.5, f.log1p(-f.minimum(above, 0.5)), below)


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


def _double_exponential_rule(nodes_per_unit: int) -> list[tuple[float, float]]:
    """Nodes and weights for the mean of a function of a standard exponential variable that may be singular at 0.

    It is the trapezoidal rule in x with the node exp(x - exp(-x)).
    """
    steps = [k / nodes_per_unit for k in range(-21 * nodes_per_unit // 5, 19 * nodes_per_unit // 5)]
    nodes = [(x, math.exp(x - math.exp(-x))) for x in steps]
    return [(v, math.exp(-v) * v * (1 + math.exp(-x)) / nodes_per_unit) for x, v in nodes]


_RULE = _double_exponential_rule(16)
