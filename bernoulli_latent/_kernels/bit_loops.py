"""The compiled loops of ``packing``: 64 bits at a time are compared, selected, transposed and counted."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel

__all__ = [
    "add_bit_counts",
    "add_differences",
    "add_pair_differences",
    "count_row_differences",
    "pack_rows",
    "products_from_differences",
    "transpose",
    "unpack_rows",
]

NDArray: TypeAlias = np.ndarray[Any, Any]
Word: TypeAlias = Any
"""An unsigned integer: 64 bits, or the bytes of one entry."""


@kernel
def pack_rows(
    values: NDArray, stride: int, n_bits: int, one: Word, minus_one: Word, negative_zero: Word, words: NDArray
) -> tuple[Word, Word, int]:
    """OR of all zero masks, OR of all minus-one masks, and the first row with another entry, or -1."""
    n_full, n_rest = n_bits // 64, n_bits % 64
    unused = ~((np.uint64(1) << np.uint64(n_rest)) - np.uint64(1))
    spare = np.empty(64, dtype=values.dtype)
    zeros, minus_ones = np.uint64(0), np.uint64(0)
    for i in range(len(words)):
        known = ~np.uint64(0)
        for w in range(n_full):
            ones, zero, minus = _classify(values, i * stride + 64 * w, one, minus_one, negative_zero)
            words[i, w] = ones
            zeros |= zero
            minus_ones |= minus
            known &= ones | zero | minus
        if n_rest:
            source, first = values, i * stride + 64 * n_full
            if first + 64 > len(values):
                for k in range(n_rest):
                    spare[k] = values[first + k]
                source, first = spare, 0
            ones, zero, minus = _classify(source, first, one, minus_one, negative_zero)
            words[i, n_full] = ones & ~unused
            zeros |= zero & ~unused
            minus_ones |= minus & ~unused
            known &= ones | zero | minus | unused
        if ~known:
            return zeros, minus_ones, i
    return zeros, minus_ones, -1


@kernel
def _classify(values: NDArray, first: int, one: Word, minus_one: Word, negative_zero: Word) -> tuple[Word, Word, Word]:
    zero = _equal_lanes(values, first, one ^ one) | _equal_lanes(values, first, negative_zero)
    return _equal_lanes(values, first, one), zero, _equal_lanes(values, first, minus_one)


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
def transpose(words: NDArray, transposed: NDArray) -> None:
    """Eight squares of 64 x 64 bits side by side, so that every step works on whole vectors."""
    n_rows, n_columns = transposed.shape
    squares = np.empty(512, dtype=np.uint64)
    for first in range(0, n_columns, 8):
        for w in range(min(words.shape[1], (n_rows + 63) // 64)):
            for r in range(64):
                for g in range(8):
                    i = 64 * (first + g) + r
                    squares[8 * r + g] = words[i, w] if i < len(words) else np.uint64(0)
            _transpose_squares(squares)
            for j in range(min(64, n_rows - 64 * w)):
                for g in range(min(8, n_columns - first)):
                    transposed[64 * w + j, first + g] = squares[8 * j + g]


@kernel
def _transpose_squares(squares: NDArray) -> None:
    """Swap the off-diagonal halves, quarters, eighths, ... (Warren, Hacker's Delight, section 7-3)."""
    width, mask = 32, np.uint64(0x00000000FFFFFFFF)
    while width > 0:
        for start in range(0, 64, 2 * width):
            for row in range(start, start + width):
                _swap_lanes(squares, 8 * row, 8 * (row + width), np.uint64(width), mask)
        width //= 2
        mask ^= mask << np.uint64(width)


@kernel
def add_bit_counts(block: NDArray, counts: NDArray) -> None:
    for j in range(len(counts)):
        row, count = block[j], np.uint64(0)
        for k in range(len(row)):
            count += _population_count(row[k])
        counts[j] += np.int64(count)


@kernel
def add_differences(block: NDArray, differences: NDArray) -> None:
    """Lower triangle, in tiles of 64 x 64 pairs that stay in the cache."""
    n = len(differences)
    counts = np.empty((4, 4), dtype=np.int64)
    for tile_i in range(0, n, 64):
        for tile_j in range(0, tile_i + 1, 64):
            for i in range(tile_i, min(tile_i + 64, n), 4):
                for j in range(tile_j, min(tile_j + 64, i + 1), 4):
                    _differences_4x4(block[i : i + 4], block[j : j + 4], counts)
                    for r in range(min(4, n - i)):
                        for s in range(min(4, n - j)):
                            differences[i + r, j + s] += counts[r, s]


@kernel
def _differences_4x4(a: NDArray, b: NDArray, counts: NDArray) -> None:
    """Sixteen sums in registers for eight words loaded; whole rows are sliced first, or the loop stays scalar."""
    a0, a1, a2, a3, b0, b1, b2, b3 = a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]
    c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = np.uint64(0)
    c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = np.uint64(0)
    for k in range(len(a0)):
        c00 += _population_count(a0[k] ^ b0[k])
        c01 += _population_count(a0[k] ^ b1[k])
        c02 += _population_count(a0[k] ^ b2[k])
        c03 += _population_count(a0[k] ^ b3[k])
        c10 += _population_count(a1[k] ^ b0[k])
        c11 += _population_count(a1[k] ^ b1[k])
        c12 += _population_count(a1[k] ^ b2[k])
        c13 += _population_count(a1[k] ^ b3[k])
        c20 += _population_count(a2[k] ^ b0[k])
        c21 += _population_count(a2[k] ^ b1[k])
        c22 += _population_count(a2[k] ^ b2[k])
        c23 += _population_count(a2[k] ^ b3[k])
        c30 += _population_count(a3[k] ^ b0[k])
        c31 += _population_count(a3[k] ^ b1[k])
        c32 += _population_count(a3[k] ^ b2[k])
        c33 += _population_count(a3[k] ^ b3[k])
    counts[0, 0], counts[0, 1], counts[0, 2], counts[0, 3] = c00, c01, c02, c03
    counts[1, 0], counts[1, 1], counts[1, 2], counts[1, 3] = c10, c11, c12, c13
    counts[2, 0], counts[2, 1], counts[2, 2], counts[2, 3] = c20, c21, c22, c23
    counts[3, 0], counts[3, 1], counts[3, 2], counts[3, 3] = c30, c31, c32, c33


