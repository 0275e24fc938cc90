"""Draws of dichotomized Gaussian vectors with a structure, compiled; ``structured_loops`` has the loops."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent._kernels.generic_sampling import check_request, is_integer, real_name
from bernoulli_latent._kernels.generic_structured import NEVER, check_groups, check_model, first_column
from bernoulli_latent._kernels.normal_loops import BLOCK
from bernoulli_latent._kernels.sampling import filled, panel, workspace
from bernoulli_latent._kernels.structured_loops import (
    SPAN,
    chain_blocks,
    factor_blocks,
    group_blocks,
    integer_factor_blocks,
)

__all__ = ["draw_chain", "draw_factors", "draw_groups"]

NDArray: TypeAlias = np.ndarray[Any, Any]


def draw_factors(key: int, start: int, n: int, thresholds: Array, noise: Array, loadings: Array) -> Array:
    """Packed bits of rows ``start`` to ``start + n`` of the signs of ``thresholds + noise * e + loadings @ f``.

    Loadings of int16, with int32 thresholds and float32 noise, are multiplied with factors rounded to integers.
    """
    check_model(thresholds, noise, loadings)
    columns = first_column(loadings.shape[1])
    if not is_integer(loadings):
        factors = np.empty((SPAN, columns, BLOCK), real_name(noise.dtype))
        return _draw(factor_blocks, key, start, n, (thresholds, noise, loadings), factors)
    own, width = to_host(loadings), loadings.shape[1] + loadings.shape[1] % 2
    model = thresholds, noise, filled(own, len(own), width).view(np.int32)
    pairs, batch = np.empty((SPAN, columns // 2, BLOCK), np.int32), panel("float32", columns)
    return _draw(integer_factor_blocks, key, start, n, model, pairs, batch)


def draw_groups(key: int, start: int, n: int, thresholds: Array, noise: Array, groups: Array, mixing: Array) -> Array:
    """The same for the signs of ``thresholds + noise * e + (mixing @ f)[groups]``."""
    check_model(thresholds, noise, groups)
    check_groups(groups, mixing)
    factors = panel(real_name(noise.dtype), first_column(mixing.shape[1]))
    return _draw(
        group_blocks, key, start, n, (thresholds, noise, groups), np.ascontiguousarray(to_host(mixing)), factors
    )


def draw_chain(key: int, start: int, n: int, thresholds: Array, noise: Array, loss: Array, gain: Array) -> Array:
    """The same for the signs of ``thresholds + z``, where `z` is a chain along the bits."""
    check_model(thresholds, noise, loss, gain)
    return _draw(chain_blocks, key, start, n, (thresholds, noise, loss, gain))


def _draw(loop: Any, key: int, start: int, n: int, model: tuple[Array, ...], *factors: NDArray) -> Array:
    check_request(key, start, n)
    like, host = model[0], tuple(np.ascontiguousarray(to_host(x)) for x in model)
    real, rest = real_name(host[1].dtype), tuple(map(_rest, host))
    rest[0][len(like) % BLOCK :] = NEVER if host[0].dtype == np.int32 else -np.inf
    out = np.empty((n, -(-len(like) // BLOCK)), np.uint64)
    loop(np.uint64(key), np.uint64(start), out, host, rest, *factors, panel(real, BLOCK), workspace(real)[1:])
    return from_host(out.view(np.int64) if is_torch(like) else out, like)


def _rest(x: NDArray) -> NDArray:
    """The rows beyond the last whole word, filled up to one with zeros."""
    return filled(x[len(x) - len(x) % BLOCK :], BLOCK, *x.shape[1:])
