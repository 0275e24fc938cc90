"""Nearest correlation matrix: repair of a symmetric matrix that is not positive semidefinite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_count
from bernoulli_latent.correlation._inputs import check_method, check_start, check_tolerance, read_problem
from bernoulli_latent.correlation._problem import Problem
from bernoulli_latent.correlation._solve import Callback, Solution, solve
from bernoulli_latent.errors import warn

__all__ = ["MAX_ITER", "Method", "RepairResult", "eigenvalues_of", "nearest_correlation", "warn_of_residual"]

MAX_ITER = 500

Method: TypeAlias = Literal["newton", "alternating", "clip", "shrink"]


@dataclass(frozen=True)
class RepairResult:
    """What :func:`nearest_correlation` found, and what it cost.

    Attributes
    ----------
    matrix : array, shape (n, n)
        The repaired matrix, in the library, dtype and on the device of the input.
    distance : float
        Frobenius norm of the change: of ``W^(1/2) (matrix - a) W^(1/2)`` with diagonal weights and of
        ``weights * (matrix - a)`` with element weights.
    min_eigenvalue_before : float
        Smallest eigenvalue of the input.
    iterations : int
        Iterations done, those of the runs that led to `start` included.
    converged : bool
        Whether `residual` reached the tolerance.
    eigendecompositions : int
        Eigendecompositions spent, counted like the iterations.
    residual : float
        What the last iterate missed its prescribed entries by, before they were made exact: the largest error of a
        row, relative to its diagonal entry (less what a fixed row explains of it, and the floor). Errors of several
        entries in a row count as a vector, each relative to the root of the product of both diagonal entries.
    state : object
        Where to go on: pass the whole result as `start` to another call on the same data.
    """

    matrix: Array
    distance: float
    min_eigenvalue_before: float
    iterations: int
    converged: bool
    eigendecompositions: int
    residual: float
    state: Any = field(repr=False)


def nearest_correlation(
    a: Array,
    *,
    method: Method = "newton",
    weights: Array | None = None,
    fixed: Array | None = None,
    min_eigenvalue: float | None = None,
    diagonal: Array | None = None,
    tol: float | None = None,
    max_iter: int = MAX_ITER,
    callback: Callback | None = None,
    start: RepairResult | None = None,
) -> RepairResult:
    r"""Nearest correlation matrix to `a`, in a weighted Frobenius norm.

    .. math:: \min_X \lVert W^{1/2} (X - A) W^{1/2} \rVert_F
        \quad\text{subject to}\quad X \succeq \delta D,\ X_{ii} = D_{ii},\ X_{ij} = A_{ij}\ \text{where fixed}

    Parameters
    ----------
    a : array, shape (n, n)
        Symmetric matrix, finite, not necessarily with the right diagonal. float32 and float64 are worked in as
        they are, half precision in float32, integers in float64.
    method : {"newton", "alternating", "clip", "shrink"}
        "newton": semismooth Newton-CG on the dual [1]_, [2]_; the nearest matrix, in few eigendecompositions.
        "alternating": alternating projections [3]_ with Anderson acceleration [4]_; the same matrix.
        "clip": drop the eigenvalues below the floor and scale to the diagonal; near, not nearest.
        "shrink": multiply the off-diagonal entries by the largest factor that reaches the floor.
    weights : array, shape (n,) or (n, n), optional
        Positive diagonal weights `W`, or nonnegative element weights, which multiply ``X - A`` entry by entry.
        The outer product of the square roots of diagonal weights says the same as they do, and is recognised.
        Other element weights have no such dual: "newton" and "alternating" both run the alternating direction
        method of multipliers [5]_ then.
    fixed : boolean array, shape (n, n), optional
        Entries to keep; the diagonal is kept anyhow. One whole row may be fixed with every method, and is kept
        to the bit; other masks need "newton" or "alternating".
    min_eigenvalue : float, optional
        Floor of the eigenvalues of the result scaled to unit diagonal, in [0, 1). By default
        ``10 * sqrt(n) * eps``, enough for a Cholesky factorisation to succeed in the dtype of the result.
    diagonal : array, shape (n,), optional
        Positive diagonal of the result; ones by default.
    tol : float, optional
        Tolerance for `residual`; 1e-7 in float64 and 1e-4 in float32 by default. Of an entry that a fixed row all
        but explains, less than ``eps**(1/4)`` of the diagonal being left, the error is relative to that part.
    max_iter : int
        Most iterations of this call.
    callback : callable, optional
        Called as ``callback(iteration, {"residual": ..., "eigendecompositions": ...})`` after each iteration.
    start : RepairResult, optional
        An earlier result to go on from, for the same problem or for one close to it.

    Returns
    -------
    RepairResult
        The matrix and what it cost. Its diagonal is exact, and no gradient is tracked. A matrix that meets the
        request already is returned unchanged, so repairing twice changes nothing.

    Raises
    ------
    ValueError
        If an argument is out of its domain, or the method cannot honour `fixed` or `weights`.
    TypeError
        If an argument is no real array, or `fixed` is not boolean.

    Warns
    -----
    RepairWarning
        If the iteration stopped above `tol`, or rounding left the smallest eigenvalue below the floor.

    Notes
    -----
    The solution is the semidefinite part of ``a`` plus multipliers on the prescribed entries, so the unknowns
    are the n multipliers of the diagonal. An iteration costs one eigendecomposition and a few products; rows of
    the final factor are scaled, which makes the diagonal exact and keeps the matrix semidefinite. Diagonal
    weights are a change of variable and a fixed row is a Schur complement, so neither costs more. The fixed
    entries of other masks are written into the result; the eigenvalues were kept ``tol * sqrt(n)`` above the
    floor to allow for it.

    References
    ----------
    .. [1] Qi and Sun, "A quadratically convergent Newton method for computing the nearest correlation matrix",
       SIAM J. Matrix Anal. Appl. 28, 2006.
    .. [2] Borsdorf and Higham, "A preconditioned Newton algorithm for the nearest correlation matrix", IMA J.
       Numer. Anal. 30, 2010.
    .. [3] Higham, "Computing the nearest correlation matrix: a problem from finance", IMA J. Numer. Anal. 22,
       2002.
    .. [4] Higham and Strabic, "Anderson acceleration of the alternating projections method for computing the
       nearest correlation matrix", Numer. Algorithms 72, 2016.
    .. [5] Boyd, Parikh, Chu, Peleato and Eckstein, "Distributed optimization and statistical learning via the
       alternating direction method of multipliers", Found. Trends Mach. Learn. 3, 2011, section 3.

    Examples
    --------
    The example of [3]_, section 5:

    >>> import numpy as np
    >>> a = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    >>> result = nearest_correlation(a)
    >>> result.matrix.round(4)
    array([[1.    , 0.7607, 0.1573],
           [0.7607, 1.    , 0.7607],
           [0.1573, 0.7607, 1.    ]])
    >>> round(result.distance, 4), round(result.min_eigenvalue_before, 4)
    (0.5278, -0.4142)
    """
    problem = read_problem(a, diagonal, weights, fixed, min_eigenvalue)
    check_method(method, problem)
    tol, max_iter = check_tolerance(tol, problem.a), check_count(max_iter, "max_iter", least=1)
    if problem.accepts(problem.a):
        return RepairResult(problem.a + 0, 0.0, float(eigenvalues_of(problem.a)[0]), 0, True, 1, 0.0, None)
    row = problem.fixed_row()
    rest = problem if row is None else problem.without_row(row)
    restart = None if start is None else check_start(start.state, rest, method)
    solution = solve(rest, method, tol, max_iter, callback, restart)
    matrix = solution.matrix if row is None else problem.with_row(solution.matrix, row)
    result = _result(problem, solution, matrix, tol, start)
    _warn(problem, result, method, tol)
    return result


def _result(
    problem: Problem, solution: Solution, matrix: Array, tol: float, start: RepairResult | None
) -> RepairResult:
    eigendecompositions, eigenvalues = solution.eigendecompositions, solution.eigenvalues
    if eigenvalues is None:
        eigenvalues, eigendecompositions = eigenvalues_of(problem.a), eigendecompositions + 1
    return RepairResult(
        matrix=matrix,
        distance=problem.distance(matrix),
        min_eigenvalue_before=float(eigenvalues[0]),
        iterations=solution.iterations + (0 if start is None else start.iterations),
        converged=solution.residual <= tol,
        eigendecompositions=eigendecompositions + (0 if start is None else start.eigendecompositions),
        residual=solution.residual,
        state=solution.restart,
    )


def eigenvalues_of(a: Array) -> Array:
    """Eigenvalues of a symmetric matrix, ascending."""
    return namespace(a).linalg.eigvalsh(a)


def _warn(problem: Problem, result: RepairResult, method: str, tol: float) -> None:
    """Say what the result does not keep."""
    if not result.converged:
        promise = " Pass the result as `start` to go on." + _broken_promise(problem, result.matrix)
        warn_of_residual(method, result.iterations, result.residual, tol, promise)
    elif not problem.accepts(result.matrix):
        warn(
            f"`nearest_correlation` with method {method!r}: rounding left the result short of its smallest "
            "eigenvalue; raise `min_eigenvalue`, or use float64."
        )


def warn_of_residual(method: str, iterations: int, residual: float, tol: float, advice: str = "") -> None:
    """Say that the iteration stopped short of its tolerance."""
    warn(
        f"repair by method {method!r} stopped after {iterations} iterations at residual "
        f"{residual:.3g}, above `tol` = {tol:.3g}.{advice}"
    )


def _broken_promise(problem: Problem, matrix: Array) -> str:
    if problem.fixed is None:
        return ""
    xp = namespace(matrix)
    worst = float(xp.max(xp.where(problem.fixed, xp.abs(matrix - problem.a), 0 * matrix)))
    return f" The `fixed` entries are off by up to {worst:.3g}; perhaps no such matrix keeps them."
