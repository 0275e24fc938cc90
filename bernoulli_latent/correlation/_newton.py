"""Semismooth Newton-CG for the dual (Qi and Sun 2006), preconditioned (Borsdorf and Higham 2010)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import Dual, DualPoint

__all__ = ["newton", "start_newton"]

LARGE = 512
"""Order from which eigendecompositions in single precision are worth their while."""


def start_newton(dual: Dual, multipliers: Array | None) -> DualPoint:
    """First point: that of an earlier run, or the one whose matrix has the prescribed entries."""
    if multipliers is not None:
        return dual.evaluate(multipliers)
    return dual.evaluate(dual.start(), single=_is_large(dual.b))


def newton(dual: Dual, point: DualPoint, tol: float = 0.0) -> Iterator[DualPoint]:
    """Points of ever smaller dual, from `point` on; ends where rounding hides any further descent.

    Single precision serves as long as it is well below the residual, or the tolerance.
    """
    reached: DualPoint | None = dual.recentred(point)
    while reached is not None:
        point = reached
        if point.single and point.residual <= tol < dual.rounding(point):
            point = dual.recentred(dual.evaluate(point.multipliers))
        yield point
        single = point.single and _single_will_do(dual, point, tol)
        reached = _line_search(dual, point, _newton_step(dual, point), single)
        if reached is None and point.single:
            reached = dual.recentred(dual.evaluate(point.multipliers))


def _is_large(b: Array) -> bool:
    return bool(b.shape[0] >= LARGE and namespace(b).finfo(b.dtype).bits > 32)


def _single_will_do(dual: Dual, point: DualPoint, tol: float) -> bool:
    """Whether the next point may have the rounding of single precision.

    It must be below the tolerance, or the residual after the next: the step there takes over the gradient's errors.
    Near the solution a residual is about the square of the last one, times 10.
    """
    return dual.rounding(point) <= max(tol, 10 * (10 * point.residual**2) ** 2)


def _newton_step(dual: Dual, point: DualPoint) -> Array:
    """Newton direction, the more accurate the smaller the residual, for superlinear convergence.

    Eigenvalues change sign along the way and take curvature with them, so a full step stops short while the
    residual is large; going on a little further saves an eigendecomposition.
    """
    xp = namespace(point.gradient)
    product, diagonal = dual.curvature(point)
    ridge = min(1e-3, 0.1 * point.residual) * diagonal + dual.ridge(point)
    tolerance = max(1e-6, min(1e-2, point.residual))

    def ridged(h: Array) -> Array:
        return product(h) + ridge * h

    stretch = 1 + 0.2 * min(1.0, point.residual / 0.02)
    for error in (dual.newton_error(point, diagonal), point.gradient):
        step = -stretch * _conjugate_gradients(ridged, diagonal + ridge, error, tolerance)
        if float(xp.sum(step * point.gradient)) < 0:
            break
    return step


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


def _line_search(dual: Dual, point: DualPoint, step: Array, single: bool, max_halvings: int = 20) -> DualPoint | None:
    """First point along `step` that lowers the dual enough (Armijo), or the residual where values are noise."""
    xp = namespace(step)
    slope = float(xp.sum(point.gradient * step))
    eps = xp.finfo(xp.float32 if point.single else step.dtype).eps
    noise = 100 * float(eps) * abs(point.value)
    for halving in range(max_halvings):
        length = 0.5**halving
        trial = dual.recentred(dual.evaluate(point.multipliers + length * step, single))
        if trial.value <= point.value + 1e-4 * length * slope - noise:
            return trial
        if trial.value <= point.value + noise and trial.residual <= 0.9 * point.residual:
            return trial
        if halving >= 2 and -length * slope <= noise:
            break
    return None
