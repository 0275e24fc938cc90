"""What no binary distribution can do: bounds on pairs and triples of second moments."""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace

__all__ = ["FeasibilityReport", "PairViolation", "TripleViolation", "check_bounds", "pair_violations"]

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
    mean, moment = M[-1, :-1], M[:-1, :-1]
    plus, minus = mean[:, None] + mean[None, :], mean[:, None] - mean[None, :]
    excess = xp.maximum(xp.abs(plus) - 1 - moment, xp.abs(minus) - 1 + moment)
    rows, columns = xp.nonzero(xp.triu(excess > tolerance, k=1))
    worst = xp.argsort(excess[rows, columns], descending=True)[:LISTED]
    probability = (1 + mean) / 2

    def describe(i: int, j: int) -> PairViolation:
        p, q = float(probability[i]), float(probability[j])
        joint = float(1 + plus[i, j] + moment[i, j]) / 4
        return PairViolation(i, j, joint, max(0.0, p + q - 1), min(p, q))

    return tuple(describe(int(rows[k]), int(columns[k])) for k in worst), int(rows.shape[0])


def triple_violations(moment: Array, tolerance: float = 1e-12) -> tuple[tuple[TripleViolation, ...], int]:
    r"""Triples that break a triangle inequality, worst first, and their number.

    Any three {-1, +1} variables satisfy :math:`|M_{ij} + M_{ik}| \le 1 + M_{jk}` and
    :math:`|M_{ij} - M_{ik}| \le 1 - M_{jk}` (Pitowsky 1989, the correlation polytope of three variables).
    """
    xp = namespace(moment)
    found: list[TripleViolation] = []
    total = 0
    for i in range(moment.shape[0] - 2):
        row, rest = moment[i, i + 1 :], moment[i + 1 :, i + 1 :]
        plus, minus = xp.abs(row[:, None] + row[None, :]), xp.abs(row[:, None] - row[None, :])
        excess = xp.maximum(plus - 1 - rest, minus - 1 + rest)
        first, second = xp.nonzero(xp.triu(excess > tolerance, k=1))
        total += int(first.shape[0])
        worst = xp.argsort(excess[first, second], descending=True)[:LISTED]
        for k in worst:
            j, m = int(first[k]), int(second[k])
            found.append(TripleViolation(i, i + 1 + j, i + 1 + m, float(excess[j, m])))
        found = sorted(found, key=lambda violation: -violation.excess)[:LISTED]
    return tuple(found), total


def check_bounds(M: Array) -> FeasibilityReport:
    """Check every pair and triple of a bordered moment matrix."""
    pairs, n_pairs = pair_violations(M)
    triples, n_triples = triple_violations(M[:-1, :-1])
    return FeasibilityReport(pairs, triples, n_pairs, n_triples)
