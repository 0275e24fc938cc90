"""Distances of two sets of features: rows of what a network says about each image.

A Frechet distance has the name of its network: FID for Inception's features, CFD for those of a classifier of ours.
Numbers of different networks do not compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

__all__ = [
    "frechet_distance",
    "kernel_distance",
    "nearest_neighbour_distance",
    "precision_recall_density_coverage",
]

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK_MIB = 256
"""Distances are held in pieces of this size."""


def frechet_distance(a: Array, b: Array) -> float:
    """Squared 2-Wasserstein distance of the Gaussians with the means and covariances of two sets of features.

    ``|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2))``, in float64. With triangular factors ``A = R_a^T R_a`` the last trace
    is the sum of the singular values of ``R_a R_b^T``, which are the roots of the eigenvalues of ``A B``: no root of a
    matrix is taken, and singular covariances are no special case.

    Parameters
    ----------
    a, b : array, shapes (n, d) and (m, d)
        Features, at least two rows each.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a feature is not finite.

    References
    ----------
    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017.

    Examples
    --------
    >>> a = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(frechet_distance(a, a + 2), 9)
    12.0
    """
    a, b = _features(a, b)
    factor_a, factor_b = _factor(a), _factor(b)
    shift = a.mean(axis=0) - b.mean(axis=0)
    overlap = np.linalg.svd(factor_a @ factor_b.T, compute_uv=False).sum()
    return max(float(shift @ shift + np.sum(factor_a**2) + np.sum(factor_b**2) - 2 * overlap), 0.0)


def _factor(features: Array) -> Array:
    """Triangular root of the covariance."""
    return np.linalg.qr(features - features.mean(axis=0), mode="r") / np.sqrt(len(features) - 1)


def kernel_distance(
    a: Array, b: Array, subsets: int = 100, subset_size: int = 1000, rng: np.random.Generator | int = 0
) -> float:
    """Squared maximum mean discrepancy with the kernel ``(x.y / d + 1)^3``, unbiased, averaged over random subsets.

    It can be negative: its expectation is 0 where the laws agree.

    Parameters
    ----------
    a, b : array, shapes (n, d) and (m, d)
        Features.
    subsets, subset_size : int
        Number and rows of the subsets, drawn without replacement; no more rows than the smaller set has.
    rng : Generator or seed

    References
    ----------
    Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", ICLR 2018.

    Examples
    --------
    >>> a, b = np.random.default_rng(0).normal(size=(2, 500, 4))
    >>> abs(kernel_distance(a, b, 10, 200)) < 0.05 < kernel_distance(a, b + 1, 10, 200)
    True
    """
    a, b = _features(a, b)
    rng = np.random.default_rng(rng)
    size = min(subset_size, len(a), len(b))
    draws = [(_subset(a, size, rng), _subset(b, size, rng)) for _ in range(subsets)]
    return float(np.mean([_unbiased_discrepancy(x, y) for x, y in draws]))


def _subset(rows: Array, size: int, rng: np.random.Generator) -> Array:
    return rows[rng.choice(len(rows), size, replace=False)]


def _unbiased_discrepancy(x: Array, y: Array) -> float:
    def kernel(u: Array, v: Array) -> Array:
        base = u @ v.T / u.shape[1] + 1
        cube: Array = base * base * base  # several times faster than a power
        return cube

    def others(u: Array) -> float:
        """Mean over pairs of different rows."""
        values = kernel(u, u)
        return float((values.sum() - np.trace(values)) / (len(u) * (len(u) - 1)))

    return others(x) + others(y) - 2 * float(kernel(x, y).mean())


def precision_recall_density_coverage(real: Array, fake: Array, k: int = 5) -> dict[str, float]:
    """Shares of each set in the other's neighbourhood; a ball reaches to its centre's `k`-th neighbour in its own set.

    Returns
    -------
    dict
        "precision": fakes in the ball of some real one; "recall": real ones in the ball of some fake; "density": how
        many real balls a fake lies in, over `k` (can exceed 1); "coverage": real ones whose ball has some fake.

    Raises
    ------
    ValueError
        If a set has no more than `k` rows.

    References
    ----------
    Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved Precision and Recall Metric", NeurIPS 2019; Naeem, Oh, Uh,
    Choi, Yoo, "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.
    """
    real, fake = _features(real, fake)
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"`real` and `fake` must have more than k = {k} rows; got {len(real)} and {len(fake)}")
    real_radius, fake_radius = _radius(real, k), _radius(fake, k)
    hits, covered, recalled = np.zeros(len(fake)), np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, distance in _distances(real, fake):
        inside = distance <= real_radius[rows, None]
        hits += inside.sum(axis=0)
        covered[rows] = inside.any(axis=1)
        recalled[rows] = (distance <= fake_radius).any(axis=1)
    return {
        "precision": float((hits > 0).mean()),
        "recall": float(recalled.mean()),
        "density": float(hits.mean() / k),
        "coverage": float(covered.mean()),
    }


def _radius(rows: Array, k: int) -> Array:
    """Distance to the `k`-th other row."""
    return NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()[0][:, -1]


def _distances(a: Array, b: Array) -> Iterator[tuple[slice, Array]]:
    start = 0
    for distance in pairwise_distances_chunked(a, b, working_memory=CHUNK_MIB):
        yield slice(start, start + len(distance)), distance
        start += len(distance)


def nearest_neighbour_distance(a: Array, b: Array) -> Array:
    """Distance of each row of `a` to the nearest of `b`, (n,).

    Samples that lie nearer to the training images than test images do are copies.
    """
    a, b = _features(a, b)
    return NearestNeighbors(n_neighbors=1).fit(b).kneighbors(a)[0][:, 0]


def _features(a: Array, b: Array) -> tuple[Array, Array]:
    """Both in float64, if they are features of the same network."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"features must have shapes (n, d) and (m, d) with 2 rows or more; got {a.shape} and {b.shape}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("features must be finite; got NaN or infinity")
    return a, b
