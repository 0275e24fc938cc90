"""The compiled table of normals: words of Philox and their Box-Muller transform, 64 samples at a time.

Loops that mix words of 64 bits with float32 would run at half the lanes, and long chains of operations one after the
other leave a processor waiting. So words, radii and angles have loops of their own, over few enough columns that what
one loop leaves for the next is still in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.generic_sampling import BOX_MULLER, DITHER_UNIT, NORMAL_UNIT

__all__ = ["BATCH", "BLOCK", "PHILOX_BYTES", "fill_pairs", "fill_panel", "normal_blocks", "round_pairs", "set_lanes"]

BLOCK = 64
"""Samples computed side by side, whichever they are: no operation looks from one lane to another."""

BATCH = 8
"""Groups of columns whose words are drawn in one loop and become normals in the next."""

PHILOX_BYTES = 16
ROUNDS = 10
ANCHOR = 1.5 * 2**23


@intrinsic
def _philox(typing_context: Any, key: Any, rows: Any, group: Any, words: Any) -> Any:
    """Words of one group for 64 `rows`: four of 32 bits each, or two of 64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, words = (context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (1, 3))
        width, place = signature.args[3].dtype.bitwidth, arguments[2].type
        lanes = _lanes(context.codegen().magic_tuple()[2], 64)
        vector, narrow = (ir.VectorType(ir.IntType(bits), lanes) for bits in (64, width))
        keys = _round_keys(builder, arguments[0], vector)
        for lane in range(0, BLOCK, lanes):
            row = builder.load(builder.bitcast(builder.gep(rows.data, [place(lane)]), vector.as_pointer()), align=8)
            drawn = _philox_words(builder, keys, row, _splat(builder, arguments[2], vector))
            for i, word in enumerate(_joined(builder, drawn, width)):
                pointer = builder.gep(words.data, [place(i * BLOCK + lane)])
                word = builder.trunc(word, narrow) if width == 32 else word
                builder.store(word, builder.bitcast(pointer, narrow.as_pointer()), align=width // 8)
        return context.get_dummy_value()

    return types.void(key, rows, group, words), generate


def _round_keys(builder: Any, key: Any, vector: Any) -> list[Any]:
    """Pairs of words for all rounds; what they carry above 32 bits is never read."""
    pair, keys = [key, builder.lshr(key, key.type(32))], []
    for _ in range(ROUNDS):
        keys.append([_splat(builder, word, vector) for word in pair])
        pair = [builder.add(x, key.type(step)) for x, step in zip(pair, (0x9E3779B9, 0xBB67AE85), strict=True)]
    return keys


def _philox_words(builder: Any, keys: Any, row: Any, group: Any) -> list[Any]:
    """Philox4x32-10 of the counter (row, group) in vectors of 64 bits, of which the lower halves count."""
    low, half, first, second = (
        ir.Constant(row.type, [value] * row.type.count) for value in (2**32 - 1, 32, 0xD2511F53, 0xCD9E8D57)
    )
    c0, c1, c2, c3 = row, builder.lshr(row, half), group, row.type(None)
    for k0, k1 in keys:
        p, q = builder.mul(builder.and_(c0, low), first), builder.mul(builder.and_(c2, low), second)
        c0, c1 = builder.xor(builder.xor(builder.lshr(q, half), c1), k0), q
        c2, c3 = builder.xor(builder.xor(builder.lshr(p, half), c3), k1), p
    return [builder.and_(word, low) for word in (c0, c1, c2, c3)]


def _joined(builder: Any, words: Any, width: int) -> list[Any]:
    """Words of `width` bits: for float64 53 bits of two, and two whole ones."""
    if width == 32:
        return list(words)
    c0, c1, c2, c3 = words
    left, right, half = (ir.Constant(c0.type, [value] * c0.type.count) for value in (21, 11, 32))
    uniform = builder.or_(builder.shl(c0, left), builder.lshr(c1, right))
    return [uniform, builder.or_(builder.shl(c2, half), c3)]


def _lanes(features: str, bits: int) -> int:
    """Samples a strip holds in registers at once: four vectors a row where there are 32 of them, else two."""
    if "+avx512f" in features:
        return 4 * 512 // bits
    return 2 * (256 if "+avx2" in features else 128) // bits


def _splat(builder: Any, value: Any, vector: Any) -> Any:
    lone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(lone, lone, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None))


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
def _nearest(typing_context: Any, x: Any) -> Any:
    """Nearest integer to a float32 below 2^22, in the lower bits of an int32: what a sum with 1.5 2^23 leaves there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total = builder.fadd(arguments[0], arguments[0].type(ANCHOR))
        return builder.bitcast(total, ir.IntType(32))

    return types.int32(x), generate


@kernel
def _radii(words: Any, panel: Any, constants: Any) -> None:
    """Radii of pairs of normals, sqrt(-2 log u), from the even rows of words to those of the panel."""
    real = panel.dtype.type
    half, one, two, four = real(0.5), real(1), real(2), real(4)
    for row in range(0, len(words), 2):
        uniform, radius = words[row], panel[row]
        for lane in range(BLOCK):
            exponent, mantissa = _split(real(uniform[lane]) + half)
            complement = real(uniform[lane] ^ constants.uniform_top) + half
            fraction = mantissa - one if exponent < 0 else complement * -constants.uniform_step
            s = fraction / (fraction + two)
            square = s * s
            tail = s * (square * _polynomial(square, constants.logarithm) - four)
            radius[lane] = np.sqrt(tail - exponent * constants.log_four)


@kernel
def _turn(angles: Any, panel: Any, constants: Any) -> None:
    """Radii in the even rows of the panel become normals in pairs of rows; `angles` are words as signed integers."""
    real, integer = panel.dtype.type, angles.dtype.type
    for row in range(0, len(angles), 2):
        angle, first, second = angles[row + 1], panel[row], panel[row + 1]
        for lane in range(BLOCK):
            radius = first[lane] if (angle[lane] & 2) == 0 else -first[lane]
            turn = real((angle[lane] & integer(-4)) | integer(2)) * constants.angle_step
            square = turn * turn
            sine = radius * (turn * _polynomial(square, constants.sine))
            cosine = radius * (square * _polynomial(square, constants.cosine) + real(1))
            straight = (angle[lane] & 1) == 0
            first[lane] = cosine if straight else sine
            second[lane] = sine if straight else cosine


@kernel
def fill_panel(key: Any, lanes: Any, group: int, panel: Any, words: Any, angles: Any, constants: Any) -> None:
    """Normals of the rows `lanes` of the table, from a group of columns on, one column in each row of the panel."""
    width = PHILOX_BYTES // panel.itemsize
    for column in range(0, len(panel), BATCH * width):
        columns = min(BATCH * width, len(panel) - column)
        for i in range(columns // width):
            _philox(key, lanes, np.uint64(group + column // width + i), words[i * width :])
        _radii(words[:columns], panel[column:], constants)
        _turn(angles[:columns], panel[column:], constants)


@kernel
def fill_pairs(
    key: Any, lanes: Any, pairs: Any, dither: Any, batch: Any, words: Any, angles: Any, constants: Any
) -> None:
    """The same normals rounded to 16 bits, two columns in each row of `pairs`, the first column without its sign.

    What rounding takes from the first column is `dither`.
    """
    for pair in range(0, len(pairs), len(batch) // 2):
        normals = batch[: 2 * min(len(batch) // 2, len(pairs) - pair)]
        fill_panel(key, lanes, pair // 2, normals, words, angles, constants)
        if pair == 0:
            _take_remainder(normals[0], dither)
        round_pairs(normals, pairs[pair:])


@kernel
def _take_remainder(first: Any, dither: Any) -> None:
    unit, anchor = np.float32(NORMAL_UNIT), np.float32(ANCHOR)
    for lane in range(BLOCK):
        scaled = first[lane] * unit
        dither[lane] = np.int32((scaled - ((scaled + anchor) - anchor)) * np.float32(DITHER_UNIT))
        first[lane] = abs(first[lane])


@kernel
def round_pairs(normals: Any, pairs: Any) -> None:
    """Normals rounded to 16 bits, two columns in each row of `pairs`."""
    unit = np.float32(NORMAL_UNIT)
    for row in range(0, len(normals), 2):
        first, second, pair = normals[row], normals[row + 1], pairs[row // 2]
        for lane in range(BLOCK):
            low, high = _nearest(first[lane] * unit), _nearest(second[lane] * unit)
            pair[lane] = (low & np.int32(0xFFFF)) | (high << np.int32(16))


@kernel
def set_lanes(start: Any, rows: Any, first: int, lanes: Any) -> None:
    """Rows of the table that a request has from `first` on: those listed, and beyond the list ``start + k``."""
    for lane in range(BLOCK):
        k = first + lane
        lanes[lane] = rows[k] if k < len(rows) else start + np.uint64(k)


@kernel
def normal_blocks(key: Any, start: Any, rows: Any, out: Any, panel: Any, workspace: Any) -> None:
    """Rows of the table, as many as `out` has: the listed `rows`, or from `start` on if there are none."""
    lanes, words, angles, constants = workspace
    n, columns = out.shape
    for first in range(0, n, BLOCK):
        set_lanes(start, rows, first, lanes)
        fill_panel(key, lanes, 0, panel, words, angles, constants)
        out[first : first + BLOCK] = panel[:columns, : min(BLOCK, n - first)].T
