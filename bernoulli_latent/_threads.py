"""Threads for kernels that release the interpreter's lock: one, unless more are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bernoulli_latent._checks import check_count

__all__ = ["in_parallel", "thread_count"]

VARIABLE = "BERNOULLI_LATENT_THREADS"

Part = TypeVar("Part")


def thread_count(threads: int | None) -> int:
    """`threads`, or what the environment variable ``BERNOULLI_LATENT_THREADS`` says, or 1."""
    if threads is not None:
        return check_count(threads, "threads", least=1)
    given = os.environ.get(VARIABLE, "1")
    if not (given.isdecimal() and int(given) >= 1):
        raise ValueError(f"the environment variable {VARIABLE} must be a positive integer; got {given!r}")
    return int(given)


def in_parallel(work: Callable[[int, int], Part], n: int, threads: int, grain: int = 1) -> list[Part]:
    """Answers of ``work(start, stop)`` for even parts of ``range(n)``, one a thread, cut at multiples of `grain`."""
    size = max(-(-n // (grain * threads)), 1) * grain
    parts = [(start, min(start + size, n)) for start in range(0, max(n, 1), size)]
    if len(parts) == 1:
        return [work(*parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, *zip(*parts, strict=True)))
