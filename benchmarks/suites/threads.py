"""The clock on the wall with one thread and with two, in fresh processes: threads are fixed when a library loads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from benchmarks import numpy_script
from benchmarks.data import feasible_moments
from benchmarks.measure import SEED, Row, Timing, in_fresh_process, interleave
from benchmarks.suites import Options
from benchmarks.suites.structured import factor_model
from benchmarks.tables import Rows, find, number, table
from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    HyperplaneSampler,
    Logistic,
    gram_from_moments,
    hamming_distance,
)

__all__ = ["measure", "run", "tables"]

COUNTS = (1, 2)
IDLE = 1.2
"""Load, the suites before this one included, up to which a clock on the wall says something."""

N_BITS, MANY_BITS, RANK = 1500, 100_000, 64
OURS, NUMPY = "ours", "NumPy float32"

Calls = dict[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    load = os.getloadavg()[0]
    for job, make in JOBS.items():
        for contender, count in product(make(20), COUNTS):
            given = job, contender, options.quick
            rounds = range(1 if options.quick else 2)
            answers = [in_fresh_process(f"{__name__}:measure", *given, threads=count) for _ in rounds]
            cpu, wall = ([x for answer in answers for x in answer[i]] for i in (0, 1))
            yield Row(contender, {"job": job, "threads": count}, timing=Timing(cpu, wall), values={"load": load})


def measure(job: str, contender: str, quick: bool) -> tuple[list[float], list[float]]:
    """Processor and wall times of a contender, with the threads this process was given.

    Contenders have processes of their own: the threads of a matrix product go on waiting for work after it, and would
    keep a core from the next contender.
    """
    call = JOBS[job](20 if quick else 1)[contender]
    timing = interleave({contender: call}, 2 if quick else 7)[contender]
    return timing.cpu, timing.wall


def _gram(part: int) -> Calls:
    y = np.random.default_rng(SEED).integers(0, 2, (40_000 // part, N_BITS), np.int8)
    packed, single = BitArray.from_array(y), 2 * y.astype(np.float32) - 1
    return {OURS: lambda: BernoulliMoments.from_samples(packed), NUMPY: lambda: single.T @ single}


def _draws(part: int) -> Calls:
    moments, n = feasible_moments(N_BITS), 40_960 // part
    sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(moments))
    factor = np.linalg.cholesky(gram_from_moments(moments)).astype(np.float32)
    return {
        f"{OURS}, packed": lambda: sampler.sample(n, rng=SEED, packed=True),
        f"{OURS}, int8": lambda: sampler.sample(n, rng=SEED, values="pm1"),
        NUMPY: lambda: numpy_script.draws(factor, n),
    }


def _low_rank(part: int) -> Calls:
    sampler, script, n = *factor_model(MANY_BITS, RANK), 320 // part
    return {OURS: lambda: sampler.sample(n, rng=SEED, packed=True), NUMPY: lambda: script(n)}


def _pairs(part: int) -> Calls:
    y = np.random.default_rng(SEED).integers(0, 2, (4000 // part, N_BITS), np.int8)
    packed, single = BitArray.from_array(y), 2 * y.astype(np.float32) - 1
    return {OURS: lambda: hamming_distance(packed, packed, pairwise=True), NUMPY: lambda: single @ single.T}


def _elementwise(part: int) -> Calls:
    x = np.random.default_rng(SEED).standard_normal(10**7 // part, np.float32)
    law, one = Logistic(loc=0.0, scale=1.0), np.float32(1)
    return {OURS: lambda: law.cdf(x), NUMPY: lambda: one / (one + np.exp(-x))}


JOBS: dict[str, Callable[[int], Calls]] = {
    f"moments, {N_BITS} bits, 40,000 rows": _gram,
    f"draws, {N_BITS} bits, full rank": _draws,
    f"draws, {MANY_BITS:,} bits, rank {RANK}": _low_rank,
    f"Hamming distances of 4,000 rows, {N_BITS} bits": _pairs,
    "logistic distribution function, 10,000,000 float32": _elementwise,
}


def tables(rows: Rows) -> dict[str, str]:
    kinds = dict.fromkeys((row["parameters"]["job"], row["contender"]) for row in rows)
    lines = [[job, contender, *_times(rows, job, contender)] for job, contender in kinds]
    load = max(row["values"]["load"] for row in rows)
    warning = f"\n\nThe machine was busy meanwhile (load {load:.1f}): these times say nothing." if load > IDLE else ""
    return {
        "threads": table(["wall clock", "", *(f"{n} thread{'s'[: n - 1]}" for n in COUNTS), "gain"], lines) + warning
    }


def _times(rows: Rows, job: str, contender: str) -> list[str]:
    one, more = (_wall(find(rows, contender, job=job, threads=count)) for count in COUNTS)
    return [f"{number(1e3 * one)} ms", f"{number(1e3 * more)} ms", f"{number(one / more)} x"]


def _wall(row: dict[str, Any] | None) -> float:
    return float("nan") if row is None else float(row["wall_seconds"])
