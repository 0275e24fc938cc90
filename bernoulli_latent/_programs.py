"""Formulas by their programs: for which arrays, and in which pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._formula import Formula
from bernoulli_latent._kernels import generic_elementwise, kernels

__all__ = ["array_blocks", "fill", "fixed_number", "has_program", "holds", "runner"]

PATIENCE = 8192
"""Numbers, and `CALL` for each call, for which a program is interpreted before it is compiled."""

CALL = 256
"""Numbers that are interpreted in the time that a call takes at least."""

BLOCK = 16384
"""Numbers that are copied together where an array is not contiguous, or broadcasts."""

Run: TypeAlias = Callable[[Sequence[Any], np.ndarray[Any, Any]], None]

SMALLEST, LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)

_FLOATS = tuple(map(np.dtype, (np.float32, np.float64)))


class Runner:
    """What runs a program: an interpreter and, once the time is well spent, its machine code, with the same bits."""

    def __init__(self, program: str, dtype: np.dtype[Any]) -> None:
        self.program, self.dtype, self.done = program, dtype, 0
        self.run: Run = self.start

    def start(self, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
        """Interpret the program, or compile it from now on."""
        self.done += out.size + CALL
        if self.done > PATIENCE:
            self.run = kernels("elementwise", out).runner(self.program, self.dtype)
            self.run(operands, out)
        else:
            generic_elementwise.runner(self.program, self.dtype)(operands, out)


@cache
def runner(formula: Formula, dtype: np.dtype[Any], fixed: tuple[float | None, ...]) -> Runner | None:
    """What runs the program of `formula` with these values for some of its arguments, or None if it has none."""
    from bernoulli_latent._namespaces.trace import program_of

    program = program_of(formula, dtype, fixed) if dtype in _FLOATS else None
    return None if program is None else Runner(program, dtype)


def has_program(formula: Formula, dtype: Any, count: int) -> bool:
    """Whether `fill` would use a program of `formula` for so many arguments."""
    return runner(formula, dtype, (None,) * count) is not None


def fill(formula: Formula, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> bool:
    """Fill `out` with the values of `formula` by its program; False if it has none.

    Operands are numbers, and arrays that broadcast to the shape of `out`, whose precision is the one to work in.
    """
    values = [x if isinstance(x, float) or x.size != 1 or out.size == 1 else float(x.item()) for x in operands]
    if not all(holds(out.dtype, x) for x in values):
        return False
    fixed = tuple(map(fixed_number, values))
    program = runner(formula, out.dtype, fixed)
    if program is None:
        return False
    free = [x for x, known in zip(values, fixed, strict=True) if known is None]
    if out.flags.carray and all(isinstance(x, float) or _matches(x, out) for x in free):
        program.run([x if isinstance(x, float) or x.flags.writeable else _writeable(x) for x in free], out)
    else:
        _run_blocks(program.run, free, out)
    return True


def fixed_number(x: Any) -> float | None:
    """`x` if it is one of the numbers that a program is better written for: 1, and 0 without a sign."""
    simple = isinstance(x, float) and (x == 1 or (x == 0 and math.copysign(1, x) > 0))
    return x if simple else None


def holds(dtype: np.dtype[Any], x: Any) -> bool:
    """Whether `x`, if it is a number, is one that `dtype` can hold, if not to the last digit."""
    if not isinstance(x, float) or dtype.itemsize == 8 or x == 0 or not math.isfinite(x):
        return True
    return SMALLEST <= abs(x) <= LARGEST


def _matches(x: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> bool:
    """Whether `x` goes with `out` number by number, in the order of both in memory."""
    if x.dtype != out.dtype or x.shape != out.shape or not (x.flags.c_contiguous and x.flags.aligned):
        return False
    return not np.may_share_memory(x, out) or x.ctypes.data == out.ctypes.data


def _writeable(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The memory of `x` without its protection, for programs only look at it."""
    address, _ = x.__array_interface__["data"]
    return np.asarray(SimpleNamespace(__array_interface__=x.__array_interface__ | {"data": (address, False)}))


def _run_blocks(run: Run, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
    """Run on copies of some numbers of each operand at a time."""
    values = list(operands)
    places = [k for k, x in enumerate(values) if not isinstance(x, float)]
    with array_blocks([values[k] for k in places], out, out.dtype, BLOCK) as blocks:
        for *parts, result in blocks:
            for k, part in zip(places, parts, strict=True):
                values[k] = part.copy()  # a view that can be written, as the result is
            run(values, result)


def array_blocks(arrays: list[Any], out: np.ndarray[Any, Any], dtype: Any, size: int) -> Any:
    """Contiguous blocks of `arrays` and of the result in `dtype`, which is rounded to that of `out`."""
    flags: Any = [[access, "contig", "aligned"] for access in [*["readonly"] * len(arrays), "writeonly"]]
    return np.nditer(
        [*arrays, out],
        flags=["external_loop", "buffered", "zerosize_ok", "copy_if_overlap"],
        op_flags=flags,
        op_dtypes=[dtype] * (len(arrays) + 1),
        casting="same_kind",
        buffersize=size,
    )
