"""Element weights: alternating direction method of multipliers (Boyd et al. 2011, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._problem import Problem, symmetric, with_diagonal
from bernoulli_latent.correlation._spectrum import factor

__all__ = ["WeightedState", "start_weighted", "weighted"]

_RELAXATION = 1.6


@dataclass(frozen=True)
class WeightedState:
    """Semidefinite iterate with its factor, and the scaled multipliers of ``x = semidefinite``."""

    semidefinite: Array
    part: Array
    multipliers: Array
    residual: float
    evaluations: int

    @property
    def restart(self) -> WeightedState:
        """What it takes to go on from here."""
        return self

    def factor(self) -> Array:
        """Factor of the semidefinite iterate."""
        return self.part


def start_weighted(problem: Problem) -> WeightedState:
    """Start from the matrix itself: no iteration done, so no residual known."""
    b, _ = problem.scaled()
    return WeightedState(b, b, b * 0, float("inf"), 0)


def weighted(problem: Problem, state: WeightedState) -> Iterator[WeightedState]:
    """Minimise ``1/2 ||weights * (x - a)||^2`` from `state` on, one eigendecomposition an iterate.

    Every entry of `x` has a closed form, prescribed or not, and the semidefinite copy is a projection. In the
    variable scaled by the sizes of the rows of weights the mean squared weight is a good penalty.
    """
    xp = namespace(problem.a)
    b, target = problem.scaled()
    scale = problem.scale()
    unit = scale * xp.sqrt(problem.diagonal)
    target = with_diagonal(b, target)
    squares = with_diagonal((problem.weights / (scale[:, None] * scale)) ** 2, 0 * scale)
    penalty = float(xp.sum(squares)) / (b.shape[0] * (b.shape[0] - 1))
    mask = with_diagonal(b * 0, scale * 0 + 1) > 0 if problem.fixed is None else problem.fixed
    while True:
        yield state
        x = (squares * b + penalty * (state.semidefinite - state.multipliers)) / (squares + penalty)
        x = xp.where(mask, target, x)
        relaxed = _RELAXATION * x + (1 - _RELAXATION) * state.semidefinite
        part = factor(*xp.linalg.eigh(relaxed + state.multipliers))
        semidefinite = symmetric(part @ part.mT)
        moved = xp.maximum(xp.abs(x - semidefinite), penalty * xp.abs(semidefinite - state.semidefinite))
        residual = float(xp.max(xp.linalg.vector_norm(moved / (unit[:, None] * unit), axis=1)))
        multipliers = state.multipliers + relaxed - semidefinite
        state = WeightedState(semidefinite, part, multipliers, residual, state.evaluations + 1)
