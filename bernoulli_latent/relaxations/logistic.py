"""The logistic distribution."""

from __future__ import annotations

from bernoulli_latent._formula import formula
from bernoulli_latent.domains import Positive, Real
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["Logistic"]


class Logistic(Continuous):
    r"""Logistic distribution: the law of ``loc + scale * logit(U)`` for uniform `U`.

    .. math:: F(x) = \frac{1}{1 + \exp(-(x - \mu) / s)}

    Parameters
    ----------
    loc : array_like, finite
        The mean :math:`\mu`.
    scale : array_like, positive
        The scale :math:`s`; the standard deviation is :math:`\pi s / \sqrt 3`.

    Examples
    --------
    >>> from bernoulli_latent import Logistic
    >>> noise = Logistic(loc=0.0, scale=1.0)
    >>> float(noise.ccdf(800.0))
    0.0
    >>> float(noise.logccdf(800.0))
    -800.0
    """

    loc: Real
    scale: Positive
    symmetric = True

    @formula
    def pdf(f, x, loc, scale):
        return f.sigmoid_slope((x - loc) / scale) / scale

    @formula
    def logpdf(f, x, loc, scale):
        return f.log_sigmoid_slope((x - loc) / scale) - f.log(scale)

    @formula
    def cdf(f, x, loc, scale):
        return f.sigmoid((x - loc) / scale)

    @formula
    def logcdf(f, x, loc, scale):
        return f.log_sigmoid((x - loc) / scale)

    @formula
    def ccdf(f, x, loc, scale):
        return f.sigmoid((loc - x) / scale)

    @formula
    def logccdf(f, x, loc, scale):
        return f.log_sigmoid((loc - x) / scale)

    @formula
    def cdf_logit(f, x, loc, scale):
        """Logit of the distribution function at `x`."""
        return (x - loc) / scale

    @formula
    def icdf_logit(f, t, loc, scale):
        return loc + scale * t

    @formula
    def mean(f, loc):
        return loc

    @formula
    def variance(f, scale):
        return (f.pi * scale) ** 2 / 3

    @formula
    def entropy(f, scale):
        return f.log(scale) + 2
