"""A whole fit, split into its steps, and the memory of a fit in a stream."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import floors
from benchmarks.data import feasible_moments, latents, repeated
from benchmarks.measure import SEED, Row, clock, in_fresh_process, interleave, peak_mib
from benchmarks.suites import Options
from benchmarks.tables import Rows, milliseconds, number, table
from bernoulli_latent import BernoulliMoments, HyperplaneSampler, RepairWarning

__all__ = ["run", "stream", "tables"]

BLOCK = 20_000
N_BITS = 1500


def run(options: Options) -> Iterator[Row]:
    n_samples, repeats, blocks = (4000, 1, 2) if options.quick else (100_000, 3, 50)
    for name, y in latents():
        rows = np.where(repeated(y, n_samples), 1, -1).astype(np.int8)
        parameters = {"n_bits": y.shape[1], "n_samples": n_samples}
        for step, timing in interleave(_steps(rows), repeats).items():
            yield Row(step, parameters, name, timing)
    for count in (0, blocks):
        values = in_fresh_process(f"{__name__}:stream", count)
        yield Row("stream", {"n_bits": N_BITS, "n_samples": count * BLOCK, "block": BLOCK}, values=values)


def _steps(y: np.ndarray[Any, Any]) -> dict[str, Callable[[], object]]:
    moments = BernoulliMoments.from_samples(y)

    def fit(function: Callable[[], object]) -> Callable[[], object]:
        def quiet() -> object:
            with warnings.catch_warnings(action="ignore", category=RepairWarning):
                return function()

        return quiet

    return {
        "fit": fit(lambda: HyperplaneSampler().fit(y)),
        "moments": lambda: BernoulliMoments.from_samples(y),
        "repair, factor, report": fit(lambda: HyperplaneSampler().fit_moments(moments)),
        "repair, factor, report, clipping": fit(lambda: HyperplaneSampler("clip").fit_moments(moments)),
        "one eigh": lambda: np.linalg.eigh(moments.matrix),
    }


def stream(blocks: int) -> dict[str, float]:
    """Fit generated rows block by block; peak memory, and processor time of the library's part alone."""
    source = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(feasible_moments(N_BITS)))
    sampler, seconds = HyperplaneSampler(), 0.0
    for block in range(blocks):
        y = source.sample(BLOCK, rng=SEED, start=block * BLOCK, values="pm1")
        seconds += clock(partial(sampler.partial_fit, y))[1].cpu[0]
    start = time.process_time()
    if blocks:
        with warnings.catch_warnings(action="ignore", category=RepairWarning):
            assert sampler.report_.n_samples == blocks * BLOCK
    return {"count_seconds": seconds, "build_seconds": time.process_time() - start, "peak_mib": peak_mib()}


def tables(rows: Rows) -> dict[str, str]:
    steps = list(dict.fromkeys(row["contender"] for row in rows if row["contender"] != "stream"))
    names = list(dict.fromkeys(row["data"] for row in rows if row["contender"] != "stream"))
    at = {(row["contender"], row["data"]): row for row in rows}
    lines = [[step, *(milliseconds(at[step, name]) for name in names)] for step in steps]
    count = rows[0]["parameters"]["n_samples"]
    own = [at["moments", name] for name in names]
    over = [floors.over_floor(row, floors.gram(count, row["parameters"]["n_bits"], itemsize=1)) for row in own]
    lines.append(["moments / floor", *over])
    return {
        "fit": table([f"{count:,} rows of int8", *names], lines),
        "fit_stream": _stream_table([row for row in rows if row["contender"] == "stream"]),
    }


def _stream_table(rows: Rows) -> str:
    lines = [
        [
            f"{row['parameters']['n_samples']:,}",
            *(_seconds(row["values"][name]) for name in ("count_seconds", "build_seconds")),
            f"{row['values']['peak_mib']:,.0f} MiB",
        ]
        for row in rows
    ]
    return table([f"rows of {N_BITS} bits", "counting", "repair, factor, report", "peak memory"], lines)


def _seconds(x: float) -> str:
    return "-" if x < 1e-3 else f"{number(x)} s"
