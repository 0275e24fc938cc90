"""Exponential moving average of a model's weights."""

from __future__ import annotations

from copy import deepcopy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["MovingAverage"]

Model = TypeVar("Model", bound=nn.Module)


class MovingAverage(Generic[Model]):
    """Copy of a model, in evaluation mode, whose parameters and statistics follow those of the original.

    Parameters
    ----------
    model : Module
        The original.
    decay : float
        Weight of the past, in [0, 1); in the first steps less, so that the first weights are soon forgotten.
    """

    def __init__(self, model: Model, decay: float = 0.999) -> None:
        self.decay = decay
        self.model = deepcopy(model).eval().requires_grad_(False)
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values(), strict=True))
        self._averaged = _columns([pair for pair in pairs if pair[0].is_floating_point()])
        self._copied = _columns([pair for pair in pairs if not pair[0].is_floating_point()])

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights as they are after `step` steps."""
        means, news = self._averaged
        torch._foreach_lerp_(means, news, 1 - min(self.decay, (1 + step) / (10 + step)))
        for count, new in zip(*self._copied, strict=True):
            count.copy_(new)


def _columns(pairs: list[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
