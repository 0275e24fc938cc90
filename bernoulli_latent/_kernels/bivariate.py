"""The bivariate normal distribution function and its inverse in host memory, compiled; ``bivariate_loops`` computes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from scipy.special import ndtri

from bernoulli_latent._arrays import Array, from_host, to_host
from bernoulli_latent._kernels.bivariate_loops import cdf_loop, correlation_loop, matrix_loop

__all__ = ["cdf", "correlation", "correlation_matrix"]

NDArray: TypeAlias = np.ndarray[Any, Any]


def cdf(h: Array, k: Array, rho: Array) -> Array:
    """P(x <= h, y <= k) of standard normal variables of correlation `rho`; float64 arrays of one shape."""
    out = np.empty(tuple(h.shape))
    cdf_loop(_flat(h), _flat(k), _flat(rho), out.reshape(-1))
    return from_host(np.maximum(out, 0.0, out=out), h)


def correlation(p_i: Array, p_j: Array, p_ij: Array, slack: float) -> Array:
    """Tetrachoric correlation; float64 arrays of one shape, checked. A lower bound is met within `slack`."""
    rho = np.empty(tuple(p_ij.shape))
    p, q = _flat(p_i), _flat(p_j)
    correlation_loop(p, q, _flat(p_ij), _rare_quantile(p), _rare_quantile(q), slack, rho.reshape(-1))
    return from_host(rho, p_ij)


def correlation_matrix(p: Array, joint: Array, slack: float) -> Array:
    """Tetrachoric correlations of all pairs, with a unit diagonal; only the lower triangle of `joint` is read."""
    probability, pairs = _flat(p), np.ascontiguousarray(to_host(joint), np.float64)
    rho = np.empty(pairs.shape)
    matrix_loop(probability, pairs, _rare_quantile(probability), slack, rho)
    return from_host(rho, joint)


def _flat(x: Array) -> NDArray:
    return np.ascontiguousarray(to_host(x), np.float64).reshape(-1)


def _rare_quantile(p: NDArray) -> NDArray:
    """Normal quantile of `p` or of its complement, whichever is below 1/2."""
    return np.asarray(ndtri(np.minimum(p, 1 - p)))
