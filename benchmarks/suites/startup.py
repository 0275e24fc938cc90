"""What it costs to import the library, and to call it for the first time."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from importlib import import_module

from benchmarks.measure import Row, Timing, in_fresh_process
from benchmarks.suites import Options
from benchmarks.tables import Rows, milliseconds, table

__all__ = ["first_call", "import_time", "run", "tables"]

MODULES = ("numpy", "bernoulli_latent", "scipy.linalg", "scipy.stats", "numba", "torch")
HEAVY = ("scipy.linalg", "scipy.stats", "numba", "torch", "matplotlib")
LABELS = {
    "import numpy": "`import numpy`",
    "import bernoulli_latent": "`import bernoulli_latent`",
    "import scipy.linalg": "`import scipy.linalg`",
    "import scipy.stats": "`import scipy.stats`",
    "import numba": "`import numba`",
    "import torch": "`import torch`",
    "first fit and draw": "first fit and draw of a process, kernels compiled before",
    "second fit and draw": "second fit and draw",
}


def run(options: Options) -> Iterator[Row]:
    repeats = 3 if options.quick else 21
    in_fresh_process(f"{__name__}:first_call")
    rounds = [
        {f"import {name}": in_fresh_process(f"{__name__}:import_time", name) for name in MODULES}
        for _ in range(repeats)
    ]
    for name in MODULES:
        answers = [answer[f"import {name}"] for answer in rounds]
        timing = Timing([answer["cpu"] for answer in answers], [answer["wall"] for answer in answers])
        yield Row(f"import {name}", {}, timing=timing, values={"loaded": answers[0]["loaded"]})
    calls = [in_fresh_process(f"{__name__}:first_call") for _ in range(repeats)]
    for i, name in enumerate(("first fit and draw", "second fit and draw")):
        yield Row(name, {"n_bits": 10}, timing=Timing(*map(list, zip(*(call[i] for call in calls), strict=True))))


def import_time(name: str) -> dict[str, object]:
    """Time of one import in a process that has loaded nothing but the standard library."""
    wall, cpu = time.perf_counter(), time.process_time()
    import_module(name)
    times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return {**times, "loaded": [module for module in HEAVY if module in sys.modules]}


def first_call() -> list[list[float]]:
    """Processor and wall time of the first and the second fit and draw, after the import."""
    import numpy as np

    from bernoulli_latent import HyperplaneSampler

    y = np.random.default_rng(0).integers(0, 2, (1000, 10))
    y[:, 1] &= y[:, 0]
    times = []
    warnings.simplefilter("ignore")
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        HyperplaneSampler().fit(y).sample(1000, rng=0)
        times.append([time.process_time() - cpu, time.perf_counter() - wall])
    return times


def tables(rows: Rows) -> dict[str, str]:
    at = {row["contender"]: row for row in rows}
    lines = [[label, milliseconds(at[name])] for name, label in LABELS.items()]
    loaded = at["import bernoulli_latent"]["values"]["loaded"]
    absent = [f"`{module}`" for module in HEAVY if module not in loaded]
    return {"startup": table(["", "processor time"], lines) + f"\n\nNot loaded by the import: {', '.join(absent)}."}
