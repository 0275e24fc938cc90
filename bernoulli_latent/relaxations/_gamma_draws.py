"""Logarithms of standard gamma variables, drawn with the generators of either library."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, is_torch
from bernoulli_latent._evaluation import evaluate
from bernoulli_latent._formula import formula
from bernoulli_latent._random import draw_logistic, key_from

__all__ = ["draw_log_gamma"]


def draw_log_gamma(shape: tuple[int, ...], concentration: Array, like: Array, rng: Any) -> Array:
    """Logarithms of standard gamma variables, without derivatives, in the library and device of `like`.

    Below 1, a variable of concentration ``a + 1`` times ``uniform^(1/a)`` has concentration `a` and a finite logarithm.
    """
    key = key_from(rng)
    noise = draw_logistic(shape, like, key)
    generate = _draw_torch if is_torch(like) else _draw_numpy
    raised, drawn = generate(shape, concentration, noise, key ^ 1)
    return evaluate(_log_draw, [drawn, noise, raised], noise, shape)


def _draw_numpy(shape: tuple[int, ...], concentration: Array, noise: Array, key: int) -> tuple[Array, Array]:
    concentration = np.asarray(concentration, np.float64)
    raised = np.where(concentration < 1, concentration + 1, concentration)
    return concentration, np.random.default_rng(key).standard_gamma(raised, shape)


def _draw_torch(shape: tuple[int, ...], concentration: Array, noise: Array, key: int) -> tuple[Array, Array]:
    torch = sys.modules["torch"]
    generator = torch.Generator(noise.device).manual_seed(key >> 1)
    concentration = torch.as_tensor(concentration, dtype=noise.dtype, device=noise.device).detach()
    raised = torch.where(concentration < 1, concentration + 1, concentration)
    return concentration, torch._standard_gamma(raised.expand(shape), generator=generator)


@formula
def _log_draw(f: Any, drawn: Any, noise: Any, concentration: Any) -> Any:
    small = concentration < 1
    return f.log(drawn) + f.where(small, f.log_sigmoid(noise) / f.where(small, concentration, 1.0), 0.0)
