r"""Probability that a normal falls on given sides of hyperplanes: what a vector of bits weighs in the model.

A population of particles goes through the walls one by one. A wall that bounds a new coordinate earns a particle the
probability of that coordinate's interval, as in GHK; at a wall beyond the rank a particle is inside, or it is not.
When the weights have become uneven, the population is resampled and moved (Ridgway 2016).
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, on_host, special, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_bouncing import Walls
from bernoulli_latent.latent.inversion import noise, solve
from bernoulli_latent.latent.separation import Orthant, inner, sides

__all__ = ["log_probability"]


def log_probability(
    factor: Array, signs: Array, constant: bool, key: int, first: int = 0, n_draws: int = 2048, replicates: int = 8
) -> tuple[Array, Array]:
    r"""Log probability that a normal of the model has the given signs, with its standard error.

    Parameters
    ----------
    factor : array, shape (R, rank), float64
        Rows of the model.
    signs : array, shape (n, R), float64
        -1 or +1, or 0 for a row that may have either sign; +1 in column 0.
    constant : bool
        Whether coordinate 0 of the normals is the constant 1 (dichotomized Gaussian) or half normal (hyperplane).
    key, first : int
        Code `k` uses the noise of ``first + k`` under `key` and the keys that follow, and nothing of other codes.
    n_draws : int
        Particles for each code, in all; the variance falls as one over their number.
    replicates : int
        Populations into which they are divided, at least 2.

    Returns
    -------
    log_probability : array, shape (n,)
        Log of the mean of the populations' estimates, each of which is unbiased for the probability. ``-inf`` with
        standard error 0 where the signs were proved impossible (Gordan 1873); ``-inf`` with standard error
        ``inf`` if all particles died.
    standard_error : array, shape (n,)
        Of the log: the standard deviation of the populations' estimates relative to their mean, over the root of
        their number. To be read with Student's law of ``replicates - 1`` degrees of freedom. Above about 0.5 it is
        itself uncertain, and the log is too low more often than too high: take more draws.

    References
    ----------
    .. [1] Genz, "Numerical computation of multivariate normal probabilities", J. Comput. Graph. Statist. 1, 1992.
    .. [2] Gibson, Glasbey and Elston, "Monte Carlo evaluation of multivariate normal integrals and sensitivity to
       variate ordering", 1994.
    .. [3] Ridgway, "Computation of Gaussian orthant probabilities in high dimension", Stat. Comput. 26, 2016.
    .. [4] Botev, "The normal law under linear restrictions: simulation and estimation via minimax tilting", J. R.
       Stat. Soc. B 79.

    Examples
    --------
    >>> import numpy as np
    >>> factor = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> estimate, error = log_probability(factor, np.array([[1.0, 1.0]]), constant=False, key=1)
    >>> exact = np.log(0.5 + np.arcsin(0.6) / np.pi)
    >>> bool(abs(estimate - exact)[0] < 5 * error[0] < 0.05)
    True
    """
    if replicates < 2 or n_draws % replicates:
        raise ValueError(f"`n_draws` must be a multiple of `replicates`, at least 2; got {n_draws} and {replicates}")
    model, codes = (to_host(factor), to_host(signs)) if on_host(factor) else (factor, signs)
    infeasible = to_host(solve(model, codes)[1])
    host, patterns = to_host(factor), to_host(signs)
    estimates = np.full(len(patterns), -np.inf)
    errors = np.zeros(len(patterns))
    for k in np.flatnonzero(~infeasible):
        orthant = Orthant.of(*sides(host, patterns[k], constant)).to(model)
        totals = _populations(orthant, key, (first + int(k)) * n_draws, (replicates, n_draws // replicates))
        estimates[k], errors[k] = _mean_of_logs(to_host(totals))
    return from_host(estimates + (0.0 if constant else log(2.0)), factor), from_host(errors, factor)


def _populations(orthant: Orthant, key: int, first: int, shape: tuple[int, int]) -> Array:
    """Log of each population's estimate, for `shape` populations and particles: shape (populations,)."""
    lower, offset = orthant.lower, orthant.offset
    xp, functions, (walls, rank) = namespace(lower), special(lower), lower.shape
    x = xp.zeros((*shape, rank), dtype=lower.dtype, device=lower.device)
    log_weights = xp.zeros(shape, dtype=lower.dtype, device=lower.device)
    total = xp.zeros(shape[:1], dtype=lower.dtype, device=lower.device)
    uniform = functions.ndtr(_noise(key, first, orthant, (*shape, rank)))
    for k in range(walls):
        if k < rank:
            x[:, :, k], gain = _extend(orthant, k, x[:, :, :k], uniform[:, :, k])
        else:
            gain = xp.where(inner(x, lower[k, :]) + offset[k] >= 0, 0.0, -xp.inf)
        log_weights = log_weights + gain
        if k == walls - 1 or float(_evenness(log_weights)) < 0.5:
            total = total + _log_mean(log_weights)
            if k < walls - 1:
                x = _renew(orthant, k + 1, x, log_weights, key + k + 1, first)
                log_weights = xp.zeros_like(log_weights)
    return total


