"""The compiled loops of ``sampling``: words, normals, scores, signs and bits of 64 samples at a time.

A block's normals fill a panel that stays in the cache, 64 samples side by side in each row. Six rows of the factor
at a time are multiplied with the panel in vector registers, the signs of a row's 64 scores are one word, and a
transpose of 64 x 64 bits turns words of samples into words of bits. Neither normals nor scores leave the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.generic_sampling import BOX_MULLER

__all__ = ["BATCH", "BLOCK", "PHILOX_BYTES", "STRIP", "draw_blocks", "fill_panel", "normal_blocks"]

BLOCK = 64
"""Samples computed side by side, whichever they are: no operation looks from one lane to another."""

STRIP = 6
"""Rows of the factor that share each load of the panel: with four vectors a row, 24 of AVX-512's 32 registers."""

BATCH = 8
"""Groups of columns whose words are drawn in one loop and become normals in the next."""

PHILOX_BYTES = 16
LOW_WORD = np.uint64(0xFFFFFFFF)
WORD = np.uint64(32)


@intrinsic
def _polynomial(typing_context: Any, x: Any, coefficients: Any) -> Any:
    """Horner's rule, unrolled, constant coefficient first; products and sums are rounded apart."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, table = arguments
        first, *rest = reversed(cgutils.unpack_tuple(builder, table))
        for coefficient in rest:
            first = builder.fadd(builder.fmul(first, x), coefficient)
        return first

    return x(x, coefficients), generate


@intrinsic
def _split(typing_context: Any, x: Any) -> Any:
    """Exponent and mantissa of a positive number, the mantissa in [sqrt(1/2), sqrt(2))."""
    form = BOX_MULLER[x.name]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        real, integer = arguments[0].type, ir.IntType(x.bitwidth)
        offset = builder.sub(builder.bitcast(arguments[0], integer), integer(form.root_half))
        exponent = builder.sub(builder.ashr(offset, integer(form.mantissa_bits)), integer(form.uniform_bits))
        low = builder.and_(offset, integer(2**form.mantissa_bits - 1))
        mantissa = builder.bitcast(builder.add(low, integer(form.root_half)), real)
        return context.make_tuple(builder, signature.return_type, (builder.sitofp(exponent, real), mantissa))

    return types.UniTuple(x, 2)(x), generate


@intrinsic
def _inverse_root_of_double(typing_context: Any, x: Any) -> Any:
    """1 / sqrt(2 x) by Newton's steps from a guess that halves the exponent."""
    form = BOX_MULLER[x.name]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,), integer = arguments, ir.IntType(x.bitwidth)
        bits = builder.bitcast(builder.fmul(value, value.type(2.0)), integer)
        guess = builder.bitcast(builder.sub(integer(form.inverse_root), builder.ashr(bits, integer(1))), value.type)
        for _ in range(form.newton_steps):
            product = builder.fmul(builder.fmul(value, guess), guess)
            guess = builder.fmul(guess, builder.fsub(value.type(1.5), product))
        return guess

    return x(x), generate


@intrinsic
def _strip_of_signs(typing_context: Any, factor: Any, panel: Any, depth: Any, signs: Any) -> Any:
    """Signs of ``factor[:STRIP, :depth] @ panel[:depth]``, one word of 64 samples for each row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        factor, panel, signs = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 1, 3)
        )
        kind, rank = signature.args[0].dtype, builder.extract_value(factor.shape, 1)
        lanes = _lanes(context.codegen().magic_tuple()[2], kind.bitwidth)
        vector = ir.VectorType(context.get_data_type(kind), lanes)
        rows = [builder.gep(factor.data, [builder.mul(rank, rank.type(i))]) for i in range(STRIP)]
        words = [ir.IntType(BLOCK)(0)] * STRIP
        for lane in range(0, BLOCK, lanes):
            scores = _scores(builder, rows, panel.data, arguments[2], lane, vector)
            words = [_insert_signs(builder, word, score, lane) for word, score in zip(words, scores, strict=True)]
        for i, word in enumerate(words):
            builder.store(word, builder.gep(signs.data, [rank.type(i)]))
        return context.get_dummy_value()

    return types.void(factor, panel, depth, signs), generate


def _lanes(features: str, bits: int) -> int:
    """Samples a strip holds in registers at once: four vectors a row where there are 32 of them, else two."""
    if "+avx512f" in features:
        return 4 * 512 // bits
    return 2 * (256 if "+avx2" in features else 128) // bits


def _scores(builder: Any, rows: Any, panel: Any, depth: Any, lane: int, vector: Any) -> list[Any]:
    """Products of the factor's rows with one group of lanes, summed in the order of the columns."""
    scores = [cgutils.alloca_once(builder, vector) for _ in rows]
    for score in scores:
        builder.store(vector(None), score)
    with cgutils.for_range(builder, depth) as loop:
        place = builder.add(builder.mul(loop.index, depth.type(BLOCK)), depth.type(lane))
        normal = builder.load(builder.bitcast(builder.gep(panel, [place]), vector.as_pointer()), align=4)
        for pointer, score in zip(rows, scores, strict=True):
            entry = builder.load(builder.gep(pointer, [loop.index]))
            product = builder.fmul(_splat(builder, entry, vector), normal, flags=("contract",))
            builder.store(builder.fadd(product, builder.load(score), flags=("contract",)), score)
    return [builder.load(score) for score in scores]


def _splat(builder: Any, value: Any, vector: Any) -> Any:
    lone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(lone, lone, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None))


def _insert_signs(builder: Any, word: Any, score: Any, lane: int) -> Any:
    """`word` with the bits from `lane` on set where `score` is not negative."""
    signs = builder.fcmp_ordered(">=", score, score.type(None))
    bits = builder.zext(builder.bitcast(signs, ir.IntType(score.type.count)), word.type)
    return builder.or_(word, builder.shl(bits, word.type(lane)))


