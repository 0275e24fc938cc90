"""Paths between latents, and Hamming distances: packed bits against arrays of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.data import feasible_moments
from benchmarks.measure import SEED, Row, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, find, milliseconds, ratio, table
from bernoulli_latent import BernoulliMoments, BitArray, HyperplaneSampler, hamming_distance
from bernoulli_latent.latent.interpolation import angle, slerp_weights

__all__ = ["run", "tables"]

N_BITS = 1500
RANKS = (1500, 331)

PATHS = {
    "packed": "packed bits",
    "packed float64": "packed bits, float64",
    "projected float32": "ends projected once, NumPy float32",
    "numpy float32": "every point projected, NumPy float32",
    "numpy float64": "every point projected, NumPy float64",
}
ROWS = {
    "packed": "packed bits",
    "int8": "from int8",
    "bitwise_count": "`np.bitwise_count` of packed words",
    "numpy int8": "`(a != b).sum(axis=1)`, int8",
}
PAIRS = {
    "packed": "packed bits",
    "int8": "from int8",
    "numpy float32": "NumPy `A @ B.T`, float32",
    "scipy cdist": "scipy `cdist`, bool",
    "scipy pdist": "scipy `pdist` of one set, half of the pairs, bool",
}

Contenders = Mapping[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    n, steps, n_rows, n_pairs, repeats = (20, 5, 2000, 100, 1) if options.quick else (1000, 100, 100_000, 4000, 3)
    for rank in RANKS:
        parameters = {"task": "paths", "n_bits": N_BITS, "rank": rank, "paths": n, "steps": steps}
        yield from _rows(_path_contenders(rank, n, steps), parameters, repeats)
    rng = np.random.default_rng(SEED)
    for task, count, contenders in (("rows", n_rows, _row_contenders), ("pairs", n_pairs, _pair_contenders)):
        bits = rng.integers(0, 2, (2, count, N_BITS), dtype=np.int8)
        yield from _rows(contenders(*bits), {"task": task, "n_bits": N_BITS, "n_samples": count}, repeats)


def _rows(contenders: Contenders, parameters: Mapping[str, object], repeats: int) -> Iterator[Row]:
    for name, timing in interleave(contenders, repeats).items():
        yield Row(name, parameters, timing=timing)


def _path_contenders(rank: int, n: int, steps: int) -> Contenders:
    """All begin with the normals of the ends and give the bits of every point."""
    moments = BernoulliMoments.from_matrix(feasible_moments(N_BITS))
    model = HyperplaneSampler(rank=rank).fit_moments(moments)._model
    normals = np.random.default_rng(SEED).standard_normal((2 * n, model.rank))
    normals[:, 0] = np.abs(normals[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    single, factor = normals.astype(np.float32), model.factor.astype(np.float32)

    def packed(precision: str) -> Any:
        return model.path(normals, slerp_weights(angle(normals[:n], normals[n:]), steps), precision, 1)

    contenders = {
        "packed": lambda: packed("float32"),
        "packed float64": lambda: packed("float64"),
        "projected float32": lambda: _projected(single, factor, steps),
        "numpy float32": lambda: _pointwise(single, factor, steps),
        "numpy float64": lambda: _pointwise(normals, model.factor, steps),
    }
    _check_paths(contenders)
    return contenders


def _check_paths(contenders: Contenders) -> None:
    """The same bits in float64, and almost the same in float32; sums in another order move a score by rounding."""
    expected = contenders["numpy float64"]()
    for name, share in {"packed float64": 1e-9, "packed": 1e-5, "projected float32": 1e-5}.items():
        bits = contenders[name]()
        if bits.dtype == np.uint64:
            bits = BitArray(bits.reshape(-1, bits.shape[2]), N_BITS).to_array("bool").reshape(expected.shape)
        if np.mean(bits != expected) > share:
            raise ValueError(f"{name} gives other bits than NumPy in float64")


def _weights(normals: Any, steps: int) -> Any:
    n = len(normals) // 2
    theta = np.arccos(np.clip(np.sum(normals[:n] * normals[n:], axis=1), -1, 1))
    t = np.linspace(0, 1, steps, dtype=normals.dtype)[:, None]
    return np.sin((1 - t) * theta) / np.sin(theta), np.sin(t * theta) / np.sin(theta)


def _pointwise(normals: Any, factor: Any, steps: int) -> Any:
    """Slerp the normals, project every point, take signs: as the method is published."""
    n = len(normals) // 2
    bits = np.empty((steps, n, len(factor) - 1), bool)
    for out, a, b in zip(bits, *_weights(normals, steps), strict=True):
        scores = (a[:, None] * normals[:n] + b[:, None] * normals[n:]) @ factor.T
        np.equal(scores[:, 1:] >= 0, scores[:, :1] >= 0, out=out)
    return bits


def _projected(normals: Any, factor: Any, steps: int) -> Any:
    """Project the ends and slerp the scores: the same points, since projecting is linear."""
    n, scores = len(normals) // 2, normals @ factor.T
    bits = np.empty((steps, n, len(factor) - 1), bool)
    for out, a, b in zip(bits, *_weights(normals, steps), strict=True):
        point = a[:, None] * scores[:n] + b[:, None] * scores[n:]
        np.equal(point[:, 1:] >= 0, point[:, :1] >= 0, out=out)
    return bits


def _row_contenders(a: Any, b: Any) -> Contenders:
    packed = BitArray.from_array(a), BitArray.from_array(b)
    contenders = {
        "packed": lambda: hamming_distance(*packed),
        "int8": lambda: hamming_distance(a, b),
        "bitwise_count": lambda: np.bitwise_count(packed[0].words ^ packed[1].words).sum(axis=1, dtype=np.int64),
        "numpy int8": lambda: (a != b).sum(axis=1),
    }
    for name in contenders:
        np.testing.assert_array_equal(contenders[name](), contenders["numpy int8"]())
    return contenders


def _pair_contenders(a: Any, b: Any) -> Contenders:
    from scipy.spatial.distance import cdist, pdist

    packed = BitArray.from_array(a), BitArray.from_array(b)
    signs, flags = [2 * x.astype(np.float32) - 1 for x in (a, b)], [x.astype(bool) for x in (a, b)]
    contenders = {
        "scipy pdist": lambda: pdist(flags[0], "hamming"),
        "scipy cdist": lambda: cdist(*flags, "hamming"),
        "numpy float32": lambda: (N_BITS - signs[0] @ signs[1].T) / 2,
        "int8": lambda: hamming_distance(a, b, pairwise=True),
        "packed": lambda: hamming_distance(*packed, pairwise=True),
    }
    for name in ("packed", "int8"):
        np.testing.assert_array_equal(contenders[name](), contenders["numpy float32"]())
    return contenders


def tables(rows: Rows) -> dict[str, str]:
    first = rows[0]["parameters"]
    task = f"{first['paths']:,} paths of {first['steps']} points, {N_BITS} bits"
    columns = {f"rank {rank}": {"task": "paths", "rank": rank} for rank in RANKS}
    count = find(rows, "packed", task="rows")["parameters"]["n_samples"]  # type: ignore[index]
    others = find(rows, "packed", task="pairs")["parameters"]["n_samples"]  # type: ignore[index]
    return {
        "paths": _table(task, columns, PATHS, rows),
        "hamming_rows": _table(f"{N_BITS} bits", {f"{count:,} rows": {"task": "rows"}}, ROWS, rows),
        "hamming_pairs": _table(f"{N_BITS} bits", {f"{others:,} times as many": {"task": "pairs"}}, PAIRS, rows),
    }


def _table(corner: str, columns: Mapping[str, Any], labels: Mapping[str, str], rows: Rows) -> str:
    """Times, and how many times longer than with packed bits."""
    header = [corner, *(cell for title in columns for cell in (title, "/ packed"))]
    lines = [[label, *_cells(rows, name, columns)] for name, label in labels.items()]
    return table(header, lines)


def _cells(rows: Rows, name: str, columns: Mapping[str, Any]) -> Iterator[str]:
    for parameters in columns.values():
        row = find(rows, name, **parameters)
        yield milliseconds(row)
        yield ratio(row, find(rows, "packed", **parameters))