def _extend(orthant: Orthant, k: int, x: Array, uniform: Array) -> tuple[Array, Array]:
    """Coordinate `k` inside wall `k`, drawn with its tilt, and the log weight that it earns."""
    xp, functions = namespace(x), special(x)
    slope = orthant.lower[k, :k]
    ahead = orthant.tilt(k + 1, k)[0]
    level = inner(x, slope)
    bound = level + orthant.offset[k] + ahead
    log_mass = functions.log_ndtr(bound)
    below = _quantile(xp.log(uniform) + log_mass)
    weight = log_mass + 0.5 * ahead * ahead - orthant.pull[k] * level
    return ahead - xp.minimum(below, bound), weight


def _quantile(log_probability: Array) -> Array:
    """Standard normal quantile of a probability given as its log, by Newton's steps where that underflows."""
    xp, functions = namespace(log_probability), special(log_probability)
    deep = log_probability < -500.0
    far = xp.where(deep, -2.0 * log_probability - log(2.0 * pi), 1000.0)
    tail = -xp.sqrt(far - xp.log(far))
    for _ in range(3):
        current = functions.log_ndtr(tail)
        tail = tail - (current - log_probability) * xp.exp(current + 0.5 * (tail * tail + log(2.0 * pi)))
    return xp.where(deep, tail, functions.ndtri(xp.exp(xp.where(deep, -500.0, log_probability))))


def _renew(orthant: Orthant, stage: int, x: Array, log_weights: Array, key: int, first: int) -> Array:
    """Particles resampled and moved along exact trajectories between the walls before `stage`."""
    xp, rank = namespace(x), min(stage, x.shape[2])
    fresh = _noise(key, first, orthant, (*x.shape[:2], rank + 1))
    shift = orthant.tilt(rank) if stage < x.shape[2] else 0.0 * orthant.lower[0, :rank]
    lower = orthant.lower[:stage, :rank]
    chosen = _resample(x[:, :, :rank], log_weights, special(x).ndtr(fresh[:, :1, rank]))
    starts = xp.reshape(chosen - shift, (-1, rank))
    walls = Walls(lower, orthant.offset[:stage] + inner(lower, shift), orthant.gram[:stage, :stage])
    inside = xp.ones((starts.shape[0], stage), dtype=x.dtype, device=x.device)
    ends = kernels("bouncing", x).bounce(starts, xp.reshape(fresh[:, :, :rank], (-1, rank)), walls, inside)[0]
    x[:, :, :rank] = xp.reshape(ends, chosen.shape) + shift
    return x


def _noise(key: int, first: int, orthant: Orthant, shape: tuple[int, int, int]) -> Array:
    """Standard normals of the given shape, rows `first` and following of the table of `key`."""
    xp = namespace(orthant.lower)
    rows = xp.empty(shape[0] * shape[1], dtype=orthant.lower.dtype, device=orthant.lower.device)
    return xp.reshape(noise(key, first, rows, shape[2]), shape)


def _weights(log_weights: Array) -> Array:
    """Weights over their largest; all 1 in a population that died."""
    xp = namespace(log_weights)
    most = xp.max(log_weights, axis=1, keepdims=True)
    return xp.where(most > -xp.inf, xp.exp(log_weights - xp.where(most > -xp.inf, most, 0.0)), 1.0)


def _log_mean(log_weights: Array) -> Array:
    xp = namespace(log_weights)
    return xp.max(log_weights, axis=1) + xp.log(xp.mean(_weights(log_weights), axis=1))


def _evenness(log_weights: Array) -> Array:
    """Effective part of the particles (Kong, Liu and Wong 1994), on average over the populations."""
    xp, weights = namespace(log_weights), _weights(log_weights)
    return xp.mean(xp.mean(weights, axis=1) ** 2 / xp.mean(weights**2, axis=1))


def _resample(x: Array, log_weights: Array, offset: Array) -> Array:
    """Systematic resampling within each population; `offset` (populations, 1) is uniform."""
    xp, (populations, particles, rank) = namespace(x), x.shape
    heights = xp.cumulative_sum(_weights(log_weights), axis=1)
    base = xp.arange(populations, dtype=x.dtype, device=x.device)[:, None]
    points = (xp.arange(particles, dtype=x.dtype, device=x.device)[None, :] + offset) / particles
    heights, points = xp.reshape(heights / heights[:, -1:] + base, (-1,)), xp.reshape(points + base, (-1,))
    return xp.reshape(xp.take(xp.reshape(x, (-1, rank)), xp.searchsorted(heights, points), axis=0), x.shape)


def _mean_of_logs(totals: Any) -> tuple[float, float]:
    """Log of the mean of numbers given as logs, and its standard error by the delta method."""
    most = totals.max()
    if most == -np.inf:
        return -np.inf, np.inf
    ratios = np.exp(totals - most)
    return float(most + np.log(ratios.mean())), float(ratios.std(ddof=1) / ratios.mean() / len(ratios) ** 0.5)
