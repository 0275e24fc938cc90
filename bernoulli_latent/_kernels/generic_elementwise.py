"""The twin of ``elementwise`` in plain array code: a program line by line, with the same bits."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["runner"]

BLOCK = 4096
"""Numbers that are worked on together: all lines of a program are kept until it ends."""

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


def runner(program: str, dtype: np.dtype[Any]) -> Callable[[Sequence[Any], np.ndarray[Any, Any]], None]:
    """Function ``(operands, out)`` that fills an array of `dtype` with the values of `program`."""
    lines = [line.split() for line in program.splitlines()]

    def run(operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
        flat, given = out.reshape(-1), [x if isinstance(x, float) else x.reshape(-1) for x in operands]
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, BLOCK):
                here = slice(start, start + BLOCK)
                flat[here] = _result(lines, [x if isinstance(x, float) else x[here] for x in given], dtype)

    return run


def _result(lines: list[list[str]], operands: Sequence[Any], dtype: np.dtype[Any]) -> Any:
    """Value of the last line."""
    values: list[Any] = []
    for name, *rest in lines:
        values.append(_value(name, rest, operands, values, dtype))
    return values[-1]


def _value(name: str, rest: list[str], operands: Sequence[Any], values: list[Any], dtype: np.dtype[Any]) -> Any:
    """Value of one line, from the `operands` of the program and the `values` of the lines before."""
    if name == "argument":
        return np.atleast_1d(np.asarray(operands[int(rest[0])], dtype))
    if name == "constant":
        return _constant(rest[0], dtype)
    return OPERATIONS[name](*(values[int(x)] for x in rest))


def _constant(text: str, dtype: np.dtype[Any]) -> Any:
    try:
        return np.array([int(text)], f"i{dtype.itemsize}")
    except ValueError:
        return np.array([float.fromhex(text)], dtype)
