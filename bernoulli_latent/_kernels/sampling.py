"""Hyperplane draws fused into one pass over blocks of 64 samples, and the normals they are made of."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent._kernels.draw_loops import BATCH, BLOCK, PHILOX_BYTES, STRIP, draw_blocks, normal_blocks
from bernoulli_latent._kernels.generic_sampling import BOX_MULLER, check_bits, check_request, check_rows, real_name

__all__ = ["draw", "draw_rows", "normals"]


NO_ROWS = np.empty(0, np.uint64)
"""A request that lists no rows counts them from its start."""


class Constants(NamedTuple):
    """What the kernels take from the twin's `BoxMuller`, typed: a kernel compiles for the precision it is given."""

    uniform_top: Any
    uniform_step: Any
    angle_step: Any
    log_two: Any
    logarithm: Any
    sine: Any
    cosine: Any


@cache
def _constants(real: str) -> Constants:
    form, cast = BOX_MULLER[real], np.dtype(real).type
    top = np.dtype("u" + form.integer).type(2**form.uniform_bits - 1)
    numbers = map(cast, (2.0**-form.uniform_bits, 2.0**-form.angle_bits, form.log_two))
    return Constants(top, *numbers, *(tuple(map(cast, table)) for table in (form.logarithm, form.sine, form.cosine)))


def _workspace(real: str, columns: int) -> tuple[Any, ...]:
    """Panel of normals for 64 samples, their rows, words for one batch of columns, signed as well, and constants."""
    width = PHILOX_BYTES // np.dtype(real).itemsize
    panel = np.empty((-(-columns // width) * width, BLOCK), real)
    words = np.empty((BATCH * width, BLOCK), "u" + BOX_MULLER[real].integer)
    return panel, np.empty(BLOCK, np.uint64), words, words.view(BOX_MULLER[real].integer), _constants(real)


def normals(key: int, start: int, n: int, columns: int, dtype: object, like: Array = None) -> Array:
    """Rows ``start`` to ``start + n`` of the table of standard normals, in the library of `like`."""
    check_request(key, start, n)
    real = real_name(dtype)
    out = np.empty((n, columns), real)
    normal_blocks(np.uint64(key), np.uint64(start), NO_ROWS, out, _workspace(real, columns))
    return from_host(out, like)


def draw(key: int, start: int, n: int, factor: Array, index: Array, flip: Array, constant: bool = False) -> Array:
    """Packed bits of rows ``start`` to ``start + n``; see :func:`draw_rows`."""
    check_request(key, start, n)
    return _draw(key, start, NO_ROWS, n, factor, index, flip, constant)


def draw_rows(key: int, rows: Array, factor: Array, index: Array, flip: Array, constant: bool = False) -> Array:
    """Packed bits of the `rows`, int64 in any order: the signs of ``factor @ normals``, chosen and flipped.

    Row 0 of `factor` is (1, 0, ..., 0), and its normal is taken without its sign, or as 1 if `constant`; entries
    right of the diagonal are zero and not read far beyond it. Bit ``j`` of a row is ``score[index[j]] >= 0``,
    negated where ``flip[j]``.
    """
    check_rows(key, rows)
    listed = to_host(rows).astype(np.uint64)
    return _draw(key, 0, listed, len(listed), factor, index, flip, constant)


def _draw(key: int, start: int, rows: Any, n: int, factor: Array, index: Array, flip: Array, constant: bool) -> Array:
    check_bits(factor, index, flip)
    vectors, columns = np.ascontiguousarray(to_host(factor)), to_host(index)
    if len(vectors) < STRIP:
        vectors = np.concatenate([vectors, np.zeros((STRIP - len(vectors), vectors.shape[1]), vectors.dtype)])
    places = np.full((-(-len(columns) // BLOCK), BLOCK), len(vectors))  # of the padding: a word that stays zero
    flips = np.zeros(places.shape, np.uint64)
    places.reshape(-1)[: len(columns)] = columns
    flips.reshape(-1)[: len(columns)] = np.where(to_host(flip), ~np.uint64(0), np.uint64(0))
    out = np.empty((n, len(places)), np.uint64)
    workspace = _workspace(real_name(vectors.dtype), vectors.shape[1])
    draw_blocks(np.uint64(key), np.uint64(start), rows, out, vectors, places, flips, constant, workspace)
    return from_host(out.view(np.int64) if is_torch(factor) else out, factor)
