"""Functions for NumPy arrays, always in float64: single precision is rounded once, from the double result."""

from __future__ import annotations

from typing import Any

import numpy as np

from bernoulli_latent._namespaces.functions import Functions

__all__ = ["NUMPY_FUNCTIONS", "NumpyFunctions"]


class NumpyFunctions(Functions):
    """NumPy's ufuncs, and SciPy's where NumPy has none."""

    max_exponent = 700.0
    tiny = float(np.finfo(np.float64).tiny)
    epsilon = float(np.finfo(np.float64).eps)
    largest = float(np.finfo(np.float64).max)

    exp, expm1, log, log1p, sqrt = np.exp, np.expm1, np.log, np.log1p, np.sqrt
    abs, minimum, maximum, tanh = np.abs, np.minimum, np.maximum, np.tanh
    where = staticmethod(np.where)

    def peak(self, x: Any) -> Any:
        """Largest number along the last axis, which stays."""
        return x.max(axis=-1, keepdims=True)

    def total(self, x: Any) -> Any:
        """Sum along the last axis, which stays."""
        return x.sum(axis=-1, keepdims=True)

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
