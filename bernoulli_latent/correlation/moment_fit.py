"""Repair measured where it matters: unit rows whose arcsine moments are nearest to the requested ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, to_host

__all__ = ["fit_rows"]

Flat: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

NEAR_ONE = 1e-12
"""Floor of 1 - x^2 in the slope of the arcsine, which has none at 1; the moments themselves are not touched."""


def fit_rows(
    M: Array,
    rows: Array,
    weights: Array,
    *,
    max_iter: int = 200,
    tol: float = 1e-6,
    callback: Callable[[int, float], object] | None = None,
) -> Array:
    r"""Improve unit rows so that the moments of their signs approach `M`.

    .. math:: \min_V \sum_{ij} w_i w_j \Bigl(\tfrac{2}{\pi} \arcsin(v_i \cdot v_j) - M_{ij}\Bigr)^2,
              \qquad \|v_i\| = 1

    by the limited-memory BFGS method (Liu and Nocedal 1989) over rows of any length, scaled to 1 inside. The
    problem is not convex: the result is never worse than the start.

    Parameters
    ----------
    M : array, shape (n, n)
        Requested second moments.
    rows : array, shape (n, r)
        Unit rows to start from; `r` bounds the rank of the result.
    weights : array, shape (n,)
        Positive weights.
    max_iter, tol
        Iterations at most, and the relative decrease of the objective below which the search ends.
    callback : callable, optional
        Called as ``callback(iteration, objective)``.

    Returns
    -------
    array, shape (n, r)
        Unit rows.
    """
    from scipy.optimize import OptimizeResult, minimize

    shape = tuple(rows.shape)
    pair_weights = weights[:, None] * weights[None, :]
    iterations = 0

    def objective(flat: Flat) -> tuple[float, Flat]:
        value, gradient = _objective(from_host(flat.reshape(shape), rows), M, pair_weights)
        return value, to_host(gradient).ravel()

    def report(intermediate_result: OptimizeResult) -> None:
        nonlocal iterations
        iterations += 1
        if callback is not None:
            callback(iterations, float(intermediate_result.fun))

    solution = minimize(
        objective,
        to_host(rows).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options={"maxiter": max_iter, "ftol": tol, "gtol": 0.0, "maxcor": 20},
    )
    return _scale(from_host(solution.x.reshape(shape), rows))[0]


def _scale(rows: Array) -> tuple[Array, Array]:
    length = namespace(rows).linalg.vector_norm(rows, axis=1, keepdims=True)
    return rows / length, length


def _objective(rows: Array, M: Array, pair_weights: Array) -> tuple[float, Array]:
    """Weighted sum of squares and its gradient with respect to rows of any length."""
    xp = namespace(rows)
    unit, length = _scale(rows)
    gram = xp.clip(unit @ unit.T, -1.0, 1.0)
    off_diagonal = 1 - xp.eye(gram.shape[0], dtype=gram.dtype, device=gram.device)
    residual = ((2 / math.pi) * xp.asin(gram) - M) * off_diagonal
    weighted = pair_weights * residual
    slope = (2 / math.pi) / xp.sqrt(xp.clip(1 - gram * gram, NEAR_ONE, 1.0))
    gradient = 4 * ((weighted * slope) @ unit)
    tangent = (gradient - xp.sum(gradient * unit, axis=1, keepdims=True) * unit) / length
    return float(xp.sum(weighted * residual)), tangent
