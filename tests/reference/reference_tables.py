"""Reading the tables of true values, and errors in units in the last place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import bernoulli_latent.relaxations as relaxations
from bernoulli_latent._arrays import to_host

TABLES = Path(__file__).parent / "tables"
DTYPES = {"float32": np.float32, "float64": np.float64}
LAWS = [path for path in sorted(TABLES.glob("*.json")) if not path.stem.startswith("kl_")]
CASES = [(path.stem, method) for path in LAWS for method in json.loads(path.read_text())]
"""Laws and methods that have a table."""


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


def measure(law: str, method: str, dtype: type, convert) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, errors in ulp and conditions of the rows of a table."""
    kind = getattr(relaxations, "".join(map(str.capitalize, law.split("_"))))
    inputs, value, rest, condition = rows(law, method, dtype)
    name, _, by = method.partition(" by ")
    count = len(inputs) - len(kind.domains)
    converted = [convert(x.astype(dtype)) for x in inputs]
    bound = getattr(kind(**dict(zip(kind.domains, converted[count:], strict=True))), name)
    got = to_host((bound.derivative(by) if by else bound)(*converted[:count]))
    assert got.dtype == dtype
    return inputs, errors(got, value, rest, dtype), condition
