"""Semismooth Newton-CG for the dual (Qi and Sun 2006), preconditioned (Borsdorf and Higham 2010)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import Dual, DualPoint

__all__ = ["newton"]


def newton(dual: Dual, point: DualPoint) -> Iterator[DualPoint]:
    """Points of ever smaller dual, from `point` on; ends where rounding hides any further descent."""
    reached: DualPoint | None = point
    while reached is not None:
        point = reached
        yield point
        reached = _line_search(dual, point, _newton_step(dual, point))


def _newton_step(dual: Dual, point: DualPoint) -> Array:
    """Newton direction, the more accurate the smaller the residual, for superlinear convergence.

    Eigenvalues change sign along the way and take curvature with them, so a full step stops short while the
    residual is large; going on a little further saves an eigendecomposition.
    """
    product, diagonal = dual.curvature(point)
    ridge = min(1e-3, 0.1 * point.residual)
    tolerance = max(1e-6, min(1e-2, point.residual))

    def ridged(h: Array) -> Array:
        return product(h) + ridge * h

    stretch = 1 + 0.2 * min(1.0, point.residual / 0.02)
    return stretch * _conjugate_gradients(ridged, diagonal + ridge, -point.gradient, tolerance)


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


def _line_search(dual: Dual, point: DualPoint, step: Array, max_halvings: int = 20) -> DualPoint | None:
    """First point along `step` that lowers the dual enough (Armijo), or the residual where values are noise."""
    xp = namespace(step)
    slope = float(xp.sum(point.gradient * step))
    noise = 100 * float(xp.finfo(step.dtype).eps) * abs(point.value)
    for halving in range(max_halvings):
        length = 0.5**halving
        trial = dual.evaluate(point.multipliers + length * step)
        if trial.value <= point.value + 1e-4 * length * slope - noise:
            return trial
        if trial.value <= point.value + noise and trial.residual <= 0.9 * point.residual:
            return trial
        if halving >= 2 and -length * slope <= noise:
            break
    return None
