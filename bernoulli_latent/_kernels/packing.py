"""Packed bits in host memory, compiled: which memory to read, in what blocks; ``bit_loops`` has the loops.

Bit ``j`` of a sample is bit ``j % 64`` of uint64 word ``j // 64``; the bits that fill up the last word are
zero. ``generic_packing`` says the same in plain array code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._kernels import bit_loops

__all__ = ["bit_counts", "cross_products", "hamming_pairs", "hamming_rows", "pack", "unpack"]

NDArray: TypeAlias = np.ndarray[Any, Any]

COPIED_ENTRIES = 2**16
"""Entries gathered at one time from an array that cannot be read in place."""

BIT_MAJOR_WORDS = 2**20
"""Words of the bit-major copy of some samples, from which bits are counted: 8 MB."""

PAIR_WORDS = 2**16
"""Words of a word-major copy of some rows, against which other rows are compared: 512 kB."""


def pack(values: NDArray) -> tuple[NDArray, bool, bool, int]:
    """Pack ``values > 0``; say whether 0 and -1 occur, and which flat index is first outside {-1, 0, 1}, or -1.

    Entries are told apart by their bytes, so one kernel serves all dtypes of a size.
    """
    if values.flags.f_contiguous and not values.flags.c_contiguous:
        columns, has_zero, has_minus_one, bad = pack(values.T)
        if bad < 0:
            return _transposed(columns, values.shape[1], len(values)), has_zero, has_minus_one, bad
    n_samples, n_bits = values.shape
    words = np.empty((n_samples, -(-n_bits // 64)), dtype=np.uint64)
    has_zero = has_minus_one = False
    in_place = _readable_in_place(values)
    rows = max(1, n_samples if in_place else COPIED_ENTRIES // n_bits)
    for start in range(0, n_samples, rows):
        block = values if in_place else _recode(np.array(values[start : start + rows], order="C"))
        flat, stride = _flat_rows(block)
        one, minus_one, negative_zero = _patterns(block)
        part = words[start : start + rows]
        zeros, minus_ones, row = bit_loops.pack_rows(flat, stride, n_bits, one, minus_one, negative_zero, part)
        if row >= 0:
            return words, has_zero, has_minus_one, (start + row) * n_bits + _first_unknown(values[start + row])
        has_zero |= zeros != 0
        has_minus_one |= minus_ones != 0 and values.dtype.kind in "if"
    return words, has_zero, has_minus_one, -1


def unpack(words: NDArray, n_bits: int, low: float, high: float, dtype: Any, out: NDArray | None = None) -> NDArray:
    """Matrix ``(n_samples, n_bits)`` of `dtype`: `high` for a bit that is set, `low` for one that is not.

    Rows of `out`, if given, follow each other in memory.
    """
    values = np.empty((len(words), n_bits), dtype=dtype) if out is None else out
    if values.itemsize > 8:
        values[...] = unpack(words, n_bits, low, high, np.float64)
        return values
    low_bytes, high_bytes = np.array([low, high], dtype=dtype).view(f"u{values.itemsize}")
    bit_loops.unpack_rows(words, n_bits, low_bytes, high_bytes, values.reshape(-1).view(low_bytes.dtype))
    return values


def bit_counts(words: NDArray, n_bits: int) -> NDArray:
    """How many samples have each bit set, ``(n_bits,)`` int64."""
    counts = np.zeros(n_bits, dtype=np.int64)
    for _, block in _bit_major_blocks(words, n_bits):
        bit_loops.add_bit_counts(block, counts)
    return counts


def cross_products(words: NDArray, n_bits: int) -> NDArray:
    """Sum over samples of ``y y^T`` for ``y`` in {-1, +1} with a constant +1 appended last; int64 and exact.

    Equal bits count +1 and different bits -1, so the sum is ``n_samples - 2 * differences``.
    """
    products = np.zeros((n_bits + 1, n_bits + 1), dtype=np.int64)
    for n_block, block in _bit_major_blocks(words, 4 * -(-(n_bits + 1) // 4)):
        block[n_bits] = pack(np.arange(64 * block.shape[1])[None, :] < n_block)[0]
        bit_loops.add_differences(block, products)
    bit_loops.products_from_differences(products, len(words))
    return products


def hamming_rows(a_words: NDArray, b_words: NDArray) -> NDArray:
    """Bits in which corresponding rows differ, ``(n,)`` int64; a single row is compared with every row."""
    distances = np.empty(len(b_words) if len(a_words) == 1 else len(a_words), dtype=np.int64)
    bit_loops.count_row_differences(a_words, b_words, distances)
    return distances


def hamming_pairs(a_words: NDArray, b_words: NDArray) -> NDArray:
    """Bits in which each row of `a_words` differs from each row of `b_words`, ``(n, m)`` int64."""
    distances = np.zeros((len(a_words), len(b_words)), dtype=np.int64)
    width = min(4096, max(64, PAIR_WORDS // a_words.shape[1]))
    bit_loops.add_pair_differences(a_words, b_words, width, distances)
    return distances


def _readable_in_place(values: NDArray) -> bool:
    """Whether every row is contiguous; read-only arrays are copied in blocks, or each kernel compiles twice."""
    step, inner = values.strides
    size = values.itemsize
    return values.flags.behaved and inner == size <= 8 and step >= 0 and step % size == 0


def _flat_rows(block: NDArray) -> tuple[NDArray, int]:
    """Memory from the first entry to the last as unsigned integers, and the distance between rows in it."""
    size, stride = block.itemsize, block.strides[0] // block.itemsize
    extent = (len(block) - 1) * stride + block.shape[1]
    return np.lib.stride_tricks.as_strided(block, (extent,), (size,)).view(f"u{size}"), stride


def _patterns(block: NDArray) -> Any:
    """Bytes of 1, -1 and -0 as unsigned integers; in dtypes without a sign they repeat 1 and 0."""
    minus_one = -1 if block.dtype.kind in "if" else 1
    return np.array([1, minus_one, -0.0], dtype=block.dtype).view(f"u{block.itemsize}")


def _recode(block: NDArray) -> NDArray:
    """Turn dtypes wider than a word to int8, and in them whatever is not -1, 0 or 1 to 2."""
    if block.itemsize <= 8:
        return block
    return np.where(block == np.sign(block), np.sign(block), 2).astype(np.int8)


def _first_unknown(row: NDArray) -> int:
    return int(np.argmin((row == 0) | (row == 1) | (row == -1)))


def _transposed(words: NDArray, n_bits: int, n_samples: int) -> NDArray:
    transposed = np.empty((n_samples, -(-n_bits // 64)), dtype=np.uint64)
    bit_loops.transpose(words, transposed)
    return transposed


def _bit_major_blocks(words: NDArray, n_rows: int) -> Iterator[tuple[int, NDArray]]:
    """Equal parts of the samples, transposed: ``n_rows`` bits times words of 64 samples, in memory used again."""
    n_parts = max(1, -(-len(words) // (64 * max(8, min(1024, BIT_MAJOR_WORDS // n_rows)))))
    n_columns = 8 * -(-len(words) // (512 * n_parts)) | 8  # an odd multiple of a cache line: rows spread over sets
    block = np.zeros((n_rows, n_columns), dtype=np.uint64)
    for start in range(0, len(words), 64 * n_columns):
        part = words[start : start + 64 * n_columns]
        bit_loops.transpose(part, block)
        yield len(part), block
