"""What a fit found, what it changed, and what that cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.errors import warn
from bernoulli_latent.moments import BernoulliMoments

__all__ = ["FitReport", "MomentErrors", "check_fields", "matrix_errors", "moment_errors", "show", "warn_of_errors"]

NOTICED = 1e-6
"""Largest error of a moment that is not worth a warning."""


@dataclass(frozen=True)
class MomentErrors:
    """Differences between two sets of moments of {-1, +1} bits.

    Attributes
    ----------
    mean_max, mean_rms : float
        Largest and root mean square difference of the means.
    pair_max, pair_rms : float
        The same for the second moments of distinct bits; 0 if there is one bit.
    distance : float
        Frobenius norm of the difference of the bordered matrices.
    """

    mean_max: float
    mean_rms: float
    pair_max: float
    pair_rms: float
    distance: float

    @property
    def largest(self) -> float:
        """Largest difference of a mean or a pair."""
        return max(self.mean_max, self.pair_max)

    @property
    def negligible(self) -> bool:
        """Whether no moment is off by more than is worth a word."""
        return self.largest <= NOTICED

    def __str__(self) -> str:
        return (
            f"at most {self.mean_max:.3g} (rms {self.mean_rms:.3g}) in the means and {self.pair_max:.3g} "
            f"(rms {self.pair_rms:.3g}) in the pairs, for bits coded -1 and +1"
        )


def check_fields(report: type, values: dict[str, Any]) -> None:
    """Refuse values of a report with other fields, from a file of another version."""
    others = {entry.name for entry in fields(report)} ^ set(values)
    if others:
        raise ValueError(
            f"this file is of another version of bernoulli_latent: its report differs in {', '.join(sorted(others))}; "
            "fit and save again"
        )


def moment_errors(achieved: BernoulliMoments, requested: BernoulliMoments) -> MomentErrors:
    """How far `achieved` is from `requested`."""
    return matrix_errors(achieved.matrix - requested.matrix)


def matrix_errors(difference: Array) -> MomentErrors:
    """Size of the `difference` of two matrices of moments, the boundary last."""
    xp = namespace(difference)
    mean, n = difference[-1, :-1], difference.shape[0] - 1
    pairs = xp.triu(difference[:-1, :-1], k=1)
    pair_sum = float(xp.sum(pairs * pairs))
    return MomentErrors(
        mean_max=float(xp.max(xp.abs(mean))),
        mean_rms=float(xp.sqrt(xp.mean(mean * mean))),
        pair_max=float(xp.max(xp.abs(pairs))),
        pair_rms=(pair_sum / max(n * (n - 1) / 2, 1)) ** 0.5,
        distance=float(xp.linalg.matrix_norm(difference)),
    )


@dataclass(frozen=True)
class FitReport:
    """Report of a fit; ``print(report)`` shows it as a table.

    Attributes
    ----------
    n_bits, n_samples : int
        Size of the problem; `n_samples` is None if the moments were given as numbers.
    constant_bits, tied_bits : int
        Bits that never vary, and further bits that repeat another one or its complement, as far as the model can
        tell. They are set aside and put back as such.
    smallest_eigenvalue : float
        Of the Gram matrix before the repair.
    negative_eigenvalues : int
        How many of its eigenvalues are negative.
    repair : str
        Repair asked for; it did nothing if the smallest eigenvalue is not negative.
    repair_distance : float
        Frobenius distance between the Gram matrix and the repaired one.
    rank : int
        Of the repaired matrix, and so the dimension of the random normals.
    errors : MomentErrors
        The model's moments, in closed form, against the requested ones.
    precision : str
        Arithmetic of draws: that asked for, or the one chosen for ``"auto"``.
    int16_bias : float
        Largest difference that draws in int16 make to a moment of the model, in closed form from the rounded rows.
    alternatives : dict of str to FitReport
        The other families that :func:`bernoulli_latent.fit_sampler` tried, and how they did.
    """

    n_bits: int
    n_samples: int | None
    constant_bits: int
    tied_bits: int
    smallest_eigenvalue: float
    negative_eigenvalues: int
    repair: str
    repair_distance: float
    rank: int
    errors: MomentErrors
    precision: str
    int16_bias: float
    alternatives: dict[str, FitReport] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain numbers and strings."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FitReport:
        """Inverse of :meth:`as_dict`."""
        check_fields(cls, values)
        alternatives = {name: cls.from_dict(report) for name, report in values["alternatives"].items()}
        return cls(**{**values, "errors": MomentErrors(**values["errors"]), "alternatives": alternatives})

    def __str__(self) -> str:
        rows = {entry.name.replace("_", " "): getattr(self, entry.name) for entry in fields(self)}
        errors = rows.pop("errors")
        del rows["alternatives"]
        rows |= {f"{name.replace('_', ' error, ')}": value for name, value in asdict(errors).items()}
        rows["moment distance"] = rows.pop("distance")
        return "\n".join(f"{name:<22} {show(value)}" for name, value in rows.items())


def warn_of_errors(report: FitReport) -> None:
    """Say by how much the moments were missed, if it is more than rounding."""
    if not report.errors.negligible:
        warn(
            f"the moments could not be met (smallest eigenvalue {report.smallest_eigenvalue:.3g}); the model's differ "
            f"by {report.errors}; see report_"
        )


def show(value: object) -> str:
    """`value` as tables of reports have it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
