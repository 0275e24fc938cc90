"""The compiled loops of ``packing`` that move bits: 64 at a time are compared, selected and transposed."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel

__all__ = ["pack_rows", "shuffled", "transpose", "unpack_rows"]

NDArray: TypeAlias = np.ndarray[Any, Any]
Word: TypeAlias = Any
"""An unsigned integer: 64 bits, or the bytes of one entry."""

AHEAD, CACHE_LINE = 4, 64
"""Rows from the one that is read to the one that is fetched, and bytes fetched at a time."""


@kernel
def pack_rows(
    values: NDArray,
    first: int,
    strides: tuple[int, int],
    n_bits: int,
    patterns: tuple[Word, Word, Word],
    words: NDArray,
) -> tuple[bool, bool, int]:
    """Whether 0 and -1 occur, and the first row with another entry, or -1.

    Rows are read where they are, with up to 63 lanes beyond their ends, if those belong to a neighbour or take few
    bytes; otherwise through a spare row.
    """
    row_stride, column_stride = strides
    one, minus_one, kept = patterns
    spare = np.full(64 * words.shape[1], one)
    in_place = column_stride == 1 and (values.itemsize == 1 or n_bits in (abs(row_stride), len(spare)))
    has_zero = has_minus_one = False
    for i in range(len(words)):
        source, start = values, first + i * row_stride
        if column_stride == 1 and row_stride != n_bits:
            _expect(values, start + AHEAD * row_stride, n_bits)
        if not (in_place and start + len(spare) <= len(values)):
            _gather(values, start, column_stride, spare[:n_bits])
            source, start = spare, 0
        unknown, zero, minus = _pack_row(source, start, n_bits, one, minus_one, kept, words[i])
        has_zero |= zero
        has_minus_one |= minus
        if unknown:
            return has_zero, has_minus_one, i
    return has_zero, has_minus_one, -1


@kernel
def _expect(values: NDArray, start: int, n_bits: int) -> None:
    """Ask for a row long before it is read, because processors foresee only what follows in memory."""
    for k in range(0, n_bits, CACHE_LINE // values.itemsize):
        _prefetch(values, start + k)


@kernel
def _gather(values: NDArray, start: int, stride: int, row: NDArray) -> None:
    """One by one where neighbours are apart: the indices keep the compiler from gather instructions, which are slow."""
    if stride == 1:
        neighbours = values[start : start + len(row)]
        for k in range(len(row)):
            row[k] = neighbours[k]
    elif row.itemsize == 1:
        apart = values[start::stride]
        for k in range(len(row)):
            row[k] = apart[k]
    else:
        for k in range(len(row)):
            row[k] = values[start + k * stride]


@kernel
def unpack_rows(words: NDArray, n_bits: int, low: Word, high: Word, values: NDArray) -> None:
    for i in range(len(words)):
        for w in range(words.shape[1]):
            first = i * n_bits + 64 * w
            if first + 64 <= len(values):  # lanes beyond the row are written again with the next row
                _select_lanes(values, first, words[i, w], low, high)
            else:
                for k in range(min(64, n_bits - 64 * w)):
                    values[first + k] = high if (words[i, w] >> np.uint64(k)) & np.uint64(1) else low


@kernel
def transpose(words: NDArray, squares: NDArray, transposed: NDArray) -> None:
    """Eight `squares` of 64 x 64 bits side by side, (64, 8) words, so that every step works on whole vectors."""
    n_rows, n_columns = transposed.shape
    for first in range(0, n_columns, 8):
        part = words[64 * first : 64 * (first + 8)]
        for w in range(min(words.shape[1], (n_rows + 63) // 64)):
            _gather_squares(part[:, w], squares)
            for r in range(8):
                _swap_octet(squares, r, 8)
            for r in range(0, 64, 8):
                _swap_octet(squares, r, 1)
            _scatter_squares(squares, transposed[64 * w : 64 * (w + 1), first : first + 8])


@kernel
def _gather_squares(column: NDArray, squares: NDArray) -> None:
    if len(column) < 512:
        squares[:] = np.uint64(0)
    for g in range((len(column) + 63) // 64):
        part = column[64 * g : 64 * (g + 1)]
        for r in range(len(part)):
            squares[r, g] = part[r]


@kernel
def _scatter_squares(squares: NDArray, rows: NDArray) -> None:
    if rows.shape[1] == 8:
        for j in range(len(rows)):
            for g in range(8):
                rows[j, g] = squares[j, g]
    else:
        rows[:] = squares[: len(rows), : rows.shape[1]]


@intrinsic
def _pack_row(
    typing_context: Any, values: Any, start: Any, n_bits: Any, one: Any, minus_one: Any, kept: Any, words: Any
) -> Any:
    """Words of a row, read up to a multiple of 64 entries, and whether it has other entries, zeros, minus ones.

    An entry is zero if none of its bits that are `kept` is set.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, start, n_bits, *patterns, words = arguments
        pointer, lanes = _lanes(context, builder, signature.args[0], values, start, 64)
        one, minus_one, kept = (_splat(builder, pattern, lanes) for pattern in patterns)
        words = context.make_array(signature.args[6])(context, builder, words).data
        seen = [cgutils.alloca_once_value(builder, ir.IntType(64)(0)) for _ in range(3)]
        n_words = builder.udiv(builder.add(n_bits, n_bits.type(63)), n_bits.type(64))
        with cgutils.for_range(builder, n_words) as loop:
            entries = builder.load(builder.gep(pointer, [loop.index]), align=1)
            valid = _first_bits(builder, builder.sub(n_bits, builder.mul(loop.index, n_bits.type(64))))
            ones, minus_ones = (builder.and_(_equal(builder, entries, x), valid) for x in (one, minus_one))
            zeros = builder.and_(_equal(builder, builder.and_(entries, kept), lanes(None)), valid)
            others = builder.xor(builder.or_(builder.or_(ones, minus_ones), zeros), valid)
            builder.store(ones, builder.gep(words, [loop.index]))
            for place, word in zip(seen, (others, zeros, minus_ones), strict=True):
                builder.store(builder.or_(builder.load(place), word), place)
        answers = [builder.icmp_unsigned("!=", builder.load(place), ir.IntType(64)(0)) for place in seen]
        return context.make_tuple(builder, signature.return_type, answers)

    kinds = values, types.int64, types.int64, values.dtype, values.dtype, values.dtype, words
    return types.UniTuple(types.boolean, 3)(*kinds), codegen


