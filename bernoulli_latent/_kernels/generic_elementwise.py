"""The twin of ``elementwise`` in plain array code: a program line by line, with the same bits."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["fill"]

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "and": operator.and_,
    "or": operator.or_,
    "left_shift": operator.lshift,
    "right_shift": operator.rshift,
    "where": np.where,
    "sqrt": np.sqrt,
    "bits": lambda x: x.view(f"i{x.itemsize}"),
    "real": lambda x: x.view(f"f{x.itemsize}"),
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
}


def fill(program: str, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
    """Fill `out` with the values of `program`; operands are numbers and arrays of its dtype and shape."""
    values: list[Any] = []
    with np.errstate(all="ignore"):
        for name, *rest in map(str.split, program.splitlines()):
            if name == "argument":
                value = np.atleast_1d(np.asarray(operands[int(rest[0])], out.dtype))
            elif name == "constant":
                value = _constant(rest[0], out.dtype)
            else:
                value = OPERATIONS[name](*(values[int(x)] for x in rest))
            values.append(value)
    out[...] = values[-1].reshape(out.shape if values[-1].size == out.size else ())


def _constant(text: str, dtype: Any) -> Any:
    try:
        return np.array([int(text)], f"i{dtype.itemsize}")
    except ValueError:
        return np.array([float.fromhex(text)], dtype)
