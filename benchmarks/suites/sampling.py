"""Draws of bits: the library against the NumPy script one would write."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from copy import copy
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import floors, numpy_script
from benchmarks.data import feasible_moments, latents
from benchmarks.measure import SEED, Row, in_fresh_process, interleave, peak_mib
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, ratio, table
from bernoulli_latent import BernoulliMoments, HyperplaneSampler, RepairWarning, gram_from_moments

__all__ = ["peak_of_draw", "run", "tables"]

SIZES = (10, 200, 600, 1500)
CONTENDERS = ("packed", "int8", "packed, in float32", "numpy float32", "numpy float64")
JOBS = ("nothing", "one row", "packed", "int8")
Floats = np.ndarray[Any, Any]


def run(options: Options) -> Iterator[Row]:
    n_samples, repeats = (2000, 1) if options.quick else (100_000, 3)
    for data, sampler in _samplers():
        n_bits, rank = sampler.report_.n_bits, sampler.report_.rank
        parameters = {"n_bits": n_bits, "rank": rank, "n_samples": n_samples, "arithmetic": sampler.report_.precision}
        for name, timing in interleave(_contenders(sampler, n_samples), repeats).items():
            yield Row(name, parameters, data, timing, {"int16_bias": sampler.report_.int16_bias})
    with TemporaryDirectory() as folder:
        path = f"{folder}/model.npz"
        _feasible(SIZES[-1]).save(path)
        for job in JOBS:
            peak = in_fresh_process(f"{__name__}:peak_of_draw", path, job, n_samples)
            parameters = {"n_bits": SIZES[-1], "n_samples": n_samples, "draw": job}
            yield Row("peak memory", parameters, values={"peak_mib": peak})


def _samplers() -> Iterator[tuple[str, HyperplaneSampler]]:
    for n_bits in SIZES:
        yield "feasible", _feasible(n_bits)
    for name, y in latents():
        with warnings.catch_warnings(action="ignore", category=RepairWarning):
            yield name, HyperplaneSampler().fit(y)


def _feasible(n_bits: int) -> HyperplaneSampler:
    return HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(feasible_moments(n_bits)))


def _contenders(sampler: HyperplaneSampler, n_samples: int) -> dict[str, Callable[[], object]]:
    factor = _factor(sampler.model_moments().matrix, sampler.report_.rank)
    single, rounded = factor.astype(np.float32), copy(sampler)
    rounded.precision = "float32"
    sampler.sample(0)
    return {
        "packed": lambda: sampler.sample(n_samples, rng=SEED, packed=True),
        "int8": lambda: sampler.sample(n_samples, rng=SEED, values="pm1"),
        "packed, in float32": lambda: rounded.sample(n_samples, rng=SEED, packed=True),
        "numpy float32": lambda: numpy_script.draws(single, n_samples),
        "numpy float64": lambda: numpy_script.draws(factor, n_samples),
    }


def _factor(M: Floats, rank: int) -> Floats:
    """Rows that have the moments `M` of the fitted model, the boundary last: the script gets the same model."""
    eigenvalues, eigenvectors = np.linalg.eigh(gram_from_moments(M))
    rows = eigenvectors[:, -rank:] * np.sqrt(eigenvalues[-rank:])
    return np.ascontiguousarray(rows)


def peak_of_draw(path: str, job: str, n_samples: int) -> float:
    """Peak memory of a process that loads a model and draws from it."""
    n = {"nothing": 0, "one row": 1}.get(job, n_samples)
    sampler = HyperplaneSampler.load(path)
    if n:
        sampler.sample(n, rng=SEED, values="pm1", packed=job == "packed")
    return peak_mib()


def tables(rows: Rows) -> dict[str, str]:
    timed = [row for row in rows if row["contender"] == "packed"]
    header = ["data", "N", "rank", "packed", "unpacked", "packed, in float32", "NumPy float32", "NumPy float64"]
    header += ["NumPy float32 / packed", "/ unpacked", "packed / floor", "bias"]
    return {"sampling": table(header, [_line(rows, row) for row in timed]), "sampling_memory": _memory(rows)}


def _line(rows: Rows, row: dict[str, Any]) -> list[str]:
    name, (n_bits, rank, n_samples, arithmetic) = row["data"], row["parameters"].values()
    times = [find(rows, contender, name, n_bits=n_bits) for contender in CONTENDERS]
    gains = [ratio(times[3], ours) for ours in times[:2]]
    floor = floors.over_floor(row, floors.draw(n_samples, n_bits, rank, arithmetic))
    return [
        name,
        str(n_bits),
        str(rank),
        *(_nanoseconds_a_bit(time) for time in times if time),
        *gains,
        floor,
        f"{row['values'].get('int16_bias', 0):.1e}",
    ]


def _nanoseconds_a_bit(row: dict[str, Any]) -> str:
    return f"{number(1e9 * cpu(row) / (row['parameters']['n_samples'] * row['parameters']['n_bits']))} ns"


def _memory(rows: Rows) -> str:
    peaks = [row for row in rows if row["contender"] == "peak memory"]
    lines = [[row["parameters"]["draw"], f"{row['values']['peak_mib']:.0f} MiB"] for row in peaks]
    count = peaks[0]["parameters"]["n_samples"]
    return table([f"model of {SIZES[-1]} bits loaded, then a draw of {count:,} rows", "peak memory"], lines)
