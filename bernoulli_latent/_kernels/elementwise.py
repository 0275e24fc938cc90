"""Programs of ``_namespaces.trace`` as vector machine code.

Each program becomes one loop, in which a line is one instruction for as many numbers as four registers hold: so the
processor has work while a result is on its way. No instruction looks from one number to another, none fuses two
roundings, and elementary functions are part of the program: results depend on neither place nor machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._threads import in_parallel, thread_count

__all__ = ["runner"]

PARALLEL = 1 << 18
"""Numbers from which threads are used, if any are asked for."""

GRAIN = 1 << 12
"""Numbers that are not shared out between threads."""

REGISTERS = 4
"""Registers of numbers side by side in a line."""


def runner(program: str, dtype: np.dtype[Any]) -> Callable[[Sequence[Any], np.ndarray[Any, Any]], None]:
    """Function ``(operands, out)`` that fills an array of `dtype` with the values of `program`.

    Operands are numbers, and arrays like `out` in dtype and size, contiguous and writeable as it is, so that all have
    one compiled form; each is either apart from `out` or the same memory.
    """
    loop = _compiled(program, dtype.name)

    def run(operands: Sequence[Any], out: np.ndarray[Any, Any]) -> None:
        if out.ndim != 1:
            operands, out = [x if isinstance(x, float) else x.reshape(-1) for x in operands], out.reshape(-1)
        if out.size < PARALLEL:
            loop(out, *operands)
            return

        def part(start: int, stop: int) -> None:
            loop(out[start:stop], *(x if isinstance(x, float) else x[start:stop] for x in operands))

        in_parallel(part, out.size, thread_count(None), GRAIN)

    return run


def _compiled(program: str, dtype: str) -> Callable[..., None]:
    """Loop ``(out, *operands)`` over `program`, of contiguous arrays and of numbers.

    Each has a name of its own: processes that write to Numba's cache at one time may exchange the code of functions of
    the same name.
    """

    def loop(out, *operands):  # type: ignore[no-untyped-def]
        _run(program, dtype, out, operands)

    loop.__qualname__ = f"loop_{sha256(f'{dtype} {program}'.encode()).hexdigest()[:32]}"
    return kernel(loop)


@intrinsic(prefer_literal=True)
def _run(typing_context: Any, program: Any, dtype: Any, out: Any, operands: Any) -> Any:
    """Run the program, which is part of the argument's type, on all numbers of `out`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def address(kind: Any, value: Any) -> Any:
            data = context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else None
            return value if data is None else builder.ptrtoint(data, ir.IntType(64))

        number = {"float32": ir.FloatType(), "float64": ir.DoubleType()}[dtype.literal_value]
        lines = [line.split() for line in program.literal_value.splitlines()]
        values = map(address, operands, cgutils.unpack_tuple(builder, arguments[3]))
        emitter = _Emitter(builder, number, context.codegen().magic_tuple()[2])
        n = context.make_array(out)(context, builder, arguments[2]).nitems
        emitter.loop(lines, n, address(out, arguments[2]), list(values))
        return context.get_dummy_value()

    return types.void(program, dtype, out, operands), generate


