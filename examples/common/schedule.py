"""Learning rate by step."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """Warm-up along a line, then half a cosine down to a floor.

    Parameters
    ----------
    total : int
        Steps of the whole training.
    peak : float
        Highest learning rate.
    warm_up : int
        Steps of the warm-up; never more than a tenth of all.
    floor : float
        Part of `peak` that is left at the end.

    Examples
    --------
    >>> rate = Schedule(total=100, peak=1.0, warm_up=10)
    >>> [round(rate(step), 2) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.49, 0.01]
    """

    total: int
    peak: float
    warm_up: int = 500
    floor: float = 0.01

    def __call__(self, step: int) -> float:
        """Learning rate of step `step`, counted from 0."""
        warm_up = max(min(self.warm_up, self.total // 10), 1)
        if step < warm_up:
            return self.peak * (step + 1) / warm_up
        progress = (step + 1 - warm_up) / max(self.total - warm_up, 1)
        return self.peak * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * progress)) / 2)
