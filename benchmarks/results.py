"""Rows in files, one JSON object a line, one file a suite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environment import describe
from benchmarks.measure import ROOT
from benchmarks.suites import Options, suite
from benchmarks.tables import Rows

__all__ = ["measure", "read"]

RESULTS = ROOT / "benchmarks" / "results"
LOCAL = ROOT / "local"
"""Ignored by git: here stand rows of runs that are not finished, or were quick, and take no real one's place."""


def measure(name: str, options: Options) -> Path:
    """Run a suite and replace its file; rows are kept apart until all are there."""
    folder = LOCAL / "quick_results" if options.quick else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    LOCAL.mkdir(exist_ok=True)
    unfinished, path = LOCAL / f"{name}.jsonl.part", folder / f"{name}.jsonl"
    with unfinished.open("w") as file:
        for line in _lines(name, options):
            file.write(line + "\n")
            file.flush()
            print(line[:200], flush=True)
    return unfinished.replace(path)


def _lines(name: str, options: Options) -> Iterator[str]:
    environment = describe()
    for row in suite(name).run(options):
        yield json.dumps({"suite": name, **row.as_dict(), **environment})


def read(name: str) -> Rows:
    """Rows of a suite, none if it has not been run."""
    path = RESULTS / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
