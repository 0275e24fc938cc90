"""Noise from torch's own generators, which ``torch.manual_seed`` and ``torch.compile`` know."""

from __future__ import annotations

import torch
from torch import Tensor

from bernoulli_latent._evaluation import evaluate
from bernoulli_latent._namespaces.functions import Functions
from bernoulli_latent._random import symmetric_noise

__all__ = ["gumbel_noise", "logistic_noise"]


def logistic_noise(shape: tuple[int, ...], like: Tensor, rng: torch.Generator | None = None) -> Tensor:
    """Standard logistic noise, never infinite, on the device of `like` and in at least single precision."""
    noise = symmetric_noise(shape, like, rng)
    result: Tensor = evaluate(Functions.logistic_noise, [noise], noise, tuple(noise.shape))
    return result


def gumbel_noise(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Standard Gumbel noise, never infinite, on the device of `like` and in at least single precision."""
    noise = symmetric_noise(shape, like)
    result: Tensor = evaluate(Functions.gumbel_noise, [noise], noise, tuple(noise.shape))
    return result
