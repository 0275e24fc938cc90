"""Namespaces of functions that formulas are written in: one for each array library."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array, is_torch

__all__ = ["functions_for"]


def functions_for(x: Array) -> Any:
    """Functions of the library and floating dtype of `x`."""
    if is_torch(x):
        from bernoulli_latent._namespaces.torch_functions import FUNCTIONS

        return FUNCTIONS[x.dtype]
    from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS

    return NUMPY_FUNCTIONS
