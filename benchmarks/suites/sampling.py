"""Draws of bits: the library against the NumPy script one would write."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import floors
from benchmarks.data import feasible_moments, latents
from benchmarks.measure import SEED, Row, in_fresh_process, interleave, peak_mib
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, ratio, table
from bernoulli_latent import BernoulliMoments, HyperplaneSampler, RepairWarning, gram_from_moments

__all__ = ["peak_of_draw", "run", "tables"]

SIZES = (10, 200, 600, 1500)
JOBS = ("nothing", "one row", "packed", "int8")
CHUNK = 4096
"""Rows the NumPy script holds at a time; more would only cost it memory."""

Floats = np.ndarray[Any, Any]


def run(options: Options) -> Iterator[Row]:
    n_samples, repeats = (2000, 1) if options.quick else (100_000, 5)
    for data, sampler in _samplers():
        n_bits, rank = sampler.report_.n_bits, sampler.report_.rank
        parameters = {"n_bits": n_bits, "rank": rank, "n_samples": n_samples}
        for name, timing in interleave(_contenders(sampler, n_samples), repeats).items():
            yield Row(name, parameters, data, timing)
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
    sampler.sample(0)
    return {
        "packed": lambda: sampler.sample(n_samples, rng=SEED, packed=True),
        "int8": lambda: sampler.sample(n_samples, rng=SEED, values="pm1"),
        "numpy float32": lambda: _script(factor, n_samples),
    }


def _factor(M: Floats, rank: int) -> Floats:
    """Rows that have the moments `M` of the fitted model, the boundary last: the script gets the same model."""
    eigenvalues, eigenvectors = np.linalg.eigh(gram_from_moments(M))
    rows = eigenvectors[:, -rank:] * np.sqrt(eigenvalues[-rank:])
    return np.ascontiguousarray(rows.astype(np.float32))


def _script(factor: Floats, n_samples: int) -> Floats:
    """Normals, product, signs, comparison with the boundary's sign: rows of -1 and +1."""
    rng = np.random.default_rng(SEED)
    bits = np.empty((n_samples, len(factor) - 1), np.int8)
    for start in range(0, n_samples, CHUNK):
        rows = bits[start : start + CHUNK]
        positive = rng.standard_normal((len(rows), factor.shape[1]), dtype=np.float32) @ factor.T >= 0
        np.multiply(positive[:, :-1] == positive[:, -1:], 2, out=rows, casting="unsafe")
        rows -= 1
    return bits


def peak_of_draw(path: str, job: str, n_samples: int) -> float:
    """Peak memory of a process that loads a model and draws from it."""
    n = {"nothing": 0, "one row": 1}.get(job, n_samples)
    sampler = HyperplaneSampler.load(path)
    if n:
        sampler.sample(n, rng=SEED, values="pm1", packed=job == "packed")
    return peak_mib()


def tables(rows: Rows) -> dict[str, str]:
    timed = [row for row in rows if row["contender"] == "packed"]
    header = [
        "data",
        "N",
        "rank",
        "packed",
        "unpacked",
        "NumPy float32",
        "gain, packed",
        "gain, unpacked",
        "packed / floor",
    ]
    lines = [_line(rows, row) for row in timed]
    return {"sampling": table(header, lines), "sampling_memory": _memory(rows)}


def _line(rows: Rows, row: dict[str, Any]) -> list[str]:
    name, n_bits = row["data"], row["parameters"]["n_bits"]
    packed, unpacked, script = (
        find(rows, contender, name, n_bits=n_bits) for contender in ("packed", "int8", "numpy float32")
    )
    gains = [ratio(script, ours) for ours in (packed, unpacked)]
    times = [_nanoseconds_a_bit(row) for row in (packed, unpacked, script) if row]
    arithmetic = row["parameters"].get("arithmetic", "float32")
    floor = floors.draw(row["parameters"]["n_samples"], n_bits, row["parameters"]["rank"], arithmetic)
    return [name, str(n_bits), str(row["parameters"]["rank"]), *times, *gains, floors.over_floor(row, floor)]


def _nanoseconds_a_bit(row: dict[str, Any]) -> str:
    return f"{number(1e9 * cpu(row) / (row['parameters']['n_samples'] * row['parameters']['n_bits']))} ns"


def _memory(rows: Rows) -> str:
    peaks = [row for row in rows if row["contender"] == "peak memory"]
    lines = [[row["parameters"]["draw"], f"{row['values']['peak_mib']:.0f} MiB"] for row in peaks]
    count = peaks[0]["parameters"]["n_samples"]
    return table([f"model of {SIZES[-1]} bits loaded, then a draw of {count:,} rows", "peak memory"], lines)
