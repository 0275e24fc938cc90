"""Formulas on arrays: one library, one floating dtype, broadcasting, and blocks that fit the cache."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, is_torch
from bernoulli_latent._formula import Formula
from bernoulli_latent._programs import array_blocks, fill

__all__ = ["as_operand", "common_shape", "evaluate", "like_operands"]

_BLOCK = 8192
_FLOATS = tuple(map(np.dtype, (np.float16, np.float32, np.float64)))


def as_operand(x: object, name: str) -> Any:
    """`x` as a Python float, which adapts to the dtype of others, an array, or a tensor with its gradient."""
    if type(x) in (bool, int, float):
        return float(x)  # type: ignore[arg-type]
    if is_torch(x):
        if x.dtype.is_complex:  # type: ignore[attr-defined]
            raise TypeError(f"`{name}` must hold real numbers; got {x.dtype}")  # type: ignore[attr-defined]
        return x
    array = np.asarray(x)
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    if array.dtype not in _FLOATS:
        raise TypeError(f"`{name}` must hold real numbers of at most 64 bits; got {type(x).__name__} of {array.dtype}")
    return array


def like_operands(operands: Sequence[Any]) -> Array:
    """A number of the library, floating dtype and device that a formula of `operands` has."""
    arrays = [x for x in operands if not isinstance(x, float)]
    tensors = [x for x in arrays if is_torch(x)]
    if not tensors:
        dtypes = {x.dtype for x in arrays} or {np.float64}
        return np.empty((), dtypes.pop() if len(dtypes) == 1 else np.result_type(*dtypes))
    torch = sys.modules["torch"]
    if any(x.ndim for x in arrays if not is_torch(x)):
        raise TypeError("values and parameters must all be torch tensors or all NumPy arrays; got both")
    floats = [x for x in tensors if x.dtype.is_floating_point]
    wide = [x.dtype for x in floats if x.ndim] or [x.dtype for x in floats] or [torch.get_default_dtype()]
    device = next((x.device for x in tensors if x.ndim), tensors[0].device)
    return torch.empty((), dtype=reduce(torch.promote_types, wide), device=device)


def common_shape(operands: Sequence[Any]) -> tuple[int, ...]:
    """Shape of `operands` broadcast together."""
    shapes = {tuple(x.shape) for x in operands if not isinstance(x, float)}
    return shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)


def evaluate(
    formula: Formula,
    operands: Sequence[Any],
    like: Array,
    shape: tuple[int, ...],
    out: Array | None = None,
) -> Array:
    """Value of an elementwise `formula` at `operands`, broadcast to `shape` and in the dtype of `like`.

    No value depends on how many there are, not even in its last digit.
    """
    if is_torch(like):
        if out is not None:
            raise TypeError("`out` is for NumPy arrays; got torch tensors")
        return _evaluate_tensors(formula, operands, like, shape)
    result = np.empty(shape, like.dtype) if out is None else _check_out(out, shape)
    if result.dtype == like.dtype and fill(formula, operands, result):
        return result if result.ndim else result[()]
    return _evaluate_blocks(formula, operands, result)


def _evaluate_tensors(formula: Formula, operands: Sequence[Any], like: Array, shape: tuple[int, ...]) -> Array:
    from bernoulli_latent._namespaces.torch_programs import value

    result = value(formula, operands, like.dtype, shape)
    return evaluate_whole(formula, operands, like).expand(shape) if result is None else result


def evaluate_whole(formula: Formula, operands: Sequence[Any], like: Array) -> Array:
    """Value of `formula` at `operands` in one piece, in the dtype of `like`."""
    if not is_torch(like):
        from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS

        with np.errstate(all="ignore"):
            value = formula(NUMPY_FUNCTIONS, *(np.asarray(x, np.float64) for x in operands))
        return np.asarray(value).astype(like.dtype)[()]
    from bernoulli_latent._namespaces.torch_functions import FUNCTIONS

    torch = sys.modules["torch"]
    wide = torch.promote_types(like.dtype, torch.float32)
    f = FUNCTIONS[wide]
    return formula(f, *(x.to(wide) if is_torch(x) else f.constant(float(x)) for x in operands)).to(like.dtype)


def _evaluate_blocks(formula: Formula, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> Any:
    from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS

    values = [x if isinstance(x, np.ndarray) and x.ndim else np.float64(x) for x in operands]
    places = [k for k, x in enumerate(values) if isinstance(x, np.ndarray)]
    with np.errstate(all="ignore"):
        if not places:
            out[...] = formula(NUMPY_FUNCTIONS, *values)
            return out[()]
        with array_blocks([values[k] for k in places], out, np.float64, _BLOCK) as blocks:
            for *parts, result in blocks:
                for k, part in zip(places, parts, strict=True):
                    values[k] = part
                result[...] = formula(NUMPY_FUNCTIONS, *values)
    return out


def _check_out(out: Array, shape: tuple[int, ...]) -> Any:
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype not in _FLOATS:
        got = f"{out.dtype} of shape {tuple(out.shape)}" if hasattr(out, "shape") else type(out).__name__
        raise ValueError(f"`out` must be a floating NumPy array of shape {shape}; got {got}")
    return out
