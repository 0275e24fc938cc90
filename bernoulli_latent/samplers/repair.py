"""From a Gram matrix that no Gaussian has to unit rows that one has, in the way that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation.moment_fit import fit_rows
from bernoulli_latent.correlation.nearest import Method, nearest_correlation
from bernoulli_latent.samplers.rounding import factor_rows

__all__ = ["Repaired", "repair_gram"]

_METHODS: dict[str, Method] = {"alternating": "alternating", "clip": "clip", "shrink": "shrink"}


@dataclass(frozen=True)
class Repaired:
    """Unit rows (R, rank) whose Gram matrix lies `distance` from the requested one."""

    rows: Array
    distance: float


def repair_gram(M: Array, H: Array, weights: Array, repair: str, rank: int | None) -> Repaired:
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
    """
    if H.shape[0] == 0:
        return Repaired(H, 0.0)
    matrix = _repaired_matrix(H, weights, repair)
    rows = factor_rows(matrix, rank, bordered=M.shape == H.shape)
    if repair == "moments" and H.shape[0] > 1:
        rows = factor_rows(_gram(fit_rows(M, rows, weights)), rows.shape[1])
    difference = _gram(rows) - H
    return Repaired(rows, float(namespace(H).linalg.matrix_norm(difference)))


def _repaired_matrix(H: Array, weights: Array, repair: str) -> Array:
    method = _METHODS.get(repair, "newton")
    if method in ("clip", "shrink"):
        return nearest_correlation(H, method=method).matrix
    fixed = None
    if repair == "means":
        border = namespace(H).arange(H.shape[0], device=H.device) == 0
        fixed = border[:, None] | border[None, :]
    return nearest_correlation(H, method=method, weights=weights, fixed=fixed).matrix


def _gram(rows: Array) -> Array:
    """Gram matrix of unit rows, with a diagonal of exactly 1."""
    xp = namespace(rows)
    diagonal = xp.eye(rows.shape[0], dtype=rows.dtype, device=rows.device)
    return xp.where(diagonal != 0, diagonal, rows @ rows.T)
