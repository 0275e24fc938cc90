"""Semismooth Newton-CG for the dual (Qi and Sun 2006), preconditioned (Borsdorf and Higham 2010)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import Dual, DualPoint

__all__ = ["newton", "start_newton"]

LARGE = 512
"""Order from which eigendecompositions in single precision are worth their while."""

CONVERGENCE = 10.0
"""Near the solution a residual is about the square of the last one, times this (measured on real bits)."""

STRETCH, FAR = 0.2, 0.02
"""Part by which a step is made longer, and the residual from which on it is (measured on real bits)."""

MEANINGFUL = 10.0
"""Multiple of its rounding from which on a residual tells a slope from chance."""

RIDGE = 1e-3
"""Least part of the curvature that is added to it while far from the solution."""


def start_newton(dual: Dual, multipliers: Array | None) -> DualPoint:
    """First point: that of an earlier run, or the one whose matrix has the prescribed entries."""
    if multipliers is not None:
        return dual.evaluate(multipliers)
    return dual.evaluate(dual.start(), single=_suits_single(dual))


def newton(dual: Dual, point: DualPoint, tol: float = 0.0) -> Iterator[DualPoint]:
    """Points of ever smaller dual, from `point` on; ends where rounding hides any further descent.

    Single precision serves as long as it is well below the residual, or the tolerance.
    """
    reached: DualPoint | None = dual.recentred(point)
    damping = RIDGE
    while reached is not None:
        point = reached
        if point.single and point.residual <= tol < dual.rounding(point):
            point = dual.recentred(dual.evaluate(point.multipliers))
        yield point
        single = point.single and _single_will_do(dual, point, tol)
        reached, length = _line_search(dual, point, _newton_step(dual, point, damping), single)
        damping = _next_damping(damping, length)
        if reached is None and point.single:
            reached = dual.recentred(dual.evaluate(point.multipliers))


def _suits_single(dual: Dual) -> bool:
    """Whether single precision saves time, and sees every row beside the largest."""
    xp = namespace(dual.b)
    if dual.b.shape[0] < LARGE or xp.finfo(dual.b.dtype).bits <= 32:
        return False
    return bool(xp.min(dual.unit) > xp.finfo(xp.float32).eps * xp.max(dual.unit))


def _single_will_do(dual: Dual, point: DualPoint, tol: float) -> bool:
    """Whether the next point may have the rounding of single precision without an iteration more.

    The step from there takes over its errors, which must be below the tolerance if the residual after the next is;
    else below that residual, or so small that one more step goes below the tolerance.
    """
    following = CONVERGENCE * point.residual**2
    after = CONVERGENCE * following**2
    if after <= 2 * tol:  # in doubt the end: an iteration costs more than what single precision saves
        return dual.rounding(point) <= tol
    return dual.rounding(point) <= max(after, math.sqrt(tol / CONVERGENCE))


def _next_damping(damping: float, length: float) -> float:
    """More where only a small part of a step went down: it then went astray along flat directions."""
    return min(1.0, damping / length**2) if length < 0.5 else max(RIDGE, damping / 10)


def _newton_step(dual: Dual, point: DualPoint, damping: float) -> Array:
    """Newton direction, the more accurate the smaller the residual, for superlinear convergence.

    Eigenvalues change sign along the way and take curvature with them, so a full step stops short while the
    residual is large; going on a little further saves an eigendecomposition.
    """
    xp = namespace(point.gradient)
    product, diagonal = dual.curvature(point)
    ridge = min(damping, 0.1 * point.residual) * diagonal + dual.ridge(point)
    tolerance = max(1e-6, min(1e-2, point.residual))

    def ridged(h: Array) -> Array:
        return product(h) + ridge * h

    def step_against(error: Array) -> Array:
        return -stretch * _conjugate_gradients(ridged, diagonal + ridge, error, tolerance)

    stretch = 1 + STRETCH * min(1.0, point.residual / FAR)
    step = step_against(dual.newton_error(point, diagonal))
    if float(xp.sum(step * point.gradient)) < 0:
        return step
    return step_against(point.gradient)  # always goes down, because the ridged Hessian is positive definite


def _conjugate_gradients(
    product: Callable[[Array], Array], diagonal: Array, right: Array, tolerance: float, max_iter: int = 200
) -> Array:
    """Solve `product(x) = right` by conjugate gradients with the preconditioner `diagonal`."""
    xp = namespace(right)
    solution, residual = xp.zeros_like(right), right
    direction = residual / diagonal
    energy = start = float(xp.sum(residual * direction))
    for _ in range(max_iter):
        if energy <= tolerance**2 * start:
            break
        image = product(direction)
        length = energy / float(xp.sum(direction * image))
        solution, residual = solution + length * direction, residual - length * image
        scaled = residual / diagonal
        previous, energy = energy, float(xp.sum(residual * scaled))
        direction = scaled + (energy / previous) * direction
    return solution


def _line_search(
    dual: Dual, point: DualPoint, step: Array, single: bool, max_halvings: int = 20
) -> tuple[DualPoint | None, float]:
    """First point along `step` that lowers the dual enough (Armijo), or is nearer where values are noise.

    Also the part of the step that it took.
    """
    xp = namespace(step)
    slope = float(xp.sum(point.gradient * step))
    noise = _noise(dual, point)
    for halving in range(max_halvings):
        length = 0.5**halving
        trial = dual.recentred(dual.evaluate(point.multipliers + length * step, single))
        if trial.value <= point.value + 1e-4 * length * slope - noise:
            return trial, length
        if trial.value <= point.value + noise and _is_nearer(dual, point, trial):
            return trial, length
        if halving >= 2 and -length * slope <= noise:
            break
    return None, 1.0


def _is_nearer(dual: Dual, point: DualPoint, trial: DualPoint) -> bool:
    """Whether the gradient says what values hide in their noise: that the residual, or the slope, has fallen.

    Where rounding is most of the gradient a slope falls by chance every other time, without end.
    """
    xp = namespace(point.gradient)
    move = trial.multipliers - point.multipliers
    before, after = (abs(float(xp.sum(p.gradient * move))) for p in (point, trial))
    if after <= 0.5 * before and trial.residual > MEANINGFUL * dual.rounding(trial):
        return True
    return trial.residual <= 0.9 * point.residual


def _noise(dual: Dual, point: DualPoint) -> float:
    """Rounding of values of the dual, that of the eigenvalues included."""
    xp = namespace(point.gradient)
    eps = float(xp.finfo(xp.float32 if point.single else point.gradient.dtype).eps)
    return eps * (100 * abs(point.value) + float(xp.max(xp.abs(point.eigenvalues)) * xp.sum(dual.diagonal)))
