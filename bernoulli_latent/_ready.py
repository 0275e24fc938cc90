"""Formulas that know their parameters, for arguments that need neither conversion nor copies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from bernoulli_latent import _programs
from bernoulli_latent._arrays import Array, is_torch
from bernoulli_latent._formula import Formula

__all__ = ["Ready", "can_be_ready"]

_NUMBERS = (float, np.float64, np.float32)
_SINGLE = np.dtype(np.float32)


class Ready:
    """A formula and its parameters, for contiguous variables in the shape and precision of those that are arrays.

    Everything that does not depend on the variables is decided once: a call takes little longer than one of NumPy.

    Attributes
    ----------
    arrays : tuple
        Arrays that the result broadcasts with: parameters that the formula does not take are among them.
    free : tuple
        What the program takes after the variables: not the parameters that are part of it.
    single : bool
        Whether single precision can hold the parameters.
    """

    def __init__(self, formula: Formula, count: int, own: Sequence[Any], everything: Sequence[Any]) -> None:
        self.formula, self.count = formula, count
        self.fixed = (*[None] * count, *map(_programs.fixed_number, own))
        self.free = tuple(x for x, known in zip(own, self.fixed[count:], strict=True) if known is None)
        self.single = all(_programs.holds(_SINGLE, x) for x in own)
        self.arrays = tuple(x for x in everything if not isinstance(x, float))

    def __call__(self, variables: Sequence[Any], out: Array | None) -> Any:
        """Value at `variables`, or None where more has to be done to find it."""
        if len(variables) != self.count:
            return None
        kind = type(variables[0])
        if kind is np.ndarray:
            return self.of_arrays(variables, out)
        if kind in _NUMBERS:
            plain = out is None and not self.arrays and all(type(x) in _NUMBERS for x in variables)
            return self.of_numbers(variables) if plain else None
        return None if out is not None else _tensor_programs().at_once(self, variables)

    def of_numbers(self, variables: Sequence[Any]) -> Any:
        """The same for numbers, with parameters that are numbers too."""
        result = self.of_arrays([np.array([x]) for x in variables], None)
        return None if result is None else result[0]

    def of_arrays(self, variables: Sequence[Any], out: Array | None) -> Any:
        """The same for NumPy arrays."""
        arrays = [*variables, *self.arrays] if self.arrays else variables
        shape, dtype = arrays[0].shape, arrays[0].dtype
        if out is not None and not _fits(out, shape, dtype):
            return None
        for x in arrays:
            if not _fits(x, shape, dtype) or (out is not None and x is not out and np.may_share_memory(x, out)):
                return None
        program = _programs.runner(self.formula, dtype, self.fixed)
        if program is None or not (self.single or dtype.itemsize == 8):
            return None
        out = np.empty(shape, dtype) if out is None else out
        program.run([*variables, *self.free], out)
        return out if shape else out[()]


def can_be_ready(x: Any) -> bool:
    """Whether `x` is of a kind that can be used as it is, and by values."""
    torch, kind = sys.modules.get("torch"), type(x)
    if torch is not None and torch.compiler.is_compiling():
        return False
    return kind is np.ndarray or kind in _NUMBERS or is_torch(x)


@cache
def _tensor_programs() -> Any:
    """The module, which an import statement would take long to find again."""
    from bernoulli_latent._namespaces import torch_programs

    return torch_programs


def _fits(x: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether a program can use `x` as it is."""
    return type(x) is np.ndarray and x.dtype is dtype and x.shape == shape and x.flags.carray
