"""Interpolation as the authors' code does it, to compare with: its repair, its inversion, its decoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bernoulli_latent import BernoulliMoments, BitArray, gram_from_moments
from bernoulli_latent.latent.interpolation import angle, slerp_weights

__all__ = ["factor", "interpolate", "invert"]

Array = np.ndarray[Any, Any]

ROUNDS = 100


def factor(bits: BitArray) -> Array:
    """Rows of the bits, (n_bits, rank), after eigenvalues below zero were cut; the boundary's row is left out.

    The diagonal is not scaled back to 1, so that long rows weigh more in the centroids.
    """
    values, vectors = np.linalg.eigh(gram_from_moments(BernoulliMoments.from_samples(bits).matrix))
    positive = values > 1e-9 * values[-1]
    rows: Array = vectors[:-1, positive] * np.sqrt(values[positive])
    return rows


def invert(rows: Array, signs: Array) -> Array:
    """Unit normals (n, rank) between the centroids of the rows with bits +1 and -1.

    Rows on the wrong side count once more in the next round, as long as their number falls.
    """
    weights = np.ones_like(signs, dtype=np.float64)
    best, fewest = np.empty((len(signs), rows.shape[1])), np.full(len(signs), np.inf)
    for _ in range(ROUNDS):
        normals = _between(rows, signs, weights)
        wrong = signs * (normals @ rows.T) < 0
        better = wrong.sum(axis=1) < fewest
        if not better.any():
            break
        best[better], fewest[better] = normals[better], wrong[better].sum(axis=1)
        weights[better] += wrong[better]
    return best


def interpolate(rows: Array, normals: Sequence[Array], ends: Sequence[Array], steps: int) -> Array:
    """Codes (steps, n, n_bits) between the `ends`, which stand in place of what their `normals` give back.

    The authors show both, the true codes beside the first and the last point; without these two, paths of all methods
    have their points at the same places.
    """
    scores = [normal @ rows.T for normal in normals]
    weights = slerp_weights(angle(*normals), steps)[..., None]
    path = np.where(weights[0] * scores[0] + weights[1] * scores[1] >= 0, 1, -1).astype(ends[0].dtype)
    path[0], path[-1] = ends
    return path


def _between(rows: Array, signs: Array, weights: Array) -> Array:
    plus, minus = weights * (signs > 0), weights * (signs < 0)
    totals = (np.maximum(part.sum(axis=1, keepdims=True), 1.0) for part in (plus, minus))
    p, n = (part @ rows / total for part, total in zip((plus, minus), totals, strict=True))
    normals: Array = (p - n) / np.linalg.norm(p - n, axis=1, keepdims=True)
    return normals
