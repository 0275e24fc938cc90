"""The choice between families of models, by what they make of the moments."""

from __future__ import annotations

from inspect import signature
from typing import Any, Literal

from bernoulli_latent._checks import check_choice
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import sample_moments
from bernoulli_latent.samplers.dichotomized_gaussian import DichotomizedGaussianSampler
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.hyperplane import HyperplaneSampler
from bernoulli_latent.samplers.report import FitReport, warn_of_errors

__all__ = ["FAMILIES", "Family", "fit_sampler"]

Family = Literal["dichotomized_gaussian", "hyperplane"]

FAMILIES: dict[str, type[GaussianRoundingSampler]] = {
    "dichotomized_gaussian": DichotomizedGaussianSampler,
    "hyperplane": HyperplaneSampler,
}


def fit_sampler(
    data: Any,
    family: Literal["auto"] | Family = "auto",
    *,
    values: str = "auto",
    verbose: bool = True,
    **parameters: Any,
) -> GaussianRoundingSampler:
    """Fit the family of models whose moments come nearest to the request.

    Parameters
    ----------
    data : BernoulliMoments, array of shape (n_samples, n_bits), or BitArray
        Moments, or bits to take them from.
    family : {"auto", "dichotomized_gaussian", "hyperplane"}
        Family to fit; ``"auto"`` tries all.
    values : {"auto", "01", "pm1", "bool"}
        Coding of the bits.
    verbose : bool
        Print the comparison.
    **parameters
        Arguments of every family tried, such as ``repair`` and ``rank``.

    Returns
    -------
    DichotomizedGaussianSampler or HyperplaneSampler
        The fitted sampler; ``report_.alternatives`` has the reports of the families not chosen.

    Raises
    ------
    ValueError
        If `family` is unknown, the bits are none, or no binary vector has the pairs of moments requested.

    Warns
    -----
    RepairWarning
        If the family chosen does not meet the moments either.

    Notes
    -----
    The nearest is the one with the least mean square error of the means plus mean square error of the pairs; errors
    below 1e-6 count as none. Thresholds on a Gaussian vector have any marginals, exactly, so that they are nearest
    where bits are rare or frequent. Hyperplanes have moments near the edge of what is possible that no thresholds
    have. Neither family contains the other; both are exact where their smallest eigenvalue is not negative.

    Examples
    --------
    Thirty independent bits, of which hyperplanes can have three at such marginals:

    >>> moments = BernoulliMoments.from_marginals([0.8] * 30)
    >>> sampler = fit_sampler(moments)
    family                 feasible  smallest eigenvalue  mean error, max      rms  pair error, max      rms
    dichotomized_gaussian  yes                         1                0        0                0        0
    hyperplane             no                      -0.175           0.0482   0.0482           0.0234   0.0234
    chosen: dichotomized_gaussian, which meets the request
    >>> type(sampler).__name__
    'DichotomizedGaussianSampler'
    """
    check_choice(family, "family", ("auto", *FAMILIES))
    names = list(FAMILIES) if family == "auto" else [family]
    for name in names:
        _check_arguments(FAMILIES[name], parameters)
    moments = data if isinstance(data, BernoulliMoments) else sample_moments(data, values)
    built = {name: FAMILIES[name](**parameters).quietly_fitted(moments) for name in names}
    reports = {name: sampler.report_ for name, sampler in built.items()}
    best = min(names, key=lambda name: _error(reports[name]))
    if verbose:
        print(_comparison(reports, best))
    warn_of_errors(reports[best])
    return built[best].compared({name: report for name, report in reports.items() if name != best})


def _check_arguments(family: type[GaussianRoundingSampler], parameters: dict[str, Any]) -> None:
    known = set(signature(family).parameters)
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise TypeError(f"`{unknown[0]}` is no argument of {family.__name__}; those are {', '.join(sorted(known))}")


def _error(report: FitReport) -> float:
    """Mean square errors of means and pairs together; none if all are below what is noticed."""
    errors = report.errors
    return 0.0 if errors.negligible else errors.mean_rms**2 + errors.pair_rms**2


def _comparison(reports: dict[str, FitReport], best: str) -> str:
    lines = [
        "family                 feasible  smallest eigenvalue  mean error, max      rms  pair error, max      rms",
        *(_line(name, report) for name, report in reports.items()),
    ]
    met = _error(reports[best]) == 0
    reason = "which meets the request" if met else "whose moments are nearest to the request"
    return "\n".join([*lines, f"chosen: {best}, {reason}"])


def _line(name: str, report: FitReport) -> str:
    errors = report.errors
    feasible = "yes" if _error(report) == 0 else "no"
    shown = [_show(x) for x in (errors.mean_max, errors.mean_rms, errors.pair_max, errors.pair_rms)]
    return (
        f"{name:<22} {feasible:<9} {report.smallest_eigenvalue:>19.3g} "
        f"{shown[0]:>16} {shown[1]:>8} {shown[2]:>16} {shown[3]:>8}"
    )


def _show(error: float) -> str:
    return "0" if error < 1e-12 else f"{error:.3g}"
