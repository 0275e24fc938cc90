"""The methods of `nearest_correlation`, run on a stated problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import DualPoint
from bernoulli_latent.correlation._newton import newton, start_newton
from bernoulli_latent.correlation._problem import Problem, with_diagonal
from bernoulli_latent.correlation._projections import AlternatingState, alternating
from bernoulli_latent.correlation._spectrum import diagonal_matrix, factor
from bernoulli_latent.correlation._weighted import start_weighted, weighted

__all__ = ["Callback", "Solution", "solve"]

Callback = Callable[[int, dict[str, float]], object]


@dataclass(frozen=True)
class Solution:
    """Factor of the semidefinite part of a repaired matrix, and how it was reached.

    The prescribed entries are met to the tolerance if `exact`; else the diagonal alone will be, by scaling rows.
    `eigenvalues` are those of the input, if they were met; `shrunk` is the repaired matrix where it was not built
    from its factor.
    """

    problem: Problem
    part: Array
    exact: bool = False
    iterations: int = 0
    eigendecompositions: int = 1
    residual: float = 0.0
    restart: Any = None
    eigenvalues: Array | None = None
    shrunk: Array | None = None

    @property
    def matrix(self) -> Array:
        """The repaired matrix."""
        if self.shrunk is not None:
            return self.shrunk
        return (self.problem.assemble_fixed if self.exact else self.problem.assemble)(self.part)

    @property
    def rows(self) -> Array:
        """Factor of the repaired matrix less its `base`, with rows of the right length."""
        return self.problem.rows(self.part)


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
    states, eigenvalues = _states(problem, method, tol, restart)
    state, iterations = next(states), 0
    while state.residual > tol and iterations < max_iter:
        following = next(states, None)
        if following is None:
            break
        state, iterations = following, iterations + 1
        if callback is not None:
            callback(iterations, {"residual": state.residual, "eigendecompositions": state.evaluations})
    exact = problem.fixed is not None and state.residual <= tol
    return Solution(
        problem, state.factor(), exact, iterations, state.evaluations, state.residual, state.restart, eigenvalues
    )


def _states(problem: Problem, method: str, tol: float, restart: Any) -> tuple[Iterator[State], Array | None]:
    """Iterates of the method, and the eigenvalues of the input where the first of them shows them."""
    if not problem.separable:
        return weighted(problem, restart or start_weighted(problem)), None
    dual = problem.dual()
    multipliers = restart[-1][0] if restart else None
    if method == "newton":
        point = start_newton(dual, multipliers)
        return newton(dual, point, tol), _eigenvalues(problem, point)
    point = dual.evaluate(dual.start() if multipliers is None else multipliers)
    return alternating(dual, AlternatingState(point, restart or point.restart)), _eigenvalues(problem, point)


def _clip(problem: Problem) -> Solution:
    """Drop the eigenvalues below the floor, then scale to the diagonal."""
    dual = problem.dual()
    point = dual.evaluate(0 * dual.start())
    return Solution(problem, point.factor(), eigenvalues=_eigenvalues(problem, point))


def _shrink(problem: Problem) -> Solution:
    """Shrink the semidefinite part towards its diagonal, just until it is semidefinite."""
    xp = namespace(problem.a)
    root = xp.sqrt(problem.excess)
    ones = xp.ones_like(root)
    correlation = with_diagonal((problem.a - problem.base) / (root[:, None] * root), ones)
    values, vectors = xp.linalg.eigh(correlation)
    lowest = values[0] - 8 * xp.finfo(values.dtype).eps * values[-1]
    kept = 1 / (1 - xp.minimum(lowest, 0 * lowest))
    part = with_diagonal(kept * correlation, ones) * (root[:, None] * root)
    shrunk = with_diagonal(problem.base + part, problem.diagonal)
    return Solution(problem, factor(kept * (values - 1) + 1, vectors), shrunk=shrunk)


def _eigenvalues(problem: Problem, point: DualPoint) -> Array | None:
    """Eigenvalues of the input, if `point` decomposed it less a multiple of the identity."""
    xp = namespace(problem.a)
    shift = problem.base[0, 0]
    plain = problem.weights is None and not point.single and not bool(xp.any(point.multipliers != 0))
    if plain and bool(xp.all(problem.base == shift * diagonal_matrix(xp.ones_like(problem.diagonal)))):
        return point.eigenvalues / problem.scale()[0] ** 2 + shift
    return None
