"""Paths among the scores of a model, compiled: the scores never leave the cache, and words are all that is written."""

from __future__ import annotations

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent._kernels.packing import pack
from bernoulli_latent._kernels.path_loops import path_words
from bernoulli_latent._threads import in_parallel

__all__ = ["path"]

PARALLEL_WORDS = 2**14
"""Least number of words that a thread computes."""


def path(
    source: Array, target: Array, weights: Array, offset: Array, index: Array, flip: Array, threads: int = 1
) -> Array:
    """Packed bits (steps, n, words) along n arcs; ``generic_paths`` says the same in plain array code."""
    starts, ends, scales = (np.ascontiguousarray(to_host(x)) for x in (source, target, weights))
    bits = _bits(to_host(offset), to_host(index), to_host(flip))
    out = np.empty((scales.shape[1], len(starts), len(bits[-1])), np.uint64)
    grain = -(-PARALLEL_WORDS // (out.shape[0] * out.shape[2]))
    in_parallel(lambda i, j: path_words(i, j, starts, ends, scales, bits, out), len(starts), threads, grain)
    return from_host(out.view(np.int64) if is_torch(source) else out, source)


def _bits(offset: Array, index: Array, flip: Array) -> tuple[Array, ...]:
    """Place and offset of each bit's score, and words of the bits that are flipped and of those that exist."""
    padding = (0, -len(index) % 64)
    places = np.pad(index, padding)
    flips, valid = (pack(np.pad(mask, padding)[None, :])[0][0] for mask in (flip, np.ones(len(index), bool)))
    return places, np.ascontiguousarray(offset[places]), flips, valid
