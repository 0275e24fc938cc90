"""The compiled loops of ``sampling``: scores, signs and bits of 64 samples at a time.

A block's normals fill a panel that stays in the cache, 64 samples side by side in each row. Six rows of the factor
at a time are multiplied with the panel in vector registers, the signs of a row's 64 scores are one word, and a
transpose of 64 x 64 bits turns words of samples into words of bits. Neither normals nor scores leave the cache.

In integers, two columns share a row of the panel, and two entries of the factor a number of 32 bits: processors
multiply such pairs and add the products to a sum in one instruction, and no order of the sums rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.normal_loops import BATCH, BLOCK, PHILOX_BYTES, fill_pairs, fill_panel, set_lanes
from bernoulli_latent._kernels.normal_loops import _lanes as _lanes
from bernoulli_latent._kernels.normal_loops import _splat as _splat

__all__ = ["BATCH", "BLOCK", "PHILOX_BYTES", "STRIP", "draw_blocks", "draw_integer_blocks", "fill_panel"]

STRIP = 6
"""Rows of the factor that share each load of the panel: with four vectors a row, 24 of AVX-512's 32 registers."""


@intrinsic
def _strip_of_signs(
    typing_context: Any, factor: Any, offset: Any, panel: Any, origin: Any, depth: Any, signs: Any
) -> Any:
    """Signs of ``offset[:STRIP] + origin + factor[:STRIP, :depth] @ panel[:depth]``, one word of 64 samples a row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, offset, panel, origin, signs = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 1, 2, 3, 5)
        )
        kind, rank = signature.args[0].dtype, builder.extract_value(factor.shape, 1)
        lanes = _lanes(context.codegen().magic_tuple()[2], kind.bitwidth)
        vector = ir.VectorType(context.get_data_type(kind), lanes)
        rows = [builder.gep(factor.data, [builder.mul(rank, rank.type(i))]) for i in range(STRIP)]
        words = [ir.IntType(BLOCK)(0)] * STRIP
        for lane in range(0, BLOCK, lanes):
            start = _load(builder, origin.data, rank.type(lane), vector)
            scores = [cgutils.alloca_once(builder, vector) for _ in rows]
            for i, score in enumerate(scores):
                own = _splat(builder, builder.load(builder.gep(offset.data, [rank.type(i)])), vector)
                builder.store(_add(builder, own, start), score)
            _add_products(builder, rows, panel.data, arguments[4], lane, scores)
            words = [
                _insert_signs(builder, word, builder.load(score), lane)
                for word, score in zip(words, scores, strict=True)
            ]
        for i, word in enumerate(words):
            builder.store(word, builder.gep(signs.data, [rank.type(i)]))
        return context.get_dummy_value()

    return types.void(factor, offset, panel, origin, depth, signs), generate


def _add_products(builder: Any, rows: Any, panel: Any, depth: Any, lane: int, scores: Any) -> None:
    """Add the products of the factor's rows with one group of lanes to the scores, in the order of the columns."""
    vector = scores[0].type.pointee
    with cgutils.for_range(builder, depth) as loop:
        place = builder.add(builder.mul(loop.index, depth.type(BLOCK)), depth.type(lane))
        normal = _load(builder, panel, place, vector)
        for pointer, score in zip(rows, scores, strict=True):
            entry = _splat(builder, builder.load(builder.gep(pointer, [loop.index])), vector)
            product = (_pair_product if _is_integer(vector) else _product)(builder, entry, normal)
            builder.store(_add(builder, product, builder.load(score)), score)


def _product(builder: Any, entry: Any, normal: Any) -> Any:
    return builder.fmul(entry, normal, flags=("contract",))


def _pair_product(builder: Any, entry: Any, normal: Any) -> Any:
    """Sums of the products of the two halves of numbers of 32 bits, in the form that compilers know: pmaddwd."""
    lanes = normal.type.count
    pairs, wide = (ir.VectorType(ir.IntType(bits), 2 * lanes) for bits in (16, 32))
    products = builder.mul(*(builder.sext(builder.bitcast(x, pairs), wide) for x in (entry, normal)))
    choice = ir.VectorType(ir.IntType(32), lanes)
    halves = (ir.Constant(choice, list(range(first, 2 * lanes, 2))) for first in (0, 1))
    return builder.add(*(builder.shuffle_vector(products, products, half) for half in halves))


def _add(builder: Any, x: Any, y: Any) -> Any:
    return builder.add(x, y) if _is_integer(x.type) else builder.fadd(x, y, flags=("contract",))


