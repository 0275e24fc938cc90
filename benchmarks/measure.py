"""Time and memory of contenders, taken so that a busy machine favours none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import VARIABLE

__all__ = ["SEED", "Row", "Timing", "clock", "forget_peak", "in_fresh_process", "interleave", "peak_mib"]

SEED = 0
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs: of this process on its processor, and on the wall."""

    cpu: list[float]
    wall: list[float]

    def as_dict(self) -> dict[str, object]:
        """Median, least and most."""
        spread = {"median": median(self.cpu), "min": min(self.cpu), "max": max(self.cpu)}
        return {"cpu_seconds": spread, "wall_seconds": median(self.wall), "repeats": len(self.cpu)}


@dataclass(frozen=True)
class Row:
    """One contender on one problem."""

    contender: str
    parameters: Mapping[str, object]
    data: str = "generated"
    timing: Timing | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """The row as plain numbers and strings."""
        times = {} if self.timing is None else self.timing.as_dict()
        facts = {"contender": self.contender, "parameters": dict(self.parameters), "data": self.data}
        return {**facts, "seed": SEED, **times, "values": dict(self.values)}


def clock(function: Callable[[], Any]) -> tuple[Any, Timing]:
    """What `function` returns, and the time of that one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, Timing([time.process_time() - cpu], [time.perf_counter() - wall])


def interleave(contenders: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, Timing]:
    """Time the contenders in turns, after one call of each that is not counted."""
    for function in contenders.values():
        function()
    timings = {name: Timing([], []) for name in contenders}
    for _ in range(repeats):
        for name, function in contenders.items():
            once = clock(function)[1]
            timings[name].cpu.extend(once.cpu)
            timings[name].wall.extend(once.wall)
    return timings


def in_fresh_process(job: str, *arguments: object, threads: int = 1) -> Any:
    """Answer of ``module:function(*arguments)``, called in a new interpreter; everything passes as JSON."""
    module, name = job.split(":")
    code = f"import json, {module}; print(json.dumps({module}.{name}(*json.loads({json.dumps(arguments)!r}))))"
    command = [sys.executable, "-c", code]
    environment = os.environ | {VARIABLE: str(threads)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def peak_mib() -> float:
    """Most memory this process has held so far, in MiB.

    Linux's VmHWM and not ``getrusage``: the latter starts a child at the peak of the process that launched it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    """Let :func:`peak_mib` start again from what is held now: what made the data should not count."""
    Path("/proc/self/clear_refs").write_text("5")
