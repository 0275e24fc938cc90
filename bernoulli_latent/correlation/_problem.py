"""Every nearest correlation problem, written as the nearest semidefinite matrix with prescribed entries."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation._dual import DiagonalDual, Dual, MaskedDual
from bernoulli_latent.correlation._spectrum import diagonal_matrix, plus_diagonal

__all__ = ["Problem", "directions", "is_positive_definite", "rounding_level"]


@dataclass(frozen=True)
class Problem:
    """Find the `x` nearest to `a` such that `x - base` is semidefinite and `x` has the given diagonal.

    `base` carries the floor of the eigenvalues (a multiple of the diagonal) and, after :meth:`without_row`,
    the part of the matrix that a fixed row explains. `weights` are (n,), for the norm of
    ``W^(1/2) (x - a) W^(1/2)``, or (n, n), for that of ``weights * (x - a)``; entries where `fixed` is true
    keep the value they have in `a`. Rounding may leave a result up to `slack` below the floor.
    """

    a: Array
    base: Array
    diagonal: Array
    weights: Array | None
    fixed: Array | None
    slack: float

    def fixed_row(self) -> int | None:
        """Index of a row that is fixed throughout, if there is one."""
        if self.fixed is None or self.a.shape[0] == 1:
            return None
        xp = namespace(self.fixed)
        full = xp.all(self.fixed, axis=1)
        return int(xp.argmax(xp.astype(full, xp.int64))) if bool(xp.any(full)) else None

    def without_row(self, row: int) -> Problem:
        """State the problem left for the other rows (Schur complement); `base` must still be diagonal."""
        xp = namespace(self.a)
        keep = others(self.a, row)
        pivot = (self.diagonal - xp.linalg.diagonal(self.base))[row]
        column = xp.take(self.a[:, row], keep)
        fixed = None if self.fixed is None else minor(self.fixed, keep)
        if fixed is not None and int(xp.sum(xp.astype(fixed, xp.int64))) == keep.shape[0]:
            fixed = None
        weights = self.weights
        if weights is not None:
            weights = xp.take(weights, keep) if weights.ndim == 1 else minor(weights, keep)
        base = minor(self.base, keep) + column[:, None] * (column / pivot)[None, :]
        return Problem(minor(self.a, keep), base, xp.take(self.diagonal, keep), weights, fixed, self.slack)

    def with_row(self, rest: Array, row: int) -> Array:
        """Put the fixed row and column back around the solution for the other rows."""
        xp = namespace(self.a)
        keep = others(self.a, row)
        place = xp.argsort(xp.concat([keep, xp.full_like(keep[:1], row)]))
        column = xp.take(self.a[:, row], keep)[:, None]
        corner = xp.reshape(self.diagonal[row], (1, 1))
        bordered = xp.concat([xp.concat([rest, column], axis=1), xp.concat([column.mT, corner], axis=1)])
        return minor(bordered, place)

    def distance(self, x: Array) -> float:
        """Weighted Frobenius distance of `x` from `a`."""
        xp = namespace(x)
        difference = x - self.a
        if self.weights is not None:
            root = xp.sqrt(self.weights)
            difference = difference * (root[:, None] * root if self.weights.ndim == 1 else self.weights)
        return float(xp.linalg.matrix_norm(difference))

    def accepts(self, x: Array) -> bool:
        """Whether `x` has the exact diagonal and, up to the slack, the floor that `base` asks for."""
        xp = namespace(x)
        if not bool(xp.all(xp.linalg.diagonal(x) == self.diagonal)):
            return False
        return is_positive_definite(plus_diagonal(x - self.base, self.slack * self.diagonal))

    def raised(self, amount: float) -> Problem:
        """Raise the floor by `amount` times what there is above it."""
        return replace(self, base=plus_diagonal(self.base, amount * self.excess))

    @property
    def excess(self) -> Array:
        """Diagonal of the semidefinite part `x - base` (n,)."""
        return self.diagonal - namespace(self.a).linalg.diagonal(self.base)

    @property
    def separable(self) -> bool:
        """Whether diagonal weights, or none, say all that `weights` say."""
        if self.weights is None or self.weights.ndim == 1:
            return True
        return _are_products(_equivalent(self.weights), self.weights)

    def scale(self) -> Array:
        """Change of variable (n,) that removes diagonal weights, and evens out the others.

        The largest variance becomes 1, so that no precision is left behind.
        """
        xp = namespace(self.a)
        weights = self._variable_weights()
        return xp.sqrt(weights / xp.max(weights * self.diagonal))

    def _variable_weights(self) -> Array:
        """Weights of the variables (n,), if need be about."""
        if self.weights is None:
            return namespace(self.a).ones_like(self.diagonal)
        if self.weights.ndim == 1:
            return self.weights
        equivalent = _equivalent(self.weights)
        return equivalent if _are_products(equivalent, self.weights) else _row_sizes(self.weights)

    def dual(self) -> Dual:
        """Dual of the problem for ``scale * (x - base) * scale``; errors count relative to each row's own target.

        Targets that rounding would drown count as larger.
        """
        b, target = self.scaled()
        xp = namespace(self.a)
        floor = float(xp.finfo(self.a.dtype).eps) ** 0.25
        unit = xp.maximum(self.excess, floor * self.diagonal) * self.scale() ** 2
        if self.fixed is None:
            return DiagonalDual(b, target, unit)
        return MaskedDual(b, with_diagonal(b, target), self.fixed, unit)

    def scaled(self) -> tuple[Array, Array]:
        """Matrix and diagonal in the variable ``scale * (x - base) * scale``."""
        scale = self.scale()
        return (self.a - self.base) * scale[:, None] * scale, self.excess * scale**2

    def rows(self, part: Array) -> Array:
        """Scale the rows of a factor of the semidefinite part to the exact diagonal."""
        return namespace(part).sqrt(self.excess)[:, None] * directions(part)

    def assemble(self, part: Array) -> Array:
        """Build the matrix from a factor of its semidefinite part, rows scaled to the exact diagonal."""
        rows = self.rows(part)
        return with_diagonal(self.base + symmetric(rows @ rows.mT), self.diagonal)

    def assemble_fixed(self, part: Array) -> Array:
        """Build the matrix from the factor as it is, with the fixed entries put back exactly."""
        part = part / self.scale()[:, None]
        x = namespace(part).where(self.fixed, self.a, self.base + symmetric(part @ part.mT))
        return with_diagonal(x, self.diagonal)


def directions(rows: Array) -> Array:
    """`rows` scaled to unit length; those that are zero get axes of their own behind the others."""
    xp = namespace(rows)
    length = xp.linalg.vector_norm(rows, axis=1)
    if bool(xp.all(length > 0)):
        return rows / length[:, None]
    zero = xp.astype(length == 0, rows.dtype)
    axes = diagonal_matrix(zero)[:, xp.nonzero(length == 0)[0]]
    return xp.concat([rows / (length + zero)[:, None], axes], axis=1)


def _equivalent(weights: Array) -> Array:
    """Vector `d` whose products ``d[i] * d[j]`` are the squares of element weights, if there is one."""
    xp = namespace(weights)
    n = weights.shape[0]
    if n <= 2:
        return xp.ones_like(weights[0]) * (weights[0, 1] if n == 2 else 1)
    logs = with_diagonal(2 * xp.log(xp.where(weights > 0, weights, 1)), xp.zeros_like(weights[0]))
    sums = xp.sum(logs, axis=1)
    return xp.exp((sums - xp.sum(sums) / (2 * n - 2)) / (n - 2))


def _are_products(vector: Array, weights: Array) -> bool:
    xp = namespace(weights)
    zeros = xp.zeros_like(vector)
    products, squares = with_diagonal(vector[:, None] * vector, zeros), with_diagonal(weights**2, zeros)
    return bool(xp.all(xp.abs(products - squares) <= 1000 * xp.finfo(weights.dtype).eps * products))


def _row_sizes(weights: Array) -> Array:
    """Root mean squares of the rows (n,), which no row of zeros makes zero."""
    xp = namespace(weights)
    sizes = xp.sqrt(xp.mean(with_diagonal(weights, xp.zeros_like(weights[0])) ** 2, axis=1))
    return xp.maximum(sizes, 1e-3 * xp.max(sizes))


def rounding_level(a: Array) -> float:
    """Largest shift of eigenvalues by rounding in a correlation matrix like `a`, with room to spare."""
    return 10 * math.sqrt(a.shape[0]) * float(namespace(a).finfo(a.dtype).eps)


def is_positive_definite(a: Array) -> bool:
    """Whether the Cholesky factorisation of `a` succeeds."""
    from array_api_compat import is_torch_array

    if is_torch_array(a):
        import torch

        return int(torch.linalg.cholesky_ex(a).info) == 0
    import numpy as np

    try:
        np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return False
    return True


def others(a: Array, row: int) -> Array:
    """All row indices but `row`."""
    from array_api_compat import device

    xp = namespace(a)
    indices = xp.arange(a.shape[0], device=device(a))
    return indices[indices != row]


def minor(a: Array, keep: Array) -> Array:
    """Rows and columns `keep` of `a`."""
    xp = namespace(a)
    return xp.take(xp.take(a, keep, axis=0), keep, axis=1)


def symmetric(a: Array) -> Array:
    """Symmetric part of `a`."""
    return (a + a.mT) / 2


def with_diagonal(a: Array, diagonal: Array) -> Array:
    """Replace the diagonal of `a`."""
    from array_api_compat import device

    xp = namespace(a)
    result, i = xp.asarray(a, copy=True), xp.arange(a.shape[0], device=device(a))
    result[i, i] = diagonal
    return result
