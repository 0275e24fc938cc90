"""Measurements, contenders side by side in one run: ``python -m benchmarks run --suite NAME``.

Everything runs on one thread, or on as many as ``BENCHMARK_THREADS`` says, which has to be said before NumPy and its
like are loaded.
"""

from __future__ import annotations

import os

VARIABLE = "BENCHMARK_THREADS"
NAMES = ("OMP", "OPENBLAS", "MKL", "NUMBA")
THREADS = dict.fromkeys([f"{name}_NUM_THREADS" for name in NAMES], os.environ.get(VARIABLE, "1"))
os.environ.update(THREADS, BERNOULLI_LATENT_THREADS=os.environ.get(VARIABLE, "1"))
