"""What one core of this machine can do at most; every other suite's floors are made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.floors import READ, READ_AND_WRITTEN
from benchmarks.measure import Row, interleave
from benchmarks.peaks import LOOPS, add_one, spin, total
from benchmarks.suites import Options
from benchmarks.tables import Rows, number, table

__all__ = ["run", "tables"]

WORDS = 2**25
"""256 MiB: no cache holds them."""


def run(options: Options) -> Iterator[Row]:
    words = WORDS // 64 if options.quick else WORDS
    calls = {name: spin(name) for name in LOOPS} | _memory(words)
    timings = interleave({name: call for name, (call, _) in calls.items()}, 3 if options.quick else 11)
    for name, timing in timings.items():
        yield Row(
            name, {"amount": calls[name][1]}, timing=timing, values={"per_second": calls[name][1] / min(timing.cpu)}
        )


def _memory(words: int) -> dict[str, tuple[Callable[[], object], int]]:
    x, out = np.ones(words, np.uint64), np.zeros(words, np.uint64)
    return {READ: (lambda: total(x), x.nbytes), READ_AND_WRITTEN: (lambda: add_one(x, out), 2 * x.nbytes)}


def tables(rows: Rows) -> dict[str, str]:
    lines = [[row["contender"], number(row["values"]["per_second"] / 1e9)] for row in rows]
    return {"machine": table(["one core, at most", "10⁹ a second"], lines)}
