"""Arrays of several libraries, seen through one pair of glasses.

Host arrays (NumPy, and torch tensors on the CPU) share memory with NumPy views, so compiled kernels serve both;
arrays on a device go through the array API. Nothing here imports torch: a tensor can only reach us if its
library is loaded already.
"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A NumPy array or a torch tensor."""

__all__ = ["Array", "as_array", "from_host", "is_torch", "like_place", "namespace", "on_host", "special", "to_host"]


def is_torch(x: object) -> bool:
    """Whether `x` is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def namespace(*arrays: Array) -> Any:
    """Array API namespace shared by `arrays`."""
    from array_api_compat import array_namespace

    return array_namespace(*arrays)


def special(x: Array) -> Any:
    """Special functions (``ndtr``, ``ndtri``) for arrays like `x`."""
    if is_torch(x):
        return sys.modules["torch"].special
    import scipy.special

    return scipy.special


def as_array(x: object, name: str) -> Array:
    """`x` as a NumPy array or detached torch tensor; whatever NumPy cannot read is a ``TypeError``."""
    if is_torch(x):
        return x.detach()  # type: ignore[attr-defined]
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise TypeError(f"`{name}` must be an array; got {type(x).__name__} that NumPy cannot read: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`{name}` must hold real numbers or booleans; got dtype {array.dtype}")
    return array


def on_host(x: Array) -> bool:
    """Whether a NumPy view of `x` exists without a copy to another device."""
    return not is_torch(x) or x.device.type == "cpu"


def to_host(x: Array) -> np.ndarray[Any, Any]:
    """NumPy view of a host array, or a copy from the device."""
    if not is_torch(x):
        return np.asarray(x)
    x = x.detach().cpu()
    return np.asarray((x.float() if x.dtype == sys.modules["torch"].bfloat16 else x).numpy())


def like_place(x: Array, like: Array) -> Array:
    """`x` in the library and on the device of `like`."""
    return x.to(like.device) if is_torch(x) and is_torch(like) else from_host(to_host(x), like)


def from_host(x: np.ndarray[Any, Any], like: Array) -> Array:
    """`x` in the library and on the device of `like`, sharing memory where that is possible."""
    if not is_torch(like):
        return x
    return sys.modules["torch"].from_numpy(x).to(like.device)
