"""From a Gram matrix that no Gaussian has to unit rows that one has, in the way that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation.moment_fit import fit_rows
from bernoulli_latent.correlation.nearest import Method
from bernoulli_latent.correlation.nearest_rows import nearest_rows
from bernoulli_latent.samplers.rounding import trapezoidal

__all__ = ["Repaired", "repair_gram"]

_METHODS: dict[str, Method] = {"alternating": "alternating", "clip": "clip", "shrink": "shrink"}


@dataclass(frozen=True)
class Repaired:
    """Unit rows (R, rank) whose Gram matrix lies `distance` from the requested one, which has these `eigenvalues`."""

    rows: Array
    distance: float
    eigenvalues: Array


def repair_gram(M: Array, H: Array, weights: Array, repair: str, rank: int | None, tol: float) -> Repaired:
    """Unit rows whose Gram matrix is as near to `H` as the repair makes it.

    Parameters
    ----------
    M : array
        Moments, the boundary first.
    H : array, shape (R, R)
        Gram matrix that they ask for, with the boundary first, or without it if the means are no part of it.
    weights : array, shape (R,)
        Weight of each row; the error of an entry counts by the product of two.
    repair : {"nearest", "means", "moments", "alternating", "clip", "shrink"}
        See :class:`bernoulli_latent.HyperplaneSampler`.
    rank : int or None
        Bound on the rank.
    tol : float
        Tolerance of the nearest correlation matrix.
    """
    if H.shape[0] == 0:
        return Repaired(H, 0.0, H[:, 0] if H.shape[1] else H.reshape(-1))
    method, border = _METHODS.get(repair, "newton"), repair == "means" and H.shape[0] > 1
    nearest = nearest_rows(H, method=method, weights=weights, border=border, tol=tol)
    rows = trapezoidal(nearest.rows, rank, bordered=M.shape == H.shape)
    if repair == "moments" and H.shape[0] > 1:
        rows = trapezoidal(fit_rows(M, rows, weights))
    difference = rows @ rows.T - H
    return Repaired(rows, float(namespace(H).linalg.matrix_norm(difference)), nearest.eigenvalues)
