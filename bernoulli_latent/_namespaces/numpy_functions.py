"""Functions for NumPy arrays in float64, for formulas without a program: single precision is rounded once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bernoulli_latent._formula import Formula
from bernoulli_latent._kernels import jit_enabled
from bernoulli_latent._namespaces.functions import AT_ONCE, Functions

__all__ = ["NUMPY_FUNCTIONS", "NumpyFunctions", "compiled"]

_LOOPS: dict[Formula, Callable[..., Any]] = {}


def compiled(formula: Formula) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of the compiled form of `formula`; it returns None for arguments that it is not made for."""
    return partial(_LOOPS.setdefault, formula) if jit_enabled() else lambda loop: loop


class NumpyFunctions(Functions):
    """NumPy's ufuncs, and SciPy's where NumPy has none."""

    max_exponent = 700.0
    tiny = float(np.finfo(np.float64).tiny)
    epsilon = float(np.finfo(np.float64).eps)
    largest = float(np.finfo(np.float64).max)

    exp, expm1, log, log1p, sqrt = np.exp, np.expm1, np.log, np.log1p, np.sqrt
    abs, minimum, maximum, tanh = np.abs, np.minimum, np.maximum, np.tanh
    where = staticmethod(np.where)

    def apply(self, formula: Formula, *arguments: Any) -> Any:
        """Value of `formula`, by its compiled form where it has one for these arguments."""
        value = _LOOPS[formula](*arguments) if formula in _LOOPS else None
        return formula.function(self, *arguments) if value is None else value

    def peak(self, x: Any) -> Any:
        """Largest number along the last axis, which stays."""
        return x.max(axis=-1, keepdims=True)

    def total(self, x: Any) -> Any:
        """Sum along the last axis, which stays."""
        return x.sum(axis=-1, keepdims=True)

    def takes_at_once(self, count: int, like: Any) -> bool:
        """Whether `count` arrays like `like` are better taken as one: small ones."""
        return bool(count * like.size <= AT_ONCE)

    def columns(self, rows: Any, like: Any) -> Any:
        """Columns of numbers, each along a new first axis of `like`."""
        return np.array(rows).T.reshape(len(rows[0]), -1, *[1] * like.ndim)

    def settled(self, condition: Any) -> bool:
        """Whether `condition` holds everywhere."""
        return bool(np.all(condition))

    def erfc(self, x: Any) -> Any:
        """Complementary error function; SciPy's is 0 where it should be a subnormal number."""
        far = np.maximum(x, 26.0)
        return np.where(x > 26, self.erfcx(far) * np.exp(-far * far), self.__getattr__("erfc")(x))

    def __getattr__(self, name: str) -> Any:
        """SciPy's special function `name`; loading them takes time that most formulas need not spend."""
        from scipy import special

        return getattr(special, name)


NUMPY_FUNCTIONS = NumpyFunctions()
