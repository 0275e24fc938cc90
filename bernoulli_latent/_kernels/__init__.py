"""Loops that arrays cannot say well, compiled by Numba, each beside a twin in plain array code.

``packing`` and ``sampling`` exist twice, with the same functions: the compiled module, for arrays that live in
host memory, and ``generic_packing`` / ``generic_sampling``, written once for every array library. The generic
ones serve devices and machines without a JIT, and the tests hold the compiled ones against them.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

from bernoulli_latent._arrays import Array, on_host

__all__ = ["compiles_for", "jit_enabled", "kernels"]


def jit_enabled() -> bool:
    """Whether Numba compiles; without it the loops would run in the interpreter."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") != "1"


def compiles_for(like: Array) -> bool:
    """Whether kernels for arrays of the kind of `like` are compiled."""
    return on_host(like) and jit_enabled()


def kernels(topic: str, like: Array) -> ModuleType:
    """Module of kernels on `topic` for arrays of the kind of `like`: compiled on the host, generic elsewhere."""
    return import_module(f"{__name__}.{topic if compiles_for(like) else 'generic_' + topic}")
