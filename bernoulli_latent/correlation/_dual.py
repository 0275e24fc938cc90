"""Dual functions of the nearest correlation problem, and their generalised second derivative.

The nearest positive semidefinite matrix to `b` with prescribed entries is `(b + Y)_+`, where the multipliers
`Y` live on the prescribed entries alone and minimise the convex dual `1/2 ||(b + Y)_+||^2 - <Y, target>` (Qi
and Sun 2006). Two kinds of prescription share one interface: the diagonal, with multipliers in a vector, and
any symmetric mask that holds the diagonal, with multipliers in a matrix that is zero off the mask.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._spectrum import (
    cast,
    diagonal_matrix,
    eigenpairs,
    factor,
    plus_diagonal,
    positive_projector,
    shift_to_trace,
    split,
)

__all__ = ["DiagonalDual", "Dual", "DualPoint", "History", "MaskedDual"]

History: TypeAlias = tuple[tuple[Array, Array], ...]
"""Multipliers and gradients of points of the dual, newest last."""

FARTHEST = 4.0
"""Most by which a step is made longer or shorter because diagonal entries are nearly hyperbolas."""

NEAR = 2.0
"""Factor between a diagonal entry and its target that is no obstacle to a shift along the identity."""

HALVINGS = (1.0, 0.5, 0.25, 0.125, 0.0)
"""Parts of a shift along the identity that are tried."""


@dataclass(frozen=True)
class DualPoint:
    """The dual at `multipliers`, with the eigenpairs of `b + Y` and the largest scaled error of a row.

    `single` says that the eigenpairs are no better than single precision.
    """

    multipliers: Array
    eigenvalues: Array
    eigenvectors: Array
    value: float
    gradient: Array
    residual: float
    evaluations: int
    single: bool

    @property
    def restart(self) -> History:
        """What it takes to go on from here."""
        return ((self.multipliers, self.gradient),)

    def factor(self) -> Array:
        """Factor of the positive semidefinite part of `b + Y`."""
        return factor(self.eigenvalues, cast(self.eigenvectors, self.eigenvalues))


class Dual(ABC):
    """A dual function of multipliers shaped like `target`; `evaluations` counts the eigendecompositions spent.

    `unit` is what errors of the prescribed entries are measured in, `identity` the multipliers of the identity, and
    `diagonal` the prescribed diagonal.
    """

    def __init__(self, b: Array, target: Array, unit: Array, identity: Array, diagonal: Array) -> None:
        self.b, self.target, self.unit, self.identity, self.diagonal = b, target, unit, identity, diagonal
        self.evaluations = 0

    @abstractmethod
    def start(self) -> Array:
        """Multipliers that give `b` the prescribed entries."""

    @abstractmethod
    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        """Generalised Hessian at `point`, as a product and as its (approximate) diagonal."""

    @abstractmethod
    def newton_error(self, point: DualPoint, curvature: Array) -> Array:
        """What a step of Newton's method is to take away: the gradient to first order near the solution."""

    @abstractmethod
    def _shifted(self, multipliers: Array) -> Array:
        """Matrix `b + Y`."""

    @abstractmethod
    def _prescribed(self, positive: Array, vectors: Array) -> Array:
        """Prescribed entries of the matrix with eigenvalues `positive` and eigenvectors `vectors`."""

    def evaluate(self, multipliers: Array, single: bool = False) -> DualPoint:
        """Evaluate the dual: one eigendecomposition, in single precision if that will do."""
        self.evaluations += 1
        return self._point(multipliers, *eigenpairs(self._shifted(multipliers), single), single)

    def recentred(self, point: DualPoint) -> DualPoint:
        """Least point along the identity, which moves the eigenvalues alone: it costs no eigendecomposition.

        What suits a block of many rows may wipe out a row that is not coupled to them, so the shift is halved until
        it takes no row farther from its target, or at least not far.
        """
        xp = namespace(self.target)
        shift = shift_to_trace(point.eigenvalues, xp.sum(self.diagonal))
        squares = point.eigenvectors**2
        worst = max(NEAR, self._off_target(point.eigenvalues, squares))
        for length in HALVINGS:
            if self._off_target(point.eigenvalues + length * shift, squares) <= worst:
                break
        values, multipliers = point.eigenvalues + length * shift, point.multipliers + length * shift * self.identity
        return self._point(multipliers, values, point.eigenvectors, point.single)

    @abstractmethod
    def ridge(self, point: DualPoint) -> Array:
        """What the Hessian lacks where a diagonal entry is nearly gone, and its curvature with it."""

    def _lost_curvature(self, point: DualPoint) -> Array:
        """Curvature (n,) that takes a lost diagonal entry to its target; zero for the others.

        The multiplier has to make up for the negative part of the entry first.
        """
        xp, squares = namespace(self.target), point.eigenvectors**2
        lost = FARTHEST * self._diagonal_of(point.eigenvalues, squares) < self.diagonal
        return xp.where(lost, self.diagonal / (self.diagonal + self._diagonal_of(-point.eigenvalues, squares)), 0)

    def rounding(self, point: DualPoint) -> float:
        """Residual that rounding of the eigenpairs leaves, about: they miss the diagonal of ``b + Y``, which is known.

        Rounding mixes eigenvectors of both signs, so that of the error of an entry its positive part has the root of
        its share.
        """
        xp, squares = namespace(self.b), point.eigenvectors**2
        positive, negative = (self._diagonal_of(sign * point.eigenvalues, squares) for sign in (1, -1))
        share = positive / (positive + negative + xp.finfo(positive.dtype).tiny)
        error = positive - negative - xp.linalg.diagonal(self._shifted(point.multipliers))
        return self._residual(self.identity * error * xp.sqrt(share))

    def _point(self, multipliers: Array, values: Array, vectors: Array, single: bool) -> DualPoint:
        xp = namespace(self.b)
        positive = xp.where(values > 0, values, 0)
        gradient = cast(self._prescribed(cast(positive, vectors), vectors), self.b) - self.target
        value = float(xp.sum(positive**2) / 2 - xp.sum(self.target * multipliers))
        residual = self._residual(gradient)
        return DualPoint(multipliers, values, vectors, value, gradient, residual, self.evaluations, single)

    def _off_target(self, values: Array, squares: Array) -> float:
        """Largest factor between a diagonal entry and its target."""
        xp = namespace(self.b)
        ratio = self._diagonal_of(values, squares) / self.diagonal
        least = max(float(xp.min(ratio)), float(xp.finfo(ratio.dtype).tiny))
        return max(float(xp.max(ratio)), 1 / least)

    def _diagonal_of(self, values: Array, squares: Array) -> Array:
        """Diagonal of the matrix with the positive ones of the eigenvalues, for the `squares` of eigenvectors."""
        return cast(squares @ cast(namespace(values).clip(values, 0, None), squares), self.b)

    def _residual(self, gradient: Array) -> float:
        """Largest error of a row, whose entries count together as a vector."""
        xp = namespace(gradient)
        errors = xp.reshape(gradient / self.unit, (self.b.shape[0], -1))
        return float(xp.max(xp.linalg.vector_norm(errors, axis=1)))


