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
COUNTS = (1000, 10_000, 100_000, 1_000_000)
DTYPES = ("bool", "uint8", "int8", "int64", "float16", "float32", "float64")
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda y: y,
    "columns (Fortran)": np.asfortranarray,
    "left half of a matrix": lambda y: np.concatenate([y, y], axis=1)[:, : y.shape[1]],
    "every other row": lambda y: np.repeat(y, 2, axis=0)[::2],
    "every other column": lambda y: np.repeat(y, 2, axis=1)[:, ::2],
    "upside down": lambda y: y[::-1],
}

LABELS = {
    "BitArray": "packed bits",
    "int8": "from int8",
    "float32": "from float32",
    "numpy float32": "NumPy `Y.T @ Y`, float32",
    "numpy float64": "NumPy `Y.T @ Y`, float64",
    "torch float32": "torch `Y.T @ Y`, float32",
    "torch int8": "torch `_int_mm`, int8",
}
OURS = ("BitArray", "int8", "float32")

Contenders = dict[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    n_samples, repeats = (2000, 1) if options.quick else (100_000, 5)
    for n_bits in SIZES:
        contenders = _contenders(n_samples, n_bits)
        _check(contenders, n_samples)
        for name, timing in interleave(contenders, repeats).items():
            yield Row(name, {"n_bits": n_bits, "n_samples": n_samples}, timing=timing, values={"exact": True})
    yield from _growth(COUNTS[:2] if options.quick else COUNTS, repeats)
    yield from _layouts(n_samples, repeats)


def _bits(n_samples: int, n_bits: int) -> Any:
    rng = np.random.default_rng(SEED)
    return rng.random((n_samples, n_bits), dtype=np.float32) < rng.uniform(0.1, 0.9, n_bits)


def _contenders(n_samples: int, n_bits: int) -> Contenders:
    import torch

    set_bits = _bits(n_samples, n_bits)
    small = np.where(set_bits, 1, -1).astype(np.int8)
    single, double = small.astype(np.float32), small.astype(np.float64)
    packed, tensor, single_tensor = BitArray.from_array(set_bits), torch.from_numpy(small), torch.from_numpy(single)
    return {
        "BitArray": lambda: BernoulliMoments.from_samples(packed).second_moment,
        "int8": lambda: BernoulliMoments.from_samples(small).second_moment,
        "float32": lambda: BernoulliMoments.from_samples(single).second_moment,
        "numpy float32": lambda: single.T @ single,
        "numpy float64": lambda: double.T @ double,
        "torch float32": lambda: single_tensor.T @ single_tensor,
        "torch int8": lambda: torch._int_mm(tensor.T, tensor),
    }


def _check(contenders: Contenders, n_samples: int) -> None:
    """All contenders count the same integers."""
    expected = np.asarray(contenders["torch int8"]())
    np.testing.assert_array_equal(contenders["numpy float32"](), expected)
    for name in OURS:
        np.testing.assert_array_equal(contenders[name](), expected / n_samples)


def _growth(counts: tuple[int, ...], repeats: int) -> Iterator[Row]:
    """Packed bits alone, by number of rows: words repeated, since no count depends on their order."""
    for n_bits in SIZES:
        words = BitArray.from_array(_bits(COUNTS[0], n_bits)).words
        for n_samples in counts:
            bits = BitArray(np.tile(words, (n_samples // len(words), 1)), n_bits)
            contenders = {"growth": lambda bits=bits: BernoulliMoments.from_samples(bits)}
            timing = interleave(contenders, repeats)["growth"]
            yield Row("growth", {"n_bits": n_bits, "n_samples": n_samples}, timing=timing)


def _layouts(n_samples: int, repeats: int) -> Iterator[Row]:
    bits = _bits(n_samples, SIZES[0])
    for dtype in DTYPES:
        for layout, arrange in LAYOUTS.items():
            y = arrange(bits.astype(dtype))
            parameters = {"n_bits": SIZES[0], "n_samples": n_samples, "dtype": dtype, "layout": layout}
            for name, timing in interleave(_packers(y), repeats).items():
                yield Row(name, parameters, timing=timing)


def _packers(y: Any) -> Contenders:
    return {
        "pack": lambda: BitArray.from_array(y),
        "packbits": lambda: np.packbits(y if y.dtype == bool else y > 0, axis=1, bitorder="little"),
    }


def tables(rows: Rows) -> dict[str, str]:
    return {"moments": _sizes(rows), "moments_growth": _growth_table(rows), "moments_layouts": _layout_table(rows)}


def _sizes(rows: Rows) -> str:
    count = rows[0]["parameters"]["n_samples"]
    found = {(name, n): find(rows, name, n_bits=n, n_samples=count) for name in LABELS for n in SIZES}
    times = [[label, *(milliseconds(found[name, n]) for n in SIZES)] for name, label in LABELS.items()]
    ratios = [
        [f"{LABELS[rival]} / {LABELS[ours]}", *(ratio(found[rival, n], found[ours, n]) for n in SIZES)]
        for rival, ours in [
            ("numpy float32", "BitArray"),
            ("torch int8", "BitArray"),
            ("numpy float32", "float32"),
            ("numpy float32", "int8"),
            ("torch int8", "int8"),
        ]
    ]
    count = rows[0]["parameters"]["n_samples"]
    over = [
        [f"{LABELS[ours]} / floor", *(_over_floor(rows, ours, itemsize, n_bits) for n_bits in SIZES)]
        for ours, itemsize in (("BitArray", 0), ("int8", 1), ("float32", 4))
    ]
    return table([f"{count:,} rows", *(f"N = {n}" for n in SIZES)], times + ratios + over)


def _over_floor(rows: Rows, ours: str, itemsize: int, n_bits: int) -> str:
    count = rows[0]["parameters"]["n_samples"]
    return floors.over_floor(find(rows, ours, n_bits=n_bits), floors.gram(count, n_bits, itemsize))


def _growth_table(rows: Rows) -> str:
    lines = [
        [f"{count:,} rows", *(milliseconds(find(rows, "growth", n_bits=n, n_samples=count)) for n in SIZES)]
        for count in COUNTS
    ]
    return table(["packed bits", *(f"N = {n}" for n in SIZES)], lines)


def _layout_table(rows: Rows) -> str:
    def cell(dtype: str, layout: str) -> str:
        ours, packbits = (find(rows, name, dtype=dtype, layout=layout) for name in ("pack", "packbits"))
        return f"{milliseconds(ours)} ({ratio(packbits, ours)})"

    lines = [[layout, *(cell(dtype, layout) for dtype in DTYPES)] for layout in LAYOUTS]
    return table(["packing", *DTYPES], lines)
