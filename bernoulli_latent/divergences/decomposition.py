"""Where the divergence of a variational autoencoder goes: information, correlation, and the shape of each code."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array
from bernoulli_latent._checks import check_count
from bernoulli_latent.divergences.aggregate import aggregate_logits, information_of_bits, log_densities
from bernoulli_latent.divergences.monte_carlo import check_smooth, mean_of_samples
from bernoulli_latent.divergences.pairs import kl_divergence
from bernoulli_latent.relaxations.base import Distribution
from bernoulli_latent.relaxations.bernoulli import Bernoulli

__all__ = ["ElboDecomposition", "elbo_decomposition"]

_ESTIMATORS = ("exact", "mws", "mss")


class ElboDecomposition(NamedTuple):
    """The three parts of the mean divergence of posteriors from the prior, in nats.

    Attributes
    ----------
    mutual_information : array
        Index-code mutual information: what a code tells about the row that it belongs to.
    total_correlation : array
        Divergence of the aggregate posterior from the product of its marginals.
    dimension_wise_kl : array
        Divergence of these marginals from the prior, summed.
    standard_errors : tuple of three arrays
        Standard errors of the three parts: 0 where nothing was sampled.
    """

    mutual_information: Array
    total_correlation: Array
    dimension_wise_kl: Array
    standard_errors: tuple[Array, Array, Array]


def elbo_decomposition(
    posterior: Distribution,
    prior: Distribution,
    *,
    estimator: str = "exact",
    dataset_size: int | None = None,
    n_samples: int = 1,
    rng: Any = None,
) -> ElboDecomposition:
    r"""Split the mean divergence of posteriors from the prior into information, correlation and marginal parts.

    .. math::
        \mathrm{E}_n \mathrm{KL}(q(z | n) \| p(z)) = I(z; n) + \mathrm{KL}\Big(q(z) \,\Big\|\, \prod_j q(z_j)\Big)
        + \sum_j \mathrm{KL}(q(z_j) \| p(z_j)), \qquad q(z) = \mathrm{E}_n\, q(z | n)

    Parameters
    ----------
    posterior : Distribution, shape (n_rows, n_dimensions)
        Posteriors of independent codes: `Bernoulli`, or a continuous law whose density does not jump, such as `Normal`.
    prior : Distribution, shape (n_dimensions,) or ()
        The common prior of independent codes.
    estimator : {"exact", "mws", "mss"}
        How the aggregate posterior :math:`q(z)` is found: "exact" from all rows, when these are the data set (or are
        regarded as such); "mws" and "mss" from a minibatch, by minibatch-weighted or minibatch-stratified sampling.
    dataset_size : int, optional
        Size of the data set from which the minibatch comes, for "mws" and "mss".
    n_samples : int, at least 1
        Codes drawn for each row. `Bernoulli` posteriors of up to 12 dimensions are enumerated instead.
    rng : None, int, numpy.random.Generator or torch.Generator
        Source of randomness.

    Raises
    ------
    TypeError
        If the posterior is neither `Bernoulli` nor has a density without jumps.
    ValueError
        If a shape or an argument does not fit; for `Bernoulli` posteriors, if the estimator is not "exact".

    Notes
    -----
    The parts add up to the mean over the rows of the divergence: exactly for bits, and for continuous codes to that of
    the sampled log ratios. With tensors the gradients of the parts are unbiased, given the estimator of :math:`q(z)`;
    those of sampled bits come from the score function, and serve first derivatives only. Minibatch-weighted sampling
    takes :math:`q(z)` too small on average; stratified weights estimate :math:`q(z)`, not its logarithm, without bias.
    A relaxation of bits with two halves that do not overlap (StepLogistic, Step, SpikeExponential) has the parts of
    its bits.

    Standard errors are those of draws for random rows, and thus a little large. Log densities are held for 4 million
    pairs of a code and a row at a time, but gradients keep all of them.

    References
    ----------
    .. [1] R. T. Q. Chen, X. Li, R. Grosse and D. Duvenaud, "Isolating sources of disentanglement in variational
           autoencoders", NeurIPS 2018: equation 2 (decomposition), equation 3 and appendix C.1 (weighted sampling),
           appendix C.2 (stratified sampling).
    .. [2] M. D. Hoffman and M. J. Johnson, "ELBO surgery", NIPS workshop on advances in approximate Bayesian inference,
           2016.

    Examples
    --------
    >>> import numpy as np
    >>> from bernoulli_latent import Bernoulli, elbo_decomposition
    >>> posterior = Bernoulli(logits=np.array([[4.0, 4.0], [-4.0, -4.0]]))
    >>> parts = elbo_decomposition(posterior, Bernoulli(logits=0.0))
    >>> [float(x.round(4)) for x in parts[:3]]
    [0.6657, 0.5404, 0.0]
    """
    _check_shapes(posterior, prior)
    n_samples = check_count(n_samples, "n_samples", least=1 if posterior.shape[0] > 1 else 2)
    log_weights = _log_weights(estimator, posterior.shape[0], dataset_size)
    if not isinstance(posterior, Bernoulli):
        check_smooth(posterior, "posterior")
        return _decompose_densities(posterior, prior, log_weights, n_samples, rng)
    if estimator != "exact":
        raise ValueError(f"`estimator` must be 'exact' for Bernoulli codes, which have no density; got {estimator!r}")
    return _decompose_bits(posterior, prior, n_samples, rng)


def _check_shapes(posterior: Any, prior: Any) -> None:
    if len(posterior.shape) != 2 or 0 in posterior.shape:
        raise ValueError(f"`posterior` must have the shape (n_rows, n_dimensions); got {posterior.shape}")
    if prior.shape not in ((), (1,), posterior.shape[1:]):
        raise ValueError(f"`prior` must be common to all rows, of shape {posterior.shape[1:]}; got {prior.shape}")


def _log_weights(estimator: str, n_rows: int, dataset_size: int | None) -> Array:
    """Logarithms of the weights of the rows in the mixture; by stratified sampling they differ from code to code."""
    if estimator not in _ESTIMATORS:
        raise ValueError(f"`estimator` must be one of {_ESTIMATORS}; got {estimator!r}")
    if estimator == "exact":
        return np.full((1, n_rows), -math.log(n_rows))
    size = check_count(dataset_size, "dataset_size", least=max(2, n_rows))
    if estimator == "mws":
        return np.full((1, n_rows), -math.log(n_rows * size))
    n_others = max(1, n_rows - 1)
    own, last = np.eye(n_rows, dtype=bool), np.roll(np.eye(n_rows, dtype=bool), 1, axis=1)
    rest = math.log((size - n_others) / (size * n_others))
    return np.where(own, -math.log(size), np.where(last, rest, -math.log(n_others)))


def _decompose_densities(posterior: Any, prior: Any, log_weights: Any, n_samples: int, rng: Any) -> ElboDecomposition:
    codes = posterior.sample(n_samples, rng=rng)
    own, common = (law.logpdf(codes).sum(-1).reshape(-1) for law in (posterior, prior))
    joint, product = log_densities(posterior, codes, log_weights)
    differences = own - joint, joint - product, product - common
    information, correlation, shape = map(mean_of_samples, differences)
    errors = information.standard_error, correlation.standard_error, shape.standard_error
    return ElboDecomposition(information.value, correlation.value, shape.value, errors)


def _decompose_bits(posterior: Any, prior: Any, n_samples: int, rng: Any) -> ElboDecomposition:
    marginal = Bernoulli(logits=aggregate_logits(posterior.logits))
    information, error = information_of_bits(posterior, n_samples, rng)
    both = marginal.entropy().sum() - posterior.entropy().sum(-1).mean()
    shape = kl_divergence(marginal, prior).sum()
    return ElboDecomposition(information, both - information, shape, (error, error, 0 * error))
