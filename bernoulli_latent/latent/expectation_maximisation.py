"""Expectation-maximisation for mixtures of independent bits, on packed bits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bernoulli_latent._arrays import namespace, to_host
from bernoulli_latent._checks import check_count, check_positive
from bernoulli_latent._random import key_from
from bernoulli_latent.bits import BitArray, hamming_distance, read_bits
from bernoulli_latent.errors import warn
from bernoulli_latent.latent.bernoulli_mixture import BernoulliMixture, log_sum, unpacked

__all__ = ["MixtureFit", "fit_bernoulli_mixture"]


@dataclass(frozen=True)
class MixtureFit:
    """Outcome of :func:`fit_bernoulli_mixture`.

    Attributes
    ----------
    mixture : BernoulliMixture
        The mixture fitted.
    log_likelihood : float
        Of all rows together.
    log_posterior : float
        The log-likelihood and the logarithm of the prior density, up to a constant: what was maximised.
    steps : int
        Steps of the best start.
    converged : bool
        Whether the last step raised the log-posterior by no more than the tolerance.
    bic : dict of int to float
        Bayesian information criterion for each number of components tried; the fit has the smallest.
    """

    mixture: BernoulliMixture
    log_likelihood: float
    log_posterior: float
    steps: int
    converged: bool
    bic: dict[int, float]


def fit_bernoulli_mixture(
    y: Any,
    n_components: int | Iterable[int] = range(1, 11),
    *,
    rng: Any = None,
    n_init: int = 4,
    max_iter: int = 500,
    tolerance: float = 1e-6,
) -> MixtureFit:
    r"""Fit a mixture of independent bits by expectation-maximisation.

    Parameters
    ----------
    y : array, shape (n_samples, n_bits), or BitArray
        Bits as bool, {0, 1} or {-1, +1}, NumPy or torch.
    n_components : int or iterable of int
        Number of components, from 1 to n_samples; of several, the one with the smallest BIC is taken.
    rng : None, int or generator
        Randomness of the starts. The same seed gives the same fit.
    n_init : int
        Starts for each number of components; the one with the largest posterior density is kept.
    max_iter : int
        Bound on the steps of one start.
    tolerance : float
        A start has converged when a step raises the log-posterior by at most this part of it.

    Returns
    -------
    MixtureFit
        The mixture, and how it was found.

    Raises
    ------
    ValueError
        If `y` holds no bits, or a number is out of its domain.

    Warns
    -----
    RepairWarning
        If a best start did not converge.

    Notes
    -----
    Starts are chosen as by k-means++ [3]_: each seed is a row, drawn with probability proportional to its Hamming
    distance (the squared Euclidean distance of bits) from the seeds before; the first probabilities lie half-way
    between the seed and the mean of all rows. Steps maximise the posterior density under the prior of
    :meth:`BernoulliMixture.from_counts`, and never lower it. Bits are unpacked a few rows at a time.

    .. math:: \mathrm{BIC} = -2 \log L + (K N' + K - 1) \log n

    with N' the bits that vary in the data: the others are no free parameters.

    References
    ----------
    .. [1] McLachlan and Peel, "Finite Mixture Models", Wiley 2000, section 2.8 (EM) and 6.9 (BIC).
    .. [2] Bishop, "Pattern Recognition and Machine Learning", Springer 2006, section 9.3.3.
    .. [3] Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007, section 2.2.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> y = generator.random((300, 20)) < np.repeat([0.1, 0.8], 150)[:, None]
    >>> fit = fit_bernoulli_mixture(y, range(1, 5), rng=0)
    >>> fit.mixture.n_components
    2
    >>> fit.mixture.weights.round(2)
    array([0.5, 0.5])
    """
    bits, _ = read_bits(y, "y")
    counts = _check_components(n_components, len(bits))
    n_init, max_iter = check_count(n_init, "n_init", least=1), check_count(max_iter, "max_iter", least=1)
    tolerance, key = check_positive(tolerance, "tolerance"), key_from(rng)
    fits = {count: _best_start(bits, count, key, n_init, max_iter, tolerance) for count in counts}
    bic = {count: _bic(fit, bits) for count, fit in fits.items()}
    _warn_of_steps([count for count, fit in fits.items() if not fit.converged], max_iter)
    best = fits[min(counts, key=bic.__getitem__)]
    return MixtureFit(best.mixture, best.log_likelihood, best.log_posterior, best.steps, best.converged, bic)


def expectation_maximisation(mixture: BernoulliMixture, bits: BitArray) -> tuple[BernoulliMixture, float]:
    """One step from `mixture`, and the log-likelihood of `mixture` itself."""
    xp = namespace(bits.words)
    sizes, counts, log_likelihood = xp.zeros_like(mixture.weights), xp.zeros_like(mixture.probabilities), 0.0
    for rows in unpacked(bits):
        joint = mixture.log_joint(rows)
        log_prob = log_sum(joint)
        responsibilities = xp.exp(joint - log_prob)
        sizes += xp.sum(responsibilities, axis=0)
        counts += responsibilities.T @ rows
        log_likelihood = log_likelihood + xp.sum(log_prob)
    return BernoulliMixture.from_counts(sizes, counts), float(log_likelihood)


def _best_start(bits: BitArray, count: int, key: int, n_init: int, max_iter: int, tolerance: float) -> MixtureFit:
    starts = range(1 if count == 1 else n_init)
    seeds = (np.random.default_rng([key, count, start]) for start in starts)
    fits = [_climb(_seeded(bits, count, seed), bits, max_iter, tolerance) for seed in seeds]
    return max(fits, key=lambda fit: fit.log_posterior)


def _climb(mixture: BernoulliMixture, bits: BitArray, max_iter: int, tolerance: float) -> MixtureFit:
    """Steps from `mixture` until they gain next to nothing."""
    previous = -math.inf
    for steps in range(max_iter + 1):
        successor, log_likelihood = expectation_maximisation(mixture, bits)
        log_posterior = log_likelihood + mixture.log_prior()
        converged = log_posterior - previous <= tolerance * abs(log_posterior)
        if converged or steps == max_iter:
            break
        mixture, previous = successor, log_posterior
    return MixtureFit(mixture, log_likelihood, log_posterior, steps, converged, {})


def _seeded(bits: BitArray, count: int, generator: np.random.Generator) -> BernoulliMixture:
    """Components of equal size whose probabilities are half-way between a seed and the mean."""
    xp, mean = namespace(bits.words), bits.mean()
    seeds = xp.concat([bits[row].to_array("01", dtype=xp.float64) for row in _spread_rows(bits, count, generator)])
    sizes = xp.full(count, len(bits) / count, dtype=xp.float64, device=mean.device)
    return BernoulliMixture.from_counts(sizes, sizes[:, None] * (mean[None, :] + seeds) / 2)


def _spread_rows(bits: BitArray, count: int, generator: np.random.Generator) -> list[int]:
    """Rows drawn one after another, each in proportion to its Hamming distance from those before."""
    rows = [int(generator.integers(len(bits)))]
    nearest = to_host(hamming_distance(bits, bits[rows[0]]))
    while len(rows) < count:
        cumulative = np.cumsum(nearest)
        every = np.arange(1, len(bits) + 1)
        scale = cumulative if cumulative[-1] > 0 else every  # no row differs from the seeds: any will do
        rows.append(int(np.searchsorted(scale, generator.integers(scale[-1]), side="right")))
        nearest = np.minimum(nearest, to_host(hamming_distance(bits, bits[rows[-1]])))
    return rows


def _bic(fit: MixtureFit, bits: BitArray) -> float:
    mean, count = bits.mean(), fit.mixture.n_components
    varying = int(namespace(mean).count_nonzero((mean > 0) & (mean < 1)))
    return -2 * fit.log_likelihood + (count * varying + count - 1) * math.log(len(bits))


def _check_components(n_components: int | Iterable[int], n_samples: int) -> tuple[int, ...]:
    given = n_components if isinstance(n_components, Iterable) else (n_components,)
    counts = tuple(dict.fromkeys(check_count(count, "n_components", least=1) for count in given))
    if not counts:
        raise ValueError("`n_components` must be an integer or several; got none")
    if max(counts) > n_samples:
        raise ValueError(f"`n_components` must be at most the number of rows, {n_samples}; got {max(counts)}")
    return counts


def _warn_of_steps(counts: list[int], max_iter: int) -> None:
    if counts:
        listed = ", ".join(map(str, counts))
        warn(f"EM did not converge in {max_iter} steps with n_components = {listed}; raise `max_iter` or `tolerance`")
