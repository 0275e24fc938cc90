"""What a fit of a mixture found, what it gave up, and how near it came."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bernoulli_latent.errors import warn
from bernoulli_latent.samplers.groups import Label, Merger
from bernoulli_latent.samplers.report import FitReport, MomentErrors

__all__ = ["MixtureReport", "warn_of_mixture"]


@dataclass(frozen=True)
class MixtureReport:
    """Report of the fit of a mixture; ``print(report)`` shows it as a table.

    Attributes
    ----------
    components : dict of label to FitReport
        Size (``n_samples``) of each component, and how well its moments are met.
    errors : MomentErrors
        Moments of the mixture, in closed form, against those of all rows.
    mergers : tuple of Merger
        Components given up because they had too few rows: ``label``, ``size``, and the component ``into`` which they
        went.
    bic : dict of int to float
        Bayesian information criterion of the numbers of clusters tried, the smallest chosen; empty if labels were
        given.
    """

    components: dict[Label, FitReport]
    errors: MomentErrors
    mergers: tuple[Merger, ...]
    bic: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """All that the components' own reports do not say, as plain numbers and strings."""
        return {"errors": asdict(self.errors), "mergers": self.mergers, "bic": list(self.bic.items())}

    @classmethod
    def from_dict(cls, components: dict[Label, FitReport], values: dict[str, Any]) -> MixtureReport:
        """Inverse of :meth:`as_dict`."""
        mergers = tuple(Merger(*merger) for merger in values["mergers"])
        return cls(components, MomentErrors(**values["errors"]), mergers, dict(values["bic"]))

    def __str__(self) -> str:
        rows = sum(fit.n_samples or 0 for fit in self.components.values())
        lines = [
            _line("component", "rows", "smallest eigenvalue", "mean error, rms", "pair error, rms"),
            *(
                _line(name, fit.n_samples, fit.smallest_eigenvalue, *_rms(fit.errors))
                for name, fit in self.components.items()
            ),
            _line("all", rows, "", *_rms(self.errors)),
            *map(_sentence, self.mergers),
            *(f"BIC of {count} clusters: {bic:.6g}" for count, bic in self.bic.items()),
        ]
        return "\n".join(lines)


def warn_of_mixture(report: MixtureReport) -> None:
    """Say which components were given up, and by how much the moments were missed, if it is more than rounding."""
    if report.mergers:
        warn(f"components with too few rows: {'; '.join(map(_sentence, report.mergers))}; see report_")
    fits = report.components.values()
    missed = sum(not fit.errors.negligible for fit in fits)
    if missed:
        warn(
            f"the moments of {missed} of {len(fits)} components could not be met; the mixture's differ by "
            f"{report.errors}; see report_"
        )


def _rms(errors: MomentErrors) -> tuple[float, float]:
    return errors.mean_rms, errors.pair_rms


def _line(name: object, *entries: object) -> str:
    shown = (f"{entry:.3g}" if isinstance(entry, float) else str(entry) for entry in entries)
    return f"{name!s:<16}" + "".join(f"{entry:>20}" for entry in shown)


def _sentence(merger: Merger) -> str:
    rows = f"{merger.label!r} with {merger.size} {'row' if merger.size == 1 else 'rows'}"
    return f"{rows} left out" if merger.into is None else f"{rows} merged into {merger.into!r}"
