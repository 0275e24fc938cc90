"""Nearest correlation matrices of real Gram matrices, in eigendecompositions and in seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.data import latents
from benchmarks.measure import Row, clock, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, number, table
from bernoulli_latent import BernoulliMoments, gram_from_moments, nearest_correlation

__all__ = ["run", "tables"]

LARGEST_SLOW = 601
"""Order up to which alternating projections are run; they take minutes beyond."""
LARGEST_STATSMODELS = 201
STATSMODELS_FACTOR = 1
"""statsmodels may do this many times `n` iterations; its default is 100 times `n`."""

Matrix = np.ndarray[Any, Any]


@dataclass
class Contender:
    """A call, and what the last one returned: the result is wanted beside the time."""

    function: Callable[[], Any]
    result: Any = field(default=None, init=False)

    def __call__(self) -> None:
        with warnings.catch_warnings(action="ignore"):
            self.result = self.function()


def run(options: Options) -> Iterator[Row]:
    for name, y in latents():
        M = BernoulliMoments.from_samples(y).matrix
        if options.quick and len(M) > 201:
            continue
        H = gram_from_moments(M)
        contenders = _contenders(H, options.quick)
        fast = {key: value for key, value in contenders.items() if "alternating" not in key}
        timings = interleave(fast, 1 if options.quick else 3)
        timings |= {key: clock(value)[1] for key, value in contenders.items() if key not in fast}
        if len(H) <= LARGEST_STATSMODELS and not options.quick:
            contenders["statsmodels"] = Contender(partial(_statsmodels, H))
            timings["statsmodels"] = clock(contenders["statsmodels"])[1]
        for key, timing in timings.items():
            yield Row(key, {"order": len(H)}, name, timing, _values(H, contenders[key].result))


def _contenders(H: Matrix, quick: bool) -> dict[str, Contender]:
    n = len(H)
    weights = np.ones(n)
    weights[-1] = 10.0
    border = np.arange(n) == n - 1
    fixed = border[:, None] | border[None, :]
    calls: dict[str, Callable[[], Any]] = {
        "one eigh": partial(np.linalg.eigh, H),
        "newton": partial(nearest_correlation, H),
        "newton, tol 1e-3": partial(nearest_correlation, H, tol=1e-3),
        "newton, boundary weighted 10": partial(nearest_correlation, H, weights=weights),
        "newton, boundary fixed": partial(nearest_correlation, H, fixed=fixed),
        "clip": partial(nearest_correlation, H, method="clip"),
        "shrink": partial(nearest_correlation, H, method="shrink"),
    }
    if n <= LARGEST_SLOW and not quick:
        calls["alternating"] = partial(nearest_correlation, H, method="alternating")
        calls["alternating, tol 1e-3"] = partial(nearest_correlation, H, method="alternating", tol=1e-3)
    return {key: Contender(call) for key, call in calls.items()}


def _statsmodels(H: Matrix) -> Matrix:
    from statsmodels.stats.correlation_tools import corr_nearest  # type: ignore[import-untyped]

    return np.asarray(corr_nearest(H, n_fact=STATSMODELS_FACTOR))


def _values(H: Matrix, result: Any) -> dict[str, object]:
    """Distance and smallest eigenvalue of the result, measured alike for all, and what the method says of itself."""
    if isinstance(result, tuple):
        return {}
    matrix = getattr(result, "matrix", result)
    values: dict[str, object] = {
        "distance": float(np.linalg.norm(matrix - H)),
        "smallest_eigenvalue": float(np.linalg.eigvalsh(matrix)[0]),
    }
    own = ("iterations", "eigendecompositions", "converged")
    return values | {name: getattr(result, name) for name in own if hasattr(result, name)}


def tables(rows: Rows) -> dict[str, str]:
    header = ["method", "order", "eigendecompositions", "time", "time / one eigh", "distance", "smallest eigenvalue"]
    floors = {row["data"]: cpu(row) for row in rows if row["contender"] == "one eigh"}
    lines = [_line(row, floors[row["data"]]) for row in rows if row["contender"] != "one eigh"]
    return {"repair_speed": table(header, lines)}


def _line(row: dict[str, Any], floor: float) -> list[str]:
    values = row["values"]
    return [
        row["contender"],
        str(row["parameters"]["order"]),
        str(values.get("eigendecompositions", "-")),
        f"{number(cpu(row))} s",
        number(cpu(row) / floor),
        f"{values['distance']:.4f}",
        f"{values['smallest_eigenvalue']:.0e}",
    ]
