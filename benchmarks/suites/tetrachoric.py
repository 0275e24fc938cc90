"""Latent correlations of all pairs of bits, time per pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, owens_t
from scipy.stats import multivariate_normal

from benchmarks import floors
from benchmarks.data import Bits, latents
from benchmarks.measure import SEED, Row, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, number, table
from bernoulli_latent import BernoulliMoments, bivariate_normal_cdf, tetrachoric_correlation
from bernoulli_latent._kernels import generic_bivariate
from bernoulli_latent.correlation.tetrachoric import tetrachoric_matrix

__all__ = ["by_owen", "run", "tables"]

SIZES = (500, 1500)
SOME = 100_000
"""Pairs given to contenders that take arrays of pairs."""

FEW = 20
"""Pairs given to those that take one at a time."""

ROUNDING = 2.0**-52
LABELS = {
    "matrix": "all pairs of a matrix",
    "pairs": "`tetrachoric_correlation`",
    "generic": "its array code, NumPy",
    "owen": "NumPy, Owen's T and Newton",
    "scipy": "SciPy `multivariate_normal.cdf` and `brentq`",
}
Array = np.ndarray[Any, Any]


def run(options: Options) -> Iterator[Row]:
    problems = [(f"generated_{n}", *_generated(n)) for n in (SIZES[:1] if options.quick else SIZES)]
    problems += [(f"rare_{SIZES[0]}", *_generated(SIZES[0], rarest=1e-3))]
    problems += [(name, *_probabilities(y)) for name, y in latents()]
    for name, p, joint in problems:
        places, contenders = _contenders(p, joint)
        for key, timing in interleave(contenders, 1 if options.quick else 5).items():
            i, j = places[key]
            rho = np.asarray(contenders[key]())
            worst = _worst_residual(p[i], p[j], joint[i, j], rho[i, j] if rho.ndim == 2 else rho)
            yield Row(key, {"n_bits": len(p), "pairs": len(i)}, name, timing, {"worst_residual": worst})


def _generated(n_bits: int, rarest: float = 0.1) -> tuple[Array, Array]:
    """Thresholded Gaussian bits with a few common factors, of marginals between `rarest` and its complement."""
    rng = np.random.default_rng(SEED)
    p = 0.5 * (2 * rarest) ** rng.random(n_bits)
    p = np.where(rng.random(n_bits) < 0.5, p, 1 - p)
    loadings = rng.standard_normal((n_bits, 8))
    loadings /= np.linalg.norm(loadings, axis=1, keepdims=True)
    h = ndtri(p)
    return p, np.asarray(bivariate_normal_cdf(h[:, None], h[None, :], 0.6 * loadings @ loadings.T))


def _probabilities(y: Bits) -> tuple[Array, Array]:
    p = BernoulliMoments.from_samples(y).marginals
    return np.asarray(p), np.asarray(y.T.astype(np.float64) @ y / len(y))


def _contenders(p: Array, joint: Array) -> tuple[dict[str, tuple[Array, Array]], dict[str, Callable[[], object]]]:
    """What each is called on, and the calls."""
    i, j = np.tril_indices(len(p), -1)
    inside = _inside(p[i], p[j], joint[i, j])
    order = np.random.default_rng(SEED).permutation(np.flatnonzero(inside))
    some, few = (tuple(index[order[:count]] for index in (i, j)) for count in (SOME, FEW))
    triples = {key: (p[a], p[b], joint[a, b]) for key, (a, b) in {"some": some, "few": few}.items()}
    calls: dict[str, Callable[[], object]] = {
        "matrix": partial(tetrachoric_matrix, p, joint),
        "pairs": partial(tetrachoric_correlation, *triples["some"]),
        "generic": partial(generic_bivariate.correlation, *triples["some"], ROUNDING),
        "owen": partial(by_owen, *triples["some"]),
        "scipy": partial(_by_scipy, *triples["few"]),
    }
    return {"matrix": (i, j), "pairs": some, "generic": some, "owen": some, "scipy": few}, calls


def _inside(p: Array, q: Array, both: Array) -> Array:
    """Pairs strictly within their bounds: the rivals have no answer at the bounds."""
    return np.asarray((both > np.maximum(0, p + q - 1) + 1e-9) & (both < np.minimum(p, q) - 1e-9))


def by_owen(p: Array, q: Array, both: Array) -> Array:
    """Newton's method with Owen's (1956) T function, equation 2.1, for all pairs at once."""
    h, k = ndtri(p), ndtri(q)
    half = (p + q) / 2 - np.where((h * k < 0) | ((h * k == 0) & (h + k < 0)), 0.5, 0.0)
    rho = np.sin(np.pi / 2 * (both - p * q) / np.sqrt(p * q * (1 - p) * (1 - q)).clip(1e-12)).clip(-0.9, 0.9)
    for _ in range(30):
        s = np.sqrt(1 - rho * rho)
        mass = half - owens_t(h, (k / h - rho) / s) - owens_t(k, (h / k - rho) / s)
        excess = mass - both
        if np.abs(excess).max() < 1e-12:
            break
        density = np.exp(-(h * h + k * k - 2 * rho * h * k) / (2 * s * s)) / (2 * np.pi * s)
        rho = (rho - excess / density.clip(1e-30)).clip(-0.999999, 0.999999)
    return np.asarray(rho)


def _by_scipy(p: Array, q: Array, both: Array) -> Array:
    return np.array([_root(*pair) for pair in zip(ndtri(p), ndtri(q), both, strict=True)])


def _root(h: float, k: float, both: float) -> float:
    def excess(rho: float) -> float:
        return float(multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]])) - both

    return float(brentq(excess, -0.999999, 0.999999, xtol=1e-12))


def _worst_residual(p: Array, q: Array, both: Array, rho: Array) -> float:
    """Largest error in the probability that the correlations give."""
    return float(np.abs(bivariate_normal_cdf(ndtri(p), ndtri(q), rho) - both).max())


def tables(rows: Rows) -> dict[str, str]:
    names = list(dict.fromkeys(row["data"] for row in rows))
    at = {(row["contender"], row["data"]): row for row in rows}
    header = ["per pair", *names, "worst residual"]
    lines = [[label, *(_per_pair(at[key, name]) for name in names), _worst(rows, key)] for key, label in LABELS.items()]
    for key in ("owen", "scipy"):
        gains = [f"{number(_seconds(at[key, name]) / _seconds(at['matrix', name]))} x" for name in names]
        lines.append([f"{LABELS[key]} / {LABELS['matrix']}", *gains, ""])
    own = [at["matrix", name] for name in names]
    over = [floors.over_floor(row, floors.tetrachoric(row["parameters"]["pairs"])) for row in own]
    lines.append([f"{LABELS['matrix']} / floor", *over, ""])
    return {"tetrachoric": table(header, lines)}


def _seconds(row: dict[str, Any]) -> float:
    return cpu(row) / float(row["parameters"]["pairs"])


def _per_pair(row: dict[str, Any]) -> str:
    return f"{number(1e9 * _seconds(row))} ns"


def _worst(rows: Rows, contender: str) -> str:
    return f"{max(row['values']['worst_residual'] for row in rows if row['contender'] == contender):.0e}"
