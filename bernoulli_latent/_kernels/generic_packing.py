"""Packed bits in plain array code: the same functions as ``packing``, for any library and device.

Bit ``j`` of a sample is bit ``j % 64`` of word ``j // 64``; the bits that fill up the last word are zero. Words
are uint64, or int64 with the same pattern for torch, which has no arithmetic on uint64. Work proceeds in blocks,
so the unpacked matrix never exists as a whole. The library sees to its threads; `threads` is not for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bernoulli_latent._arrays import Array, is_torch, namespace, on_host
from bernoulli_latent._kernels import device, device_products

__all__ = [
    "bit_counts",
    "cross_products",
    "full_precision",
    "hamming_pairs",
    "hamming_rows",
    "pack",
    "pack_bits",
    "unpack",
]

BLOCK_ENTRIES = 2**22
"""Entries unpacked at one time in host memory: as 64-bit integers they take 32 MB."""

DEVICE_ENTRIES = 2**27
"""Entries unpacked at one time on a device, which wants large pieces: 128 MB of octets."""

EXACT_ROWS = 2**22
"""A float32 sum of so many +-1 is exact, with room to spare: float32 holds every integer up to 2**24."""

GATHER = 0x0102040810204080
"""Times eight bytes that are 0 or 1, this has them as the bits of its highest byte; no sum carries."""


def pack(values: Array, threads: int = 1) -> tuple[Array, bool, bool, int]:
    """Pack ``values > 0``; say whether 0 and -1 occur, and which flat index is first outside {-1, 0, 1}, or -1."""
    if device.fuses(values, values.shape[1]):
        words, found = device.pack_values(values)
        if found < 4:
            return words, found & 1 != 0, found & 2 != 0, -1
    return _pack(values)


def _pack(values: Array) -> tuple[Array, bool, bool, int]:
    """The same in plain array code, which also finds what is no bit."""
    xp = namespace(values)
    n_samples, n_bits = values.shape
    words = xp.empty((n_samples, -(-n_bits // 64)), dtype=_word(values), device=values.device)
    has_zero = has_minus_one = False
    for start, stop in _blocks(n_samples, n_bits, values):
        block = values[start:stop, :]
        zero, one, minus_one = block == 0, block == 1, (block == -1) & (block < 0)  # torch: uint8 255 == -1
        known = zero | one | minus_one
        if not xp.all(known):
            first = xp.argmax(xp.astype(xp.reshape(~known, (-1,)), xp.uint8))
            return words, has_zero, has_minus_one, start * n_bits + int(first)
        has_zero |= bool(xp.any(zero))
        has_minus_one |= bool(xp.any(minus_one))
        words[start:stop, :] = pack_bits(one)
    return words, has_zero, has_minus_one, -1


def pack_bits(bits: Array) -> Array:
    """Words of booleans, eight of them at a time."""
    xp, (n_samples, n_bits) = namespace(bits), bits.shape
    words = xp.empty((n_samples, -(-n_bits // 64)), dtype=_word(bits), device=bits.device)
    padded = xp.zeros((n_samples, 64 * words.shape[1]), dtype=xp.bool, device=bits.device)
    padded[:, :n_bits] = bits
    words.view(xp.uint8)[...] = (padded.view(words.dtype) * GATHER).view(xp.uint8)[:, 7::8]
    return words


def unpack(words: Array, n_bits: int, low: float, high: float, dtype: Any, out: Array = None) -> Array:
    """Matrix ``(n_samples, n_bits)`` of `dtype`: `high` for a bit that is set, `low` for one that is not."""
    xp = namespace(words)
    values = xp.empty((words.shape[0], n_bits), dtype=dtype, device=words.device) if out is None else out
    place, octet = xp.arange(8, device=words.device), xp.arange(256, device=words.device)
    levels = xp.asarray([low, high], dtype=dtype, device=words.device)
    bits = (octet[:, None] >> place) & 1
    table = xp.astype(xp.where(bits == 1, levels[1], levels[0]), values.dtype).view(xp.int64)
    for start, stop in _blocks(words.shape[0], n_bits, words):
        octets = xp.astype(xp.reshape(words[start:stop, :].view(xp.uint8), (-1,)), xp.int32)
        entries = xp.take(table, octets, axis=0).view(values.dtype)
        values[start:stop, :] = xp.reshape(entries, (stop - start, -1))[:, :n_bits]
    return values


def bit_counts(words: Array, n_bits: int) -> Array:
    """How many samples have each bit set, ``(n_bits,)`` int64."""
    xp = namespace(words)
    counts = xp.zeros((n_bits,), dtype=xp.int64, device=words.device)
    for start, stop in _blocks(words.shape[0], n_bits, words):
        counts += xp.sum(unpack(words[start:stop, :], n_bits, 0, 1, xp.int8), axis=0, dtype=xp.int64)
    return counts


def cross_products(words: Array, n_bits: int, threads: int = 1) -> Array:
    """Sum over samples of ``y y^T`` for ``y`` in {-1, +1} with a constant +1 appended last; int64, exact.

    With ones (0 or 1) instead it is ``joint``: of n samples, i is set in ``joint[i, i]`` and i and j in
    ``joint[i, j]``, and the product of their signs sums to ``n - 2 (joint[i, i] + joint[j, j]) + 4 joint[i, j]``.
    """
    xp, n = namespace(words), words.shape[0]
    octets = device_products.multiplies_octets(words)
    counted, exact = (device_products.joint_counts, device_products.EXACT_ROWS) if octets else (_joint, EXACT_ROWS)
    joint = xp.full((n_bits + 1, n_bits + 1), n, dtype=xp.int64, device=words.device)
    joint[:-1, :-1] = 0
    for start, stop in _blocks(n, n_bits, words, exact):
        joint[:-1, :-1] += counted(words[start:stop, :], n_bits)
    ones = xp.asarray(xp.linalg.diagonal(joint), copy=True)
    joint[-1, :] = joint[:, -1] = ones
    return n - 2 * (ones[:, None] + ones[None, :]) + 4 * joint


def _joint(words: Array, n_bits: int) -> Array:
    """Samples in which both of two bits are set, by products of real numbers."""
    xp = namespace(words)
    ones = unpack(words, n_bits, 0, 1, xp.float32)
    with full_precision(words):
        return xp.astype(ones.T @ ones, xp.int64)


def hamming_rows(a_words: Array, b_words: Array, threads: int = 1) -> Array:
    """Bits in which corresponding rows differ, ``(n,)`` int64; a single row is compared with every row."""
    xp = namespace(a_words, b_words)
    return xp.sum(xp.astype(_count_bits(a_words ^ b_words), xp.int64), axis=1)


def hamming_pairs(a_words: Array, b_words: Array, threads: int = 1) -> Array:
    """Bits in which each row of `a_words` differs from each row of `b_words`, ``(n, m)`` int64."""
    xp = namespace(a_words, b_words)
    n, m, n_words = a_words.shape[0], b_words.shape[0], a_words.shape[1]
    distances = xp.zeros((n, m), dtype=xp.int64, device=a_words.device)
    for start, stop in _blocks(n_words, 64 * (n + m), a_words):
        a, b = (unpack(x[:, start:stop], 64 * (stop - start), -1, 1, xp.float32) for x in (a_words, b_words))
        with full_precision(a_words):
            distances += (64 * (stop - start) - xp.astype(a @ b.T, xp.int64)) // 2
    return distances


def _blocks(n_rows: int, row_entries: int, like: Array, exact: int = EXACT_ROWS) -> Iterator[tuple[int, int]]:
    entries = BLOCK_ENTRIES if on_host(like) else DEVICE_ENTRIES
    rows = max(1, min(exact, entries // row_entries))
    return ((start, min(start + rows, n_rows)) for start in range(0, n_rows, rows))


def _word(like: Array) -> Any:
    return namespace(like).int64 if is_torch(like) else namespace(like).uint64


def _count_bits(words: Array) -> Array:
    """Set bits of each word, by adding neighbours in ever wider fields (Warren, Hacker's Delight, 5-1)."""
    pairs = words - ((words >> 1) & 0x5555555555555555)
    nibbles = (pairs & 0x3333333333333333) + ((pairs >> 2) & 0x3333333333333333)
    octets = (nibbles + (nibbles >> 4)) & 0x0F0F0F0F0F0F0F0F
    return (octets * 0x0101010101010101) >> 56


@contextmanager
def full_precision(like: Array) -> Iterator[None]:
    """Multiply as the dtypes say: autocast would round to half precision, and TF32 to eleven bits."""
    if not is_torch(like):
        yield
        return
    import torch

    matmul = torch.backends.cuda.matmul
    name, exact = ("fp32_precision", "ieee") if hasattr(matmul, "fp32_precision") else ("allow_tf32", False)
    before = getattr(matmul, name)
    setattr(matmul, name, exact)
    try:
        with torch.autocast(like.device.type, enabled=False):
            yield
    finally:
        setattr(matmul, name, before)