@kernel
def _philox(key: Any, rows: Any, group: int, words: Any) -> None:
    """Words for 64 `rows` and for the groups from `group` on; for float64 two words make one."""
    width = PHILOX_BYTES // words.itemsize
    for i in range(len(words) // width):
        place = words[i * width : (i + 1) * width]
        for lane in range(BLOCK):
            c0, c1 = rows[lane] & LOW_WORD, rows[lane] >> WORD
            c2, c3 = np.uint64(group + i), np.uint64(0)
            k0, k1 = key & LOW_WORD, key >> WORD
            for _ in range(10):
                p, q = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
                c0, c1 = (q >> WORD) ^ c1 ^ k0, q & LOW_WORD
                c2, c3 = (p >> WORD) ^ c3 ^ k1, p & LOW_WORD
                k0, k1 = (k0 + np.uint64(0x9E3779B9)) & LOW_WORD, (k1 + np.uint64(0xBB67AE85)) & LOW_WORD
            if words.itemsize == 4:
                place[0, lane], place[1, lane], place[2, lane], place[3, lane] = c0, c1, c2, c3
            else:
                place[0, lane], place[1, lane] = (c0 << np.uint64(21)) | (c1 >> np.uint64(11)), (c2 << WORD) | c3


@kernel
def _box_muller(words: Any, angles: Any, panel: Any, constants: Any) -> None:
    """Two rows of normals from two of words; `angles` are the words read as signed integers.

    A loop of its own, because the 64-bit products of Philox would halve the lanes of float32.
    """
    real = panel.dtype.type
    half, one, two = real(0.5), real(1), real(2)
    for row in range(0, len(words), 2):
        uniform, angle, first, second = words[row], angles[row + 1], panel[row], panel[row + 1]
        for lane in range(BLOCK):
            exponent, mantissa = _split(real(uniform[lane]) + half)
            complement = real(uniform[lane] ^ constants.uniform_top) + half
            fraction = mantissa - one if exponent < 0 else complement * -constants.uniform_step
            s = fraction / (fraction + two)
            square = s * s
            tail = s * (square * _polynomial(square, constants.logarithm) + two)
            logarithm = -(exponent * constants.log_two + tail)
            radius = logarithm * two * _inverse_root_of_double(logarithm)
            radius = radius if (angle[lane] & 2) == 0 else -radius
            turn = (real(angle[lane] >> 2) + half) * constants.angle_step
            square = turn * turn
            sine = radius * (turn * _polynomial(square, constants.sine))
            cosine = radius * (square * _polynomial(square, constants.cosine) + one)
            straight = (angle[lane] & 1) == 0
            first[lane] = cosine if straight else sine
            second[lane] = sine if straight else cosine


@kernel
def fill_panel(key: Any, lanes: Any, group: int, panel: Any, words: Any, angles: Any, constants: Any) -> None:
    """Normals of the rows `lanes` of the table, from a group of columns on, one column in each row of the panel."""
    width = PHILOX_BYTES // panel.itemsize
    for column in range(0, len(panel), BATCH * width):
        columns = min(BATCH * width, len(panel) - column)
        _philox(key, lanes, group + column // width, words[:columns])
        _box_muller(words[:columns], angles[:columns], panel[column:], constants)


@kernel
def _fill(key: Any, start: Any, rows: Any, first: int, workspace: Any) -> None:
    """Normals of 64 rows of the table, one column of it in each row of the panel.

    They are those of the request from `first` on: the ones listed in `rows`, and beyond the list ``start + k``.
    """
    panel, lanes, words, angles, constants = workspace
    for lane in range(BLOCK):
        k = first + lane
        lanes[lane] = rows[k] if k < len(rows) else start + np.uint64(k)
    fill_panel(key, lanes, 0, panel, words, angles, constants)


@kernel
def normal_blocks(key: Any, start: Any, rows: Any, out: Any, workspace: Any) -> None:
    """Rows of the table, as many as `out` has: the listed `rows`, or from `start` on if there are none."""
    panel, (n, columns) = workspace[0], out.shape
    for first in range(0, n, BLOCK):
        _fill(key, start, rows, first, workspace)
        out[first : first + BLOCK] = panel[:columns, : min(BLOCK, n - first)].T


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
def _signs(factor: Any, panel: Any, signs: Any, constant: bool) -> None:
    """Signs of ``factor @ panel``; the last strip may repeat some rows of the one before it."""
    height, rank = factor.shape
    for lane in range(BLOCK):
        panel[0, lane] = panel.dtype.type(1) if constant else abs(panel[0, lane])
    for strip in range(0, height, STRIP):
        row = min(strip, height - STRIP)
        _strip_of_signs(factor[row:], panel, min(row + STRIP, rank), signs[row:])


@kernel
def draw_blocks(
    key: Any, start: Any, rows: Any, out: Any, factor: Any, places: Any, flips: Any, constant: bool, workspace: Any
) -> None:
    """Packed bits of those rows: `places` says which sign each bit is, `flips` negates it."""
    signs, tile = np.zeros(len(factor) + 1, np.uint64), np.empty(BLOCK, np.uint64)
    n, count = out.shape
    for first in range(0, n, BLOCK):
        _fill(key, start, rows, first, workspace)
        _signs(factor, workspace[0], signs, constant)
        for word in range(count):
            for bit in range(BLOCK):
                tile[bit] = signs[places[word, bit]] ^ flips[word, bit]
            _transpose(tile)
            out[first : first + BLOCK, word] = tile[: min(BLOCK, n - first)]
