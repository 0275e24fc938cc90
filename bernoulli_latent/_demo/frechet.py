"""How alike two sets of pictures are."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["frechet_distance"]

Array = np.ndarray[Any, Any]


def frechet_distance(a: Array, b: Array) -> float:
    r"""Squared Frechet distance between the Gaussians with the means and covariances of two samples.

    .. math:: |m_a - m_b|^2 + \mathrm{tr}\bigl(C_a + C_b - 2 (C_a^{1/2} C_b C_a^{1/2})^{1/2}\bigr)

    References
    ----------
    .. [1] Dowson and Landau, "The Frechet distance between multivariate normal distributions", Journal of
       Multivariate Analysis 12, 1982, equation 4.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> round(frechet_distance(corners, corners + 1), 12)
    2.0
    """
    shift = a.mean(axis=0) - b.mean(axis=0)
    covariances = np.cov(a.T), np.cov(b.T)
    root = _square_root(covariances[0])
    overlap = np.trace(_square_root(root @ covariances[1] @ root))
    return float(shift @ shift + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * overlap)


def _square_root(semidefinite: Array) -> Array:
    eigenvalues, vectors = np.linalg.eigh(semidefinite)
    root: Array = (vectors * np.sqrt(np.maximum(eigenvalues, 0))) @ vectors.T
    return root
