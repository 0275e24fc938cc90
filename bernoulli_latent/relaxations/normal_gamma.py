"""The normal-gamma distribution of a value and the precision of its noise."""

from __future__ import annotations

from typing import Any, NamedTuple

from bernoulli_latent._arrays import Array
from bernoulli_latent._evaluation import evaluate, like_operands
from bernoulli_latent._formula import formula
from bernoulli_latent._random import draw_logistic, key_from
from bernoulli_latent.domains import Positive, Real
from bernoulli_latent.relaxations.base import Distribution, draws_shape
from bernoulli_latent.relaxations.gamma import Gamma, draw_gamma, exponential, log_draw

__all__ = ["NormalGamma", "ValueAndPrecision"]


class ValueAndPrecision(NamedTuple):
    """Something of both variables of a normal-gamma distribution."""

    value: Array
    precision: Array


class NormalGamma(Distribution):
    r"""Normal-gamma distribution: a gamma precision, and a normal value whose variance is its inverse.

    .. math:: \tau \sim \mathrm{Gamma}(a, b), \qquad x \mid \tau \sim \mathrm{N}(m, 1 / (\kappa \tau))

    Parameters
    ----------
    loc : array_like, finite
        The mean :math:`m` of the value.
    kappa : array_like, positive
        How many times more precise the value is than :math:`\tau`; as a prior, the number of observations it is worth.
    concentration : array_like, positive
        The shape :math:`a` of the precision.
    rate : array_like, positive
        The rate :math:`b` of the precision.

    Notes
    -----
    Elementwise over pairs: methods take and give a value and a precision that broadcast with the parameters. The value
    alone has Student's distribution with ``2 concentration`` degrees of freedom: its mean needs more than one of them
    and its variance more than two; where the mean does not exist it is NaN, and the variance is infinite.

    References
    ----------
    .. [1] J. M. Bernardo and A. F. M. Smith, Bayesian theory, 1994, appendix A.

    Examples
    --------
    >>> from bernoulli_latent import NormalGamma
    >>> prior = NormalGamma(loc=0.0, kappa=2.0, concentration=3.0, rate=4.0)
    >>> value, precision = prior.sample(5, rng=0)
    >>> prior.logpdf(value, precision).shape
    (5,)
    >>> float(prior.mean().precision)
    0.75
    """

    loc: Real
    kappa: Positive
    concentration: Positive
    rate: Positive

    def precision_law(self) -> Gamma:
        """The gamma distribution of the precision."""
        return Gamma(concentration=self.concentration, rate=self.rate)

    def sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> ValueAndPrecision:
        """Draw values and precisions; with tensors, the draws can be differentiated by the parameters.

        Parameters
        ----------
        shape : int or tuple of int
            Shape of independent draws, in front of the shape of the parameters.
        rng : None, int, numpy.random.Generator or torch.Generator
            Source of randomness. The same seed gives the same first rows, however many are drawn.

        Returns
        -------
        ValueAndPrecision, each of shape ``(*shape, *self.shape)``
            In the library, dtype and device of the parameters. A precision that underflows, which takes concentrations
            far below 1, comes with an infinite value.
        """
        key, like = key_from(rng), like_operands([*self.parameters.values()])
        size = (*draws_shape(shape), *self.shape)
        log_precision = draw_gamma(log_draw, size, like, self.concentration, self.rate, key)
        operands = [draw_logistic(size, like, key), log_precision, self.loc, self.kappa]
        return ValueAndPrecision(
            evaluate(_value, operands, like, size), evaluate(exponential, [log_precision], like, size)
        )

    def mean(self) -> ValueAndPrecision:
        """Means of the value and of the precision."""
        return ValueAndPrecision(self._evaluate(_value_mean, ()), self._evaluate(Gamma.mean, ()))

    def variance(self) -> ValueAndPrecision:
        """Variances of the value and of the precision."""
        return ValueAndPrecision(self._evaluate(_value_variance, ()), self._evaluate(Gamma.variance, ()))

    @formula
    def pdf(f, x, precision, loc, kappa, concentration, rate):
        """Density at `x` and `precision`."""
        outside, inner = _inside(f, precision)
        scale = f.sqrt(kappa) * f.sqrt(inner)
        return f.where(
            outside, 0.0, scale * f.normal_density(scale * (x - loc)) * Gamma.pdf(f, inner, concentration, rate)
        )

    @formula
    def logpdf(f, x, precision, loc, kappa, concentration, rate):
        """Logarithm of the density at `x` and `precision`."""
        outside, inner = _inside(f, precision)
        square = (x - loc) * (kappa * inner * (x - loc))
        normal = (f.log(kappa) + f.log(inner) - f.log_two_pi - square) / 2
        return f.where(outside, -f.infinity, normal + Gamma.logpdf(f, inner, concentration, rate))

    @formula
    def entropy(f, kappa, concentration, rate):
        """Entropy of the pair in nats."""
        log_variance = f.digamma_gap(concentration) + f.log(rate) - f.log(concentration) - f.log(kappa)
        return Gamma.entropy(f, concentration, rate) + (f.log_two_pi + 1 + log_variance) / 2


def _inside(f: Any, precision: Any) -> tuple[Any, Any]:
    """Whether `precision` is impossible, and otherwise `precision`."""
    outside = (precision <= 0) | (precision == f.infinity)
    return outside, f.where(outside, 1.0, precision)


@formula
def _value(f: Any, t: Any, log_precision: Any, loc: Any, kappa: Any) -> Any:
    return loc + f.ndtri_logit(t) * f.exp(-(log_precision + f.log(kappa)) / 2)


@formula
def _value_mean(f: Any, loc: Any, concentration: Any) -> Any:
    return f.where(concentration > 0.5, loc, f.nan)


@formula
def _value_variance(f: Any, kappa: Any, concentration: Any, rate: Any) -> Any:
    finite = concentration > 1
    return f.where(finite, rate / kappa / (f.where(finite, concentration, 2.0) - 1), f.infinity)
