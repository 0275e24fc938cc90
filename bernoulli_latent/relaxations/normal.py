"""The normal distribution."""

from __future__ import annotations

from functools import reduce
from operator import truediv
from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent.domains import Positive, Real
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["Normal", "density_of_score"]


class Normal(Continuous):
    r"""Normal (Gaussian) distribution.

    .. math:: f(x) = \frac{1}{\sigma \sqrt{2 \pi}} \exp\Bigl(-\frac{(x - \mu)^2}{2 \sigma^2}\Bigr)

    Parameters
    ----------
    loc : array_like, finite
        The mean :math:`\mu`.
    scale : array_like, positive
        The standard deviation :math:`\sigma`.

    Notes
    -----
    Quantiles solve ``logit(cdf(x)) = t`` by Halley's method from a rational guess, so both tails and the neighbourhood
    of the median are as accurate for a probability as for the logit of one too small to be a floating-point number.
    With ``z = (x - loc) / scale``, logarithms and quantiles have errors of a few ulp; the density and the
    distribution functions have relative errors of about ``max(1, z^2)`` ulp, as rounding of the argument alone causes.

    References
    ----------
    .. [1] W. Gautschi, Error function and Fresnel integrals, in M. Abramowitz and I. A. Stegun, Handbook of
           Mathematical Functions, 1964, equation 7.1.2.

    Examples
    --------
    >>> from bernoulli_latent import Normal
    >>> noise = Normal(loc=0.0, scale=1.0)
    >>> float(noise.logccdf(100.0).round(3))
    -5005.524
    >>> float(noise.icdf_logit(-1e4).round(3))
    -141.38
    """

    loc: Real
    scale: Positive
    symmetric = True

    @formula
    def pdf(f, x, loc, scale):
        return density_of_score(f, (x - loc) / scale, scale)

    @formula
    def logpdf(f, x, loc, scale):
        return -((((x - loc) / scale) / f.sqrt2) ** 2) - (f.log(scale) + f.log_two_pi / 2)

    @formula
    def cdf(f, x, loc, scale):
        return f.ndtr((x - loc) / scale)

    @formula
    def logcdf(f, x, loc, scale):
        return f.log_ndtr((x - loc) / scale)

    @formula
    def ccdf(f, x, loc, scale):
        return f.ndtr((loc - x) / scale)

    @formula
    def logccdf(f, x, loc, scale):
        return f.log_ndtr((loc - x) / scale)

    @formula
    def cdf_logit(f, x, loc, scale):
        """Logit of the probability of a value of at most `x`."""
        return f.logit_ndtr((x - loc) / scale)

    @formula
    def icdf_logit(f, t, loc, scale):
        return loc + scale * f.ndtri_logit(t)

    @formula
    def mean(f, loc):
        return loc

    @formula
    def variance(f, scale):
        return scale**2

    @formula
    def entropy(f, scale):
        return f.log(scale) + (1 + f.log_two_pi) / 2


def density_of_score(f: Any, score: Any, *widths: Any) -> Any:
    """Standard normal density at `score`, divided by the `widths`.

    Half of the exponent stands on either side of the division: nothing underflows before the quotient does.
    """
    root = f.exp(-((score / 2) ** 2))
    return root * reduce(truediv, widths, root / (2 * f.pi) ** 0.5)
