"""Paths between codes: their points evenly spaced in the angle of the normals, or in the bits that change."""

from __future__ import annotations

from collections.abc import Sequence

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._threads import in_parallel
from bernoulli_latent.bits import BitArray, hamming_distance
from bernoulli_latent.latent.interpolation import angle, crossings, flip_ranks, slerp_weights
from bernoulli_latent.samplers.rounding import Rounding

__all__ = ["SPACINGS", "even_steps", "follow"]

SPACINGS = ("angle", "bits")

BLOCK_ENTRIES = 2**18
"""Bits ordered at a time: the numbers beside them take some 20 MB."""


def follow(
    model: Rounding,
    normals: Sequence[Array],
    ends: Sequence[BitArray],
    steps: int,
    spacing: str,
    precision: str,
    threads: int,
) -> Array:
    """Words (steps, n, words) of n paths whose `ends` the inversion gave the `normals`.

    The `precision` is that of scores at equal angles; the order of bits is always found in float64.
    """
    if spacing == "bits":
        return _even_bits(model, normals, ends, steps, threads)
    return _even_angles(model, normals, ends, steps, precision, threads)


def _even_angles(
    model: Rounding, normals: Sequence[Array], ends: Sequence[BitArray], steps: int, precision: str, threads: int
) -> Array:
    weights = slerp_weights(angle(*normals), steps)
    words = model.path(namespace(*normals).concat(normals), weights, precision, threads)
    words[0, ...], words[-1, ...] = (end.words for end in ends)
    return words


def _even_bits(model: Rounding, normals: Sequence[Array], ends: Sequence[BitArray], steps: int, threads: int) -> Array:
    source = ends[0].words
    n, rows = len(ends[0]), max(1, BLOCK_ENTRIES // model.n_bits)
    words = namespace(source).empty((steps, *source.shape), dtype=source.dtype, device=source.device)

    def fill(start: int, stop: int) -> None:
        for first in range(start, stop, rows):
            block = slice(first, min(first + rows, stop))
            parts = [end[block] for end in ends]
            words[:, block, :] = even_steps(_places(model, [z[block, :] for z in normals], parts), parts, steps)

    in_parallel(fill, n, threads, rows)
    return words


def even_steps(places: Array, ends: Sequence[BitArray], steps: int) -> Array:
    """Words (steps, n, words) from the one of the `ends` to the other, bits changing in the order of their `places`.

    Of the d bits that differ, ``k * d / (steps - 1)`` have changed at point `k`, rounded, halves up.
    """
    source, target = ends
    differs = BitArray(source.words ^ target.words, source.n_bits).to_array("bool")
    ranks, distance = flip_ranks(places, differs), hamming_distance(source, target, threads=1)
    counts = [(2 * step * distance + steps - 1) // (2 * (steps - 1)) for step in range(steps)]
    flipped = [BitArray.from_array(ranks < count[:, None]).words for count in counts]
    return namespace(ranks).stack([source.words ^ words for words in flipped])


def _places(model: Rounding, normals: Sequence[Array], ends: Sequence[BitArray]) -> Array:
    """Where on the way from the first normals to the second each bit takes the value of the target."""
    source, target = (model.margins(model.scores(z), end) for z, end in zip(normals, ends, strict=True))
    return crossings(source, target, model.margins(model.thresholds[None, :], ends[1]), angle(*normals))
