r"""Normals given some of their signs, by exact Hamiltonian trajectories that bounce off the hyperplanes.

A model has rows :math:`v_i` (the `factor`, (R, rank), row 0 is (1, 0, ..., 0)), and a normal `r` gives row `i` the
sign of :math:`v_i \cdot r`; row 0 always gets +1. In the hyperplane family :math:`r_0` is half normal; in the
dichotomized Gaussian it is the constant 1, and column 0 of the factor holds thresholds. The other coordinates are
standard normals. So, given signs, `r` is a normal between the walls :math:`v_i \cdot r = 0`.
"""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, from_host, namespace, on_host, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_bouncing import Walls
from bernoulli_latent.latent.inversion import noise, solve

__all__ = ["ConditionalReport", "autocorrelation_time", "boundaries", "draw_conditional"]

BURN_IN = 32
"""Trajectories before the first draw. On models of real latents the start is forgotten after six."""


@dataclass(frozen=True)
class ConditionalReport:
    """How draws given some of the signs were made.

    Attributes
    ----------
    burn_in : int
        Trajectories of each chain before its first draw.
    n_draws : int
        Draws from each chain, one trajectory apart. Chains of different rows are independent.
    autocorrelation_time : array, shape (n,)
        Trajectories that are worth one independent draw, at least 1; see :func:`autocorrelation_time`. Estimated
        over the second half of the burn-in and the draws. `burn_in` should be several times as long.
    infeasible : bool array, shape (n,)
        Rows whose signs no normal has. They were drawn as though no sign were known.
    """

    burn_in: int
    n_draws: int
    autocorrelation_time: Array
    infeasible: Array

    @property
    def effective_sample_size(self) -> Array:
        """Independent draws that each row's draws are worth, shape (n,); at most `n_draws`."""
        return self.n_draws / namespace(self.autocorrelation_time).clip(self.autocorrelation_time, 1, self.n_draws)

    def __str__(self) -> str:
        n, longest = (
            self.infeasible.shape[0],
            float(self.autocorrelation_time.max()) if self.infeasible.shape[0] else 1.0,
        )
        return (
            f"{n} chains of {self.burn_in} + {self.n_draws} trajectories, worth "
            f"{float(self.effective_sample_size.sum()):.0f} of {n * self.n_draws} draws; longest autocorrelation time "
            f"{longest:.1f}; {int(self.infeasible.sum())} infeasible"
        )


def boundaries(factor: Array, constant: bool) -> tuple[Array, Array]:
    """Directions (R, d) and offsets (R,) of the walls in the space of the coordinates that vary."""
    return (factor[:, 1:], factor[:, 0]) if constant else (factor, 0.0 * factor[:, 0])


def draw_conditional(
    factor: Array, signs: Array, constant: bool, key: int, first: int = 0, n_draws: int = 1, burn_in: int = BURN_IN
) -> tuple[Array, ConditionalReport]:
    r"""Normals of the model given some of their signs.

    Parameters
    ----------
    factor : array, shape (R, rank), float64
        Rows of the model.
    signs : array, shape (n, R), float64
        -1 or +1 where the sign is known, 0 where it is not; +1 in column 0.
    constant : bool
        Whether coordinate 0 of the normals is the constant 1 (dichotomized Gaussian) or half normal (hyperplane).
    key, first : int
        Row `k` uses rows ``first + k`` of the noise of `key` and the keys that follow, and nothing of other rows.
    n_draws : int
        Draws for each row of `signs`, at least 1; they are ends of consecutive trajectories.
    burn_in : int
        Trajectories before the first draw.

    Returns
    -------
    normals : array, shape (n_draws, n, rank)
        Of positive coordinate 0. Known signs come back from ``factor @ normals`` up to rounding.
    report : ConditionalReport

    Notes
    -----
    A trajectory :math:`x \cos t + v \sin t`, with a fresh normal velocity `v`, is followed for a quarter period, and
    reflected at every wall of a known sign. That leaves the truncated normal as it is, without rejections [1]_;
    without a wall in the way the end is independent of the start. Chains start at a normal that the perceptron
    found. All draws are the same in NumPy and torch on the CPU, and in any split of the rows. On a device the last
    bits of a root or an inner product may differ, which grows from bounce to bounce: there they are other draws of
    the same law.

    References
    ----------
    .. [1] Pakman and Paninski, "Exact Hamiltonian Monte Carlo for truncated multivariate Gaussians", J. Comput.
       Graph. Statist. 23, 2014, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> factor = np.array([[1.0, 0.0], [0.6, 0.8]])
    >>> normals, report = draw_conditional(factor, np.array([[1.0, -1.0]]), constant=False, key=1, n_draws=1000)
    >>> bool(((normals @ factor.T) * [1, -1] > -1e-9).all())
    True
    >>> report.infeasible
    array([False])
    """
    if on_host(factor):
        normals, report = _draw(to_host(factor), to_host(signs), constant, key, first, n_draws, burn_in)
        times, infeasible = from_host(report.autocorrelation_time, factor), from_host(report.infeasible, factor)
        return from_host(normals, factor), ConditionalReport(burn_in, n_draws, times, infeasible)
    return _draw(factor, signs, constant, key, first, n_draws, burn_in)


