"""Small Markdown tables, and the reading of rows for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["Rows", "cpu", "find", "milliseconds", "number", "ratio", "setting", "table"]

Rows = Sequence[dict[str, Any]]


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Markdown table, the first column to the left and the others to the right."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, rule, *lines])


def find(rows: Rows, contender: str, data: str | None = None, **parameters: object) -> dict[str, Any] | None:
    """Row of `contender` with these parameters, if it was run."""
    for row in rows:
        same = row["contender"] == contender and data in (None, row["data"])
        if same and all(row["parameters"].get(name) == value for name, value in parameters.items()):
            return row
    return None


def cpu(row: dict[str, Any]) -> float:
    """Median seconds of processor time."""
    return float(row["cpu_seconds"]["median"])


def milliseconds(row: dict[str, Any] | None) -> str:
    """Median time as text."""
    return "-" if row is None else f"{number(1e3 * cpu(row))} ms"


def ratio(row: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    """How many times longer `row` took than `other`."""
    return "-" if row is None or other is None else f"{number(cpu(row) / cpu(other))} x"


def number(x: float) -> str:
    """Three digits, without an exponent: a table of times should be readable at a glance."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def setting(rows: Rows) -> str:
    """One line on where and with what the rows were measured."""
    if not rows:
        return ""
    row = rows[0]
    machine, versions = row["machine"], row["versions"]
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    flags = ", ".join(machine["flags"])
    return f"{machine['cpu']} ({flags}), one thread, processor time, medians of interleaved runs; {libraries}."
