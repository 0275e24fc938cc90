"""Every method against its table of true values, in units in the last place, for each library and precision."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reference_tables import DTYPES, TABLES, errors, rows

import bernoulli_latent.relaxations as relaxations

LIMITS: dict[tuple[str, str], float] = {}
"""Errors allowed in ulp times the condition of the row, where it is not 4, and why."""

LAWS = [path for path in sorted(TABLES.glob("*.json")) if not path.stem.startswith("kl_")]
CASES = [(path.stem, method) for path in LAWS for method in json.loads(path.read_text())]


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
