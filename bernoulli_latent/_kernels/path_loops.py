"""The compiled loop of ``paths``: signs of 64 scores at a time along an arc, packed where they arise."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.bit_loops import word_lanes
from bernoulli_latent._kernels.draw_loops import _insert_signs, _splat

__all__ = ["path_words"]


@kernel
def path_words(start: int, stop: int, source: Any, target: Any, weights: Any, bits: Any, out: Any) -> None:
    """Words ``out[step, i]`` of the paths from `start` to `stop`, from the scores of their ends.

    `bits` says where each bit's score stands and what is added to it, which words are flipped, and what is valid.
    """
    places, offset, flips, valid = bits
    scores, path = np.empty((2, len(places)), source.dtype), np.empty((len(out), out.shape[2]), np.uint64)
    for i in range(start, stop):
        for j in range(len(places)):
            scores[0, j], scores[1, j] = source[i, places[j]], target[i, places[j]]
        for w in range(out.shape[2]):
            for step in range(len(out)):
                word = _signs(scores, offset, 64 * w, weights[0, step, i], weights[1, step, i])
                path[step, w] = (word ^ flips[w]) & valid[w]
        for step in range(len(out)):
            for w in range(out.shape[2]):
                out[step, i, w] = path[step, w]


@intrinsic
def _signs(typing_context: Any, scores: Any, offset: Any, first: Any, backward: Any, forward: Any) -> Any:
    """Signs of ``backward * scores[0] + forward * scores[1] + offset`` for 64 entries, each operation rounded."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        scores, offset = (context.make_array(signature.args[k])(context, builder, arguments[k]) for k in (0, 1))
        real, words = signature.args[0].dtype, word_lanes(context.codegen().magic_tuple()[2])
        vector = ir.VectorType(context.get_data_type(real), words * 64 // real.bitwidth)
        length = builder.extract_value(scores.shape, 1)
        bases = [builder.gep(scores.data, [place]) for place in (arguments[2], builder.add(length, arguments[2]))]
        bases.append(builder.gep(offset.data, [arguments[2]]))
        weights = [_splat(builder, weight, vector) for weight in arguments[3:]]
        word = ir.IntType(64)(0)
        for lane in range(0, 64, vector.count):
            places = [builder.gep(base, [length.type(lane)]) for base in bases]
            source, target, shift = (builder.load(builder.bitcast(p, vector.as_pointer()), align=4) for p in places)
            point = builder.fadd(builder.fmul(weights[0], source), builder.fmul(weights[1], target))
            word = _insert_signs(builder, word, builder.fadd(point, shift), lane)
        return word

    return types.uint64(scores, offset, types.int64, backward, forward), generate