def _draw(
    factor: Array, signs: Array, constant: bool, key: int, first: int, n_draws: int, burn_in: int
) -> tuple[Array, ConditionalReport]:
    xp = namespace(factor)
    start, infeasible = solve(factor, signs)
    signs = xp.where(infeasible[:, None], xp.zeros_like(signs), signs)
    signs[:, 0] = 1.0
    start[infeasible, :] = factor[0, :]
    positions = start[:, 1:] / start[:, :1] if constant else start * factor.shape[1] ** 0.5
    walls = Walls.of(*boundaries(factor, constant))
    chain = _chain(positions, walls, signs, key, first, burn_in + n_draws, burn_in // 2)
    times = autocorrelation_time(chain, walls.directions)
    draws = chain[-n_draws:, ...]
    normals = (
        xp.concat([xp.ones((*draws.shape[:-1], 1), dtype=draws.dtype, device=draws.device), draws], axis=-1)
        if constant
        else draws
    )
    return normals, ConditionalReport(burn_in, n_draws, times, infeasible)


def _chain(positions: Array, walls: Walls, signs: Array, key: int, first: int, length: int, skipped: int) -> Array:
    """Ends of `length` trajectories in a row, without the first few: shape (length - skipped, n, d)."""
    bounce = kernels("bouncing", positions).bounce
    ends = []
    for step in range(length):
        positions = bounce(positions, noise(key + step, first, positions, positions.shape[1]), walls, signs)[0]
        if step >= skipped:
            ends.append(positions)
    return namespace(positions).stack(ends)


def autocorrelation_time(chain: Array, directions: Array) -> Array:
    r"""Integrated autocorrelation time of chains, pooled over linear functions of their states.

    Parameters
    ----------
    chain : array, shape (length, n, d)
        States of n chains.
    directions : array, shape (R, d)
        Linear functions of a state whose autocovariances are added up.

    Returns
    -------
    array, shape (n,)
        :math:`1 + 2 \sum_k \rho_k`, at least 1; the length itself for a chain that never moved.

    Notes
    -----
    The sum ends by the initial monotone sequence estimator: sums of two consecutive autocovariances, as far as they
    are positive, each at most the one before it (Geyer 1992, section 3.3).
    """
    xp = namespace(chain)
    length = chain.shape[0]
    states = xp.permute_dims(chain - xp.mean(chain, axis=0, keepdims=True), (1, 0, 2))
    products = (states @ (directions.T @ directions)) @ xp.matrix_transpose(states)
    covariances = [xp.sum(xp.linalg.diagonal(products, offset=lag), axis=-1) for lag in range(length)]
    total, smallest = 0.0 * covariances[0], covariances[0] * 2.0
    for lag in range(0, length - 1, 2):
        smallest = xp.minimum(smallest, covariances[lag] + covariances[lag + 1])
        total = total + xp.where(smallest > 0, smallest, 0.0)
    moved = covariances[0] > 0
    time = 2.0 * total / xp.where(moved, covariances[0], 1.0) - 1.0
    return xp.where(moved, xp.where(time > 1.0, time, 1.0), float(length))
