"""Exact second moments: packed bits against matrix products of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import floors
from benchmarks.measure import SEED, Row, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, find, milliseconds, ratio, table
from bernoulli_latent import BernoulliMoments, BitArray

__all__ = ["run", "tables"]

SIZES = (200, 600, 1500)

LABELS = {
    "BitArray": "packed bits",
    "int8": "from int8",
    "float32": "from float32",
    "numpy float32": "NumPy `Y.T @ Y`, float32",
    "torch int8": "torch `_int_mm`, int8",
}
OURS = ("BitArray", "int8", "float32")


def run(options: Options) -> Iterator[Row]:
    n_samples, repeats = (2000, 1) if options.quick else (100_000, 7)
    for n_bits in SIZES:
        contenders = _contenders(n_samples, n_bits)
        _check(contenders, n_samples)
        for name, timing in interleave(contenders, repeats).items():
            yield Row(name, {"n_bits": n_bits, "n_samples": n_samples}, timing=timing, values={"exact": True})


def _contenders(n_samples: int, n_bits: int) -> dict[str, Callable[[], Any]]:
    import torch

    rng = np.random.default_rng(SEED)
    set_bits = rng.random((n_samples, n_bits), dtype=np.float32) < rng.uniform(0.1, 0.9, n_bits)
    small = np.where(set_bits, 1, -1).astype(np.int8)
    single, packed, tensor = small.astype(np.float32), BitArray.from_array(set_bits), torch.from_numpy(small)
    return {
        "BitArray": lambda: BernoulliMoments.from_samples(packed).second_moment,
        "int8": lambda: BernoulliMoments.from_samples(small).second_moment,
        "float32": lambda: BernoulliMoments.from_samples(single).second_moment,
        "numpy float32": lambda: single.T @ single,
        "torch int8": lambda: torch._int_mm(tensor.T, tensor),
    }


def _check(contenders: dict[str, Callable[[], Any]], n_samples: int) -> None:
    """All contenders count the same integers."""
    expected = np.asarray(contenders["torch int8"]())
    np.testing.assert_array_equal(contenders["numpy float32"](), expected)
    for name in OURS:
        np.testing.assert_array_equal(contenders[name](), expected / n_samples)


def tables(rows: Rows) -> dict[str, str]:
    times = [
        [label, *(milliseconds(find(rows, name, n_bits=n_bits)) for n_bits in SIZES)] for name, label in LABELS.items()
    ]
    ratios = [
        [f"{LABELS[rival]} / {LABELS[ours]}", *(_ratio(rows, rival, ours, n_bits) for n_bits in SIZES)]
        for rival, ours in [
            ("numpy float32", "BitArray"),
            ("torch int8", "BitArray"),
            ("numpy float32", "float32"),
            ("torch int8", "int8"),
        ]
    ]
    count = rows[0]["parameters"]["n_samples"]
    over = [
        [f"{LABELS[ours]} / floor", *(_over_floor(rows, ours, itemsize, n_bits) for n_bits in SIZES)]
        for ours, itemsize in (("BitArray", 0), ("int8", 1), ("float32", 4))
    ]
    return {"moments": table([f"{count:,} rows", *(f"N = {n}" for n in SIZES)], times + ratios + over)}


def _over_floor(rows: Rows, ours: str, itemsize: int, n_bits: int) -> str:
    return floors.over_floor(
        find(rows, ours, n_bits=n_bits), floors.gram(rows[0]["parameters"]["n_samples"], n_bits, itemsize)
    )


def _time(rows: Rows, name: str, n_bits: int) -> str:
    return milliseconds(find(rows, name, n_bits=n_bits))


def _ratio(rows: Rows, rival: str, ours: str, n_bits: int) -> str:
    return ratio(find(rows, rival, n_bits=n_bits), find(rows, ours, n_bits=n_bits))
