"""What no binary distribution can do: bounds on pairs and triples of second moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bernoulli_latent._arrays import Array, namespace, to_host

__all__ = [
    "FeasibilityReport",
    "PairViolation",
    "TripleViolation",
    "check_bounds",
    "check_pairs",
    "onto_bounds",
    "pair_violations",
]

LISTED = 1000
"""Violations kept in a report; all are counted."""


@dataclass(frozen=True)
class PairViolation:
    """Bits `i`, `j` asked to be 1 together with probability `joint`, outside the Frechet bounds [low, high]."""

    i: int
    j: int
    joint: float
    low: float
    high: float

    @property
    def excess(self) -> float:
        """How far `joint` lies outside."""
        return max(self.low - self.joint, self.joint - self.high)

    def __str__(self) -> str:
        return f"bits ({self.i}, {self.j}): P(both 1) = {self.joint:.6g} not in [{self.low:.6g}, {self.high:.6g}]"


@dataclass(frozen=True)
class TripleViolation:
    """Bits `i`, `j`, `k` whose three second moments break a triangle inequality by `excess`."""

    i: int
    j: int
    k: int
    excess: float

    def __str__(self) -> str:
        return f"bits ({self.i}, {self.j}, {self.k}): triangle inequality broken by {self.excess:.6g}"


@dataclass(frozen=True)
class FeasibilityReport:
    """Outcome of :meth:`bernoulli_latent.BernoulliMoments.check_feasible`.

    Attributes
    ----------
    feasible : bool
        No violation was found. These conditions are necessary; beyond three bits they are not sufficient.
    pairs, triples : tuple
        Violations, worst first, at most 1000 of each.
    n_pairs, n_triples : int
        How many there are in all.
    """

    pairs: tuple[PairViolation, ...]
    triples: tuple[TripleViolation, ...]
    n_pairs: int
    n_triples: int

    @property
    def feasible(self) -> bool:
        """Whether nothing was violated."""
        return self.n_pairs == 0 and self.n_triples == 0

    def __str__(self) -> str:
        if self.feasible:
            return "feasible as far as pairs and triples tell"
        lines = [f"infeasible: {self.n_pairs} pairs and {self.n_triples} triples violate their bounds"]
        lines += [f"  {violation}" for violation in (*self.pairs[:10], *self.triples[:10])]
        return "\n".join(lines)


def pair_violations(M: Array, tolerance: float = 1e-12) -> tuple[tuple[PairViolation, ...], int]:
    r"""Pairs outside the Frechet bounds, worst first, and their number.

    For a moment matrix `M` with the means in its last row, :math:`\max(0, p_i + p_j - 1) \le p_{ij} \le
    \min(p_i, p_j)` reads :math:`|m_i + m_j| - 1 \le M_{ij} \le 1 - |m_i - m_j|`.
    """
    xp = namespace(M)
    low, high = _frechet_bounds(M)
    excess = xp.triu(xp.maximum(low - M[:-1, :-1], M[:-1, :-1] - high), k=1)
    rows, columns, total = _worst(excess, tolerance)
    mean, moment = to_host(M[-1, :-1]), to_host(M[:-1, :-1])

    def describe(i: int, j: int) -> PairViolation:
        p, q = float(1 + mean[i]) / 2, float(1 + mean[j]) / 2
        joint = float(1 + mean[i] + mean[j] + moment[i, j]) / 4
        return PairViolation(i, j, joint, max(0.0, p + q - 1), min(p, q))

    return tuple(describe(i, j) for i, j in zip(rows, columns, strict=True)), total


def onto_bounds(M: Array, rounding: float) -> Array:
    """`M` with a unit diagonal, and what misses [-1, 1] or the Frechet bounds by no more than `rounding` moved back."""
    xp = namespace(M)
    M = xp.where(xp.abs(M) <= 1 + rounding, xp.clip(M, -1.0, 1.0), M)
    low, high = _frechet_bounds(M)
    inner = M[:-1, :-1]
    moved = xp.clip(inner, low, high)
    inner = xp.where(xp.abs(moved - inner) <= 4 * rounding, moved, inner)
    M = xp.concat([xp.concat([inner, M[:-1, -1:]], axis=1), M[-1:, :]])
    return xp.where(xp.eye(M.shape[0], dtype=xp.bool, device=M.device), xp.ones_like(M), M)


def _frechet_bounds(M: Array) -> tuple[Array, Array]:
    """Least and largest second moments that the means in the last row allow, shape (N, N) each."""
    xp = namespace(M)
    mean = M[-1, :-1]
    return xp.abs(mean[:, None] + mean[None, :]) - 1, 1 - xp.abs(mean[:, None] - mean[None, :])


def _worst(excess: Array, tolerance: float) -> tuple[list[int], list[int], int]:
    """Rows and columns of the largest entries above `tolerance`, and how many are above it."""
    host = to_host(excess)
    rows, columns = (host > tolerance).nonzero()
    values = host[rows, columns]
    kept = np.argpartition(-values, LISTED)[:LISTED] if len(values) > LISTED else np.arange(len(values))
    kept = kept[np.argsort(-values[kept], kind="stable")]
    return rows[kept].tolist(), columns[kept].tolist(), len(values)


def triple_violations(moment: Array, tolerance: float = 1e-12) -> tuple[tuple[TripleViolation, ...], int]:
    r"""Triples that break a triangle inequality, worst first, and their number.

    Any three {-1, +1} variables satisfy :math:`|M_{ij} + M_{ik}| \le 1 + M_{jk}` and
    :math:`|M_{ij} - M_{ik}| \le 1 - M_{jk}` (Pitowsky 1989, the correlation polytope of three variables).
    """
    xp = namespace(moment)
    found: list[tuple[float, int, int, int]] = []
    total = 0
    for i in range(moment.shape[0] - 2):
        row, rest = moment[i, i + 1 :], moment[i + 1 :, i + 1 :]
        plus, minus = xp.abs(row[:, None] + row[None, :]), xp.abs(row[:, None] - row[None, :])
        excess = xp.triu(xp.maximum(plus - 1 - rest, minus - 1 + rest), k=1)
        if float(xp.max(excess)) <= tolerance:
            continue
        rows, columns, count = _worst(excess, tolerance)
        values = to_host(excess)[rows, columns].tolist()
        found += [(value, i, i + 1 + j, i + 1 + k) for value, j, k in zip(values, rows, columns, strict=True)]
        found = sorted(found, key=lambda triple: -triple[0])[:LISTED]
        total += count
    return tuple(TripleViolation(i, j, k, value) for value, i, j, k in found), total


def check_bounds(M: Array) -> FeasibilityReport:
    """Check every pair and triple of a bordered moment matrix."""
    pairs, n_pairs = pair_violations(M)
    triples, n_triples = triple_violations(M[:-1, :-1])
    return FeasibilityReport(pairs, triples, n_pairs, n_triples)


def check_pairs(M: Array) -> None:
    """Refuse moments outside the Frechet bounds."""
    violations, total = pair_violations(M)
    if total:
        listed = "\n".join(f"  {violation}" for violation in violations[:10])
        raise ValueError(
            f"`moments` must lie within the Frechet bounds; {total} pairs do not, the worst are\n{listed}\n"
            "No binary distribution has such moments."
        )
