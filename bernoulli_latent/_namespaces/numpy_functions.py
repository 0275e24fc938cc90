"""Functions for NumPy arrays, always in float64: single precision is rounded once, from the double result."""

from __future__ import annotations

import numpy as np

from bernoulli_latent._namespaces.functions import Functions

__all__ = ["NUMPY_FUNCTIONS", "NumpyFunctions"]


class NumpyFunctions(Functions):
    """NumPy's ufuncs, and SciPy's where NumPy has none."""

    max_exponent = 700.0
    tiny = float(np.finfo(np.float64).tiny)
    epsilon = float(np.finfo(np.float64).eps)

    exp, expm1, log, log1p, sqrt = np.exp, np.expm1, np.log, np.log1p, np.sqrt
    abs, minimum, maximum, tanh = np.abs, np.minimum, np.maximum, np.tanh
    where = staticmethod(np.where)


NUMPY_FUNCTIONS = NumpyFunctions()
