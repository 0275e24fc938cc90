"""Packed bits in host memory, compiled: which memory to read, in what blocks; the loops are in a file apart.

Bit ``j`` of a sample is bit ``j % 64`` of uint64 word ``j // 64``; the bits that fill up the last word are
zero. ``generic_packing`` says the same in plain array code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._kernels import bit_loops, pack_loops
from bernoulli_latent._threads import in_parallel

__all__ = ["bit_counts", "cross_products", "hamming_pairs", "hamming_rows", "pack", "unpack"]

NDArray: TypeAlias = np.ndarray[Any, Any]

COPIED_ENTRIES = 2**16
"""Entries gathered at one time from an array that cannot be read in place."""

BIT_MAJOR_WORDS = 2**21
"""Words of the bit-major copy of some samples, from which bits are counted: 16 MB."""

PAIR_WORDS = 2**16
"""Words of a word-major copy of some rows, against which other rows are compared: 512 kB."""

PARALLEL_BYTES, PARALLEL_SAMPLES, PARALLEL_ROWS = 2**23, 2**12, 2**6
"""Least work of a thread: bytes to read, samples whose products are summed apart, rows to compare with all others."""

ALL = ~np.uint64(0)


def pack(values: NDArray, threads: int = 1) -> tuple[NDArray, bool, bool, int]:
    """Pack ``values > 0``; say whether 0 and -1 occur, and which flat index is first outside {-1, 0, 1}, or -1.

    Entries are told apart by their bytes, so one kernel serves all dtypes of a size.
    """
    if len(values) and abs(values.strides[0]) < abs(values.strides[1]):
        columns, has_zero, has_minus_one, bad = pack(values.T, threads)
        if bad < 0:
            return _transposed(columns, values.shape[1], len(values)), has_zero, has_minus_one, bad
    n_samples, n_bits = values.shape
    words = np.empty((n_samples, -(-n_bits // 64)), dtype=np.uint64)
    grain = -(-PARALLEL_BYTES // (n_bits * values.itemsize))
    parts = in_parallel(lambda start, stop: _pack_rows(values, words, start, stop), n_samples, threads, grain)
    has_zero, has_minus_one = (any(part[k] for part in parts) for k in (0, 1))
    return words, has_zero, has_minus_one, next((bad for *_, bad in parts if bad >= 0), -1)


def unpack(words: NDArray, n_bits: int, low: float, high: float, dtype: Any, out: NDArray | None = None) -> NDArray:
    """Matrix ``(n_samples, n_bits)`` of `dtype`: `high` for a bit that is set, `low` for one that is not.

    Rows of `out`, if given, follow each other in memory.
    """
    values = np.empty((len(words), n_bits), dtype=dtype) if out is None else out
    if values.itemsize > 8:
        values[...] = unpack(words, n_bits, low, high, np.float64)
        return values
    low_bytes, high_bytes = np.array([low, high], dtype=dtype).view(f"u{values.itemsize}")
    pack_loops.unpack_rows(words, n_bits, low_bytes, high_bytes, values.reshape(-1).view(low_bytes.dtype))
    return values


def bit_counts(words: NDArray, n_bits: int) -> NDArray:
    """How many samples have each bit set, ``(n_bits,)`` int64."""
    counts = np.zeros(n_bits, dtype=np.int64)
    for _, block in _bit_major_blocks(words, n_bits):
        bit_loops.add_bit_counts(block, counts)
    return counts


def cross_products(words: NDArray, n_bits: int, threads: int = 1) -> NDArray:
    """Sum over samples of ``y y^T`` for ``y`` in {-1, +1} with a constant +1 appended last; int64 and exact.

    Equal bits count +1 and different bits -1, so the sum is ``n_samples - 2 * differences``.
    """
    first, *others = in_parallel(lambda i, j: _differences(words[i:j], n_bits), len(words), threads, PARALLEL_SAMPLES)
    for part in others:
        first += part
    bit_loops.products_from_differences(first, len(words))
    return first


def hamming_rows(a_words: NDArray, b_words: NDArray, threads: int = 1) -> NDArray:
    """Bits in which corresponding rows differ, ``(n,)`` int64; a single row is compared with every row."""
    distances = np.empty(len(b_words) if len(a_words) == 1 else len(a_words), dtype=np.int64)

    def fill(i: int, j: int) -> None:
        a, b = (x if len(x) == 1 else x[i:j] for x in (a_words, b_words))
        bit_loops.count_row_differences(a, b, distances[i:j])

    in_parallel(fill, len(distances), threads, -(-PARALLEL_BYTES // (8 * a_words.shape[1])))
    return distances


def hamming_pairs(a_words: NDArray, b_words: NDArray, threads: int = 1) -> NDArray:
    """Bits in which each row of `a_words` differs from each row of `b_words`, ``(n, m)`` int64."""
    distances = np.zeros((len(a_words), len(b_words)), dtype=np.int64)
    width = min(4096, max(64, PAIR_WORDS // a_words.shape[1]))

    def fill(i: int, j: int) -> None:
        bit_loops.add_pair_differences(a_words[i:j], b_words, width, distances[i:j])

    in_parallel(fill, len(a_words), threads, PARALLEL_ROWS)
    return distances


def _pack_rows(values: NDArray, words: NDArray, start: int, stop: int) -> tuple[bool, bool, int]:
    """Pack the rows from `start` to `stop`: in one go, or, if they must be copied first, in blocks."""
    n_bits, in_place = values.shape[1], _readable_in_place(values)
    rows = max(1, stop - start if in_place else COPIED_ENTRIES // n_bits)
    has_zero = has_minus_one = False
    for first in range(start, stop, rows):
        block = values[first : min(first + rows, stop)]
        block = block if in_place else _recode(np.array(block, order="C"))
        part = words[first : first + len(block)]
        zero, minus_one, row = pack_loops.pack_rows(*_memory(block), n_bits, _patterns(block.dtype), part)
        has_zero |= zero
        has_minus_one |= minus_one and values.dtype.kind in "if"
        if row >= 0:
            return has_zero, has_minus_one, (first + row) * n_bits + _first_unknown(values[first + row])
    return has_zero, has_minus_one, -1


def _readable_in_place(values: NDArray) -> bool:
    """Whether entries are numbers of the machine; read-only arrays are copied in blocks, or kernels compile twice."""
    size = values.itemsize
    apart = all(stride and stride % size == 0 for stride in values.strides)
    return values.flags.behaved and values.dtype.isnative and size <= 8 and apart


def _memory(block: NDArray) -> tuple[NDArray, int, tuple[int, int]]:
    """Memory from the first entry to the last as unsigned integers, where row 0 starts in it, and both strides."""
    size = block.itemsize
    if block.flags.c_contiguous:
        return block.reshape(-1).view(f"u{size}"), 0, (block.shape[1], 1)
    strides = block.strides[0] // size, block.strides[1] // size
    reach = [(n - 1) * stride for n, stride in zip(block.shape, strides, strict=True)]
    lowest = block[:: -1 if reach[0] < 0 else 1, :: -1 if reach[1] < 0 else 1]
    flat = np.lib.stride_tricks.as_strided(lowest, (sum(map(abs, reach)) + 1,), (size,))
    return flat.view(f"u{size}"), -sum(min(length, 0) for length in reach), strides


@cache
def _patterns(dtype: np.dtype[Any]) -> tuple[Any, Any, Any]:
    """Bytes of 1 and -1 as unsigned integers, and those without the sign of a zero; without signs -1 is 1."""
    minus_one = -1 if dtype.kind in "if" else 1
    one, minus_one, negative_zero = np.array([1, minus_one, -0.0], dtype=dtype).view(f"u{dtype.itemsize}")
    return one, minus_one, ~negative_zero


def _recode(block: NDArray) -> NDArray:
    """Turn dtypes wider than a word to int8, and in them whatever is not -1, 0 or 1 to 2."""
    if block.itemsize <= 8:
        return block
    return np.where(block == np.sign(block), np.sign(block), 2).astype(np.int8)


def _first_unknown(row: NDArray) -> int:
    return int(np.argmin((row == 0) | (row == 1) | (row == -1)))


def _transposed(words: NDArray, n_bits: int, n_samples: int) -> NDArray:
    transposed = np.empty((n_samples, -(-n_bits // 64)), dtype=np.uint64)
    pack_loops.transpose(words, _cache_lines(64, 8), transposed)
    return transposed


def _differences(words: NDArray, n_bits: int) -> NDArray:
    """How often bits differ, the constant last: lower triangle of ``(n_bits + 1, n_bits + 1)``."""
    differences = np.zeros((n_bits + 1, n_bits + 1), dtype=np.int64)
    for n_block, block in _bit_major_blocks(words, 4 * -(-(n_bits + 1) // 4)):
        whole, rest = divmod(n_block, 64)
        block[n_bits, :whole] = ALL
        block[n_bits, whole:] = 0
        if rest:
            block[n_bits, whole] = 2**rest - 1
        bit_loops.add_differences(block, differences)
    return differences


def _bit_major_blocks(words: NDArray, n_rows: int) -> Iterator[tuple[int, NDArray]]:
    """Equal parts of the samples, transposed: ``n_rows`` bits times words of 64 samples, in memory used again."""
    n_parts = max(1, -(-len(words) // (64 * max(8, min(1024, BIT_MAJOR_WORDS // n_rows)))))
    n_columns = 8 * -(-len(words) // (512 * n_parts)) | 8  # an odd multiple of a cache line: rows spread over sets
    block, squares = _cache_lines(n_rows, n_columns), _cache_lines(64, 8)
    for start in range(0, len(words), 64 * n_columns):
        part = words[start : start + 64 * n_columns]
        pack_loops.transpose(part, squares, block)
        yield len(part), block


def _cache_lines(n_rows: int, n_columns: int) -> NDArray:
    """Uninitialised words that start with a cache line."""
    memory = np.empty(n_rows * n_columns + 7, dtype=np.uint64)
    first = -memory.__array_interface__["data"][0] % 64 // 8
    return memory[first : first + n_rows * n_columns].reshape(n_rows, n_columns)
