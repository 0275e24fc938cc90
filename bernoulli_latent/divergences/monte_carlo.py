"""Divergences estimated from samples, never without their standard error."""

from __future__ import annotations

from typing import Any, NamedTuple

from bernoulli_latent._arrays import Array, is_torch, namespace
from bernoulli_latent._checks import check_count
from bernoulli_latent.relaxations.base import Continuous, Distribution
from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete
from bernoulli_latent.relaxations.concrete import Concrete
from bernoulli_latent.relaxations.logit_normal import LogitNormal
from bernoulli_latent.relaxations.power_function import PowerFunction

__all__ = ["MonteCarloEstimate", "monte_carlo_kl_divergence"]


class MonteCarloEstimate(NamedTuple):
    """A mean of samples and its standard error.

    Attributes
    ----------
    value : array
        The estimate; for tensors differentiable.
    standard_error : array
        Standard deviation of the estimate, itself estimated from the samples; without gradient.
    """

    value: Array
    standard_error: Array


def monte_carlo_kl_divergence(
    p: Distribution, q: Distribution, n_samples: int, *, rng: Any = None
) -> MonteCarloEstimate:
    r"""Estimate of the Kullback-Leibler divergence of `q` from `p`, in nats, from samples of `p`.

    .. math:: \mathrm{KL}(p \| q) \approx \frac{1}{n} \sum_{k=1}^n \log \frac{p(x_k)}{q(x_k)}, \qquad x_k \sim p

    Parameters
    ----------
    p, q : Distribution
        Continuous distributions, or `Concrete` ones, whose parameters broadcast together.
    n_samples : int, at least 2
        Number of samples of `p`.
    rng : None, int, numpy.random.Generator or torch.Generator
        Source of randomness.

    Returns
    -------
    MonteCarloEstimate
        The estimate and its standard error, of the shape of the parameters.

    Raises
    ------
    TypeError
        If a density jumps or does not exist. Samples move smoothly with the parameters, but the estimate would not:
        its gradient would miss the jumps (for StepLogistic from the standard logistic law it is exactly zero).

    Notes
    -----
    The samples are reparameterised, so gradients of the estimate are unbiased. Divergences do not change under maps of
    the variable: two laws on (0, 1) that have a `logit_law` are compared by the logit, and Concrete ones by the
    logarithms of the shares, where no sample rounds to the end of the support. Elements that share parameters of `p`
    share samples.

    References
    ----------
    .. [1] D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR 2014, section 2.3.

    Examples
    --------
    >>> from bernoulli_latent import Logistic, kl_divergence, monte_carlo_kl_divergence
    >>> p, q = Logistic(loc=1.0, scale=1.0), Logistic(loc=0.0, scale=1.0)
    >>> estimate = monte_carlo_kl_divergence(p, q, 10_000, rng=0)
    >>> bool(abs(estimate.value - kl_divergence(p, q)) < 4 * estimate.standard_error)
    True
    """
    n_samples = check_count(n_samples, "n_samples", least=2)
    for law, name in ((p, "p"), (q, "q")):
        check_smooth(law, name)
    if isinstance(p, _ON_LOGITS) and isinstance(q, _ON_LOGITS):
        p, q = p.logit_law(), q.logit_law()
    return mean_of_samples(_log_ratios(p, q, n_samples, rng))


_ON_LOGITS = (BinaryConcrete, LogitNormal, PowerFunction)


def mean_of_samples(samples: Array) -> MonteCarloEstimate:
    """Mean of independent `samples` over the first axis."""
    xp = namespace(samples)
    fixed = samples.detach() if is_torch(samples) else samples
    return MonteCarloEstimate(xp.mean(samples, axis=0), xp.std(fixed, axis=0, correction=1) / len(samples) ** 0.5)


def _log_ratios(p: Any, q: Any, n_samples: int, rng: Any) -> Array:
    x = p.sample(n_samples, rng=rng)
    missing = max(0, len(q.shape) - len(p.shape))
    x = x.reshape(n_samples, *(1,) * missing, *x.shape[1:])
    return p.logpdf(x) - q.logpdf(x)


def check_smooth(law: Distribution, name: str) -> None:
    kind = type(law).__name__
    if not isinstance(law, Continuous | Concrete):
        raise TypeError(f"`{name}` must be continuous, so that samples can be differentiated; got {kind}")
    if isinstance(law, Continuous) and law.density_jumps:
        raise TypeError(
            f"`{name}` must have a density without jumps, or the gradient of the estimate would miss them; got {kind}. "
            "Use `kl_divergence`."
        )
