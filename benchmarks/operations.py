"""Instructions of the hot kernels, kept in a file: a slower kernel shows at once, however busy the machine."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from pathlib import Path

from benchmarks.callgrind import TARGET, instructions
from benchmarks.environment import installed
from benchmarks.kernel_jobs import TIMES, jobs

__all__ = ["check", "compare", "write"]

COUNTS = Path(__file__).with_name("operations.json")
TOLERANCE = 0.02
"""Counts of one build repeat to a part in ten thousand; the interpreter's share differs between versions."""


def write() -> int:
    """Count, and keep the counts."""
    counts = {"target": TARGET["NUMBA_CPU_NAME"], "versions": _versions(), "instructions": _count()}
    COUNTS.write_text(json.dumps(counts, indent=1) + "\n")
    print(COUNTS.name)
    return 0


def check() -> int:
    """Count, print beside the counts kept, and say by the exit status whether one has grown."""
    kept = json.loads(COUNTS.read_text())
    if kept["versions"] != _versions():
        print(f"counts were made with {kept['versions']}; other versions may compile other instructions")
    return compare(kept["instructions"], _count())


def compare(before: dict[str, int], now: dict[str, int]) -> int:
    """Print both counts of every job; 1 if one has grown by more than the tolerance, or is not known, else 0."""
    slower = False
    for name in before | now:
        change = now.get(name, 0) / before[name] - 1 if name in before else float("inf")
        slower |= change > TOLERANCE or name not in now
        print(f"{name:34} {before.get(name, 0):>14,} {now.get(name, 0):>14,} {change:+8.2%}")
    return int(slower)


def _versions() -> dict[str, str | None]:
    return {"python": platform.python_version(), **{name: installed(name) for name in ("numpy", "numba", "llvmlite")}}


def _count() -> dict[str, int]:
    if platform.machine() != "x86_64" or shutil.which("valgrind") is None:
        sys.exit("instructions are counted by valgrind on x86-64; install it, or skip this")
    totals = instructions("benchmarks.kernel_jobs")
    few, many = TIMES
    pairs = zip(jobs(), totals[::2], totals[1::2], strict=True)
    return {name: (more - once) // (many - few) for name, once, more in pairs}
