"""Thresholds on a Gaussian vector: moments of the bits, and back."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace, special
from bernoulli_latent._kernels.generic_wedge import normal_cdf
from bernoulli_latent.correlation.joint import second_moment
from bernoulli_latent.correlation.tetrachoric import bivariate_normal_cdf, tetrachoric_matrix

__all__ = ["correlation_from_moments", "moments_from_thresholds", "pair_moments", "thresholds_from_moments"]


def pair_moments(g: Array, k: Array, rho: Array) -> Array:
    r"""Second moments of :math:`\mathrm{sign}(g + z_1)` and :math:`\mathrm{sign}(k + z_2)` at correlation `rho`.

    .. math:: E[y_1 y_2] = 4 \Phi_2(g, k; \rho) - 2 \Phi(g) - 2 \Phi(k) + 1
    """
    xp = namespace(rho)
    joint = bivariate_normal_cdf(g, k, rho)
    return xp.clip(second_moment(normal_cdf(g), normal_cdf(k), joint), -1.0, 1.0)


def moments_from_thresholds(thresholds: Array, correlation: Array) -> Array:
    r"""Second moments of :math:`y_i = \mathrm{sign}(g_i + z_i)` with :math:`z \sim N(0, R)`, bordered by the means.

    .. math:: E[y_i] = 2 \Phi(g_i) - 1, \qquad E[y_i y_j] = 4 \Phi_2(g_i, g_j; R_{ij}) - 2 \Phi(g_i) - 2 \Phi(g_j) + 1

    Parameters
    ----------
    thresholds : array, shape (n,)
        The :math:`g_i`.
    correlation : array, shape (n, n)
        `R`, to rounding.

    Returns
    -------
    array, shape (n + 1, n + 1)
        The border first, unit diagonal.

    References
    ----------
    .. [1] Emrich and Piedmonte, "A method for generating high-dimensional multivariate binary variates", Amer.
       Statist. 45, 1991.
    """
    xp = namespace(correlation)
    i, j = xp.nonzero(xp.tril(xp.ones_like(correlation), k=-1))
    below = xp.zeros_like(correlation)
    below[i, j] = pair_moments(thresholds[i], thresholds[j], xp.clip(correlation[i, j], -1.0, 1.0))
    pairs = below + below.T
    mean = 2 * normal_cdf(thresholds) - 1
    one = xp.ones((1, 1), dtype=mean.dtype, device=mean.device)
    M = xp.concat([xp.concat([one, mean[None, :]], axis=1), xp.concat([mean[:, None], pairs], axis=1)])
    return xp.where(xp.eye(M.shape[0], dtype=xp.bool, device=M.device), xp.ones_like(M), M)


def thresholds_from_moments(M: Array) -> Array:
    """Thresholds (n,) for bordered moments `M`, the border first."""
    return special(M).ndtri((1 + M[0, 1:]) / 2)


def correlation_from_moments(M: Array) -> Array:
    """Latent correlations (n, n) for bordered moments `M`, the border first.

    With the thresholds the inverse of :func:`moments_from_thresholds`; they need not be positive semidefinite.
    """
    xp = namespace(M)
    if M.shape[0] == 1:
        return M[1:, 1:]
    p = (1 + M[0, 1:]) / 2
    joint = (1 + M[0, 1:, None] + M[0, None, 1:] + M[1:, 1:]) / 4
    return tetrachoric_matrix(p, xp.where(xp.eye(p.shape[0], dtype=xp.bool, device=M.device), p, joint))
