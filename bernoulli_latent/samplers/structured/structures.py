"""Latent correlation matrices that a few numbers describe, and how to draw from each bit after bit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from bernoulli_latent._arrays import Array, namespace

__all__ = ["STRUCTURES", "Autoregression", "Exchangeable", "Factors", "Groups", "Structure"]


@dataclass(frozen=True)
class Structure(ABC):
    """Law of a Gaussian vector with unit variances; its fields are float64 arrays, or integer ones."""

    draw_with: ClassVar[str]
    """Kernel of ``structured`` that draws it."""

    @abstractmethod
    def correlation(self, i: Array, j: Array) -> Array:
        """Correlation of the variables `i` and `j`, integer arrays of one shape; where they are equal, anything."""

    @abstractmethod
    def recipe(self, n_bits: int) -> tuple[Array, ...]:
        """What the kernel takes after the thresholds, float64 but for row numbers."""

    def arrays(self) -> dict[str, Array]:
        """Fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def converted(self, convert: Callable[[Array], Array]) -> Self:
        """The same structure with every field converted."""
        return type(self)(**{name: convert(array) for name, array in self.arrays().items()})


@dataclass(frozen=True)
class Factors(Structure):
    r"""Common factors: :math:`z_i = \lambda_i \cdot f + \sqrt{1 - |\lambda_i|^2}\, e_i`.

    Attributes
    ----------
    loadings : array, shape (n_bits, d)
        Rows of length at most 1.
    """

    draw_with = "draw_factors"
    loadings: Array

    def correlation(self, i: Array, j: Array) -> Array:
        """Inner products of loadings."""
        xp, loadings = namespace(self.loadings), self.loadings
        products = (loadings[i, factor] * loadings[j, factor] for factor in range(loadings.shape[1]))
        return xp.clip(sum(products), -1.0, 1.0)

    @property
    def noise(self) -> Array:
        """Length of what the loadings leave of each variable."""
        xp = namespace(self.loadings)
        return xp.sqrt(1 - xp.clip(xp.sum(self.loadings * self.loadings, axis=1), 0.0, 1.0))

    def recipe(self, n_bits: int) -> tuple[Array, ...]:
        """Length of the noise, and the loadings."""
        return self.noise, self.loadings


@dataclass(frozen=True)
class Groups(Structure):
    r"""Blocks: :math:`z_i = u_{g(i)} + \sqrt{1 - B_{g(i) g(i)}}\, e_i` with :math:`u \sim N(0, B)`.

    Attributes
    ----------
    groups : int array, shape (n_bits,)
        Group of each variable.
    between : array, shape (n_groups, n_groups)
        Correlations `B` between members of two groups, or of one on the diagonal; positive semidefinite.
    """

    draw_with = "draw_groups"
    groups: Array
    between: Array

    def correlation(self, i: Array, j: Array) -> Array:
        """Correlation of the groups."""
        return self.between[self.groups[i], self.groups[j]]

    def recipe(self, n_bits: int) -> tuple[Array, ...]:
        """Length of the noise, groups, and a root of the correlations between groups."""
        xp = namespace(self.between)
        eigenvalues, eigenvectors = xp.linalg.eigh(self.between)
        mixing = eigenvectors * xp.sqrt(xp.clip(eigenvalues, 0.0, None))
        noise = xp.sqrt(1 - xp.clip(xp.linalg.diagonal(self.between), 0.0, 1.0))
        return noise[self.groups], self.groups, mixing


@dataclass(frozen=True)
class Exchangeable(Structure):
    r"""One correlation for all pairs, drawn in turn: given the ones before, :math:`z_i` depends on their mean alone.

    .. math:: E[z_i \mid z_0 \ldots z_{i-1}] = \frac{i \rho}{1 + (i - 1) \rho} \bar z, \qquad
       \mathrm{var} = \frac{(1 - \rho)(1 + i \rho)}{1 + (i - 1) \rho}

    This holds for negative correlations, too, down to the bound -1 / (n_bits - 1).

    Attributes
    ----------
    rho : array, shape ()
        The correlation.
    """

    draw_with = "draw_chain"
    rho: Array

    def correlation(self, i: Array, j: Array) -> Array:
        """The one correlation."""
        return self.rho + namespace(i).zeros_like(i, dtype=self.rho.dtype)

    def recipe(self, n_bits: int) -> tuple[Array, ...]:
        """Length of the noise, loss and gain of a chain whose state is the mean so far."""
        xp, rho = namespace(self.rho), self.rho
        before = xp.arange(n_bits, dtype=xp.float64, device=rho.device)
        one = xp.ones_like(before)
        loss = xp.where(before == 0, one, (1 - rho) / xp.where(before == 0, one, 1 + (before - 1) * rho))
        variance = xp.where(before == 0, one, loss * (1 + before * rho))
        return xp.sqrt(xp.clip(variance, 0.0, None)), loss, 1 / (before + 1)


@dataclass(frozen=True)
class Autoregression(Structure):
    r"""Autoregression of order one: :math:`z_i = \rho_i z_{i-1} + \sqrt{1 - \rho_i^2}\, e_i`.

    Attributes
    ----------
    rho : array, shape (n_bits - 1,)
        Correlation of each variable with the next.
    """

    draw_with = "draw_chain"
    rho: Array

    def correlation(self, i: Array, j: Array) -> Array:
        """Product of the correlations in between, from sums up to each variable."""
        xp, rho = namespace(self.rho), self.rho
        zero = rho == 0
        size, negative, vanished = (
            xp.concat([xp.zeros(1, dtype=xp.float64, device=rho.device), xp.cumulative_sum(xp.astype(x, xp.float64))])
            for x in (xp.log(xp.where(zero, xp.ones_like(rho), xp.abs(rho))), rho < 0, zero)
        )
        low, high = xp.minimum(i, j), xp.maximum(i, j)
        sign = 1 - 2 * ((negative[high] - negative[low]) % 2)
        return xp.where(vanished[high] > vanished[low], 0.0, sign * xp.exp(size[high] - size[low]))

    def recipe(self, n_bits: int) -> tuple[Array, ...]:
        """Length of the noise, loss and gain of a chain whose state is the last variable."""
        xp, rho = namespace(self.rho), self.rho
        first = xp.ones(1, dtype=rho.dtype, device=rho.device)
        noise = xp.concat([first, xp.sqrt((1 - rho) * (1 + rho))])
        return noise, xp.concat([first, 1 - rho]), xp.ones_like(noise)


STRUCTURES = {kind.__name__: kind for kind in (Factors, Groups, Exchangeable, Autoregression)}