@kernel
def products_from_differences(products: NDArray, n_samples: int) -> None:
    """Both triangles from the lower one, in place and in tiles: column by column it would miss the cache."""
    n = len(products)
    for tile_i in range(0, n, 64):
        for tile_j in range(0, tile_i + 1, 64):
            for i in range(tile_i, min(tile_i + 64, n)):
                for j in range(tile_j, min(tile_j + 64, i + 1)):
                    product = n_samples - 2 * products[i, j]
                    products[i, j] = product
                    products[j, i] = product


@kernel
def count_row_differences(a: NDArray, b: NDArray, distances: NDArray) -> None:
    for i in range(len(distances)):
        x, y = a[i if len(a) > 1 else 0], b[i if len(b) > 1 else 0]
        count = np.uint64(0)
        for k in range(len(x)):
            count += _population_count(x[k] ^ y[k])
        distances[i] = np.int64(count)


@kernel
def add_pair_differences(a: NDArray, b: NDArray, width: int, distances: NDArray) -> None:
    """Rows of `b` lie word-major in a tile, so that one vector holds several of them and sums need no reduction."""
    n_words = a.shape[1]
    tile = np.zeros((n_words + 3, width), dtype=np.uint64)
    row = np.zeros(n_words + 3, dtype=np.uint64)
    for first in range(0, len(b), width):
        for j in range(min(width, len(b) - first)):
            for k in range(n_words):
                tile[k, j] = b[first + j, k]
        for i in range(len(a)):
            row[:n_words] = a[i]
            counts = distances[i, first : first + width]
            for k in range(0, n_words, 4):
                x0, x1, x2, x3 = row[k], row[k + 1], row[k + 2], row[k + 3]
                y0, y1, y2, y3 = tile[k], tile[k + 1], tile[k + 2], tile[k + 3]
                for j in range(len(counts)):
                    low = _population_count(x0 ^ y0[j]) + _population_count(x1 ^ y1[j])
                    high = _population_count(x2 ^ y2[j]) + _population_count(x3 ^ y3[j])
                    counts[j] += np.int64(low + high)


@intrinsic
def _population_count(typing_context: Any, word: Any) -> Any:
    """Set bits of a word."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), codegen


@intrinsic
def _equal_lanes(typing_context: Any, values: Any, first: Any, pattern: Any) -> Any:
    """Word whose bit ``k`` says whether ``values[first + k] == pattern``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, lanes = _lanes(context, builder, values, arguments[0], arguments[1], 64)
        entries = builder.load(pointer, align=1)
        equal = builder.icmp_unsigned("==", entries, _splat(builder, arguments[2], lanes))
        return builder.bitcast(equal, ir.IntType(64))

    return types.uint64(values, types.int64, values.dtype), codegen


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


@intrinsic
def _swap_lanes(typing_context: Any, words: Any, upper: Any, lower: Any, shift: Any, mask: Any) -> Any:
    """Swap ``words[upper + g] >> shift & mask`` with ``words[lower + g] & mask`` for eight ``g``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        upper, lanes = _lanes(context, builder, words, arguments[0], arguments[1], 8)
        lower, _ = _lanes(context, builder, words, arguments[0], arguments[2], 8)
        shift, mask = (_splat(builder, argument, lanes) for argument in arguments[3:])
        above, below = builder.load(upper, align=8), builder.load(lower, align=8)
        change = builder.and_(builder.xor(builder.lshr(above, shift), below), mask)
        builder.store(builder.xor(above, builder.shl(change, shift)), upper, align=8)
        builder.store(builder.xor(below, change), lower, align=8)
        return context.get_dummy_value()

    return types.void(words, types.int64, types.int64, types.uint64, types.uint64), codegen


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
