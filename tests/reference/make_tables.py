"""Write the tables of true values: `python tests/reference/make_tables.py [LAW ...]` (all laws without a name).

A law is a file of `definitions/`. It defines its methods in mpmath from the equations of its sources, without regard to
rounding; 400 digits make up for every cancellation between double precision numbers. It holds

    METHODS : {name: (function, points)}

where ``function(mp, *inputs)`` gives the value and `points` are the inputs, exact in double precision.

A row of a table is ``[inputs, value, rest, condition]``: the value is ``value + rest`` in hexadecimal doubles, and
the condition is the sum of ``|input * derivative / value|``, the ulp that one ulp in the inputs is worth.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import mpmath

HERE = Path(__file__).parent
DIGITS = 400


def definitions(law: str):
    """Module that defines `law`."""
    spec = importlib.util.spec_from_file_location(law, HERE / "definitions" / f"{law}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def condition(function, inputs, value) -> float:
    """Ulp of the value for one ulp of each input, by central differences of a relative 1e-60."""
    total = mpmath.mpf(0)
    for k, x in enumerate(inputs):
        if x == 0 or value == 0:
            continue
        step = x * mpmath.mpf(10) ** -60
        ends = [function(mpmath.mp, *inputs[:k], x + side * step, *inputs[k + 1 :]) for side in (1, -1)]
        total += abs((ends[0] - ends[1]) / (2 * mpmath.mpf(10) ** -60) / value)
    return float(min(total, mpmath.mpf("1e300")))


def row(function, point):
    """Row of the table for the inputs `point`."""
    inputs = [mpmath.mpf(float(x)) for x in point]
    value = mpmath.re(function(mpmath.mp, *inputs))
    head = float(value)
    rest = float(value - mpmath.mpf(head)) if abs(head) < float("inf") else 0.0
    return [[float(x).hex() for x in point], head.hex(), rest.hex(), float(f"{condition(function, inputs, value):.3g}")]


def main(names: list[str]) -> None:
    """Write the table of each law."""
    for law in names or sorted(path.stem for path in (HERE / "definitions").glob("[a-z]*.py")):
        module = definitions(law)
        mpmath.mp.dps = getattr(module, "DIGITS", DIGITS)
        lines = [
            json.dumps(method) + ": [\n" + ",\n".join(json.dumps(row(function, point)) for point in points) + "\n]"
            for method, (function, points) in module.METHODS.items()
        ]
        (HERE / "tables" / f"{law}.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
