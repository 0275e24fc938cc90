"""How costs grow: draws with the number of bits, moments with bits and samples, the rest with the size of an array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import expit, ndtri

from benchmarks import numpy_script
from benchmarks.data import feasible_moments
from benchmarks.measure import SEED, Row, clock, interleave
from benchmarks.suites import Options
from benchmarks.suites.structured import factor_model
from benchmarks.suites.tetrachoric import by_owen
from benchmarks.tables import Rows
from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    HyperplaneSampler,
    Logistic,
    bivariate_normal_cdf,
    gram_from_moments,
    tetrachoric_correlation,
)

__all__ = ["MOMENT_BITS", "MOMENT_SAMPLES", "OURS", "RANK", "run", "tables"]

OURS = "this library"
DRAWN_BITS = (25, 50, 100, 200, 400, 800, 1600)
LOW_RANK_BITS = (400, 1600, 6400, 25_600, 102_400)
RANK = 64
MOMENT_BITS, MOMENT_SAMPLES = 200, 20_000
"""Fixed while the other grows."""

PAIRS = tuple(10**k for k in range(1, 7))
ELEMENTS = tuple(10**k for k in range(2, 8))
SECONDS = 0.3
"""About so long a contender is measured on one size: small sizes are called many times."""

Calls = Mapping[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    for job, sizes, make in _jobs():
        for size in sizes[:2] if options.quick else sizes:
            calls, amount = make(size)
            for contender, timing in interleave(calls, _repeats(calls)).items():
                yield Row(contender, {"job": job, "size": size, "amount": amount}, timing=timing)


def _repeats(calls: Calls) -> int:
    """As many as fit, three at least."""
    calls[OURS]()
    slowest = max(clock(call)[1].cpu[0] for call in calls.values())
    return min(201, max(3, int(SECONDS / max(slowest, 1e-6))))


def _jobs() -> list[tuple[str, tuple[int, ...], Callable[[int], tuple[Calls, int]]]]:
    """Name, sizes, and what a size is made into: the calls, and how many things they compute."""
    samples = tuple(10**k for k in range(3, 7))
    return [
        ("draws", DRAWN_BITS, _draws),
        ("draws, low rank", LOW_RANK_BITS, _low_rank),
        ("moments by bits", (50, *DRAWN_BITS[2:], 3200), lambda n: _moments(MOMENT_SAMPLES, n)),
        ("moments by samples", samples, lambda n: _moments(n, MOMENT_BITS)),
        ("tetrachoric", PAIRS, _pairs),
        ("logistic", ELEMENTS, _elements),
    ]


def _draws(n_bits: int) -> tuple[Calls, int]:
    moments, n = feasible_moments(n_bits), max(640, min(20_480, 4_000_000 // n_bits))
    sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(moments))
    factor = np.linalg.cholesky(gram_from_moments(moments))
    single = factor.astype(np.float32)
    return {
        OURS: lambda: sampler.sample(n, rng=SEED, packed=True),
        "NumPy float32": lambda: numpy_script.draws(single, n),
        "NumPy float64": lambda: numpy_script.draws(factor, n),
    }, n * n_bits


def _low_rank(n_bits: int) -> tuple[Calls, int]:
    sampler, script = factor_model(n_bits, RANK)
    n = max(64, 4_000_000 // n_bits)
    return {OURS: lambda: sampler.sample(n, rng=SEED, packed=True), "NumPy float32": lambda: script(n)}, n * n_bits


def _moments(n_samples: int, n_bits: int) -> tuple[Calls, int]:
    y = np.random.default_rng(SEED).integers(0, 2, (n_samples, n_bits), np.int8)
    packed, single = BitArray.from_array(y), 2 * y.astype(np.float32) - 1
    return {
        OURS: lambda: BernoulliMoments.from_samples(packed),
        f"{OURS}, from int8": lambda: BernoulliMoments.from_samples(y),
        "NumPy float32": lambda: single.T @ single,
    }, n_samples * n_bits * n_bits


def _pairs(n: int) -> tuple[Calls, int]:
    rng = np.random.default_rng(SEED)
    p, q, rho = rng.uniform(0.1, 0.9, n), rng.uniform(0.1, 0.9, n), rng.uniform(-0.6, 0.6, n)
    joint = np.asarray(bivariate_normal_cdf(ndtri(p), ndtri(q), rho))
    calls = {OURS: lambda: tetrachoric_correlation(p, q, joint)}
    return calls | {"NumPy, Owen's T and Newton": lambda: by_owen(p, q, joint)}, n


def _elements(n: int) -> tuple[Calls, int]:
    x = np.random.default_rng(SEED).standard_normal(n, np.float32)
    law, one = Logistic(loc=0.0, scale=1.0), np.float32(1)
    script = {"NumPy": lambda: one / (one + np.exp(-x)), "SciPy expit": lambda: expit(x)}
    return {OURS: lambda: law.cdf(x), **script}, n


def tables(rows: Rows) -> dict[str, str]:
    """None: these rows are drawn by ``plot_scaling``."""
    return {}
