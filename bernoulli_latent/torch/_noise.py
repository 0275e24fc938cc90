"""Noise from torch's own generators, which ``torch.manual_seed`` and ``torch.compile`` know."""

from __future__ import annotations

import torch
from torch import Tensor

from bernoulli_latent._evaluation import evaluate_whole
from bernoulli_latent._namespaces.functions import Functions

__all__ = ["gumbel_noise", "logistic_noise", "symmetric_noise"]


def symmetric_noise(shape: tuple[int, ...], like: Tensor, rng: torch.Generator | None = None) -> Tensor:
    """Noise uniform on (-1, 1), without its ends, on the device of `like` and in at least single precision.

    ``torch.rand`` gives 0 but never 1; shifted by half of its step, the noise is symmetric.
    """
    dtype = torch.promote_types(like.dtype, torch.float32)
    uniform = torch.rand(shape, generator=rng, dtype=dtype, device=like.device)
    return 2 * uniform - (1 - torch.finfo(dtype).eps / 2)


def logistic_noise(shape: tuple[int, ...], like: Tensor, rng: torch.Generator | None = None) -> Tensor:
    """Standard logistic noise, never infinite, on the device of `like` and in at least single precision."""
    noise = symmetric_noise(shape, like, rng)
    result: Tensor = evaluate_whole(Functions.logistic_noise, [noise], noise)
    return result


def gumbel_noise(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Standard Gumbel noise, never infinite, on the device of `like` and in at least single precision."""
    noise = symmetric_noise(shape, like)
    result: Tensor = evaluate_whole(Functions.gumbel_noise, [noise], noise)
    return result
