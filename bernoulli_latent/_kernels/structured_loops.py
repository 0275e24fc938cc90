"""The compiled loops of ``structured``: 64 samples at a time, bit after bit, a word of 64 bits at a time.

What the bits of a sample share is computed once for a block of 64 samples. Then every bit takes a column of normals
for itself, 64 bits fill one panel that stays in the cache, and the signs of its rows are transposed into one word of
each sample. So the work grows with the number of bits, and the memory does not.

Normals are those of ``normal_loops``, products and the transpose those of ``draw_loops``: clear the disk cache after
an edit there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.draw_loops import _add_products, _insert_signs, _lanes, _load, _transpose
from bernoulli_latent._kernels.normal_loops import BLOCK, PHILOX_BYTES, fill_panel, round_pairs

__all__ = ["SPAN", "chain_blocks", "factor_blocks", "group_blocks", "integer_factor_blocks"]

SPAN = 4
"""Blocks of samples that share each pass over the loadings, which may be larger than the cache."""

STRIP = 4
"""Bits that share each load of the factors; it divides 64, and with four vectors a bit they fill 16 registers."""


@intrinsic
def _strip_of_signs(typing_context: Any, loadings: Any, factors: Any, scores: Any, words: Any) -> Any:
    """Signs of ``scores[:STRIP] + loadings[:STRIP] @ factors``, one word of 64 samples for each bit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loadings, factors, scores, words = (
            context.make_array(kind)(context, builder, array)
            for kind, array in zip(signature.args, arguments, strict=True)
        )
        kind, depth = signature.args[0].dtype, builder.extract_value(loadings.shape, 1)
        lanes = _lanes(context.codegen().magic_tuple()[2], kind.bitwidth)
        vector = ir.VectorType(context.get_data_type(kind), lanes)
        rows = [builder.gep(loadings.data, [builder.mul(depth, depth.type(i))]) for i in range(STRIP)]
        signs = [ir.IntType(BLOCK)(0)] * STRIP
        for lane in range(0, BLOCK, lanes):
            sums = [cgutils.alloca_once(builder, vector) for _ in rows]
            for i, total in enumerate(sums):
                builder.store(_load(builder, scores.data, depth.type(i * BLOCK + lane), vector), total)
            _add_products(builder, rows, factors.data, depth, lane, sums)
            signs = [_insert_signs(builder, word, builder.load(s), lane) for word, s in zip(signs, sums, strict=True)]
        for i, word in enumerate(signs):
            builder.store(word, builder.gep(words.data, [depth.type(i)]))
        return context.get_dummy_value()

    return types.void(loadings, factors, scores, words), generate


@kernel
def _rows(start: Any, first: int) -> Any:
    """Numbers of 64 rows of the table."""
    rows = np.empty(BLOCK, np.uint64)
    for lane in range(BLOCK):
        rows[lane] = start + np.uint64(first + lane)
    return rows


@kernel
def _spread(thresholds: Any, noise: Any, panel: Any) -> None:
    """Scores without what the bits share."""
    for bit in range(BLOCK):
        row, threshold, deviation = panel[bit], thresholds[bit], noise[bit]
        for lane in range(BLOCK):
            row[lane] = threshold + deviation * row[lane]


@kernel
def _add_groups(groups: Any, common: Any, panel: Any) -> None:
    for bit in range(BLOCK):
        row, shared = panel[bit], common[groups[bit]]
        for lane in range(BLOCK):
            row[lane] += shared[lane]


@kernel
def _follow(thresholds: Any, noise: Any, loss: Any, gain: Any, state: Any, panel: Any) -> None:
    """Scores of a chain, which goes on from `state`."""
    for bit in range(BLOCK):
        row, threshold, deviation, lost, gained = panel[bit], thresholds[bit], noise[bit], loss[bit], gain[bit]
        for lane in range(BLOCK):
            change = deviation * row[lane] - lost * state[lane]
            row[lane] = threshold + (state[lane] + change)
            state[lane] += gained * change


@kernel
def _mix(mixing: Any, factors: Any, common: Any) -> None:
    """The product ``mixing @ factors``."""
    common[:] = 0
    for group in range(len(mixing)):
        row = common[group]
        for k in range(mixing.shape[1]):
            weight, factor = mixing[group, k], factors[k]
            for lane in range(BLOCK):
                row[lane] += weight * factor[lane]


@kernel
def _emit(loadings: Any, factors: Any, panel: Any, signs: Any, out: Any) -> None:
    """One word of each sample: the signs of the panel and of what the factors add to it."""
    for bit in range(0, BLOCK, STRIP):
        _strip_of_signs(loadings[bit:], factors, panel[bit:], signs[bit:])
    _transpose(signs)
    out[:] = signs[: len(out)]


@kernel
def _word(x: Any, rest: Any, word: int) -> Any:
    """What belongs to the bits of a word; `rest` is that of the last one, filled up."""
    return x[word * BLOCK : (word + 1) * BLOCK] if (word + 1) * BLOCK <= len(x) else rest


