"""Measurements, contenders side by side in one run: ``python -m benchmarks run --suite NAME``.

Everything runs on one thread, which has to be said before NumPy and its like are loaded.
"""

from __future__ import annotations

import os

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
os.environ.update(THREADS)
