"""One module a suite: ``run(options)`` yields rows, ``tables(rows)`` turns rows into named Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from benchmarks.measure import Row
from benchmarks.tables import Rows

__all__ = ["NAMES", "Options", "Suite", "suite"]

NAMES = (
    "machine",
    "repair",
    "moments",
    "paths",
    "sampling",
    "fit",
    "repair_speed",
    "tetrachoric",
    "families",
    "structured",
    "startup",
    "accuracy",
    "relaxations",
    "formulas",
    "elsewhere",
    "digits_vae",
    "threads",
    "contenders",
    "end_to_end",
    "scaling",
    "gpu",
)


@dataclass(frozen=True)
class Options:
    """What the command line asked for: small sizes, a folder of real data."""

    quick: bool
    data: Path | None


class Suite(Protocol):
    """What a module of this package offers."""

    def run(self, options: Options) -> Iterator[Row]:
        """Measure."""

    def tables(self, rows: Rows) -> dict[str, str]:
        """Tables of the rows, by name."""


def suite(name: str) -> Suite:
    """The suite called `name`."""
    return cast(Suite, import_module(f"benchmarks.suites.{name}"))
