"""Numbers and arrays that broadcast against one another, read and checked."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, as_array, is_torch, namespace
from bernoulli_latent._checks import first_offence

__all__ = ["broadcast_reals", "check_within"]


def broadcast_reals(**operands: object) -> tuple[list[Array], Any]:
    """Operands as float64 arrays of one shape and library, and the dtype of the result.

    Tensors keep their gradients. Arrays decide on the dtype and numbers follow: float32 if no array is more precise,
    half precision included, else float64.
    """
    if any(is_torch(x) for x in operands.values()):
        return _broadcast_tensors(operands)
    arrays = {name: as_array(x, name) for name, x in operands.items()}
    dtypes = [arrays[name].dtype for name, x in operands.items() if not isinstance(x, float | int)]
    single = bool(dtypes) and np.result_type(*dtypes) in (np.dtype(np.float16), np.dtype(np.float32))
    try:
        together = np.broadcast_arrays(*(array.astype(np.float64) for array in arrays.values()))
    except ValueError:
        raise _shape_error(arrays) from None
    return [*together], np.float32 if single else np.float64


def _broadcast_tensors(operands: dict[str, Any]) -> tuple[list[Array], Any]:
    import torch

    like = next((name, x) for name, x in operands.items() if is_torch(x))
    tensors = {name: _as_tensor(x, name, *like) for name, x in operands.items()}
    floating = [x.dtype for x in operands.values() if is_torch(x) and x.is_floating_point()]
    single = bool(floating) and torch.float64 not in floating
    try:
        shape = np.broadcast_shapes(*(tuple(tensor.shape) for tensor in tensors.values()))
    except ValueError:
        raise _shape_error(tensors) from None
    together = [tensor.to(torch.float64).expand(shape) for tensor in tensors.values()]
    return together, torch.float32 if single else torch.float64


def _as_tensor(x: Any, name: str, like_name: str, like: Array) -> Array:
    import torch

    if isinstance(x, Real):
        return torch.tensor(float(x), dtype=torch.float64, device=like.device)
    if not is_torch(x) or x.device != like.device:
        came = f"a tensor on {x.device}" if is_torch(x) else type(x).__name__
        raise TypeError(f"`{name}` must be a number or a tensor on {like.device} like `{like_name}`; got {came}")
    if x.is_complex():
        raise TypeError(f"`{name}` must hold real numbers or booleans; got dtype {x.dtype}")
    return x


def _shape_error(arrays: dict[str, Array]) -> ValueError:
    names = ", ".join(f"`{name}`" for name in arrays)
    shapes = ", ".join(str(tuple(array.shape)) for array in arrays.values())
    return ValueError(f"{names} must have shapes that broadcast; got {shapes}")


def check_within(x: Array, name: str, low: float, high: float, hint: str) -> None:
    """Refuse NaN and what lies outside [low, high]."""
    x = namespace(x).atleast_1d(as_array(x, name))
    offence = first_offence(~((x >= low) & (x <= high)))
    if offence is not None:
        raise ValueError(
            f"`{name}` must lie in [{low:g}, {high:g}]; got {float(x[offence])} at index {offence}. {hint}"
        )
