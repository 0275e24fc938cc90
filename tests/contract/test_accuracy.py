"""Every method against its table of true values, in units in the last place, for each library and precision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bernoulli_latent.relaxations as relaxations

TABLES = Path(__file__).parents[1] / "reference" / "tables"
DTYPES = {"float32": np.float32, "float64": np.float64}

LIMITS: dict[tuple[str, str], float] = {}
"""Errors allowed in ulp times the condition of the row, where it is not 4, and why."""

CASES = [(path.stem, method) for path in sorted(TABLES.glob("*.json")) for method in json.loads(path.read_text())]


def rows(law: str, method: str, dtype: type) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, value, rest and condition of the rows whose inputs `dtype` holds."""
    table = json.loads((TABLES / f"{law}.json").read_text())[method]
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
    got = np.asarray((bound.derivative(by) if by else bound)(*converted[:count]))
    assert got.dtype == dtype
    return inputs, errors(got, value, rest, dtype), condition


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("law", "method"), CASES)
def test_errors_are_a_few_units_in_the_last_place(law, method, dtype, to_library):
    inputs, error, condition = measure(law, method, DTYPES[dtype], to_library)
    allowed = LIMITS.get((law, method), 4) * (1 if law in STRICT else np.maximum(1, condition))
    worst = int(np.argmax(error / allowed))
    assert error[worst] <= (allowed if np.isscalar(allowed) else allowed[worst]), (
        inputs[:, worst],
        error[worst],
        condition[worst],
    )


STRICT = {"step_logistic"}
"""Laws whose errors are limited whatever the condition of the row."""
