"""Tables of the documentation, made from the rows."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.results import read
from benchmarks.suites import NAMES, suite
from benchmarks.tables import setting

__all__ = ["pages", "stale", "write"]

MARKED = re.compile(r"(<!-- begin: (?P<name>\S+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)


def pages() -> list[Path]:
    """Documents that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("examples/*/README.md"))]


def write() -> list[Path]:
    """Replace what stands between the marks; return the pages that changed."""
    changed = stale()
    for page, text in changed.items():
        page.write_text(text)
    return list(changed)


def stale() -> dict[Path, str]:
    """Pages whose tables differ from what the rows say, with the text they should have."""
    tables = _tables()
    texts = {page: _filled(page, tables) for page in pages()}
    return {page: text for page, text in texts.items() if text != page.read_text()}


def _tables() -> dict[str, str]:
    tables: dict[str, str] = {}
    for name in NAMES:
        if rows := read(name):
            tables |= suite(name).tables(rows) | {f"{name}_setting": setting(rows)}
    for path in sorted(ROOT.glob("examples/*/results/*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        tables |= import_module(f"examples.{path.parent.parent.name}.tables").tables(path.stem, rows)
    return tables


def _filled(page: Path, tables: dict[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        if match["name"] not in tables:
            known = ", ".join(sorted(tables))
            raise ValueError(f"{page.name} asks for the table {match['name']!r}; the rows give {known}")
        return f"{match[1]}\n{tables[match['name']]}\n\n{match[3]}"

    return MARKED.sub(fill, page.read_text())
