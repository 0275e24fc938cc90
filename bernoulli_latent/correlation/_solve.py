"""The methods of `nearest_correlation`, run on a stated problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import DualPoint, diagonal_matrix
from bernoulli_latent.correlation._newton import newton
from bernoulli_latent.correlation._problem import Problem, with_diagonal
from bernoulli_latent.correlation._projections import AlternatingState, alternating
from bernoulli_latent.correlation._weighted import start_weighted, weighted

__all__ = ["Callback", "Solution", "solve"]

Callback = Callable[[int, dict[str, float]], object]


@dataclass(frozen=True)
class Solution:
    """A repaired matrix and how it was reached; `lowest` is the input's smallest eigenvalue, if it was met."""

    matrix: Array
    iterations: int = 0
    eigendecompositions: int = 1
    residual: float = 0.0
    restart: Any = None
    lowest: float | None = None


class State(Protocol):
    """Where an iteration stands."""

    @property
    def residual(self) -> float:
        """Error of the prescribed entries."""

    @property
    def evaluations(self) -> int:
        """Eigendecompositions spent."""

    @property
    def restart(self) -> Any:
        """What it takes to go on from here."""

    def factor(self) -> Array:
        """Factor of the semidefinite iterate."""


def solve(
    problem: Problem, method: str, tol: float, max_iter: int, callback: Callback | None, restart: Any
) -> Solution:
    """Run `method` on `problem`, from `restart` if that is given."""
    if method == "clip":
        return _clip(problem)
    if method == "shrink":
        return _shrink(problem)
    if problem.fixed is not None:
        problem = problem.raised(tol * problem.a.shape[0] ** 0.5)
    states, lowest = _states(problem, method, restart)
    state, iterations = next(states), 0
    while state.residual > tol and iterations < max_iter:
        following = next(states, None)
        if following is None:
            break
        state, iterations = following, iterations + 1
        if callback is not None:
            callback(iterations, {"residual": state.residual, "eigendecompositions": state.evaluations})
    reached = problem.fixed is not None and state.residual <= tol
    matrix = (problem.assemble_fixed if reached else problem.assemble)(state.factor())
    return Solution(matrix, iterations, state.evaluations, state.residual, state.restart, lowest)


def _states(problem: Problem, method: str, restart: Any) -> tuple[Iterator[State], float | None]:
    """Iterates of the method, and the smallest eigenvalue of the input where the first of them shows it."""
    if not problem.separable:
        return weighted(problem, restart or start_weighted(problem)), None
    dual = problem.dual()
    point = dual.evaluate(restart[-1][0] if restart else dual.start())
    lowest = _smallest_eigenvalue(problem, point)
    if method == "newton":
        return newton(dual, point), lowest
    return alternating(dual, AlternatingState(point, restart or point.restart)), lowest


def _clip(problem: Problem) -> Solution:
    """Drop the eigenvalues below the floor, then scale to the diagonal."""
    dual = problem.dual()
    point = dual.evaluate(0 * dual.start())
    return Solution(problem.assemble(point.factor()), lowest=_smallest_eigenvalue(problem, point))


def _shrink(problem: Problem) -> Solution:
    """Shrink the semidefinite part towards its diagonal, just until it is semidefinite."""
    xp = namespace(problem.a)
    root = xp.sqrt(problem.excess)
    ones = xp.ones_like(root)
    correlation = with_diagonal((problem.a - problem.base) / (root[:, None] * root), ones)
    values = xp.linalg.eigvalsh(correlation)
    lowest = values[0] - 8 * xp.finfo(values.dtype).eps * values[-1]
    kept = 1 / (1 - xp.minimum(lowest, 0 * lowest))
    part = (kept * (correlation - diagonal_matrix(ones)) + diagonal_matrix(ones)) * (root[:, None] * root)
    return Solution(with_diagonal(problem.base + part, problem.diagonal))


def _smallest_eigenvalue(problem: Problem, point: DualPoint) -> float | None:
    """Smallest eigenvalue of the input, if `point` decomposed it less a multiple of the identity."""
    xp = namespace(problem.a)
    shift = problem.base[0, 0]
    plain = problem.weights is None and not bool(xp.any(point.multipliers != 0))
    if plain and bool(xp.all(problem.base == shift * diagonal_matrix(xp.ones_like(problem.diagonal)))):
        return float(point.eigenvalues[0] + shift)
    return None
