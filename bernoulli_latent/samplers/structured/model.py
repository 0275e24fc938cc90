"""Thresholds on a structured Gaussian vector: bits, and their moments for any pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, namespace, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_wedge import normal_cdf
from bernoulli_latent.bits import BitArray
from bernoulli_latent.correlation.thresholds import pair_moments
from bernoulli_latent.samplers.structured.integers import integer_bias, integer_factors
from bernoulli_latent.samplers.structured.structures import STRUCTURES, Factors, Structure

__all__ = ["Copies", "StructuredModel"]

COPIES = ("copies_index", "copies_flip")
BLOCK = 4096
"""Rows unpacked at a time where bits are copied."""


@dataclass(frozen=True)
class Copies:
    """Bits that repeat others: bit `i` shows variable ``index[i]``, complemented where ``flip[i]``."""

    index: Array
    flip: Array

    def spread(self, bits: BitArray) -> BitArray:
        """All bits, from those of the variables."""
        parts = [bits[row : row + BLOCK].to_array("bool") for row in range(0, max(len(bits), 1), BLOCK)]
        return BitArray.concatenate([BitArray.from_array(part[:, self.index] ^ self.flip) for part in parts])


@dataclass(frozen=True)
class StructuredModel:
    r"""Bits :math:`b_i = \mathrm{sign}(g_i + z_i)` of a Gaussian vector `z` with a structure.

    Attributes
    ----------
    thresholds : array, shape (n,), float64
        The :math:`g_i`, infinite for constant bits.
    structure : Structure
        Law of `z`.
    copies : Copies or None
        How the n variables become bits; None if each is a bit.
    """

    thresholds: Array
    structure: Structure
    copies: Copies | None = None

    @property
    def n_bits(self) -> int:
        """Number of bits N."""
        return int((self.thresholds if self.copies is None else self.copies.index).shape[0])

    @property
    def marginals(self) -> Array:
        """Probabilities of a 1, shape (N,)."""
        return normal_cdf(self._bit_thresholds)

    @cached_property
    def _bit_thresholds(self) -> Array:
        g, copies = self.thresholds, self.copies
        return g if copies is None else namespace(g).where(copies.flip, -g[copies.index], g[copies.index])

    @cached_property
    def _recipes(self) -> dict[str, tuple[Array, ...]]:
        return {}

    def _recipe(self, precision: str) -> tuple[Array, ...]:
        """What the kernel takes; kept, because a stream is drawn in many pieces."""
        recipe = self._recipes.get(precision)
        if recipe is None:
            recipe = self._recipes[precision] = self._vectors(precision)
        return recipe

    def _vectors(self, precision: str) -> tuple[Array, ...]:
        if precision == "int16":
            assert isinstance(self.structure, Factors)
            return integer_factors(self.thresholds, self.structure)
        xp = namespace(self.thresholds)
        double = self.thresholds, *self.structure.recipe(int(self.thresholds.shape[0]))
        return tuple(xp.astype(x, getattr(xp, precision)) if x.dtype == xp.float64 else x for x in double)

    @cached_property
    def int16_bias(self) -> float:
        """Bound on what draws in int16 change in any moment; infinite for structures that have no such draws."""
        return integer_bias(self.structure) if isinstance(self.structure, Factors) else np.inf

    def draw(self, key: int, start: int, n: int, precision: str) -> BitArray:
        """Samples `start` to `start + n` of the stream `key`; `precision` is no longer ``"auto"``."""
        recipe = self._recipe(precision)
        words = getattr(kernels("structured", self.thresholds), self.structure.draw_with)(key, start, n, *recipe)
        bits = BitArray(words, int(self.thresholds.shape[0]))
        return bits if self.copies is None else self.copies.spread(bits)

    def latent_correlation(self, i: Array, j: Array) -> Array:
        """Correlations of the Gaussian variables behind the bits `i` and `j`, integer arrays of one shape."""
        xp = namespace(self.thresholds)
        if self.copies is None:
            sign, same = 1.0, i == j
        else:
            sign = xp.where(self.copies.flip[i] != self.copies.flip[j], -1.0, 1.0)
            i, j = self.copies.index[i], self.copies.index[j]
            same = i == j
        rho = self.structure.correlation(i, j)
        return sign * xp.where(same, xp.ones_like(rho), rho)

    def pair_moments(self, i: Array, j: Array) -> Array:
        """Second moments of the bits `i` and `j` coded as -1 and +1, in closed form."""
        moments = pair_moments(self._bit_thresholds[i], self._bit_thresholds[j], self.latent_correlation(i, j))
        return namespace(moments).where(i == j, namespace(moments).ones_like(moments), moments)

    def to(self, device: Any) -> StructuredModel:
        """The same model as torch tensors on `device`."""
        import torch

        def moved(x: Array) -> Array:
            return torch.as_tensor(x, device=device)

        copies = self.copies and Copies(moved(self.copies.index), moved(self.copies.flip))
        return StructuredModel(moved(self.thresholds), self.structure.converted(moved), copies)

    def as_arrays(self) -> tuple[str, dict[str, np.ndarray[Any, Any]]]:
        """Name of the structure, and all arrays by name, in host memory."""
        arrays = {"thresholds": self.thresholds} | self.structure.arrays()
        if self.copies is not None:
            arrays |= zip(COPIES, (self.copies.index, self.copies.flip), strict=True)
        return type(self.structure).__name__, {name: to_host(array) for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, structure: str, arrays: dict[str, np.ndarray[Any, Any]]) -> StructuredModel:
        """Inverse of :meth:`as_arrays`, as NumPy arrays."""
        own = {name: array for name, array in arrays.items() if name not in ("thresholds", *COPIES)}
        copies = Copies(*(arrays[name] for name in COPIES)) if COPIES[0] in arrays else None
        return cls(arrays["thresholds"], STRUCTURES[structure](**own), copies)
