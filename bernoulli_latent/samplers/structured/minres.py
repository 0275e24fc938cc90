"""Minimum residual factor analysis: the off-diagonal of a correlation matrix as inner products of short rows."""

from __future__ import annotations

from typing import NamedTuple

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._kernels import kernels

__all__ = ["Fit", "minimum_residual", "regress"]

SWEEPS = 100
TOLERANCE = 1e-4
"""Relative gain below which a sweep is the last one."""

BLOCKS = 32
"""Parts of the rows that are updated in turn; a row of few is a part by itself."""

POWERS = 8
"""Multiplications by the matrix before its leading eigenvectors are read off."""

SPARE = 8
"""Vectors carried along with the leading ones, which speeds them up."""


class Fit(NamedTuple):
    """Loadings (n, rank) and the number of sweeps that found them."""

    loadings: Array
    sweeps: int


def minimum_residual(correlation: Array, weights: Array, rank: int) -> Fit:
    r"""Rows :math:`\lambda_i`, of length 1 at most, whose inner products are nearest to the correlations.

    .. math:: \min \sum_{i \ne j} w_{ij} \left(r_{ij} - \lambda_i \cdot \lambda_j\right)^2

    Parameters
    ----------
    correlation : array, shape (n, n)
        The :math:`r_{ij}`, symmetric; the diagonal should be 1.
    weights : array, shape (n, n)
        The :math:`w_{ij} \ge 0`, symmetric, with a zero diagonal.
    rank : int
        Length of the rows.

    Notes
    -----
    From the leading eigenvectors on, some rows at a time are set to their minimiser given the others [1]_, on the
    unit ball where they would leave it [2]_.

    References
    ----------
    .. [1] Harman and Jones, "Factor analysis by minimizing residuals (minres)", Psychometrika 31, 1966.
    .. [2] Harman and Fukuda, "Resolution of the Heywood case in the minres solution", Psychometrika 31, 1966.
    """
    xp, n = namespace(correlation), correlation.shape[0]
    loadings, parts = _principal_rows(correlation, weights, rank), min(BLOCKS, n)
    last, residual, sweeps = float("inf"), float("inf"), 0
    while sweeps < 2 or (sweeps < SWEEPS and residual < (1 - TOLERANCE) * last):
        last, residual, sweeps = residual, 0.0, sweeps + 1
        for part in range(parts):
            rows = xp.arange(part, n, parts, device=correlation.device)  # apart, because neighbours are often alike
            own, weight = correlation[rows, :], weights[rows, :]
            residual += float(xp.sum(weight * (own - loadings[rows, :] @ loadings.T) ** 2))
            loadings[rows, :] = regress(own, weight, loadings)
    return Fit(loadings, sweeps)


def regress(correlation: Array, weights: Array, loadings: Array) -> Array:
    """Rows in the unit ball whose inner products with `loadings` (n, rank) are nearest to each row of `correlation`."""
    xp, rank = namespace(loadings), loadings.shape[1]
    upper = xp.nonzero(xp.triu(xp.ones((rank, rank), device=loadings.device)))
    products = weights @ (loadings[:, upper[0]] * loadings[:, upper[1]])
    normal = xp.zeros((correlation.shape[0], rank, rank), dtype=loadings.dtype, device=loadings.device)
    normal[:, upper[0], upper[1]] = products
    normal[:, upper[1], upper[0]] = products
    return _minimise_in_ball(normal, (weights * correlation) @ loadings)


def _minimise_in_ball(normal: Array, target: Array) -> Array:
    """Minimisers of ``x @ normal @ x / 2 - target @ x`` over the unit ball, one for each row of `target`."""
    xp, rank = namespace(target), target.shape[1]
    trace = xp.sum(xp.linalg.diagonal(normal), axis=1)[:, None, None]
    ridge = 1e-12 * trace + xp.where(trace == 0, xp.ones_like(trace), xp.zeros_like(trace))
    normal = normal + ridge * xp.eye(rank, dtype=normal.dtype, device=normal.device)
    x = xp.linalg.solve(normal, target[:, :, None])[:, :, 0]
    beyond = xp.nonzero(xp.linalg.vector_norm(x, axis=1) > 1)[0]
    if beyond.shape[0]:
        x[beyond, :] = _minimise_on_sphere(normal[beyond, :, :], target[beyond, :])
    return x


def _minimise_on_sphere(normal: Array, target: Array) -> Array:
    """The same where the constraint binds: the multiplier by bisection of the secular equation."""
    xp = namespace(target)
    eigenvalues, eigenvectors = xp.linalg.eigh(normal)
    turned = (target[:, None, :] @ eigenvectors)[:, 0, :]
    low = xp.zeros_like(turned[:, :1])
    high = xp.linalg.vector_norm(turned, axis=1, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        long = xp.linalg.vector_norm(turned / (eigenvalues + middle), axis=1, keepdims=True) > 1
        low, high = xp.where(long, middle, low), xp.where(long, high, middle)
    return (eigenvectors @ (turned / (eigenvalues + high))[:, :, None])[:, :, 0]


def _principal_rows(correlation: Array, weights: Array, rank: int) -> Array:
    """Start: leading eigenvectors of the matrix scaled as a product of row weights comes nearest to `weights`."""
    xp, n = namespace(correlation), correlation.shape[0]
    scale = xp.mean(xp.sqrt(weights), axis=1)
    scale = scale / xp.sqrt(xp.clip(xp.mean(scale), 1e-300, None))
    scaled = correlation * scale[:, None] * scale[None, :]
    normals = kernels("sampling", scaled).normals(0, 0, n, min(rank + SPARE, n), "float64", scaled)
    basis = xp.linalg.qr(scaled @ normals)[0]
    for _ in range(POWERS):
        basis = xp.linalg.qr(scaled @ basis)[0]
    eigenvalues, eigenvectors = xp.linalg.eigh(basis.T @ scaled @ basis)
    rows = basis @ (eigenvectors[:, -rank:] * xp.sqrt(xp.clip(eigenvalues[-rank:], 0.0, None)))
    rows = rows / xp.where(scale > 0, scale, xp.ones_like(scale))[:, None]
    rows = rows / xp.clip(xp.linalg.vector_norm(rows, axis=1, keepdims=True), 1.0, None)
    missing = xp.zeros((n, rank - rows.shape[1]), dtype=rows.dtype, device=rows.device)
    return xp.concat([rows, missing], axis=1)