class _Emitter:
    """Vector instructions for the lines of a program."""

    def __init__(self, builder: Any, number: Any, features: str) -> None:
        width = 64 if number == ir.DoubleType() else 32
        register = 512 if "+avx512f" in features else 256 if "+avx2" in features else 128
        self.builder, self.number, self.width = builder, number, width
        self.lanes = REGISTERS * register // width
        self.numbers = ir.VectorType(number, self.lanes)
        self.bits = ir.VectorType(ir.IntType(width), self.lanes)

    def loop(self, lines: list[list[str]], n: Any, out: Any, operands: list[Any]) -> None:
        """The loop over all numbers; what depends on single ones alone is found before it."""
        arrays = {k: x for k, x in enumerate(operands) if isinstance(x.type, ir.IntType)}
        singles = {k: self.splat(x) for k, x in enumerate(operands) if k not in arrays}
        known, step = self.values(lines, singles, {}), n.type(self.lanes)
        buffers = {x: cgutils.alloca_once_value(self.builder, self.numbers(None)) for x in (out, *arrays.values())}
        with cgutils.for_range_slice(self.builder, n.type(0), n, step, n.type) as (index, _):
            rest = self.builder.sub(n, index)
            whole = self.builder.icmp_signed(">=", rest, step)
            size = self.builder.mul(rest, n.type(self.width // 8))
            loaded = {k: self.load(x, index, buffers[x], whole, size) for k, x in arrays.items()}
            result = self.values(lines, loaded, known)[len(lines) - 1]
            self.store(result, out, index, buffers[out], whole, size)

    def load(self, array: Any, index: Any, buffer: Any, whole: Any, size: Any) -> Any:
        """Numbers of an array from `index` on, of which the last ones go by a buffer."""
        place = self.place(array, index)
        with self.builder.if_then(self.builder.not_(whole), likely=False):
            cgutils.raw_memcpy(self.builder, buffer, place, size, 1)
        return self.builder.load(self.builder.select(whole, place, buffer), align=self.width // 8)

    def store(self, value: Any, array: Any, index: Any, buffer: Any, whole: Any, size: Any) -> None:
        """Store numbers of an array from `index` on, likewise."""
        place = self.place(array, index)
        self.builder.store(value, self.builder.select(whole, place, buffer), align=self.width // 8)
        with self.builder.if_then(self.builder.not_(whole), likely=False):
            cgutils.raw_memcpy(self.builder, place, buffer, size, 1)

    def place(self, array: Any, index: Any) -> Any:
        offset = self.builder.mul(index, index.type(self.width // 8))
        return self.builder.inttoptr(self.builder.add(array, offset), self.numbers.as_pointer())

    def values(self, lines: list[list[str]], arguments: dict[int, Any], known: dict[int, Any]) -> dict[int, Any]:
        """Values of the lines that can be found from `arguments` and from what is `known`."""
        values = dict(known)
        for place, (name, *operands) in enumerate(lines):
            if name == "constant":
                values[place] = self.constant(operands[0])
                continue
            found = arguments if name == "argument" else values
            if place not in values and all(int(x) in found for x in operands):
                given = [found[int(x)] for x in operands]
                values[place] = given[0] if name == "argument" else self.instruction(name, *given)
        return values

    def constant(self, text: str) -> Any:
        if "x" in text or not text[-1].isdecimal():  # of the form 0x1p+0, inf or nan
            return self.numbers([float.fromhex(text)] * self.lanes)
        return self.bits([int(text)] * self.lanes)

    def splat(self, x: Any) -> Any:
        """A number in all places of a register."""
        rounded = x if x.type == self.number else self.builder.fptrunc(x, self.number)
        lone = self.builder.insert_element(ir.Constant(self.numbers, ir.Undefined), rounded, ir.IntType(32)(0))
        return self.builder.shuffle_vector(lone, lone, ir.VectorType(ir.IntType(32), self.lanes)(None))

    def instruction(self, name: str, *operands: Any) -> Any:
        """One operation; those of numbers and of bits have different names."""
        of_numbers = operands[0].type == self.numbers
        if name in COMPARISONS:
            ordered = self.builder.fcmp_unordered if name == "ne" else self.builder.fcmp_ordered
            return (ordered if of_numbers else self.builder.icmp_signed)(COMPARISONS[name], *operands)
        if name in ("bits", "real"):
            return self.builder.bitcast(operands[0], self.bits if name == "bits" else self.numbers)
        if name == "sqrt":
            return self.builder.call(self.square_root(), operands)
        return getattr(self.builder, INSTRUCTIONS[name][0 if of_numbers else -1])(*operands)

    def square_root(self) -> Any:
        kind = ir.FunctionType(self.numbers, [self.numbers])
        name = f"llvm.sqrt.v{self.lanes}f{self.width}"
        return cgutils.get_or_insert_function(self.builder.module, kind, name)


COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}

INSTRUCTIONS = {
    "add": ("fadd", "add"),
    "subtract": ("fsub", "sub"),
    "multiply": ("fmul",),
    "divide": ("fdiv",),
    "negative": ("fneg",),
    "and": ("and_",),
    "or": ("or_",),
    "left_shift": ("shl",),
    "right_shift": ("ashr",),
    "where": ("select",),
}
"""Instructions of LLVM for numbers, and for bits and truth values."""