def _equal(builder: Any, x: Any, y: Any) -> Any:
    """Word with a bit for each of 64 lanes."""
    return builder.bitcast(builder.icmp_unsigned("==", x, y), ir.IntType(64))


def _first_bits(builder: Any, count: Any) -> Any:
    """Word whose first `count` bits are set, at least one; all of them if there are no more than 64."""
    missing = builder.sub(count.type(64), count)
    missing = builder.select(builder.icmp_signed(">", missing, count.type(0)), missing, count.type(0))
    return builder.lshr(count.type(-1), missing)


@intrinsic
def _prefetch(typing_context: Any, values: Any, place: Any) -> Any:
    """Fetch the cache line of an entry; places outside of the array do no harm."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        options = [ir.IntType(32)(option) for option in (0, 3, 1)]  # to read, again and again, data
        kind = ir.FunctionType(ir.VoidType(), [place.type, *(option.type for option in options)])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(prefetch, [place, *options])
        return context.get_dummy_value()

    return types.void(values, types.int64), codegen


@intrinsic(prefer_literal=True)
def _swap_octet(typing_context: Any, squares: Any, first: Any, step: Any) -> Any:
    """Swap halves, quarters and eighths of eight rows, `step` apart (Warren, Hacker's Delight, section 7-3).

    With `step` 8 that exchanges bits 32, 16 and 8 apart with rows as far apart, and with `step` 1 the others.
    """
    distance = step.literal_value

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(ir.IntType(64), 8)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        data = builder.bitcast(data, lanes.as_pointer())
        places = [builder.gep(data, [builder.add(arguments[1], ir.IntType(64)(distance * k))]) for k in range(8)]
        rows = [builder.load(place, align=8) for place in places]
        for half in (4, 2, 1):
            for k in (k for k in range(8) if not k & half):
                rows[k], rows[k + half] = _swapped(builder, rows[k], rows[k + half], half * distance)
        for row, place in zip(rows, places, strict=True):
            builder.store(row, place, align=8)
        return context.get_dummy_value()

    return types.void(squares, types.int64, step), codegen


def _swapped(builder: Any, upper: Any, lower: Any, width: int) -> tuple[Any, Any]:
    """Swap every other `width` bits of two rows: the high ones of `upper` with the low ones of `lower`."""
    shift, mask = (upper.type([number] * 8) for number in (width, (2**64 - 1) // (2**width + 1)))
    change = builder.and_(builder.xor(builder.lshr(upper, shift), lower), mask)
    return builder.xor(upper, builder.shl(change, shift)), builder.xor(lower, change)


@intrinsic
def _select_lanes(typing_context: Any, values: Any, first: Any, word: Any, low: Any, high: Any) -> Any:
    """Set ``values[first + k]`` to `high` where bit ``k`` of `word` is set, and to `low` elsewhere."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, lanes = _lanes(context, builder, values, arguments[0], arguments[1], 64)
        is_set = builder.bitcast(arguments[2], ir.VectorType(ir.IntType(1), 64))
        low, high = (_splat(builder, argument, lanes) for argument in arguments[3:])
        builder.store(builder.select(is_set, high, low), pointer, align=1)
        return context.get_dummy_value()

    return types.void(values, types.int64, types.uint64, values.dtype, values.dtype), codegen


def shuffled(builder: Any, x: Any, y: Any, lanes: range) -> Any:
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes)))


def _lanes(context: Any, builder: Any, kind: Any, array: Any, first: Any, count: int) -> tuple[Any, Any]:
    """Pointer to `count` entries from `first` as one vector, and the type of that vector."""
    lanes = ir.VectorType(context.get_data_type(kind.dtype), count)
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [first]), lanes.as_pointer()), lanes


def _splat(builder: Any, value: Any, lanes: Any) -> Any:
    """Vector with `value` in every lane."""
    undefined, index = ir.Constant(lanes, ir.Undefined), ir.IntType(32)
    first = builder.insert_element(undefined, value, ir.Constant(index, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(index, lanes.count), [0] * lanes.count))