def _load(builder: Any, pointer: Any, place: Any, vector: Any) -> Any:
    return builder.load(builder.bitcast(builder.gep(pointer, [place]), vector.as_pointer()), align=4)


def _is_integer(vector: Any) -> bool:
    return isinstance(vector.element, ir.IntType)


def _insert_signs(builder: Any, word: Any, score: Any, lane: int) -> Any:
    """`word` with the bits from `lane` on set where `score` is not negative."""
    compare = builder.icmp_signed if _is_integer(score.type) else builder.fcmp_ordered
    bits = builder.bitcast(compare(">=", score, score.type(None)), ir.IntType(score.type.count))
    return builder.or_(word, builder.shl(builder.zext(bits, word.type), word.type(lane)))


@kernel
def _swap(tile: Any, width: int, mask: Any) -> None:
    """Exchange bits ``width`` apart across the diagonal of every smaller square of 64 x 64 bits."""
    for base in range(0, BLOCK, 2 * width):
        for i in range(base, base + width):
            moved = ((tile[i] >> np.uint64(width)) ^ tile[i + width]) & mask
            tile[i + width] ^= moved
            tile[i] ^= moved << np.uint64(width)


@kernel
def _transpose(tile: Any) -> None:
    """Transpose a square of 64 x 64 bits in place (Warren 2013, section 7-3)."""
    _swap(tile, 32, np.uint64(0x00000000FFFFFFFF))
    _swap(tile, 16, np.uint64(0x0000FFFF0000FFFF))
    _swap(tile, 8, np.uint64(0x00FF00FF00FF00FF))
    _swap(tile, 4, np.uint64(0x0F0F0F0F0F0F0F0F))
    _swap(tile, 2, np.uint64(0x3333333333333333))
    _swap(tile, 1, np.uint64(0x5555555555555555))


@kernel
def _signs(factor: Any, offset: Any, panel: Any, origin: Any, width: int, signs: Any) -> None:
    """Signs of ``offset + origin + factor @ panel`` for `width` columns in each row of the panel.

    The last strip may repeat some rows of the one before it. Row 0 is the boundary, which is always positive.
    """
    height, depth = factor.shape
    for strip in range(0, height, STRIP):
        row = min(strip, height - STRIP)
        reach = min(-(-(row + STRIP) // width), depth)
        _strip_of_signs(factor[row:], offset[row:], panel, origin, reach, signs[row:])
    signs[0] = ~np.uint64(0)


@kernel
def _write(signs: Any, places: Any, flips: Any, tile: Any, out: Any) -> None:
    """Packed bits of up to 64 samples: `places` says which sign each bit is, `flips` negates it."""
    for word in range(out.shape[1]):
        for bit in range(BLOCK):
            tile[bit] = signs[places[word, bit]] ^ flips[word, bit]
        _transpose(tile)
        out[:, word] = tile[: len(out)]


@kernel
def draw_blocks(key: Any, start: Any, rows: Any, out: Any, model: Any, panel: Any, workspace: Any) -> None:
    """Packed bits of the `rows`, or from `start` on if none are listed: chosen signs of ``offset + factor @ z``."""
    (factor, offset, places, flips), (lanes, words, angles, constants) = model, workspace
    signs, tile = np.zeros(len(factor) + 1, np.uint64), np.empty(BLOCK, np.uint64)
    origin = np.zeros(BLOCK, panel.dtype)
    for first in range(0, len(out), BLOCK):
        set_lanes(start, rows, first, lanes)
        fill_panel(key, lanes, 0, panel, words, angles, constants)
        for lane in range(BLOCK):
            panel[0, lane] = abs(panel[0, lane])
        _signs(factor, offset, panel, origin, 1, signs)
        _write(signs, places, flips, tile, out[first : first + BLOCK])


@kernel
def draw_integer_blocks(
    key: Any, start: Any, rows: Any, out: Any, model: Any, pairs: Any, batch: Any, workspace: Any
) -> None:
    """The same in integers: pairs of 16 bits, scores of 32."""
    (factor, offset, places, flips), (lanes, words, angles, constants) = model, workspace
    signs, tile = np.zeros(len(factor) + 1, np.uint64), np.empty(BLOCK, np.uint64)
    dither = np.empty(BLOCK, np.int32)
    for first in range(0, len(out), BLOCK):
        set_lanes(start, rows, first, lanes)
        fill_pairs(key, lanes, pairs, dither, batch, words, angles, constants)
        _signs(factor, offset, pairs, dither, 2, signs)
        _write(signs, places, flips, tile, out[first : first + BLOCK])
