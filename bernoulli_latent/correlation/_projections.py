"""Alternating projections with Dykstra's correction (Higham 2002), accelerated (Higham and Strabic 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import Dual, DualPoint, History

__all__ = ["AlternatingState", "alternating"]

_DEPTH = 5


@dataclass(frozen=True)
class AlternatingState:
    """A point of the dual, and the history that ends with it."""

    point: DualPoint
    history: History

    @property
    def restart(self) -> History:
        """What it takes to go on from here."""
        return self.history

    @property
    def evaluations(self) -> int:
        """Eigendecompositions spent so far."""
        return self.point.evaluations

    @property
    def residual(self) -> float:
        """Scaled distance of the prescribed entries from their values."""
        return self.point.residual

    def factor(self) -> Array:
        """Factor of the semidefinite iterate."""
        return self.point.factor()


def alternating(dual: Dual, state: AlternatingState) -> Iterator[AlternatingState]:
    """Alternating projections from `state` on, one eigendecomposition each.

    Dykstra's iterate is `b` plus a correction that lives on the prescribed entries, and one round of
    projections moves the correction by minus the gradient of the dual. So the accelerated unknown is the
    vector of multipliers, and an extrapolation that raises the dual is replaced by the plain round.
    """
    while True:
        yield state
        point = dual.evaluate(_extrapolate(state.history))
        history = state.history[1 - _DEPTH :]
        if not point.value <= state.point.value:
            point, history = dual.evaluate(state.point.multipliers - state.point.gradient), ()
        state = AlternatingState(point, (*history, (point.multipliers, point.gradient)))


def _extrapolate(history: History) -> Array:
    """Anderson's next point: the combination of past rounds whose gradient is least, in the linear model."""
    multipliers, gradient = history[-1]
    if len(history) == 1:
        return multipliers - gradient
    xp = namespace(gradient)
    gradients = xp.stack([xp.reshape(gradient - past, (-1,)) for _, past in history[:-1]])
    moves = xp.stack([xp.reshape(multipliers - past, (-1,)) for past, _ in history[:-1]])
    normal = gradients @ gradients.mT
    ridge = 10 * xp.finfo(normal.dtype).eps * xp.linalg.trace(normal)
    normal = normal + ridge * xp.eye(normal.shape[0], dtype=normal.dtype)
    weights = xp.linalg.solve(normal, (gradients @ xp.reshape(gradient, (-1,)))[:, None])[:, 0]
    change = xp.reshape(weights @ (moves - gradients), gradient.shape)
    return multipliers - gradient - change
