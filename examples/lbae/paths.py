"""Ways between two codes that are compared: the library's, the authors', and bits that change in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent import BitArray, hamming_distance
from bernoulli_latent.latent.interpolation import crossings
from bernoulli_latent.samplers.paths import SPACINGS, even_steps
from examples.lbae import authors
from examples.lbae.codes import Codes

__all__ = ["Way", "ways"]

Array = np.ndarray[Any, Any]

INVERSIONS = (
    ("hyperplane", "centroid"),
    ("hyperplane", "perceptron"),
    ("hyperplane", "posterior"),
    ("dichotomized_gaussian", "perceptron"),
    ("dichotomized_gaussian", "posterior"),
)


class Way(NamedTuple):
    """Paths of one method.

    Attributes
    ----------
    contender, inversion, spacing : str
        Who goes it, how normals are found, and whether points are even in the angle or in the bits.
    path : bits, shape (steps, n, n_bits)
        Ends included.
    wrong : float
        Bits of a source that its inversion does not give back, on average.
    """

    contender: str
    inversion: str
    spacing: str
    path: Array
    wrong: float


def ways(
    fitted: Callable[[str], Any], codes: Codes, source: BitArray, target: BitArray, steps: int, seed: int
) -> Iterator[Way]:
    """Paths from `source` to `target`, of the samplers of families `fitted` to `codes`."""
    yield from _of_authors(codes, source, target, steps)
    for family, method in INVERSIONS:
        sampler = fitted(family)
        wrong = hamming_distance(sampler.round(sampler.invert(source, method, rng=seed)), source).mean()
        for spacing in SPACINGS:
            path = sampler.interpolate(source, target, steps, method=method, spacing=spacing, rng=seed)
            yield Way(family, method, spacing, path, float(wrong))
    places = np.random.default_rng(seed).random(source.shape, dtype=np.float32)
    yield Way("any order", "-", "bits", _in_turn(places, source, target, steps), 0.0)


def _of_authors(codes: Codes, source: BitArray, target: BitArray, steps: int) -> Iterator[Way]:
    """Their path, and one that takes its bits in the order of theirs, as many at each step."""
    rows, ends = authors.factor(codes.bits), [bits.to_array("pm1") for bits in (source, target)]
    normals = [authors.invert(rows, end) for end in ends]
    margins = [end * (normal @ rows.T) for end, normal in zip(ends, normals, strict=True)]
    wrong = float(np.mean(np.sum(margins[0] < 0, axis=1)))
    places = crossings(*margins, np.zeros((1, 1)), np.zeros(1))
    paths = {"angle": authors.interpolate(rows, normals, ends, steps), "bits": _in_turn(places, source, target, steps)}
    for spacing, path in paths.items():
        yield Way("authors", "reweighted centroids", spacing, path, wrong)


def _in_turn(places: Array, source: BitArray, target: BitArray, steps: int) -> Array:
    words = even_steps(places, (source, target), steps)
    path: Array = BitArray(words.reshape(-1, words.shape[-1]), source.n_bits).to_array("pm1")
    return path.reshape(steps, *source.shape)
