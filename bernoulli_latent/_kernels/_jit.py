"""The one decorator through which every kernel is compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numba

__all__ = ["kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` on first use and keep it on disk.

    Strict IEEE arithmetic (no ``fastmath``) and no per-division zero check, which would stop vectorisation. The
    disk cache of a kernel does not see edits in other files than its own: whoever edits what kernels elsewhere call
    or compile in (``normal_loops``, ``pack_loops``, ``draw_loops``) removes ``__pycache__`` here.
    """
    compile_lazily = partial(numba.njit, nogil=True, error_model="numpy")
    try:
        compiled: F = compile_lazily(cache=True)(function)
    except RuntimeError:  # there is no folder that can be written to
        compiled = compile_lazily()(function)
    return compiled