class DiagonalDual(Dual):
    """Dual for a prescribed diagonal `target` (n,); multipliers are (n,), and errors are measured in `unit` (n,)."""

    def __init__(self, b: Array, target: Array, unit: Array) -> None:
        super().__init__(b, target, unit, namespace(target).ones_like(target), target)

    def start(self) -> Array:
        return self.target - namespace(self.b).linalg.diagonal(self.b)

    def newton_error(self, point: DualPoint, curvature: Array) -> Array:
        """Error of ``1 - target / x``, scaled back, as far as the entry `x` is curved.

        Where its own curvature is 1 a diagonal entry is linear in its multiplier. Where that is small it is nearly a
        hyperbola, so that the reciprocal is linear: steps for `x` itself would at best halve an entry that has a
        small target. Far away this holds only so far.
        """
        xp = namespace(self.target)
        ratio = (point.gradient + self.target) / self.target
        return point.gradient * (curvature + (1 - curvature) * xp.clip(ratio, 1 / FARTHEST, FARTHEST))

    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        xp = namespace(self.b)
        negative, positive, weights = split(point.eigenvalues, point.eigenvectors)
        squared_projector = positive_projector(negative, positive) ** 2

        def product(h: Array) -> Array:
            h = cast(h, negative)
            mixed = positive @ (weights * (positive.mT @ (h[:, None] * negative)))
            return cast(squared_projector @ h + 2 * xp.sum(mixed * negative, axis=1), self.b)

        mixed = (positive**2 @ weights) * negative**2
        return product, cast(xp.linalg.diagonal(squared_projector) + 2 * xp.sum(mixed, axis=1), self.b)

    def ridge(self, point: DualPoint) -> Array:
        return self._lost_curvature(point)

    def _shifted(self, multipliers: Array) -> Array:
        return plus_diagonal(self.b, multipliers)

    def _prescribed(self, positive: Array, vectors: Array) -> Array:
        return vectors**2 @ positive


class MaskedDual(Dual):
    """Dual for the entries of `target` where `mask` is true; multipliers are (n, n), zero off the mask."""

    def __init__(self, b: Array, target: Array, mask: Array, unit: Array) -> None:
        root = namespace(b).sqrt(unit)
        self.mask = mask
        diagonal = namespace(b).linalg.diagonal(target)
        super().__init__(b, self._on_mask(target), root[:, None] * root, diagonal_matrix(root * 0 + 1), diagonal)

    def start(self) -> Array:
        return self._on_mask(self.target - self.b)

    def newton_error(self, point: DualPoint, curvature: Array) -> Array:
        return point.gradient

    def curvature(self, point: DualPoint) -> tuple[Callable[[Array], Array], Array]:
        xp = namespace(self.b)
        negative, positive, weights = split(point.eigenvalues, point.eigenvectors)
        projector = positive_projector(negative, positive)

        def product(h: Array) -> Array:
            h = cast(h, negative)
            mixed = positive @ (weights * (positive.mT @ h @ negative)) @ negative.mT
            return cast(self._on_mask(projector @ h @ projector + mixed + mixed.mT), self.b)

        own = xp.linalg.diagonal(projector)
        mixed = positive**2 @ weights @ (negative**2).mT
        return product, cast(self._on_mask(own[:, None] * own[None, :] + mixed + mixed.mT, elsewhere=1), self.b)

    def ridge(self, point: DualPoint) -> Array:
        lost = self._lost_curvature(point)
        return self._on_mask(namespace(lost).maximum(lost[:, None], lost[None, :]))

    def _shifted(self, multipliers: Array) -> Array:
        return self.b + multipliers

    def _prescribed(self, positive: Array, vectors: Array) -> Array:
        part = factor(positive, vectors)
        return self._on_mask(part @ part.mT)

    def _on_mask(self, x: Array, elsewhere: float = 0) -> Array:
        return namespace(x).where(self.mask, x, elsewhere)
