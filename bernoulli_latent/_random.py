"""From what a user passes as ``rng`` to the key of a counter-based generator."""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

__all__ = ["key_from"]


def key_from(rng: Any) -> int:
    """64-bit key drawn from `rng`, which advances if it is a generator.

    Parameters
    ----------
    rng : None, int, numpy.random.SeedSequence, numpy.random.Generator or torch.Generator
        None takes entropy from the operating system. The same integer gives the same key for every library.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(rng, torch.Generator):
        high, low = torch.randint(2**32, (2,), generator=rng, device=rng.device).tolist()
        return int(high << 32 | low)
    if rng is None or isinstance(rng, np.random.Generator | np.random.SeedSequence):
        return int(np.random.default_rng(rng).integers(2**64, dtype=np.uint64))
    try:
        seed = operator.index(rng)
    except TypeError:
        raise TypeError(
            "`rng` must be None, a non-negative int, a numpy.random.Generator or SeedSequence, "
            f"or a torch.Generator; got {type(rng).__name__}"
        ) from None
    if seed < 0:
        raise ValueError(f"`rng` must be a non-negative seed; got {seed}")
    return int(np.random.default_rng(seed).integers(2**64, dtype=np.uint64))
