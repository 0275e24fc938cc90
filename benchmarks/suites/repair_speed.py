"""Nearest correlation matrices of real Gram matrices, in eigendecompositions and in seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.data import gram_of, latents
from benchmarks.measure import Row, Timing, clock, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, number, table
from bernoulli_latent import nearest_correlation

__all__ = ["run", "tables"]

LARGEST_REPEATED = 601
"""Order up to which runs are repeated and alternating projections take part; they need minutes beyond."""

NEWTON_ITERATIONS = 100
"""Newton's method takes a dozen, or it takes hundreds and shows so as well after these."""

LARGEST_STATSMODELS = 201
STATSMODELS_FACTORS = {"": 1, ", default settings": 100}
"""statsmodels may do so many times `n` iterations; the default takes a minute."""

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
        H = gram_of(y)
        if options.quick and len(H) > LARGEST_STATSMODELS:
            continue
        contenders = _contenders(H, options.quick)
        for key, timing in _times(contenders, len(H), options.quick).items():
            yield Row(key, {"order": len(H)}, name, timing, _values(H, contenders[key].result))


def _times(contenders: dict[str, Contender], order: int, quick: bool) -> dict[str, Timing]:
    slow = {key for key in contenders if order > LARGEST_REPEATED or key.startswith(("alternating", "statsmodels"))}
    timings = interleave({key: contenders[key] for key in contenders if key not in slow}, 1 if quick else 3)
    once = {key: clock(contenders[key])[1] for key in contenders if key in slow}
    return {key: (timings | once)[key] for key in contenders}


def _contenders(H: Matrix, quick: bool) -> dict[str, Contender]:
    n = len(H)
    weights = np.ones(n)
    weights[0] = n / 2
    border = np.arange(n) == 0
    fixed = border[:, None] | border[None, :]
    newton = partial(nearest_correlation, H, max_iter=NEWTON_ITERATIONS)
    calls: dict[str, Callable[[], Any]] = {
        "one eigh": partial(np.linalg.eigh, H),
        "newton": newton,
        "newton, tol 1e-6": partial(newton, tol=1e-6),
        "newton, tol 1e-3": partial(newton, tol=1e-3),
        "newton, boundary weighted N/2": partial(newton, weights=weights),
        "newton, boundary fixed": partial(newton, fixed=fixed),
        "clip": partial(nearest_correlation, H, method="clip"),
        "shrink": partial(nearest_correlation, H, method="shrink"),
    }
    if n <= LARGEST_REPEATED and not quick:
        calls["alternating"] = partial(nearest_correlation, H, method="alternating")
        calls["alternating, tol 1e-3"] = partial(nearest_correlation, H, method="alternating", tol=1e-3)
    if n <= LARGEST_STATSMODELS and not quick:
        for settings, count in STATSMODELS_FACTORS.items():
            calls[f"statsmodels corr_nearest{settings}"] = partial(_statsmodels, H, count)
    return {key: Contender(call) for key, call in calls.items()}


def _statsmodels(H: Matrix, count: int) -> Matrix:
    from statsmodels.stats.correlation_tools import corr_nearest  # type: ignore[import-untyped]

    return np.asarray(corr_nearest(H, n_fact=count))


def _values(H: Matrix, result: Any) -> dict[str, object]:
    """Distance and smallest eigenvalue of the result, measured alike for all, and what the method says of itself."""
    if isinstance(result, tuple):
        return {}
    matrix = getattr(result, "matrix", result)
    values: dict[str, object] = {
        "distance": float(np.linalg.norm(matrix - H)),
        "smallest_eigenvalue": float(np.linalg.eigvalsh(matrix)[0]),
    }
    own = ("iterations", "eigendecompositions", "converged", "residual")
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
        _effort(values),
        f"{number(cpu(row))} s",
        number(cpu(row) / floor),
        f"{values['distance']:.4f}",
        f"{values['smallest_eigenvalue']:.0e}",
    ]


def _effort(values: dict[str, Any]) -> str:
    """Eigendecompositions, with a mark if they did not suffice."""
    mark = "" if values.get("converged", True) else " (not converged)"
    return f"{values.get('eigendecompositions', '-')}{mark}"
