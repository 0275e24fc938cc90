"""Spike-and-exponential: the relaxation of the discrete variational autoencoder."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.bernoulli_functions import tilted_kl
from bernoulli_latent.domains import Positive, Real
from bernoulli_latent.relaxations import _truncated_exponential as exponential
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["SpikeExponential"]


class SpikeExponential(Continuous):
    r"""Spike-and-exponential distribution: 0 where a bit is 0, and exponentially near 1 where it is 1.

    .. math:: F(z) = S(-a) + S(a)\,\frac{e^{\beta z} - 1}{e^\beta - 1}, \qquad 0 \le z \le 1

    with the logistic function :math:`S`.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability that the variable is not 0.
    sharpness : array_like, positive
        The rate :math:`\beta`: the larger, the nearer to 1 are values other than 0.

    Notes
    -----
    The law has an atom at 0, where `pdf` and `logpdf` are those of its mass: the density is by Lebesgue measure plus a
    unit mass at 0. The entropy is by the same measure. Both laws of the mixture are disjoint, so the divergence between
    two such variables of equal sharpness is that between their bits.

    At fixed noise the derivative of the sample is ``S(-a) (exp(sharpness (1 - z)) - 1) / sharpness`` by the logits and
    a divergence of bits over ``sharpness^2`` by the sharpness; both are 0 on the atom.
    Errors are a few ulp times the condition of the result, for finite logits and sharpness from 1e-3 to 1e3.

    References
    ----------
    .. [1] J. T. Rolfe, Discrete variational autoencoders, ICLR 2017, section 2.1.

    Examples
    --------
    >>> from bernoulli_latent import SpikeExponential
    >>> relaxed = SpikeExponential(logits=1.0, sharpness=8.0)
    >>> float(relaxed.cdf(0.0).round(4)), float(relaxed.mean().round(4))
    (0.2689, 0.6399)
    >>> relaxed.sample(3, rng=0).round(3)
    array([0.914, 0.186, 0.   ])
    """

    logits: Real
    sharpness: Positive
    support = (0.0, 1.0)
    density_jumps = True

    @formula
    def pdf(f, z, logits, sharpness):
        density = f.exp(exponential.log_normaliser(f, sharpness) - sharpness * (1 - z))
        return f.where(z == 0, f.sigmoid(-logits), f.sigmoid(logits) * density)

    @formula
    def logpdf(f, z, logits, sharpness):
        density = exponential.log_normaliser(f, sharpness) - sharpness * (1 - z)
        return f.where(z == 0, f.log_sigmoid(-logits), f.log_sigmoid(logits) + density)

    @formula
    def cdf(f, z, logits, sharpness):
        level = f.exp(sharpness * (z - 1)) * exponential.cdf(f, z, sharpness)
        return f.sigmoid(-logits) + f.sigmoid(logits) * level

    @formula
    def ccdf(f, z, logits, sharpness):
        return f.sigmoid(logits) * exponential.cdf(f, 1 - z, sharpness)

    @formula
    def logcdf(f, z, logits, sharpness):
        above = SpikeExponential.ccdf(f, z, logits, sharpness)
        level = sharpness * (z - 1) + f.log(exponential.cdf(f, f.where(z == 0, 1.0, z), sharpness))
        below = f.logaddexp(f.log_sigmoid(-logits), f.log_sigmoid(logits) + f.where(z == 0, -f.infinity, level))
        return f.where(above < 0.5, f.log1p(-f.minimum(above, 0.5)), below)

    @formula
    def logccdf(f, z, logits, sharpness):
        level = f.exp(sharpness * (z - 1)) * exponential.cdf(f, z, sharpness)
        above = f.log(exponential.cdf(f, 1 - z, sharpness))
        return f.log_sigmoid(logits) + f.where(level < 0.5, f.log1p(-f.minimum(level, 0.5)), above)

    @formula
    def icdf_logit(f, t, logits, sharpness):
        # The level of the exponential part is S(t) (1 - exp(-(t + logits))), where nothing cancels.
        shifted = t + logits
        beyond = shifted > 0
        rest = -f.expm1(-f.where(beyond, shifted, 1.0))
        far = sharpness >= f.max_exponent
        near = f.log1p(f.expm1(f.where(far, 1.0, sharpness)) * f.sigmoid(t) * rest)
        value = f.where(far, f.softplus(sharpness + f.log_sigmoid(t) + f.log(rest)), near) / sharpness
        return f.where(beyond, f.minimum(value, 1.0), f.where(shifted <= 0, 0.0, f.nan))

    @icdf_logit.differentiate("t")
    def _(f, value, t, logits, sharpness):
        beyond, _, flatness = _above_the_atom(f, t, logits, sharpness)
        return f.where(beyond, f.exp(f.log_sigmoid(-t) - f.log_sigmoid(logits)) * flatness, 0.0)

    @icdf_logit.differentiate("logits")
    def _(f, value, t, logits, sharpness):
        beyond, distance, flatness = _above_the_atom(f, t, logits, sharpness)
        return f.where(beyond, f.exp(-distance) * flatness, 0.0)

    @icdf_logit.differentiate("sharpness")
    def _(f, value, t, logits, sharpness):
        beyond, distance, _ = _above_the_atom(f, t, logits, sharpness)
        level = t + f.minimum(logits, 0.0) - f.log1p(f.exp(-f.abs(logits))) + f.log(-f.expm1(-distance))
        level = f.where(beyond, level, 0.0)
        return f.where(beyond, tilted_kl(f, level, sharpness) / sharpness**2, 0.0)

    @formula
    def mean(f, logits, sharpness):
        return f.sigmoid(logits) * (1 - exponential.mean(f, sharpness))

    @formula
    def variance(f, logits, sharpness):
        between = f.sigmoid(-logits) * (1 - exponential.mean(f, sharpness)) ** 2
        return f.sigmoid(logits) * (exponential.variance(f, sharpness) + between)

    @formula
    def entropy(f, logits, sharpness):
        return f.bernoulli_entropy(logits) - f.sigmoid(logits) * exponential.divergence_from_uniform(f, sharpness)


def _above_the_atom(f: Any, t: Any, logits: Any, sharpness: Any) -> tuple[Any, Any, Any]:
    """Whether the noise lies above the atom, by how much, and S(t) over the density of the exponential part."""
    beyond = t + logits > 0
    distance = f.where(beyond, t + logits, 1.0)
    start = -sharpness - f.log_sigmoid(f.where(beyond, t, 0.0))
    top = f.maximum(start, 0.0)
    density = -sharpness * (f.exp(-top) * f.expm1(-distance) + f.exp(start - top) / f.expm1(-sharpness))
    return beyond, distance, f.exp(-top) / density
