"""Loops that do one thing only, as fast as one core can: what no other loop of that kind can beat.

Every sum depends on the one before it, so that nothing can be computed ahead, and there are enough of them side by
side to hide that wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["LOOPS", "add_one", "spin", "total"]

SUMS = 12
"""Vectors side by side: enough to hide a wait of four cycles in either of two units, and few enough for registers."""

TURNS = 1_000_000
VECTOR_BITS = 512 if get_host_cpu_features().get("avx512f") else 256


def _real(kind: Any) -> Callable[[Any, Any], Any]:
    """Multiply and add, fused where the processor can."""

    def step(builder: Any, total: Any) -> Any:
        near_one = ir.Constant(total.type, [kind(0.999)] * total.type.count)
        product = builder.fmul(total, near_one, flags=("contract",))
        return builder.fadd(product, near_one, flags=("contract",))

    return step


def _differences(builder: Any, total: Any) -> Any:
    """Exclusive or, population count, addition."""
    pattern = ir.Constant(total.type, [0x5555AAAA3333CCCC] * total.type.count)
    form = ir.FunctionType(total.type, [total.type])
    name = f"llvm.ctpop.v{total.type.count}i{total.type.element.width}"
    count = cgutils.get_or_insert_function(builder.module, form, name)
    return builder.add(total, builder.call(count, [builder.xor(total, pattern)]))


def _wide_products(builder: Any, total: Any) -> Any:
    """Product of the upper half of a word and a constant; two such steps on lower halves would be folded into one."""
    half, factor = (ir.Constant(total.type, [x] * total.type.count) for x in (32, 0xD2511F53))
    return builder.mul(builder.lshr(total, half), factor)


def _integers(builder: Any, total: Any) -> Any:
    """Products of neighbouring int16, added in pairs to int32."""
    count, index = total.type.count, ir.IntType(32)
    short, wide = (ir.VectorType(ir.IntType(bits), 2 * count) for bits in (16, 32))
    factor = ir.Constant(short, [3 + i for i in range(2 * count)])
    product = builder.mul(builder.sext(builder.bitcast(total, short), wide), builder.sext(factor, wide))
    halves = [
        builder.shuffle_vector(
            product, product, ir.Constant(ir.VectorType(index, count), list(range(start, 2 * count, 2)))
        )
        for start in (0, 1)
    ]
    return builder.add(total, builder.add(*halves))


LOOPS: dict[str, tuple[Any, Callable[[Any, Any], Any], int]] = {
    "float32 multiply-adds": (ir.FloatType(), _real(ir.FloatType()), 1),
    "float64 multiply-adds": (ir.DoubleType(), _real(ir.DoubleType()), 1),
    "int16 multiply-adds": (ir.IntType(32), _integers, 2),
    "32-bit products": (ir.IntType(64), _wide_products, 1),
    "bits compared": (ir.IntType(64), _differences, 64),
}
"""Type of a sum, what is done to it, and how much that counts for."""


def spin(name: str) -> tuple[Callable[[], object], int]:
    """Call that goes round the loop `name`, and how many operations that is."""
    element, step, weight = LOOPS[name]
    lanes = VECTOR_BITS // (64 if isinstance(element, ir.DoubleType) else getattr(element, "width", 32))
    vector = ir.VectorType(element, lanes)

    @intrinsic
    def turns(typing_context: Any, count: Any, start: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _chains(builder, arguments, vector, step)

        return types.uint64(types.int64, types.uint64), generate

    loop = numba.njit(lambda count, start: turns(count, start))
    return lambda: loop(TURNS, np.uint64(1)), TURNS * SUMS * lanes * weight


def _chains(builder: Any, arguments: Any, vector: Any, step: Callable[[Any, Any], Any]) -> Any:
    """Chains of steps side by side, and a word that depends on all of them."""
    word = ir.IntType(64)
    words = ir.VectorType(word, VECTOR_BITS // 64)
    sums = [cgutils.alloca_once(builder, vector) for _ in range(SUMS)]
    for i, place in enumerate(sums):
        first = builder.add(arguments[1], word(i))
        builder.store(builder.bitcast(_everywhere(builder, first, words), vector), place)
    with cgutils.for_range(builder, arguments[0]):
        for place in sums:
            builder.store(step(builder, builder.load(place)), place)
    seen = words(None)
    for place in sums:
        seen = builder.xor(seen, builder.bitcast(builder.load(place), words))
    return _folded(builder, seen)


def _everywhere(builder: Any, value: Any, vector: Any) -> Any:
    lone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(lone, lone, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None))


def _folded(builder: Any, vector: Any) -> Any:
    lanes = [builder.extract_element(vector, ir.IntType(32)(i)) for i in range(vector.type.count)]
    result = lanes[0]
    for lane in lanes[1:]:
        result = builder.xor(result, lane)
    return result


@numba.njit
def total(x: Any) -> Any:
    """Sum of integers: memory is read, and hardly anything is done with it."""
    result = np.uint64(0)
    for i in range(len(x)):
        result += x[i]
    return result


@numba.njit
def add_one(x: Any, out: Any) -> None:
    """Memory is read and written."""
    for i in range(len(x)):
        out[i] = x[i] + np.uint64(1)
