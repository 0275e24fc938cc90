"""Structured vectors of many bits: the library against the NumPy script of the same model, and fits of low rank."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import floors
from benchmarks.data import latents
from benchmarks.measure import SEED, Row, Timing, clock, in_fresh_process, interleave, peak_mib
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, ratio, table
from bernoulli_latent import RepairWarning, StructuredSampler

__all__ = ["factor_model", "large_fit", "run", "tables"]

SIZES = {1500: 20_000, 100_000: 300}
"""Vectors drawn, by number of bits."""

LARGE = {"n_bits": 10_000, "n_samples": 20_000, "rank": 32}
CORRELATION = 0.3
ENTRIES = 2**21
"""Entries the NumPy script holds at a time; more would only cost it memory."""

OURS, UNPACKED, SCRIPT = "packed", "int8", "numpy float32"

Floats = np.ndarray[Any, Any]
Latent = Callable[[np.random.Generator, int], Floats]
"""Latent vectors of a script, one a row."""


def run(options: Options) -> Iterator[Row]:
    for n_bits, n_samples in SIZES.items():
        n_drawn = 64 if options.quick else n_samples
        for structure, (sampler, latent) in _structures(n_bits).items():
            parameters = {"n_bits": n_bits, "n_samples": n_drawn}
            timings = interleave(_contenders(sampler, latent, n_drawn), 1 if options.quick else 5)
            for contender, timing in timings.items():
                yield Row(contender, parameters, structure, timing)
    yield from _fits(options)


def _structures(n_bits: int) -> dict[str, tuple[StructuredSampler, Latent]]:
    rng = np.random.default_rng(SEED)
    p, groups = rng.uniform(0.1, 0.9, n_bits), np.arange(n_bits) % 10
    between = 0.2 * np.eye(10) + 0.1
    found = {
        "exchangeable": (
            StructuredSampler.exchangeable(p, latent_correlation=CORRELATION),
            _with_factors(np.full((n_bits, 1), CORRELATION**0.5)),
        ),
        "autoregressive": (StructuredSampler.ar1(p, latent_correlation=CORRELATION), _autoregression(n_bits)),
        "10 blocks": (
            StructuredSampler.block(p, groups, latent_correlation=between),
            _with_groups(np.linalg.cholesky(between), groups),
        ),
    }
    for rank in (16, 32, 64):
        loadings = rng.standard_normal((n_bits, rank)) * (0.5 / rank**0.5)
        loadings /= np.maximum(np.linalg.norm(loadings, axis=1, keepdims=True), 1)
        found[f"{rank} factors"] = StructuredSampler.factor(p, loadings), _with_factors(loadings)
    return found


def _contenders(sampler: StructuredSampler, latent: Latent, n_samples: int) -> dict[str, Callable[[], object]]:
    from scipy.special import ndtri

    thresholds = ndtri(sampler.marginals).astype(np.float32)
    return {
        OURS: lambda: sampler.sample(n_samples, rng=SEED, packed=True),
        UNPACKED: lambda: sampler.sample(n_samples, rng=SEED),
        SCRIPT: lambda: _script(thresholds, latent, n_samples),
    }


def _script(thresholds: Floats, latent: Latent, n_samples: int) -> Floats:
    """Latent vectors, thresholds and comparison: rows of 0 and 1."""
    rng, rows = np.random.default_rng(SEED), max(1, ENTRIES // len(thresholds))
    bits = np.empty((n_samples, len(thresholds)), np.int8)
    for start in range(0, n_samples, rows):
        part = bits[start : start + rows]
        np.greater_equal(latent(rng, len(part)), -thresholds, out=part, casting="unsafe")
    return bits


def _with_factors(loadings: Floats) -> Latent:
    noise = np.sqrt(1 - np.sum(loadings**2, axis=1)).astype(np.float32)
    transposed = np.ascontiguousarray(loadings.T.astype(np.float32))

    def latent(rng: np.random.Generator, n: int) -> Floats:
        z = rng.standard_normal((n, len(noise)), dtype=np.float32)
        z *= noise
        z += rng.standard_normal((n, len(transposed)), dtype=np.float32) @ transposed
        return z

    return latent


def _with_groups(root: Floats, groups: Floats) -> Latent:
    noise = np.sqrt(1 - np.sum(root**2, axis=1)).astype(np.float32)[groups]
    transposed = root.T.astype(np.float32)

    def latent(rng: np.random.Generator, n: int) -> Floats:
        z = rng.standard_normal((n, len(noise)), dtype=np.float32)
        z *= noise
        z += (rng.standard_normal((n, len(transposed)), dtype=np.float32) @ transposed)[:, groups]
        return z

    return latent


def factor_model(n_bits: int, rank: int) -> tuple[StructuredSampler, Callable[[int], Floats]]:
    """Sampler of random loadings, and the script of the same model."""
    rng = np.random.default_rng(SEED)
    loadings = rng.standard_normal((n_bits, rank)) * (0.5 / rank**0.5)
    loadings /= np.maximum(np.linalg.norm(loadings, axis=1, keepdims=True), 1)
    latent, thresholds = _with_factors(loadings), np.zeros(n_bits, np.float32)
    return StructuredSampler.factor(np.full(n_bits, 0.5), loadings), lambda n: _script(thresholds, latent, n)


def _autoregression(n_bits: int) -> Latent:
    from scipy.signal import lfilter

    carry, noise = np.float32(CORRELATION), np.float32((1 - CORRELATION**2) ** 0.5)
    one, recursion = np.ones(1, np.float32), np.array([1, -carry], np.float32)

    def latent(rng: np.random.Generator, n: int) -> Floats:
        z = rng.standard_normal((n, n_bits), dtype=np.float32)
        z[:, 1:] *= noise
        return np.asarray(lfilter(one, recursion, z, axis=1))

    return latent


def _fits(options: Options) -> Iterator[Row]:
    for name, y in latents():
        for rank in (16,) if options.quick else (16, 64):
            sampler, timing = _fit(y, rank)
            parameters = {"n_bits": y.shape[1], "n_samples": len(y), "rank": rank}
            yield Row("fit", parameters, name, timing, sampler.report_.as_dict())
    if not options.quick:
        yield Row("large fit", LARGE, "planted factors", values=in_fresh_process(f"{__name__}:large_fit"))


def _fit(y: Any, rank: int) -> tuple[StructuredSampler, Timing]:
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return clock(lambda: StructuredSampler(rank=rank).fit(y))


def large_fit() -> dict[str, object]:
    """Fit of many bits in a process of its own: seconds, peak memory with the packed data and before, errors."""
    rng, n_bits, rank = np.random.default_rng(SEED), LARGE["n_bits"], LARGE["rank"]
    loadings = rng.standard_normal((n_bits, rank)) * (0.6 / rank) ** 0.5
    loadings /= np.maximum(np.linalg.norm(loadings, axis=1, keepdims=True) / 0.95, 1)
    planted = StructuredSampler.factor(rng.uniform(0.1, 0.9, n_bits), loadings)
    y = planted.sample(LARGE["n_samples"], rng=SEED, packed=True)
    _fit(y[:100], 2)
    before = peak_mib()
    sampler, timing = _fit(y, rank)
    return {"cpu_seconds": timing.cpu[0], "before_mib": before, "peak_mib": peak_mib(), **sampler.report_.as_dict()}


def tables(rows: Rows) -> dict[str, str]:
    header = [
        "structure",
        "N",
        "ns a bit",
        "vectors a second",
        "unpacked",
        "NumPy float32",
        "gain, packed",
        "unpacked",
        "/ floor",
    ]
    lines = [_line(rows, row) for row in rows if row["contender"] == OURS]
    return {"structured": table(header, lines), "structured_fit": _fit_table(rows)}


def _line(rows: Rows, row: dict[str, Any]) -> list[str]:
    n_bits, n_samples = row["parameters"]["n_bits"], row["parameters"]["n_samples"]
    ours, unpacked, script = (find(rows, x, row["data"], n_bits=n_bits) for x in (OURS, UNPACKED, SCRIPT))
    rates = [number(n_samples / cpu(x)) for x in (ours, unpacked, script) if x]
    gains = [ratio(script, x) for x in (ours, unpacked)]
    shared = int(row["data"].split()[0]) if "factors" in row["data"] else 0
    floor = floors.over_floor(row, floors.structured(n_samples, n_bits, shared))
    return [row["data"], f"{n_bits:,}", number(1e9 * cpu(row) / (n_samples * n_bits)), *rates, *gains, floor]


def _fit_table(rows: Rows) -> str:
    header = ["data", "N", "samples", "rank", "pair error, rms", "pair error, max", "Heywood bits", "seconds"]
    return table(header, [_fit_line(row) for row in rows if "fit" in row["contender"]])


def _fit_line(row: dict[str, Any]) -> list[str]:
    values, size = row["values"], row["parameters"]
    seconds = values["cpu_seconds"] if "cpu_seconds" in values else cpu(row)
    errors = [f"{values['errors'][name]:.2g}" for name in ("pair_rms", "pair_max")]
    sizes = [f"{size[name]:,}" for name in ("n_bits", "n_samples", "rank")]
    return [row["data"], *sizes, *errors, str(values["heywood_bits"]), number(seconds)]
