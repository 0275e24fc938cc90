"""Calls whose time goes into the hot kernels; ``python -m benchmarks.kernel_jobs`` under valgrind counts instructions.

Each is called once and then three times: half the difference is one call, without what starting and stopping costs.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np

from benchmarks.callgrind import counted
from benchmarks.data import feasible_moments
from benchmarks.measure import SEED
from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    HyperplaneSampler,
    Logistic,
    StructuredSampler,
    hamming_distance,
    tetrachoric_correlation,
)

__all__ = ["TIMES", "jobs"]

TIMES = (1, 3)
N_BITS, N_SAMPLES = 200, 4096


def jobs() -> dict[str, Callable[[], Any]]:
    """The calls by name; all are single-threaded, and a few tens of millions of instructions long."""
    rng = np.random.default_rng(SEED)
    y = rng.integers(0, 2, (4 * N_SAMPLES, N_BITS), np.int8)
    single, packed = y.astype(np.float32), BitArray.from_array(y)
    x = rng.standard_normal(10**6, np.float32)
    full = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(feasible_moments(N_BITS)))
    single_precision = copy(full)
    single_precision.precision = "float32"
    loadings = rng.standard_normal((2048, 32)) / 16
    low_rank = StructuredSampler.factor(np.full(2048, 0.3), loadings)
    p, q = rng.uniform(0.1, 0.9, (2, 20_000))
    low, high = np.maximum(p + q - 1, 0), np.minimum(p, q)
    joint = low + rng.uniform(0.1, 0.9, len(p)) * (high - low)
    law = Logistic(loc=0.0, scale=1.0)
    return {
        "packing int8": lambda: BitArray.from_array(y),
        "packing float32": lambda: BitArray.from_array(single),
        "unpacking to int8": lambda: packed.to_array(),
        "second moments": packed.cross_products,
        "draws, full rank, packed": lambda: full.sample(N_SAMPLES, rng=SEED, packed=True),
        "draws in float32, full rank, packed": lambda: single_precision.sample(N_SAMPLES, rng=SEED, packed=True),
        "draws, full rank, int8": lambda: full.sample(N_SAMPLES, rng=SEED),
        "draws, rank 32, packed": lambda: low_rank.sample(256, rng=SEED, packed=True),
        "tetrachoric correlations": lambda: tetrachoric_correlation(p, q, joint),
        "Hamming distances, all pairs": lambda: hamming_distance(packed[:2048], packed[:2048], pairwise=True),
        "logistic distribution function": lambda: law.cdf(x),
    }


def main() -> None:
    for call in jobs().values():
        call()
        for times in TIMES:
            counted(call, times)


if __name__ == "__main__":
    main()
