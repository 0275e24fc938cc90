"""Packed bits in plain array code: the same functions as ``packing``, for any library and device.

Bit ``j`` of a sample is bit ``j % 64`` of word ``j // 64``; the bits that fill up the last word are zero. Words
are uint64, or int64 with the same pattern for torch, which has no arithmetic on uint64. Work proceeds in blocks,
so the unpacked matrix never exists as a whole. The library sees to its threads; `threads` is not for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from bernoulli_latent._arrays import Array, is_torch, namespace

__all__ = ["bit_counts", "cross_products", "hamming_pairs", "hamming_rows", "pack", "unpack"]

BLOCK_ENTRIES = 2**22
"""Entries unpacked at one time: as 64-bit integers they take 32 MB."""

EXACT_ROWS = 2**22
"""A float32 sum of so many +-1 is exact, with room to spare: float32 holds every integer up to 2**24."""


def pack(values: Array, threads: int = 1) -> tuple[Array, bool, bool, int]:
    """Pack ``values > 0``; say whether 0 and -1 occur, and which flat index is first outside {-1, 0, 1}, or -1."""
    xp = namespace(values)
    n_samples, n_bits = values.shape
    words = xp.empty((n_samples, -(-n_bits // 64)), dtype=_bit_positions(values).dtype, device=values.device)
    has_zero = has_minus_one = False
    for start, stop in _blocks(n_samples, n_bits):
        block = values[start:stop, :]
        zero, one, minus_one = block == 0, block == 1, (block == -1) & (block < 0)  # torch: uint8 255 == -1
        known = zero | one | minus_one
        if not xp.all(known):
            first = xp.argmax(xp.astype(xp.reshape(~known, (-1,)), xp.uint8))
            return words, has_zero, has_minus_one, start * n_bits + int(first)
        has_zero |= bool(xp.any(zero))
        has_minus_one |= bool(xp.any(minus_one))
        words[start:stop, :] = _pack_block(one)
    return words, has_zero, has_minus_one, -1


def unpack(words: Array, n_bits: int, low: float, high: float, dtype: Any) -> Array:
    """Matrix ``(n_samples, n_bits)`` of `dtype`: `high` for a bit that is set, `low` for one that is not."""
    xp = namespace(words)
    values = xp.empty((words.shape[0], n_bits), dtype=dtype, device=words.device)
    choice = xp.asarray([low, high], dtype=dtype, device=words.device)
    shift = _bit_positions(words)
    for start, stop in _blocks(words.shape[0], n_bits):
        bits = (words[start:stop, :, None] >> shift) & 1
        flat = xp.reshape(bits, (stop - start, -1))[:, :n_bits]
        values[start:stop, :] = xp.where(flat == 1, choice[1], choice[0])
    return values


def bit_counts(words: Array, n_bits: int) -> Array:
    """How many samples have each bit set, ``(n_bits,)`` int64."""
    xp = namespace(words)
    counts = xp.zeros((n_bits,), dtype=xp.int64, device=words.device)
    for start, stop in _blocks(words.shape[0], n_bits):
        counts += xp.sum(unpack(words[start:stop, :], n_bits, 0, 1, xp.int8), axis=0, dtype=xp.int64)
    return counts


def cross_products(words: Array, n_bits: int, threads: int = 1) -> Array:
    """Sum over samples of ``y y^T`` for ``y`` in {-1, +1} with a constant +1 appended last; int64, exact."""
    xp = namespace(words)
    products = xp.zeros((n_bits + 1, n_bits + 1), dtype=xp.int64, device=words.device)
    for start, stop in _blocks(words.shape[0], n_bits):
        constant = xp.ones((stop - start, 1), dtype=xp.float32, device=words.device)
        signs = xp.concat([unpack(words[start:stop, :], n_bits, -1, 1, xp.float32), constant], axis=1)
        with _full_precision(words):
            products += xp.astype(signs.T @ signs, xp.int64)
    return products


def hamming_rows(a_words: Array, b_words: Array, threads: int = 1) -> Array:
    """Bits in which corresponding rows differ, ``(n,)`` int64; a single row is compared with every row."""
    xp = namespace(a_words, b_words)
    return xp.sum(xp.astype(_count_bits(a_words ^ b_words), xp.int64), axis=1)


def hamming_pairs(a_words: Array, b_words: Array, threads: int = 1) -> Array:
    """Bits in which each row of `a_words` differs from each row of `b_words`, ``(n, m)`` int64."""
    xp = namespace(a_words, b_words)
    n, m, n_words = a_words.shape[0], b_words.shape[0], a_words.shape[1]
    distances = xp.zeros((n, m), dtype=xp.int64, device=a_words.device)
    for start, stop in _blocks(n_words, 64 * (n + m)):
        a, b = (unpack(x[:, start:stop], 64 * (stop - start), -1, 1, xp.float32) for x in (a_words, b_words))
        with _full_precision(a_words):
            distances += (64 * (stop - start) - xp.astype(a @ b.T, xp.int64)) // 2
    return distances


def _blocks(n_rows: int, row_entries: int) -> Iterator[tuple[int, int]]:
    rows = max(1, min(EXACT_ROWS, BLOCK_ENTRIES // row_entries))
    return ((start, min(start + rows, n_rows)) for start in range(0, n_rows, rows))


def _bit_positions(like: Array) -> Array:
    xp = namespace(like)
    return xp.arange(64, dtype=xp.int64 if is_torch(like) else xp.uint64, device=like.device)


def _pack_block(bits: Array) -> Array:
    """Words of a block of booleans; each bit is shifted to its own place, so their sum is their union."""
    xp = namespace(bits)
    position = _bit_positions(bits)
    n_samples, n_bits = bits.shape
    n_words = -(-n_bits // 64)
    padded = xp.zeros((n_samples, 64 * n_words), dtype=position.dtype, device=bits.device)
    padded[:, :n_bits] = xp.astype(bits, position.dtype)
    return xp.sum(xp.reshape(padded, (n_samples, n_words, 64)) << position, axis=2, dtype=position.dtype)


def _count_bits(words: Array) -> Array:
    """Set bits of each word, by adding neighbours in ever wider fields (Warren, Hacker's Delight, 5-1)."""
    pairs = words - ((words >> 1) & 0x5555555555555555)
    nibbles = (pairs & 0x3333333333333333) + ((pairs >> 2) & 0x3333333333333333)
    octets = (nibbles + (nibbles >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (octets * 0x0101010101010101) >> 56


def _full_precision(like: Array) -> AbstractContextManager[Any]:
    """Switch autocast off, which would round counts to half precision; TF32 may stay, +-1 is exact in it."""
    if not is_torch(like):
        return nullcontext()
    import torch

    return torch.autocast(like.device.type, enabled=False)
