"""Least time that a piece of work can take on one core of the machine: its operations over the measured peaks.

Kinds of arithmetic follow one another, for they want the same units; memory is moved meanwhile. So the floor is
the longer of the two, and what an algorithm does besides (shuffles, comparisons, loop counters) is left out of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.results import read
from benchmarks.tables import cpu, find, number

__all__ = [
    "READ",
    "READ_AND_WRITTEN",
    "Work",
    "draw",
    "elementwise",
    "floor_seconds",
    "gram",
    "over_floor",
    "structured",
    "tetrachoric",
]

READ, READ_AND_WRITTEN = "bytes read", "bytes read and written"

Work = Mapping[str, float]
"""Amounts by kind; the kinds are the contenders of the suite ``machine``."""

NORMAL = {"32-bit products": 5, "float32 multiply-adds": 16}
"""What one float32 normal takes: Philox4x32-10 makes 4 words from 20 products, Box-Muller is 32 products for two."""

NODES, NODE = 32, 30
"""Quadrature nodes that a pair of real latents takes in three increments, and the products in one of them."""


def floor_seconds(work: Work) -> float:
    """Seconds for `work`; not a number if the machine was not measured."""
    times = {kind: amount / _peak(kind) for kind, amount in work.items()}
    moved = sum(time for kind, time in times.items() if kind in (READ, READ_AND_WRITTEN))
    return max(moved, sum(times.values()) - moved)


def over_floor(row: Mapping[str, object] | None, work: Work) -> str:
    """How many times the floor of `work` a row took, for a table."""
    return "-" if row is None else f"{number(cpu(dict(row)) / floor_seconds(work))} x"


def _peak(kind: str) -> float:
    row = find(read("machine"), kind)
    return float("nan") if row is None else float(row["values"]["per_second"])


def gram(n_samples: float, n_bits: int, itemsize: int = 0) -> Work:
    """Half of all pairs of bits, the constant among them, compared once a sample; entries read if not packed."""
    return {"bits compared": n_samples * n_bits * (n_bits + 1) / 2, READ: n_samples * n_bits * (itemsize or 1 / 8)}


def draw(n_samples: float, n_bits: int, rank: int, arithmetic: str) -> Work:
    """Normals, and their product with ``n_bits + 1`` vectors that are triangular at the top."""
    products = n_samples * (rank * (rank + 1) / 2 + (n_bits + 1 - rank) * rank)
    return _sum(_normals(n_samples * rank), {f"{arithmetic} multiply-adds": products})


def structured(n_samples: float, n_bits: int, rank: int) -> Work:
    """A normal for every bit, and its product with `rank` loadings in int16; 0 for groups and chains, in float32."""
    own, products = {"float32 multiply-adds": n_samples * n_bits}, {"int16 multiply-adds": n_samples * n_bits * rank}
    return _sum(_normals(n_samples * (n_bits + rank)), own, products)


def tetrachoric(n_pairs: float) -> Work:
    """Masses of pairs by quadrature, at every step of the solution."""
    return {"float64 multiply-adds": n_pairs * NODES * NODE}


def elementwise(n: float, itemsize: int, arrays: int = 2) -> Work:
    """Arrays that are read or written once."""
    return {READ_AND_WRITTEN: n * itemsize * arrays}


def _normals(n: float) -> Work:
    return {kind: n * amount for kind, amount in NORMAL.items()}


def _sum(*works: Work) -> Work:
    return {kind: sum(work.get(kind, 0) for work in works) for kind in {kind: None for work in works for kind in work}}
