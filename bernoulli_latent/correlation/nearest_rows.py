"""Nearest correlation matrix as a factor: what a sampler needs of it, without the matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._inputs import check_method, check_tolerance, read_problem
from bernoulli_latent.correlation._solve import solve
from bernoulli_latent.correlation.nearest import MAX_ITER, Method, eigenvalues_of, warn_of_residual

__all__ = ["NearestRows", "nearest_rows"]


@dataclass(frozen=True)
class NearestRows:
    """Rows whose Gram matrix is a repaired matrix less its floor, so that their length is 1 less rounding.

    `eigenvalues` are those of the matrix before.
    """

    rows: Array
    eigenvalues: Array


def nearest_rows(a: Array, *, method: Method, weights: Array, border: bool, tol: float) -> NearestRows:
    """Repair as :func:`nearest_correlation` does, for a factor: the matrix itself is not built.

    Weights are diagonal and for the iterative methods alone; `border` fixes the first row, which is then (1, 0, ...).
    A matrix that needs no repair is factored as it is. Rounding of the floor, which the matrix of
    :func:`nearest_correlation` may show, cannot make a Gram matrix indefinite.
    """
    xp = namespace(a)
    first = xp.arange(a.shape[0], device=a.device) == 0
    fixed = first[:, None] | first[None, :] if border else None
    problem = read_problem(a, None, weights if method in ("newton", "alternating") else None, fixed, None)
    check_method(method, problem)
    tol = check_tolerance(tol, problem.a)
    if problem.accepts(problem.a):
        # Without negative eigenvalues "clip" drops nothing: it factors the matrix, the border like any row.
        problem, method, border = replace(problem, weights=None, fixed=None), "clip", False
    rest = problem.without_row(0) if border else problem
    solution = solve(rest, method, tol, MAX_ITER, None, None)
    if solution.residual > tol:
        warn_of_residual(method, solution.iterations, solution.residual, tol)
    rows = _behind_border(problem.a[1:, :1], solution.rows) if border else solution.rows
    return NearestRows(rows, eigenvalues_of(problem.a) if solution.eigenvalues is None else solution.eigenvalues)


def _behind_border(border: Array, rows: Array) -> Array:
    """Unit rows that have the inner products `border` (n - 1, 1) with the first of them."""
    xp = namespace(rows)
    first = xp.concat([xp.ones_like(border[:1]), xp.zeros_like(rows[:1])], axis=1)
    return xp.concat([first, xp.concat([border, rows], axis=1)])
