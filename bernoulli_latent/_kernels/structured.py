"""Draws of dichotomized Gaussian vectors with a structure, compiled; ``structured_loops`` has the loops."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent._kernels.draw_loops import BATCH, BLOCK, PHILOX_BYTES
from bernoulli_latent._kernels.generic_sampling import BOX_MULLER, check_request, real_name
from bernoulli_latent._kernels.generic_structured import check_groups, check_model, first_column
from bernoulli_latent._kernels.sampling import _constants
from bernoulli_latent._kernels.structured_loops import SPAN, chain_blocks, factor_blocks, group_blocks

__all__ = ["draw_chain", "draw_factors", "draw_groups"]

NDArray: TypeAlias = np.ndarray[Any, Any]


def draw_factors(key: int, start: int, n: int, thresholds: Array, noise: Array, loadings: Array) -> Array:
    """Packed bits of rows ``start`` to ``start + n`` of the signs of ``thresholds + noise * e + loadings @ f``."""
    check_model(thresholds, noise, loadings)
    model, columns = _whole_words(thresholds, noise, loadings), first_column(loadings.shape[1])
    return _draw(factor_blocks, key, start, n, thresholds, model, _panel(model, SPAN, columns))


def draw_groups(key: int, start: int, n: int, thresholds: Array, noise: Array, groups: Array, mixing: Array) -> Array:
    """The same for the signs of ``thresholds + noise * e + (mixing @ f)[groups]``."""
    check_model(thresholds, noise, groups)
    check_groups(groups, mixing)
    model = *_whole_words(thresholds, noise, groups), np.ascontiguousarray(to_host(mixing))
    return _draw(group_blocks, key, start, n, thresholds, model, _panel(model, first_column(mixing.shape[1])))


def draw_chain(key: int, start: int, n: int, thresholds: Array, noise: Array, loss: Array, gain: Array) -> Array:
    """The same for the signs of ``thresholds + z``, where `z` is a chain along the bits."""
    check_model(thresholds, noise, loss, gain)
    return _draw(chain_blocks, key, start, n, thresholds, _whole_words(thresholds, noise, loss, gain))


def _draw(loop: Any, key: int, start: int, n: int, like: Array, model: tuple[NDArray, ...], *factors: NDArray) -> Array:
    check_request(key, start, n)
    real = real_name(like.dtype)
    out = np.empty((n, len(model[0]) // BLOCK), np.uint64)
    words = np.empty((BATCH * PHILOX_BYTES // np.dtype(real).itemsize, BLOCK), "u" + BOX_MULLER[real].integer)
    workspace = words, words.view(BOX_MULLER[real].integer), _constants(real)
    loop(np.uint64(key), np.uint64(start), out, model, *factors, _panel(model, BLOCK), workspace)
    return from_host(out.view(np.int64) if is_torch(like) else out, like)


def _panel(model: tuple[NDArray, ...], *shape: int) -> NDArray:
    """Room for columns of normals of 64 samples."""
    return np.empty((*shape, BLOCK), model[0].dtype)


def _whole_words(thresholds: Array, *vectors: Array) -> tuple[NDArray, ...]:
    """Arrays with a row for each bit, filled up to whole words with bits that are never set."""
    missing = -thresholds.shape[0] % BLOCK
    return _padded(thresholds, missing, -np.inf), *(_padded(x, missing, 0) for x in vectors)


def _padded(x: Array, missing: int, value: float) -> NDArray:
    """`x` as it is if nothing is missing."""
    host = np.ascontiguousarray(to_host(x))
    return np.concatenate([host, np.full((missing, *host.shape[1:]), value, host.dtype)]) if missing else host
