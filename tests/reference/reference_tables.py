"""Reading the tables of true values, and errors in units in the last place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

TABLES = Path(__file__).parent / "tables"
DTYPES = {"float32": np.float32, "float64": np.float64}


def rows(name: str, method: str, dtype: type) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, value, rest and condition of the rows whose inputs `dtype` holds."""
    table = json.loads((TABLES / f"{name}.json").read_text())[method]
    inputs = np.array([[float.fromhex(x) for x in row[0]] for row in table])
    value, rest = (np.array([float.fromhex(row[k]) for row in table]) for k in (1, 2))
    with np.errstate(over="ignore"):
        kept = (inputs == inputs.astype(dtype)).all(axis=1)
    return inputs[kept].T, value[kept], rest[kept], np.array([row[3] for row in table])[kept]


def errors(got: np.ndarray, value: np.ndarray, rest: np.ndarray, dtype: type) -> np.ndarray:
    """Errors in ulp of `dtype`; half a subnormal counts as an ulp below the normal numbers, and overflow must agree."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = value.astype(dtype)
        unit = np.abs(np.spacing(np.where(np.isfinite(rounded), rounded, 1))).astype(float)
        gap = np.abs((got.astype(float) - value) - rest) / unit
    return np.where(np.isfinite(rounded), gap, np.where(got == rounded, 0, np.inf))
