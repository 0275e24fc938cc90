"""Hyperplane draws fused into one pass over blocks of 64 samples, and the normals they are made of."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent._kernels.draw_loops import STRIP, draw_blocks, draw_integer_blocks
from bernoulli_latent._kernels.generic_sampling import (
    BOX_MULLER,
    check_bits,
    check_request,
    check_rows,
    is_integer,
    real_name,
)
from bernoulli_latent._kernels.normal_loops import BATCH, BLOCK, PHILOX_BYTES, normal_blocks

__all__ = ["draw", "draw_rows", "normals"]

NDArray: TypeAlias = np.ndarray[Any, Any]

NO_ROWS = np.empty(0, np.uint64)
"""A request that lists no rows counts them from its start."""


class Constants(NamedTuple):
    """What the kernels take from the twin's `BoxMuller`, typed: a kernel compiles for the precision it is given."""

    uniform_top: Any
    uniform_step: Any
    angle_step: Any
    log_four: Any
    logarithm: Any
    sine: Any
    cosine: Any


@cache
def constants(real: str) -> Constants:
    form, cast = BOX_MULLER[real], np.dtype(real).type
    top = np.dtype("u" + form.integer).type(2**form.uniform_bits - 1)
    numbers = map(cast, (2.0**-form.uniform_bits, 2.0 ** -(form.angle_bits + 2), form.log_four))
    return Constants(top, *numbers, *(tuple(map(cast, table)) for table in (form.logarithm, form.sine, form.cosine)))


def workspace(real: str) -> tuple[Any, ...]:
    """Rows of 64 samples, words for one batch of columns, signed as well, and constants."""
    words = np.empty((BATCH * _width(real), BLOCK), "u" + BOX_MULLER[real].integer)
    return np.empty(BLOCK, np.uint64), words, words.view(BOX_MULLER[real].integer), constants(real)


def panel(real: str, columns: int) -> NDArray:
    """Room for columns of normals of 64 samples, in whole groups."""
    return np.empty((-(-columns // _width(real)) * _width(real), BLOCK), real)


def _width(real: str) -> int:
    """Columns in a group."""
    return PHILOX_BYTES // np.dtype(real).itemsize


def normals(key: int, start: int, n: int, columns: int, dtype: object, like: Array = None) -> Array:
    """Rows ``start`` to ``start + n`` of the table of standard normals, in the library of `like`."""
    check_request(key, start, n)
    real = real_name(dtype)
    out = np.empty((n, columns), real)
    normal_blocks(np.uint64(key), np.uint64(start), NO_ROWS, out, panel(real, columns), workspace(real))
    return from_host(out, like)


def draw(key: int, start: int, n: int, factor: Array, offset: Array, index: Array, flip: Array) -> Array:
    """Packed bits of rows ``start`` to ``start + n``; see :func:`draw_rows`."""
    check_request(key, start, n)
    return _draw(key, start, NO_ROWS, n, factor, offset, index, flip)


def draw_rows(key: int, rows: Array, factor: Array, offset: Array, index: Array, flip: Array) -> Array:
    """Packed bits of the `rows`, int64 in any order: the signs of ``offset + factor @ normals``, chosen and flipped.

    Row 0 stands for the boundary, whose sign is always positive; the first normal is taken without its own. Entries
    right of the diagonal are zero and not read far beyond it. Bit ``j`` of a row is ``score[index[j]] >= 0``, negated
    where ``flip[j]``. A factor of int16, with an int32 offset, is multiplied with normals rounded to integers.
    """
    check_rows(key, rows)
    listed = to_host(rows).astype(np.uint64)
    return _draw(key, 0, listed, len(listed), factor, offset, index, flip)


def _draw(
    key: int, start: int, rows: NDArray, n: int, factor: Array, offset: Array, index: Array, flip: Array
) -> Array:
    check_bits(factor, offset, index, flip)
    host, origin, columns = to_host(factor), to_host(offset), factor.shape[1]
    height = max(len(host), STRIP)
    places, flips = _signs_of_bits(to_host(index), to_host(flip), height)
    out = np.empty((n, len(places)), np.uint64)
    request = np.uint64(key), np.uint64(start), rows, out
    if is_integer(factor):
        model = filled(host, height, columns + columns % 2).view(np.int32), filled(origin, height), places, flips
        pairs, batch = panel("float32", columns).view(np.int32), panel("float32", 4 * BATCH)
        draw_integer_blocks(*request, model, pairs[: len(pairs) // 2], batch, workspace("float32"))
    else:
        real, model = real_name(host.dtype), (filled(host, height, columns), filled(origin, height), places, flips)
        draw_blocks(*request, model, panel(real, columns), workspace(real))
    return from_host(out.view(np.int64) if is_torch(factor) else out, factor)


def filled(x: NDArray, *shape: int) -> NDArray:
    """`x` in one piece, filled up with zeros to `shape`."""
    missing = [(0, size - own) for own, size in zip(x.shape, shape, strict=True)]
    return np.pad(x, missing) if np.any(missing) else np.ascontiguousarray(x)


def _signs_of_bits(index: NDArray, flip: NDArray, height: int) -> tuple[NDArray, NDArray]:
    """Which sign each bit of whole words is, and what it is flipped with; the padding is a word that stays zero."""
    places = np.full((-(-len(index) // BLOCK), BLOCK), height)
    flips = np.zeros(places.shape, np.uint64)
    places.reshape(-1)[: len(index)] = index
    flips.reshape(-1)[: len(index)] = np.where(flip, ~np.uint64(0), np.uint64(0))
    return places, flips
