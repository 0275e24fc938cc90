"""Dual functions of the nearest correlation problem, and their generalised second derivative.

The nearest positive semidefinite matrix to `b` with prescribed entries is `(b + Y)_+`, where the multipliers
`Y` live on the prescribed entries alone and minimise the convex dual `1/2 ||(b + Y)_+||^2 - <Y, target>` (Qi
and Sun 2006). Two kinds of prescription share one interface: the diagonal, with multipliers in a vector, and
any symmetric mask that holds the diagonal, with multipliers in a matrix that is zero off the mask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bernoulli_latent._arrays import Array, namespace

__all__ = ["DiagonalDual", "Dual", "DualPoint", "History", "MaskedDual", "diagonal_matrix", "factor"]

History: TypeAlias = tuple[tuple[Array, Array], ...]
"""Multipliers and gradients of points of the dual, newest last."""


@dataclass(frozen=True)
class DualPoint:
    """The dual at `multipliers`, with the eigenpairs of `b + Y` and the scaled norm of the gradient."""

    multipliers: Array
    eigenvalues: Array
    eigenvectors: Array
    value: float
    gradient: Array
    residual: float
    evaluations: int

    @property
    def restart(self) -> History:
        """What it takes to go on from here."""
        return ((self.multipliers, self.gradient),)

    def factor(self) -> Array:
        """Factor of the positive semidefinite part of `b + Y`."""
        return factor(self.eigenvalues, self.eigenvectors)


class Dual(Protocol):
    """What a solver asks of a dual function; `evaluations` counts the eigendecompositions spent."""

    evaluations: int

    def start(self) -> Array:
        """Multipliers that give `b` the prescribed entries."""

    def evaluate(self, multipliers: Array) -> DualPoint:
        """Evaluate the dual: one eigendecomposition."""

    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        """Generalised Hessian at `point`, as a product and as its (approximate) diagonal."""


class DiagonalDual:
    """Dual for a prescribed diagonal `target` (n,); multipliers are (n,), and errors are measured in `unit` (n,)."""

    def __init__(self, b: Array, target: Array, unit: Array) -> None:
        self.b, self.target, self.unit, self.evaluations = b, target, unit, 0

    def start(self) -> Array:
        return self.target - namespace(self.b).linalg.diagonal(self.b)

    def evaluate(self, multipliers: Array) -> DualPoint:
        xp = namespace(self.b)
        self.evaluations += 1
        values, vectors = xp.linalg.eigh(self.b + diagonal_matrix(multipliers))
        positive = xp.where(values > 0, values, 0)
        gradient = vectors**2 @ positive - self.target
        value = float(xp.sum(positive**2) / 2 - xp.sum(self.target * multipliers))
        residual = float(xp.sqrt(xp.mean((gradient / self.unit) ** 2)))
        return DualPoint(multipliers, values, vectors, value, gradient, residual, self.evaluations)

    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        xp = namespace(self.b)
        negative, positive, weights = _split(point)
        squared_projector = _projector(negative, positive) ** 2

        def product(h: Array) -> Array:
            mixed = positive @ (weights * (positive.mT @ (h[:, None] * negative)))
            return squared_projector @ h + 2 * xp.sum(mixed * negative, axis=1)

        mixed = (positive**2 @ weights) * negative**2
        return product, xp.linalg.diagonal(squared_projector) + 2 * xp.sum(mixed, axis=1)


class MaskedDual:
    """Dual for the entries of `target` where `mask` is true; multipliers are (n, n), zero off the mask."""

    def __init__(self, b: Array, target: Array, mask: Array, unit: Array) -> None:
        self.b, self.target, self.mask, self.evaluations = b, target, mask, 0
        root = namespace(b).sqrt(unit)
        self.unit = root[:, None] * root

    def start(self) -> Array:
        return self._on_mask(self.target - self.b)

    def evaluate(self, multipliers: Array) -> DualPoint:
        xp = namespace(self.b)
        self.evaluations += 1
        values, vectors = xp.linalg.eigh(self.b + multipliers)
        part = factor(values, vectors)
        gradient = self._on_mask(part @ part.mT - self.target)
        positive = xp.where(values > 0, values, 0)
        value = float(xp.sum(positive**2) / 2 - xp.sum(self.target * multipliers))
        residual = float(xp.sqrt(xp.sum((gradient / self.unit) ** 2) / self.b.shape[0]))
        return DualPoint(multipliers, values, vectors, value, gradient, residual, self.evaluations)

    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        xp = namespace(self.b)
        negative, positive, weights = _split(point)
        projector = _projector(negative, positive)

        def product(h: Array) -> Array:
            mixed = positive @ (weights * (positive.mT @ h @ negative)) @ negative.mT
            return self._on_mask(projector @ h @ projector + mixed + mixed.mT)

        own = xp.linalg.diagonal(projector)
        mixed = positive**2 @ weights @ (negative**2).mT
        return product, self._on_mask(own[:, None] * own[None, :] + mixed + mixed.mT, elsewhere=1)

    def _on_mask(self, x: Array, elsewhere: float = 0) -> Array:
        return namespace(x).where(self.mask, x, elsewhere)


def factor(eigenvalues: Array, eigenvectors: Array) -> Array:
    """Factor `f` (n, rank) of the positive semidefinite part: `f @ f.T` is the nearest such matrix."""
    xp = namespace(eigenvalues)
    first = int(xp.sum(xp.astype(eigenvalues <= 0, xp.int64)))
    return eigenvectors[:, first:] * xp.sqrt(eigenvalues[first:])


def diagonal_matrix(x: Array) -> Array:
    """Matrix with `x` on its diagonal."""
    from array_api_compat import device

    return namespace(x).eye(x.shape[0], dtype=x.dtype, device=device(x)) * x


def _split(point: DualPoint) -> tuple[Array, Array, Array]:
    """Eigenvectors of both signs, and the divided differences of the positive part between the two."""
    xp = namespace(point.eigenvalues)
    values, vectors = point.eigenvalues, point.eigenvectors
    first = int(xp.sum(xp.astype(values <= 0, xp.int64)))
    weights = values[first:, None] / (values[first:, None] - values[None, :first])
    return vectors[:, :first], vectors[:, first:], weights


def _projector(negative: Array, positive: Array) -> Array:
    """Projector on the positive eigenvectors, from whichever of the two sets is smaller."""
    if positive.shape[1] <= negative.shape[1]:
        return positive @ positive.mT
    return diagonal_matrix(namespace(negative).ones_like(negative[:, 0])) - negative @ negative.mT
