"""Formulas by their programs: for which arrays, and in which pieces."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._formula import Formula
from bernoulli_latent._kernels import jit_enabled, kernels

__all__ = ["SMALL", "array_blocks", "fill", "has_program"]

SMALL = 256 if jit_enabled() else sys.maxsize
"""Numbers below which no program is compiled, because the array library is done nearly as soon."""

BLOCK = 16384
"""Numbers that are copied together where an array is not contiguous, or broadcasts."""

Run: TypeAlias = Callable[[Sequence[Any], np.ndarray[Any, Any]], None]

_FLOATS = tuple(map(np.dtype, (np.float32, np.float64)))


def fill(formula: Formula, operands: Sequence[Any], out: np.ndarray[Any, Any], steady: bool = False) -> bool:
    """Fill `out` with the values of `formula` by its program; False if another way should be taken.

    Operands are numbers, and arrays that broadcast to the shape of `out`, whose precision is the one to work in. Where
    `steady`, the way does not depend on the size: each value then depends on its own operands alone.
    """
    if out.dtype not in _FLOATS or not _worthwhile(out.size, steady):
        return False
    values = [x if isinstance(x, float) or x.size != 1 or out.size == 1 else float(x.item()) for x in operands]
    fixed = tuple(map(_fixed, values))
    run = _runner(formula, out.dtype, fixed)
    if run is None:
        return False
    free = [x for x, known in zip(values, fixed, strict=True) if known is None]
    if out.flags.carray and all(isinstance(x, float) or _matches(x, out) for x in free):
        run(free, out)
    else:
        _run_blocks(run, free, out)
    return True


def has_program(formula: Formula, dtype: Any, count: int, size: int, steady: bool = False) -> bool:
    """Whether `fill` would use a program of `formula` for so many arguments and numbers."""
    return _worthwhile(size, steady) and _runner(formula, dtype, (None,) * count) is not None


def _worthwhile(size: int, steady: bool) -> bool:
    return size > 0 and (steady or size >= SMALL)


@cache
def _runner(formula: Formula, dtype: np.dtype[Any], fixed: tuple[float | None, ...]) -> Run | None:
    """What fills arrays with the values of `formula`, or None if it has no program."""
    from bernoulli_latent._namespaces.trace import program_of

    program = program_of(formula, dtype, fixed)
    if program is None:
        return None
    run: Run = kernels("elementwise", np.empty(())).runner(program, dtype)
    return run


def _fixed(x: Any) -> float | None:
    """`x` if it is one of the numbers that a program is better written for: 1, and 0 without a sign."""
    simple = isinstance(x, float) and (x == 1 or (x == 0 and math.copysign(1, x) > 0))
    return x if simple else None


def _matches(x: np.ndarray[Any, Any], out: np.ndarray[Any, Any]) -> bool:
    """Whether `x` goes with `out` number by number, in the order of both in memory."""
    if x.dtype != out.dtype or x.shape != out.shape or not (x.flags.c_contiguous and x.flags.aligned):
        return False
    return not np.may_share_memory(x, out) or x.ctypes.data == out.ctypes.data


def _run_blocks(run: Run, operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
    """Run on copies of some numbers of each operand at a time."""
    values = list(operands)
    places = [k for k, x in enumerate(values) if not isinstance(x, float)]
    with array_blocks([values[k] for k in places], out, out.dtype, BLOCK) as blocks:
        for *parts, result in blocks:
            for k, part in zip(places, parts, strict=True):
                values[k] = part
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
