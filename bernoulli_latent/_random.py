"""From what a user passes as ``rng`` to the key of a counter-based generator."""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, is_torch
from bernoulli_latent._evaluation import evaluate
from bernoulli_latent._namespaces.functions import Functions

__all__ = ["draw_gumbel", "draw_logistic", "draw_uniform", "key_from", "symmetric_noise"]


def key_from(rng: Any) -> int:
    """64-bit key drawn from `rng`, which advances if it is a generator.

    Parameters
    ----------
    rng : None, int, numpy.random.SeedSequence, numpy.random.Generator or torch.Generator
        None takes entropy from the operating system. The same integer gives the same key for every library.
    """
    if _is_torch_generator(rng):
        torch = sys.modules["torch"]
        high, low = torch.randint(2**32, (2,), generator=rng, device=rng.device).tolist()
        return int(high << 32 | low)
    return int(_numpy_generator(rng).integers(2**64, dtype=np.uint64))


def _numpy_generator(rng: Any) -> np.random.Generator:
    """`rng` as a generator of NumPy."""
    if _is_torch_generator(rng):
        return np.random.default_rng(key_from(rng))
    if rng is None or isinstance(rng, np.random.Generator | np.random.SeedSequence):
        return np.random.default_rng(rng)
    try:
        seed = operator.index(rng)
    except TypeError:
        raise TypeError(
            "`rng` must be None, a non-negative int, a numpy.random.Generator or SeedSequence, "
            f"or a torch.Generator; got {type(rng).__name__}"
        ) from None
    if seed < 0:
        raise ValueError(f"`rng` must be a non-negative seed; got {seed}")
    return np.random.default_rng(seed)


def _is_torch_generator(rng: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(rng, torch.Generator)


def draw_uniform(shape: tuple[int, ...], like: Array, rng: Any) -> Array:
    """Uniform noise on (-1, 1), symmetric, never 0 or an end, in the library, precision and device of `like`.

    The generators give ``k / 2^b`` with b = 24 or 53; the noise is ``(2 k + 1) / 2^b - 1``, which is exact.
    """
    if is_torch(like):
        return symmetric_noise(shape, like, _torch_generator(rng, like.device))
    dtype = np.promote_types(like.dtype, np.float32)
    noise = np.asarray(_numpy_generator(rng).random(shape, dtype), dtype)
    noise *= 2
    noise -= dtype.type(1 - np.finfo(dtype).eps / 2)
    return noise


def symmetric_noise(shape: tuple[int, ...], like: Array, generator: Any = None) -> Array:
    """The noise of `draw_uniform` for tensors, from a torch generator, the default one if None."""
    torch = sys.modules["torch"]
    dtype = torch.promote_types(like.dtype, torch.float32)
    noise = torch.rand(shape, generator=generator, dtype=dtype, device=like.device)
    return noise.mul_(2).sub_(1 - torch.finfo(dtype).eps / 2)


def draw_logistic(shape: tuple[int, ...], like: Array, rng: Any) -> Array:
    """Standard logistic noise, never infinite, in the library and device of `like`."""
    noise = draw_uniform(shape, like, rng)
    return evaluate(Functions.logistic_noise, [noise], noise, tuple(noise.shape))


def draw_gumbel(shape: tuple[int, ...], like: Array, rng: Any) -> Array:
    """Standard Gumbel noise, never infinite, in the library and device of `like`."""
    noise = draw_uniform(shape, like, rng)
    return evaluate(Functions.gumbel_noise, [noise], noise, tuple(noise.shape))


def _torch_generator(rng: Any, device: Any) -> Any:
    """`rng` as a generator of the `device`."""
    if _is_torch_generator(rng):
        return rng
    return sys.modules["torch"].Generator(device).manual_seed(key_from(rng) >> 1)
