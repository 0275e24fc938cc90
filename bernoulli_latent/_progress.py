"""A progress meter on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

__all__ = ["progress"]

T = TypeVar("T", covariant=True)


class Steps(Sized, Iterable[T], Protocol[T]):
    """Steps whose number is known."""


def progress(steps: Steps[T], label: str) -> Iterator[T]:
    """Go through `steps`, showing on stderr how far they are, by tqdm if it is installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        yield from _counted(steps, label)
    else:
        yield from tqdm(steps, desc=label, leave=False, file=sys.stderr)


def _counted(steps: Steps[T], label: str) -> Iterator[T]:
    shown = -1
    for done, step in enumerate(steps):
        percent = 100 * done // len(steps)
        if percent != shown:
            shown = percent
            print(f"\r{label}: {percent:3d} %", end="", file=sys.stderr, flush=True)
        yield step
    print("\r" + " " * (len(label) + 7), end="\r", file=sys.stderr, flush=True)
