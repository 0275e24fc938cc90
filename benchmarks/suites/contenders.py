"""What one would install otherwise, as it comes: statsmodels, R's Matrix and bindata, and bindata for Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import ndtri

from benchmarks.data import gram_of, latents
from benchmarks.measure import SEED, Row, clock, interleave
from benchmarks.rscript import run_in_r
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, table
from bernoulli_latent import (
    BernoulliMoments,
    DichotomizedGaussianSampler,
    bivariate_normal_cdf,
    nearest_correlation,
)

__all__ = ["run", "tables"]

REPAIRED = "mnist_200"
N_BITS, N_SAMPLES = 100, 10_000
FIT, DRAW = "fit and draw", "draw"
OURS = "this library"

Matrix = np.ndarray[Any, Any]


def run(options: Options) -> Iterator[Row]:
    repeats = 1 if options.quick else 5
    yield from _repairs(repeats, options.quick)
    yield from _draws(repeats)


def _repairs(repeats: int, quick: bool) -> Iterator[Row]:
    H = gram_of(dict(latents())[REPAIRED])
    calls = {f"{OURS}, newton": partial(nearest_correlation, H), f"{OURS}, alternating": partial(_alternating, H)}
    timings = interleave(calls, repeats)
    results = {name: call().matrix for name, call in calls.items()}
    notes = dict.fromkeys(calls, "")
    results["Matrix::nearPD"], timings["Matrix::nearPD"], notes["Matrix::nearPD"] = run_in_r("nearPD", H, repeats)
    if not quick:
        name = "statsmodels corr_nearest"
        results[name], timings[name] = clock(partial(_statsmodels, H))
        notes[name] = "as it comes, a single run"
    for name, result in results.items():
        parameters = {"job": "repair", "order": len(H)}
        values = {} if result is None else _distance(H, np.reshape(result, H.shape))
        yield Row(name, parameters, REPAIRED, timings[name], {**values, "note": notes[name]})


def _alternating(H: Matrix) -> Any:
    return nearest_correlation(H, method="alternating")


def _statsmodels(H: Matrix) -> Matrix:
    from statsmodels.stats.correlation_tools import corr_nearest  # type: ignore[import-untyped]

    return np.asarray(corr_nearest(H))


def _distance(H: Matrix, result: Matrix) -> dict[str, float]:
    smallest = float(np.linalg.eigvalsh(result)[0])
    return {"distance": float(np.linalg.norm(result - H)), "smallest_eigenvalue": smallest}


def _draws(repeats: int) -> Iterator[Row]:
    """Vectors of given probabilities of bits and pairs; the margins are those that bindata has tables for."""
    joint, correlation = _target()
    calls, notes = _python_calls(joint, correlation)
    timings = interleave(calls, repeats)
    drawn = {name: call() for name, call in calls.items()}
    latent = correlation + np.diag(np.diag(joint) - 1)
    for name, job, matrix in (("R mvtnorm", "rmvnorm", latent), ("R bindata", "rmvbin", joint)):
        key = name, DRAW if job == "rmvnorm" else FIT
        drawn[key], timings[key], notes[name] = run_in_r(job, matrix, repeats)
    for (name, step), bits in drawn.items():
        values = {} if bits is None else {"largest_error": _error(joint, np.reshape(bits, (N_SAMPLES, N_BITS)))}
        parameters = {"job": "draws", "step": step, "n_bits": N_BITS, "n_samples": N_SAMPLES}
        yield Row(name, parameters, timing=timings[name, step], values={**values, "note": notes.get(name, "")})


def _target() -> tuple[Matrix, Matrix]:
    """Probabilities of bits and pairs of a thresholded Gaussian with four factors, and its correlations."""
    rng = np.random.default_rng(SEED)
    p = rng.choice(np.arange(2, 19) / 20, N_BITS)
    loadings = rng.standard_normal((N_BITS, 4))
    loadings /= np.linalg.norm(loadings, axis=1, keepdims=True)
    correlation = 0.4 * loadings @ loadings.T
    np.fill_diagonal(correlation, 1)
    joint = np.asarray(bivariate_normal_cdf(ndtri(p)[:, None], ndtri(p)[None, :], correlation))
    np.fill_diagonal(joint, p)
    return joint, correlation


def _python_calls(joint: Matrix, correlation: Matrix) -> tuple[dict[Any, Callable[[], Any]], dict[str, str]]:
    p = np.diag(joint)

    def fitted() -> DichotomizedGaussianSampler:
        return DichotomizedGaussianSampler().fit_moments(BernoulliMoments.from_marginals(p, joint=joint))

    sampler = fitted()
    calls: dict[Any, Callable[[], Any]] = {
        (OURS, FIT): lambda: fitted().sample(N_SAMPLES, rng=SEED, values="01"),
        (OURS, DRAW): lambda: sampler.sample(N_SAMPLES, rng=SEED, values="01"),
    }
    try:
        from bindata import rmvbin
    except ImportError:
        return calls, {"bindata": "left out: bindata for Python is not installed"}
    calls["bindata", FIT] = lambda: rmvbin(p, commonprob=joint, N=N_SAMPLES)
    calls["bindata", DRAW] = lambda: rmvbin(p, sigma=correlation, N=N_SAMPLES)
    return calls, {}


def _error(joint: Matrix, bits: Matrix) -> float:
    single = np.asarray(bits, np.float32)
    return float(np.abs(single.T @ single / len(single) - joint).max())


def tables(rows: Rows) -> dict[str, str]:
    repairs = [row for row in rows if row["parameters"]["job"] == "repair"]
    draws = [row for row in rows if row["parameters"]["job"] == "draws"]
    return {
        "contenders_repair": table(
            ["repair", "time", f"time / {OURS}", "distance", "smallest eigenvalue", ""],
            [[row["contender"], *_time(row, find(repairs, f"{OURS}, newton")), *_repair(row)] for row in repairs],
        ),
        "contenders_draws": table(
            ["draws", "step", "time", f"time / {OURS}", "largest error of a probability", ""],
            [_draw(row, find(draws, OURS, step=row["parameters"]["step"])) for row in draws],
        ),
    }


def _time(row: dict[str, Any], own: dict[str, Any] | None) -> list[str]:
    if own is None or "cpu_seconds" not in row:
        return ["-", "-"]
    return [f"{number(cpu(row))} s", f"{number(cpu(row) / cpu(own))} x"]


def _repair(row: dict[str, Any]) -> list[str]:
    values = row["values"]
    measured = "distance" in values
    numbers = [f"{values['distance']:.5f}", f"{values['smallest_eigenvalue']:.0e}"] if measured else ["-", "-"]
    return [*numbers, values["note"]]


def _draw(row: dict[str, Any], own: dict[str, Any] | None) -> list[str]:
    error = row["values"].get("largest_error")
    shown = "-" if error is None else f"{error:.2g}"
    return [row["contender"], row["parameters"]["step"], *_time(row, own), shown, row["values"]["note"]]
