"""StepLogistic: the relaxation of a Bernoulli variable whose divergence is that of the Bernoulli variable."""

from __future__ import annotations

from typing import Any, Self

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent.domains import Domain, Real
from bernoulli_latent.relaxations.base import Continuous, converted

__all__ = ["StepLogistic"]

_ALPHA = Domain("between 0 and 2", 0.0, 2.0, slip="It is twice the probability of 1.")


class StepLogistic(Continuous):
    r"""StepLogistic distribution: a standard logistic variable whose sign is that of a Bernoulli variable.

    .. math:: f(z) = 2\,S(s a)\,S(z)\,S(-z), \qquad s = \mathrm{sign}(z)

    with the logistic function :math:`S`. The magnitude is independent of the sign, so the divergence from the standard
    logistic distribution equals that of the Bernoulli variable from a fair coin.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability that the variable is positive.

    Notes
    -----
    A sample is a monotone map of the binary Concrete logit ``a + t`` and has its sign: hard, Concrete and step samples
    share one noise. Its derivative by the logits at fixed noise, ``S(-s a) (1 + exp(-|z|))``, lies between 0 and 2.
    Errors are at most 4 ulp, for all finite arguments whose results are normal numbers.

    References
    ----------
    .. [1] Sadier-Gane, "Optimal Continuous Relaxations of Discrete Bernoulli Random Variables in Variational
           Autoencoders", dissertation, University of Bristol, 2020, equations 5.4 to 5.7, with the parameter
           ``alpha = 2 S(a)``; see `from_alpha`.

    Examples
    --------
    >>> import numpy as np
    >>> from bernoulli_latent import StepLogistic
    >>> posterior = StepLogistic(logits=np.array([-2.0, 0.0, 2.0]))
    >>> posterior.ccdf(0.0).round(4)
    array([0.1192, 0.5   , 0.8808])
    >>> posterior.sample(2, rng=0).shape
    (2, 3)
    """

    logits: Real
    density_jumps = True

    @classmethod
    def from_alpha(cls, *, alpha: Array) -> Self:
        """From the parameter ``alpha = 2 S(logits)`` in (0, 2), twice the probability of a positive value.

        Raises
        ------
        ValueError
            If `alpha` is not inside (0, 2).
        """
        return cls(logits=converted(_logits, alpha, "alpha", _ALPHA))

    @formula
    def pdf(f, z, logits):
        return 2 * f.sigmoid(f.side(z) * logits) * f.sigmoid_slope(z)

    @formula
    def logpdf(f, z, logits):
        return f.log2 + f.log_sigmoid(f.side(z) * logits) + f.log_sigmoid_slope(z)

    @formula
    def cdf(f, z, logits):
        left = 2 * f.sigmoid(-logits) * f.sigmoid(f.minimum(z, 0.0))
        return f.where(z < 0, left, f.sigmoid(-logits) + f.sigmoid(logits) * f.tanh_half(f.maximum(z, 0.0)))

    @cdf.differentiate("z")
    def _(f, value, z, logits):
        return StepLogistic.pdf(f, z, logits)

    @cdf.differentiate("logits")
    def _(f, value, z, logits):
        return -2 * f.sigmoid_slope(logits) * f.sigmoid(-f.abs(z))

    @formula
    def ccdf(f, z, logits):
        right = 2 * f.sigmoid(logits) * f.sigmoid(f.minimum(-z, 0.0))
        return f.where(z >= 0, right, f.sigmoid(logits) + f.sigmoid(-logits) * f.tanh_half(f.maximum(-z, 0.0)))

    @ccdf.differentiate("z")
    def _(f, value, z, logits):
        return -StepLogistic.pdf(f, z, logits)

    @ccdf.differentiate("logits")
    def _(f, value, z, logits):
        return 2 * f.sigmoid_slope(logits) * f.sigmoid(-f.abs(z))

    @formula
    def logcdf(f, z, logits):
        below, above = StepLogistic.cdf(f, z, logits), StepLogistic.ccdf(f, z, logits)
        left = f.log2 + f.log_sigmoid(-logits) + f.log_sigmoid(f.minimum(z, 0.0))
        small = f.logaddexp(f.log_sigmoid(-logits), f.log_sigmoid(logits) + f.log(f.tanh_half(f.maximum(z, 0.0))))
        right = f.where(below < f.tiny, small, f.log(f.maximum(below, f.tiny)))
        return f.where(below > 0.5, f.log1p(-f.minimum(above, 0.5)), f.where(z < 0, left, right))

    @logcdf.differentiate("z")
    def _(f, value, z, logits):
        return f.where(z < 0, f.sigmoid(-z), f.exp(StepLogistic.logpdf(f, z, logits) - value))

    @logcdf.differentiate("logits")
    def _(f, value, z, logits):
        rise = f.tanh_half(f.where(z > 0, z, 1.0))
        right = 2 * f.sigmoid(-f.abs(z)) * f.where(z > 0, f.sigmoid(-logits - f.log(rise)), 1.0)
        return -f.sigmoid(logits) * f.where(z < 0, 1.0, right)

    @formula
    def logccdf(f, z, logits):
        # Mirrored, but for zero, which is on the right and has the slope of that side.
        left = StepLogistic.logcdf(f, -f.where(z == 0, 1.0, z), -logits)
        return f.where(z == 0, f.log_sigmoid(logits) - z / 2, left)

    @formula
    def icdf_logit(f, t, logits):
        # exp(|z|) - 1 = 2 S(|a|) exp(power) (1 - exp(-|a + t|)), where nothing cancels; exp stops short of overflow.
        shifted = t + logits
        side, size = f.side(shifted), f.abs(shifted)
        power = f.where(side * logits >= 0, side * t, size)
        bounded = f.minimum(power, f.max_exponent)
        growth = -2 * f.exp(bounded) * f.expm1(-size) / (1 + f.exp(-f.abs(logits)))
        return side * (f.log1p(growth) + (power - bounded))

    @icdf_logit.differentiate("t")
    def _(f, value, t, logits):
        return f.sigmoid(f.side(t + logits) * t) * (1 + f.exp(-f.abs(value)))

    @icdf_logit.differentiate("logits")
    def _(f, value, t, logits):
        return f.sigmoid(-f.side(t + logits) * logits) * (1 + f.exp(-f.abs(value)))

    @formula
    def mean(f, logits):
        return 2 * f.log2 * f.tanh_half(logits)

    @formula
    def variance(f, logits):
        return f.pi**2 / 3 - (2 * f.log2 * f.tanh_half(logits)) ** 2

    @formula
    def entropy(f, logits):
        return 2 - f.log2 + f.bernoulli_entropy(logits)


@formula
def _logits(f: Any, alpha: Any) -> Any:
    return f.logit(alpha / 2)
