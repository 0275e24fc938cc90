"""The hard Concrete distribution: a stretched binary Concrete variable, clipped to exact zeros and ones."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent.domains import AboveOne, Negative, Positive, Real
from bernoulli_latent.relaxations.base import Continuous
from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete

__all__ = ["HardConcrete"]

_NODES = {"double": (72, 5), "single": (24, 3)}


class HardConcrete(Continuous):
    r"""Hard Concrete distribution: a binary Concrete variable stretched to ``(low, high)`` and clipped to [0, 1].

    .. math:: x = \min(1, \max(0, \gamma + (\zeta - \gamma) z)), \qquad z = S\!\left(\frac{a + L}{\lambda}\right)

    with the logistic function :math:`S` and standard logistic noise :math:`L`. Zeros and ones have positive
    probability.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability that the binary Concrete variable `z` exceeds 1/2.
    temperature : array_like, positive
        The temperature :math:`\lambda`.
    low : array_like, negative
        The end :math:`\gamma` that 0 is stretched to.
    high : array_like, above 1
        The end :math:`\zeta` that 1 is stretched to.

    Notes
    -----
    The law has atoms at 0 and 1, where `pdf` and `logpdf` are those of `mass_at_zero` and `mass_at_one`: the density is
    by Lebesgue measure plus unit masses at 0 and 1. The entropy is by the same measure.

    The derivative of a sample by the parameters is zero where the sample is clipped, and nowhere else. The derivative
    of the expectation of a smooth function is still the mean of its derivatives at samples, which are continuous in the
    parameters; for `logpdf`, which jumps at the atoms, it is not.

    Errors of all but the moments are at most 4 ulp times the condition of the result. Mean, variance and entropy are
    integrals over the part inside, by a Gauss-Legendre rule: over the logit of `z` for temperatures up to 1, and over
    the noise for larger ones. Their errors in double precision are at most 16 ulp times the condition.

    References
    ----------
    .. [1] C. Louizos, M. Welling and D. P. Kingma, "Learning sparse neural networks through L0 regularization",
           ICLR 2018, equations 10 to 12.

    Examples
    --------
    >>> from bernoulli_latent import HardConcrete
    >>> gate = HardConcrete(logits=0.0, temperature=2 / 3)
    >>> print(f"{gate.mass_at_zero():.4f} {gate.l0_norm():.4f} {gate.cdf(0.0):.4f}")
    0.1682 0.8318 0.1682
    """

    logits: Real
    temperature: Positive
    low: Negative
    high: AboveOne
    support = (0.0, 1.0)
    density_jumps = True

    def __init__(self, *, logits: Array, temperature: Array, low: Array = -0.1, high: Array = 1.1) -> None:
        super().__init__(logits=logits, temperature=temperature, low=low, high=high)

    @formula
    def mass_at_zero(f, logits, temperature, low, high):
        """Probability of 0."""
        return f.sigmoid(temperature * _logit(f, 0.0, low, high) - logits)

    @formula
    def mass_at_one(f, logits, temperature, low, high):
        """Probability of 1."""
        return f.sigmoid(logits - temperature * _logit(f, 1.0, low, high))

    @formula
    def l0_norm(f, logits, temperature, low, high):
        """Probability of a value other than 0: its expected L0 norm."""
        return f.sigmoid(logits - temperature * _logit(f, 0.0, low, high))

    @formula
    def pdf(f, x, logits, temperature, low, high):
        inside = f.sigmoid_slope(_noise(f, x, logits, temperature, low, high)) * _rate(f, x, temperature, low, high)
        zero = HardConcrete.mass_at_zero(f, logits, temperature, low, high)
        one = HardConcrete.mass_at_one(f, logits, temperature, low, high)
        return f.where(x == 0, zero, f.where(x == 1, one, inside))

    @formula
    def logpdf(f, x, logits, temperature, low, high):
        noise = _noise(f, x, logits, temperature, low, high)
        inside = f.log_sigmoid_slope(noise) + f.log(_rate(f, x, temperature, low, high))
        return f.where(x == 0, f.log_sigmoid(noise), f.where(x == 1, f.log_sigmoid(-noise), inside))

    @formula
    def cdf(f, x, logits, temperature, low, high):
        return f.where(x >= 1, 1.0, f.sigmoid(_noise(f, x, logits, temperature, low, high)))

    @formula
    def ccdf(f, x, logits, temperature, low, high):
        return f.where(x >= 1, 0.0, f.sigmoid(-_noise(f, x, logits, temperature, low, high)))

    @formula
    def logcdf(f, x, logits, temperature, low, high):
        return f.where(x >= 1, 0.0, f.log_sigmoid(_noise(f, x, logits, temperature, low, high)))

    @formula
    def logccdf(f, x, logits, temperature, low, high):
        return f.where(x >= 1, -f.infinity, f.log_sigmoid(-_noise(f, x, logits, temperature, low, high)))

    @formula
    def icdf_logit(f, t, logits, temperature, low, high):
        below = BinaryConcrete.icdf_logit(f, -t, -logits, temperature)
        above = BinaryConcrete.icdf_logit(f, t, logits, temperature)
        stretched = low * below + high * above
        return f.where(stretched <= 0, 0.0, f.where(stretched >= 1, 1.0, stretched))

    @formula
    def mean(f, logits, temperature, low, high):
        # Cold: the integral of the complementary distribution function. Warm: that of x by the noise.
        cold, least, most = _regimes(f, temperature)
        ends = _ends(f, logits, temperature, low, high)
        inside = f.logistic_integral(
            lambda v: f.where(
                cold, (high - low) * f.sigmoid(logits - least * v), _stretched(f, (logits + v) / most, low, high)
            ),
            *ends,
            **_NODES,
        )
        return inside + f.where(cold, 0.0, f.sigmoid(-ends[1]))

    @formula
    def variance(f, logits, temperature, low, high):
        # About a point in the middle of the law, lest second moment and squared mean cancel. Warm: x at the median of
        # the noise. Cold: the end 0 or 1 that is nearer, with E x^2 the integral of 2 x times the probability beyond x.
        cold, least, most = _regimes(f, temperature)
        ends = _ends(f, logits, temperature, low, high)
        median = f.where(cold, 0.0, f.minimum(f.maximum(ends[0], 0.0), ends[1]))
        start = (logits + median) / most
        side = f.where(logits <= least * (_logit(f, 0.0, low, high) + _logit(f, 1.0, low, high)) / 2, 1.0, -1.0)
        centre = f.where(cold, (1 - side) / 2, _stretched(f, start, low, high))
        second = f.logistic_integral(
            lambda v: f.where(
                cold,
                2 * (high - low) * f.abs(_stretched(f, v, low, high) - centre) * f.sigmoid(side * (logits - least * v)),
                ((high - low) * f.sigmoid_rise(start, (v - median) / most)) ** 2,
            ),
            *ends,
            **_NODES,
        )
        first = f.logistic_integral(
            lambda v: f.where(
                cold,
                (high - low) * f.sigmoid(side * (logits - least * v)),
                (high - low) * f.sigmoid_rise(start, (v - median) / most),
            ),
            *ends,
            **_NODES,
        )
        zero, one = f.sigmoid(ends[0]) * centre, f.sigmoid(-ends[1]) * (1 - centre)
        masses = zero * centre + one * (1 - centre)
        return second + f.where(cold, 0.0, masses) - (first + f.where(cold, 0.0, one - zero)) ** 2

    @formula
    def entropy(f, logits, temperature, low, high):
        cold, least, most = _regimes(f, temperature)
        ends = _ends(f, logits, temperature, low, high)
        inside = f.logistic_integral(
            lambda v: f.where(
                cold,
                _surprise(f, v, least * v - logits, least / (high - low))
                * (least * f.sigmoid_slope(least * v - logits) / f.sigmoid_slope(f.where(cold, v, 0.0))),
                _surprise(f, (logits + v) / most, v, most / (high - low)),
            ),
            *ends,
            **_NODES,
        )
        zero, one = temperature * _logit(f, 0.0, low, high) - logits, logits - temperature * _logit(f, 1.0, low, high)
        return inside - f.sigmoid(zero) * f.log_sigmoid(zero) - f.sigmoid(one) * f.log_sigmoid(one)


@formula
def _regimes(f: Any, temperature: Any) -> Any:
    """Whether the temperature is at most 1; the temperature if so, else 1; the temperature if not, else 1."""
    cold = temperature <= 1
    return cold, f.where(cold, temperature, 1.0), f.where(cold, 1.0, temperature)


@formula
def _surprise(f: Any, y: Any, noise: Any, rate: Any) -> Any:
    """Minus the logarithm of the density inside, where the logit is `y`."""
    return f.log_sigmoid_slope(y) - f.log_sigmoid_slope(noise) - f.log(rate)


@formula
def _logit(f: Any, x: Any, low: Any, high: Any) -> Any:
    """Logit of the binary Concrete variable that is stretched to `x`."""
    return f.log((x - low) / (high - x))


@formula
def _noise(f: Any, x: Any, logits: Any, temperature: Any, low: Any, high: Any) -> Any:
    """The standard logistic variable behind `x`."""
    return temperature * _logit(f, x, low, high) - logits


@formula
def _stretched(f: Any, y: Any, low: Any, high: Any) -> Any:
    """Value before it is clipped, of a binary Concrete variable with the logit `y`."""
    return low * f.sigmoid(-y) + high * f.sigmoid(y)


@formula
def _rate(f: Any, x: Any, temperature: Any, low: Any, high: Any) -> Any:
    """Derivative of the noise behind `x` by `x`."""
    return temperature * ((high - low) / ((x - low) * (high - x)))


@formula
def _ends(f: Any, logits: Any, temperature: Any, low: Any, high: Any) -> Any:
    """Ends of the part inside: logits of the binary Concrete variable if cold, and noise if warm."""
    zero, one = _logit(f, 0.0, low, high), _logit(f, 1.0, low, high)
    cold = temperature <= 1
    return f.where(cold, zero, temperature * zero - logits), f.where(cold, one, temperature * one - logits)
