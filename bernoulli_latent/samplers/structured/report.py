"""What a fit of low rank found, and how far its moments are from those of the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bernoulli_latent.errors import warn
from bernoulli_latent.samplers.report import MomentErrors, check_fields, show

__all__ = ["LowRankReport"]


@dataclass(frozen=True)
class LowRankReport:
    """Report of a fit; ``print(report)`` shows it as a table.

    Attributes
    ----------
    n_bits, n_samples : int
        Size of the data.
    constant_bits, tied_bits : int
        Bits that never vary, and further bits that repeat another one or its complement in every sample. They are
        set aside and put back as such.
    rank : int
        Number of common factors.
    anchors : int
        Bits whose pairs were fitted together; the loadings of the others were fitted to their pairs with these.
    sweeps : int
        Passes over the anchors.
    heywood_bits : int
        Bits whose loadings have reached length 1, so that they have no noise of their own (Heywood cases).
    compared_bits : int
        Bits among which all pairs were compared for `errors`: every bit, or a random choice of them.
    errors : MomentErrors
        Moments of the model, in closed form, against those of the data, over all means and over the pairs of the
        compared bits; `distance` is scaled up to all pairs.
    precision : str
        Arithmetic of draws: that asked for, or the one chosen for ``"auto"``.
    int16_bias : float
        Bound on the difference that draws in int16 make to any moment of the model.
    """

    n_bits: int
    n_samples: int
    constant_bits: int
    tied_bits: int
    rank: int
    anchors: int
    sweeps: int
    heywood_bits: int
    compared_bits: int
    errors: MomentErrors
    precision: str
    int16_bias: float

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain numbers and strings."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LowRankReport:
        """Inverse of :meth:`as_dict`."""
        check_fields(cls, values)
        return cls(**{**values, "errors": MomentErrors(**values["errors"])})

    def warn_of_errors(self) -> None:
        """Say by how much the moments were missed, if it is more than rounding."""
        errors = self.errors
        if not errors.negligible:
            warn(
                f"{self.rank} common factors do not give all the moments: they differ by at most {errors.pair_max:.3g} "
                f"(rms {errors.pair_rms:.3g}) in the pairs of {self.compared_bits} bits and {errors.mean_max:.3g} in "
                "the means, for bits coded -1 and +1; see report_"
            )

    def __str__(self) -> str:
        rows = self.as_dict()
        errors = rows.pop("errors")
        rows |= {name.replace("_", " error, "): value for name, value in errors.items() if name != "distance"}
        rows["moment distance"] = errors["distance"]
        return "\n".join(f"{name.replace('_', ' '):<22} {show(value)}" for name, value in rows.items())
