"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any, Self

from bernoulli_latent._arrays import Array
from bernoulli_latent._formula import formula
from bernoulli_latent.domains import Domain, Real
from bernoulli_latent.relaxations.base import Discrete, converted

__all__ = ["Bernoulli"]

_PROBABILITY = Domain("between 0 and 1", 0.0, 1.0, slip="Did you pass logits? They are the parameter of the class.")


class Bernoulli(Discrete):
    r"""Bernoulli distribution: a bit, 1 with probability ``S(logits)`` and 0 otherwise.

    .. math:: P(x) = S(a)^x\,S(-a)^{1 - x}, \qquad x \in \{0, 1\}

    with the logistic function :math:`S`.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability of 1.

    Notes
    -----
    A value other than 0 and 1 has the probability 0. The quantile at logistic noise `t` is 1 where ``t + logits >= 0``,
    so bits share their noise with binary Concrete and StepLogistic variables; it has no derivative.
    Errors are at most 4 ulp, for all finite logits whose results are normal numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from bernoulli_latent import Bernoulli
    >>> bit = Bernoulli(logits=np.array([-40.0, 0.0, 2.0]))
    >>> bit.mean().round(4)
    array([0.    , 0.5   , 0.8808])
    >>> bit.logpmf(1.0).round(4)
    array([-40.    ,  -0.6931,  -0.1269])
    >>> bit.sample(2, rng=0).shape
    (2, 3)
    """

    logits: Real
    support = (0.0, 1.0)

    @classmethod
    def from_probs(cls, *, probs: Array) -> Self:
        """From the probability of 1, in (0, 1).

        Raises
        ------
        ValueError
            If `probs` is not inside (0, 1).
        """
        return cls(logits=converted(_logits, probs, "probs", _PROBABILITY))

    @formula
    def pdf(f, x, logits):
        is_bit = (x == 0) | (x == 1)
        return f.where(is_bit, f.sigmoid(f.where(x == 1, logits, -logits)), 0.0 * x)

    @formula
    def logpdf(f, x, logits):
        is_bit = (x == 0) | (x == 1)
        return f.where(is_bit, f.log_sigmoid(f.where(x == 1, logits, -logits)), x - f.infinity)

    @formula
    def cdf(f, x, logits):
        return f.where(x < 1, f.sigmoid(-logits), x - x + 1)

    @formula
    def logcdf(f, x, logits):
        return f.where(x < 1, f.log_sigmoid(-logits), x - x)

    @formula
    def ccdf(f, x, logits):
        return f.where(x < 1, f.sigmoid(logits), x - x)

    @formula
    def logccdf(f, x, logits):
        return f.where(x < 1, f.log_sigmoid(logits), x - f.infinity)

    @formula
    def icdf_logit(f, t, logits):
        shifted = t + logits
        return f.where(shifted >= 0, 1.0, f.where(shifted < 0, 0.0, f.nan))

    @formula
    def mean(f, logits):
        return f.sigmoid(logits)

    @formula
    def variance(f, logits):
        return f.sigmoid_slope(logits)

    @formula
    def entropy(f, logits):
        return f.bernoulli_entropy(logits)


@formula
def _logits(f: Any, probs: Any) -> Any:
    return f.logit(probs)
