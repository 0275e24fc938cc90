"""Largest errors in units in the last place over the tables of true values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.measure import ROOT, Row
from benchmarks.suites import Options
from benchmarks.tables import Rows, table

sys.path[:0] = [str(ROOT / "tests" / "reference"), str(ROOT / "tests" / "contract")]

from reference_tables import CASES, DTYPES, measure  # noqa: E402

__all__ = ["run", "tables"]

LIBRARIES = {"NumPy": np.asarray, "torch": torch.as_tensor}


def run(options: Options) -> Iterator[Row]:
    torch.set_num_threads(1)
    for law, method in CASES:
        for dtype, kind in DTYPES.items():
            for library, convert in LIBRARIES.items():
                _, errors, condition = measure(law, method, kind, convert)
                plain = errors / np.maximum(condition, 1)
                values = {"worst": float(errors.max()), "worst_conditioned": float(plain.max()), "rows": len(errors)}
                yield Row(library, {"law": law, "method": method, "dtype": dtype}, "tests/reference", values=values)


def tables(rows: Rows) -> dict[str, str]:
    columns = [(dtype, library) for dtype in DTYPES for library in LIBRARIES]
    at: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
    for row in rows:
        where = row["parameters"]
        at.setdefault((where["law"], where["method"]), {})[where["dtype"], row["contender"]] = row["values"]
    lines = [
        [law, method, *(f"{cells[column]['worst_conditioned']:.2g}" for column in columns)]
        for (law, method), cells in at.items()
    ]
    return {"accuracy": table(["law", "method", *(f"{dtype}, {library}" for dtype, library in columns)], lines)}
