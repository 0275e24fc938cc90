"""The compiled loops of ``packing`` that count bits, in vectors of whole words."""

from __future__ import annotations

from itertools import product
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._kernels.pack_loops import shuffled

__all__ = [
    "add_bit_counts",
    "add_differences",
    "add_pair_differences",
    "count_row_differences",
    "products_from_differences",
    "word_lanes",
]

NDArray: TypeAlias = np.ndarray[Any, Any]


@kernel
def add_bit_counts(block: NDArray, counts: NDArray) -> None:
    for j in range(len(counts)):
        row, count = block[j], np.uint64(0)
        for k in range(len(row)):
            count += _population_count(row[k])
        counts[j] += np.int64(count)


@kernel
def add_differences(block: NDArray, differences: NDArray) -> None:
    """Lower triangle, in tiles of 64 x 64 pairs that stay in the cache."""
    n = len(differences)
    counts = np.empty((4, 4), dtype=np.int64)
    for tile_i in range(0, n, 64):
        for tile_j in range(0, tile_i + 1, 64):
            for i in range(tile_i, min(tile_i + 64, n), 4):
                for j in range(tile_j, min(tile_j + 64, i + 1), 4):
                    _differences_4x4(block, i, j, counts)
                    pairs = differences[i : i + 4, j : j + 4]
                    for r in range(len(pairs)):
                        for s in range(pairs.shape[1]):
                            pairs[r, s] += counts[r, s]


@kernel
def products_from_differences(products: NDArray, n_samples: int) -> None:
    """Both triangles from the lower one, in place and in tiles: column by column it would miss the cache."""
    n = len(products)
    for tile_i in range(0, n, 64):
        for tile_j in range(0, tile_i + 1, 64):
            for i in range(tile_i, min(tile_i + 64, n)):
                for j in range(tile_j, min(tile_j + 64, i + 1)):
                    product = n_samples - 2 * products[i, j]
                    products[i, j] = product
                    products[j, i] = product


@kernel
def count_row_differences(a: NDArray, b: NDArray, distances: NDArray) -> None:
    for i in range(len(distances)):
        x, y = a[i if len(a) > 1 else 0], b[i if len(b) > 1 else 0]
        count = np.uint64(0)
        for k in range(len(x)):
            count += _population_count(x[k] ^ y[k])
        distances[i] = np.int64(count)


@kernel
def add_pair_differences(a: NDArray, b: NDArray, width: int, distances: NDArray) -> None:
    """Rows of `b` lie word-major in a tile, so that one vector holds several of them and sums need no reduction."""
    n_words = a.shape[1]
    tile = np.zeros((n_words + 3, width), dtype=np.uint64)
    row = np.zeros(n_words + 3, dtype=np.uint64)
    for first in range(0, len(b), width):
        for j in range(min(width, len(b) - first)):
            for k in range(n_words):
                tile[k, j] = b[first + j, k]
        for i in range(len(a)):
            row[:n_words] = a[i]
            counts = distances[i, first : first + width]
            for k in range(0, n_words, 4):
                x0, x1, x2, x3 = row[k], row[k + 1], row[k + 2], row[k + 3]
                y0, y1, y2, y3 = tile[k], tile[k + 1], tile[k + 2], tile[k + 3]
                for j in range(len(counts)):
                    low = _population_count(x0 ^ y0[j]) + _population_count(x1 ^ y1[j])
                    high = _population_count(x2 ^ y2[j]) + _population_count(x3 ^ y3[j])
                    counts[j] += np.int64(low + high)


@intrinsic
def _population_count(typing_context: Any, word: Any) -> Any:
    """Set bits of a word."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), codegen


@intrinsic
def _differences_4x4(typing_context: Any, block: Any, i: Any, j: Any, counts: Any) -> Any:
    """Sixteen sums in registers for eight vectors loaded: rows `i` to ``i + 3`` against `j` to ``j + 3``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block, counts = (context.make_array(signature.args[k])(context, builder, arguments[k]) for k in (0, 3))
        n_words = builder.extract_value(block.shape, 1)
        lanes = ir.VectorType(ir.IntType(64), word_lanes(context.codegen().magic_tuple()[2]))
        offsets = [
            [builder.mul(n_words, builder.add(first, first.type(k))) for k in range(4)] for first in arguments[1:3]
        ]
        sums = [cgutils.alloca_once_value(builder, lanes(None)) for _ in range(16)]
        with cgutils.for_range_slice(builder, n_words.type(0), n_words, n_words.type(lanes.count)) as (k, _):
            places = [[builder.gep(block.data, [builder.add(offset, k)]) for offset in side] for side in offsets]
            a, b = ([builder.load(builder.bitcast(p, lanes.as_pointer()), align=8) for p in side] for side in places)
            for place, (x, y) in zip(sums, product(a, b), strict=True):
                builder.store(builder.add(builder.load(place), _count_bits(builder, builder.xor(x, y))), place)
        rows = builder.bitcast(counts.data, lanes.as_pointer())
        for k, row in enumerate(_lane_sums(builder, [builder.load(place) for place in sums])):
            builder.store(row, builder.gep(rows, [n_words.type(k)]), align=8)
        return context.get_dummy_value()

    return types.void(block, types.int64, types.int64, counts), codegen


def word_lanes(features: str) -> int:
    """Words in a register."""
    return 8 if "+avx512f" in features else 4 if "+avx2" in features else 2


def _count_bits(builder: Any, words: Any) -> Any:
    kind = ir.FunctionType(words.type, [words.type])
    name = f"llvm.ctpop.v{words.type.count}i64"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [words])


def _lane_sums(builder: Any, vectors: list[Any]) -> list[Any]:
    """Sum over the lanes of each vector, lane by lane in fewer vectors: neighbours are added again and again."""
    count = vectors[0].type.count
    for _ in range(count.bit_length() - 1):
        pairs = list(zip(vectors[::2], vectors[1::2], strict=True))
        vectors = [
            builder.add(
                shuffled(builder, *pair, range(0, 2 * count, 2)), shuffled(builder, *pair, range(1, 2 * count, 2))
            )
            for pair in pairs
        ]
    return vectors
