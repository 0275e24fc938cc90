"""The script one would write without the library, in either precision: moments, clipped repair, factor, draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.measure import SEED

__all__ = ["draws", "factor_of", "second_moments"]

CHUNK = 4096
"""Rows drawn at a time; more would only cost memory."""

Floats = np.ndarray[Any, Any]


def second_moments(y: Floats, dtype: str) -> Floats:
    """Mean products of rows of -1 and +1 with a constant +1 appended, by one matrix product."""
    rows = np.ones((len(y), y.shape[1] + 1), dtype)
    rows[:, :-1] = y
    return np.asarray(rows.T @ rows / len(y))


def factor_of(moments: Floats) -> Floats:
    """Sine, negative eigenvalues set to zero, unit rows: vectors of a Gram matrix near the one wanted."""
    eigenvalues, eigenvectors = np.linalg.eigh(np.sin(moments * np.asarray(np.pi / 2, moments.dtype)))
    kept = eigenvalues > 0
    factor = eigenvectors[:, kept] * np.sqrt(eigenvalues[kept])
    return np.ascontiguousarray(factor / np.linalg.norm(factor, axis=1, keepdims=True))


def draws(factor: Floats, n_samples: int) -> Floats:
    """Normals, product, signs, comparison with the boundary's sign: int8 rows of -1 and +1."""
    rng = np.random.default_rng(SEED)
    bits = np.empty((n_samples, len(factor) - 1), np.int8)
    for start in range(0, n_samples, CHUNK):
        rows = bits[start : start + CHUNK]
        positive = rng.standard_normal((len(rows), factor.shape[1]), dtype=factor.dtype.type) @ factor.T >= 0
        np.multiply(positive[:, :-1] == positive[:, -1:], 2, out=rows, casting="unsafe")
        rows -= 1
    return bits
