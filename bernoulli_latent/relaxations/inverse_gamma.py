"""The inverse gamma distribution: of the inverse of a gamma variable."""

from __future__ import annotations

import math
from typing import Any

from bernoulli_latent._arrays import Array
from bernoulli_latent._evaluation import evaluate
from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.incomplete_gamma import log_quantile_path, log_quantile_slope
from bernoulli_latent.domains import Positive
from bernoulli_latent.relaxations.base import Continuous
from bernoulli_latent.relaxations.gamma import Gamma, exponential

__all__ = ["InverseGamma"]


class InverseGamma(Continuous):
    r"""Inverse gamma distribution: the law of ``1 / x`` for a gamma variable `x` with the same parameters.

    .. math:: f(x) = \frac{b^a}{\Gamma(a)} x^{-a - 1} e^{-b / x}, \qquad x > 0

    Parameters
    ----------
    concentration : array_like, positive
        The shape :math:`a`; the mean is infinite up to 1 and the variance up to 2.
    rate : array_like, positive
        The rate :math:`b` of the gamma variable, which is the scale of its inverse; the mean is :math:`b / (a - 1)`.

    Notes
    -----
    Tails, quantiles and derivatives of draws are those of `Gamma`, and as accurate.

    References
    ----------
    .. [1] N. L. Johnson, S. Kotz and N. Balakrishnan, Continuous univariate distributions, 1994, chapter 17.

    Examples
    --------
    >>> from bernoulli_latent import InverseGamma
    >>> variance = InverseGamma(concentration=3.0, rate=2.0)
    >>> float(variance.mean())
    1.0
    >>> float(variance.icdf(0.5).round(6))
    0.747926
    """

    concentration: Positive
    rate: Positive
    support = (0.0, math.inf)

    def sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> Array:
        """Draw from the distribution: the exponential of `log_sample`, which see; infinite where that overflows."""
        logarithm = self.log_sample(shape, rng=rng)
        return evaluate(exponential, [logarithm], logarithm, tuple(logarithm.shape))

    def log_sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> Array:
        """Draw the logarithm of the variable, which is finite where the variable itself would overflow."""
        return -self.inverse_law().log_sample(shape, rng=rng)

    def inverse_law(self) -> Gamma:
        """The gamma distribution of the inverse."""
        return Gamma(concentration=self.concentration, rate=self.rate)

    @formula
    def pdf(f, x, concentration, rate):
        inner = f.where(x == 0, 1.0, x)
        return f.where(x == 0, 0.0, concentration * f.exp(_log_mass(f, inner, concentration, rate)) / inner)

    @formula
    def logpdf(f, x, concentration, rate):
        inner = f.where(x == 0, 1.0, x)
        density = _log_mass(f, inner, concentration, rate) + (f.log(concentration) - f.log(inner))
        return f.where(x == 0, -f.infinity, density)

    @logpdf.differentiate("x")
    def _(f, value, x, concentration, rate):
        return (rate / x - concentration - 1) / x

    @logpdf.differentiate("concentration")
    def _(f, value, x, concentration, rate):
        return f.log_ratio(rate / x, concentration) + f.digamma_gap(concentration)

    @logpdf.differentiate("rate")
    def _(f, value, x, concentration, rate):
        return (concentration - rate / x) / rate

    @formula
    def cdf(f, x, concentration, rate):
        return Gamma.ccdf(f, 1 / x, concentration, rate)

    @formula
    def ccdf(f, x, concentration, rate):
        return Gamma.cdf(f, 1 / x, concentration, rate)

    @formula
    def logcdf(f, x, concentration, rate):
        return Gamma.logccdf(f, 1 / x, concentration, rate)

    @formula
    def logccdf(f, x, concentration, rate):
        return Gamma.logcdf(f, 1 / x, concentration, rate)

    @formula
    def icdf_logit(f, t, concentration, rate):
        return 1 / Gamma.icdf_logit(f, -t, concentration, rate)

    @icdf_logit.differentiate("t")
    def _(f, value, t, concentration, rate):
        return value * log_quantile_slope(f, rate / value, t, concentration)

    @icdf_logit.differentiate("concentration")
    def _(f, value, t, concentration, rate):
        return -value * log_quantile_path(f, rate / value, concentration)

    @icdf_logit.differentiate("rate")
    def _(f, value, t, concentration, rate):
        return value / rate

    @formula
    def mean(f, concentration, rate):
        finite = concentration > 1
        return f.where(finite, rate / (f.where(finite, concentration, 2.0) - 1), f.infinity)

    @formula
    def variance(f, concentration, rate):
        finite = concentration > 2
        excess = f.where(finite, concentration, 3.0) - 2
        return f.where(finite, (rate / (excess + 1)) ** 2 / excess, f.infinity)

    variance.wide = True

    @formula
    def entropy(f, concentration, rate):
        spread = Gamma.entropy(f, concentration, rate)
        return spread + 2 * (f.digamma_gap(concentration) + f.log(rate) - f.log(concentration))


def _log_mass(f: Any, x: Any, concentration: Any, rate: Any) -> Any:
    """Logarithm of ``x / concentration`` times the density: a Poisson mass."""
    return f.log_poisson_mass(concentration, f.minimum(rate / x, f.largest), f.log_ratio(rate, x))