@kernel
def _spread_integers(thresholds: Any, noise: Any, panel: Any, scores: Any) -> None:
    """Scores without what the bits share, in integers."""
    for bit in range(BLOCK):
        row, score, threshold, deviation = panel[bit], scores[bit], thresholds[bit], noise[bit]
        for lane in range(BLOCK):
            score[lane] = threshold + np.int32(deviation * row[lane])


@kernel
def factor_blocks(
    key: Any, start: Any, out: Any, model: Any, rest: Any, factors: Any, panel: Any, workspace: Any
) -> None:
    """Packed signs of ``thresholds + noise * e + loadings @ f`` for the rows from `start` on.

    Several blocks of samples take their turns at each word, while its loadings are in the cache.
    """
    (thresholds, noise, loadings), (words, angles, constants) = model, workspace
    signs = np.empty(BLOCK, np.uint64)
    group = factors.shape[1] * panel.itemsize // PHILOX_BYTES
    for base in range(0, len(out), len(factors) * BLOCK):
        stop = min(base + len(factors) * BLOCK, len(out))
        for first in range(base, stop, BLOCK):
            fill_panel(key, _rows(start, first), 0, factors[(first - base) // BLOCK], words, angles, constants)
        for word in range(out.shape[1]):
            column = group + word * BLOCK * panel.itemsize // PHILOX_BYTES
            own = _word(loadings, rest[2], word)
            for first in range(base, stop, BLOCK):
                fill_panel(key, _rows(start, first), column, panel, words, angles, constants)
                _spread(_word(thresholds, rest[0], word), _word(noise, rest[1], word), panel)
                _emit(own, factors[(first - base) // BLOCK], panel, signs, out[first : first + BLOCK, word])


@kernel
def integer_factor_blocks(
    key: Any, start: Any, out: Any, model: Any, rest: Any, pairs: Any, batch: Any, panel: Any, workspace: Any
) -> None:
    """The same in integers: loadings and factors in pairs of 16 bits, scores of 32."""
    (thresholds, noise, loadings), (words, angles, constants) = model, workspace
    signs, scores = np.empty(BLOCK, np.uint64), np.empty((BLOCK, BLOCK), np.int32)
    group = len(batch) * panel.itemsize // PHILOX_BYTES
    for base in range(0, len(out), len(pairs) * BLOCK):
        stop = min(base + len(pairs) * BLOCK, len(out))
        for first in range(base, stop, BLOCK):
            fill_panel(key, _rows(start, first), 0, batch, words, angles, constants)
            round_pairs(batch, pairs[(first - base) // BLOCK])
        for word in range(out.shape[1]):
            column = group + word * BLOCK * panel.itemsize // PHILOX_BYTES
            own = _word(loadings, rest[2], word)
            for first in range(base, stop, BLOCK):
                fill_panel(key, _rows(start, first), column, panel, words, angles, constants)
                _spread_integers(_word(thresholds, rest[0], word), _word(noise, rest[1], word), panel, scores)
                _emit(own, pairs[(first - base) // BLOCK], scores, signs, out[first : first + BLOCK, word])


@kernel
def group_blocks(
    key: Any, start: Any, out: Any, model: Any, rest: Any, mixing: Any, factors: Any, panel: Any, workspace: Any
) -> None:
    """Packed signs of ``thresholds + noise * e + (mixing @ f)[groups]`` for the rows from `start` on."""
    (thresholds, noise, groups), (words, angles, constants) = model, workspace
    signs = np.empty(BLOCK, np.uint64)
    width, common = PHILOX_BYTES // panel.itemsize, np.empty((len(mixing), BLOCK), panel.dtype)
    for first in range(0, len(out), BLOCK):
        rows, block = _rows(start, first), out[first : first + BLOCK]
        fill_panel(key, rows, 0, factors, words, angles, constants)
        _mix(mixing, factors, common)
        for word in range(out.shape[1]):
            fill_panel(key, rows, (len(factors) + word * BLOCK) // width, panel, words, angles, constants)
            _spread(_word(thresholds, rest[0], word), _word(noise, rest[1], word), panel)
            _add_groups(_word(groups, rest[2], word), common, panel)
            _emit(np.empty((BLOCK, 0), panel.dtype), factors, panel, signs, block[:, word])


@kernel
def chain_blocks(key: Any, start: Any, out: Any, model: Any, rest: Any, panel: Any, workspace: Any) -> None:
    """Packed signs of ``thresholds + z`` for the rows from `start` on, where `z` is a chain along the bits."""
    (thresholds, noise, loss, gain), (words, angles, constants) = model, workspace
    signs = np.empty(BLOCK, np.uint64)
    width, state = PHILOX_BYTES // panel.itemsize, np.empty(BLOCK, panel.dtype)
    for first in range(0, len(out), BLOCK):
        rows, block = _rows(start, first), out[first : first + BLOCK]
        state[:] = 0
        for word in range(out.shape[1]):
            fill_panel(key, rows, word * BLOCK // width, panel, words, angles, constants)
            threshold, deviation = _word(thresholds, rest[0], word), _word(noise, rest[1], word)
            _follow(threshold, deviation, _word(loss, rest[2], word), _word(gain, rest[3], word), state, panel)
            _emit(np.empty((BLOCK, 0), panel.dtype), panel, panel, signs, block[:, word])
