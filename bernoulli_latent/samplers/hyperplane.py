"""The hyperplane sampler of the Latent Bernoulli Autoencoder."""

from __future__ import annotations

import math
import warnings
from typing import Any

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_count
from bernoulli_latent.correlation.arcsine import gram_from_moments
from bernoulli_latent.correlation.bounds import pair_violations
from bernoulli_latent.errors import RepairWarning
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.repair import REPAIRS, repair_gram
from bernoulli_latent.samplers.report import FitReport, moment_errors
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties, find_ties

__all__ = ["HyperplaneSampler"]

NOTICED = 1e-6
"""Largest error of a moment that is not worth a warning."""


class HyperplaneSampler(GaussianRoundingSampler):
    r"""Correlated bits as the sides on which unit vectors see a random hyperplane.

    .. math:: b_i = \mathrm{sign}(v_i \cdot r)\, \mathrm{sign}(v_0 \cdot r), \qquad r \sim N(0, I)

    The rows :math:`v_i` factor the Gram matrix :math:`H = \sin(\pi M / 2)` of the moments `M`, repaired to a
    correlation matrix where it is not one; :math:`v_0` is the boundary vector that carries the means.

    Parameters
    ----------
    repair : {"nearest", "means", "moments", "alternating", "clip", "shrink"}
        What to do when `H` is indefinite, as it always is for real latents:

        - ``"nearest"``: nearest correlation matrix, the boundary weighted (Newton's method);
        - ``"means"``: nearest with the boundary held fixed, so that the means are exact;
        - ``"moments"``: rows that minimise the error of `M` itself, started from ``"nearest"``;
        - ``"alternating"``: the minimum of ``"nearest"`` by alternating projections;
        - ``"clip"``: negative eigenvalues set to zero and the diagonal scaled back, as in [1]_;
        - ``"shrink"``: the least mixture with the identity.
    boundary_weight : float, optional
        Weight of a squared error in a mean against one in a pair, positive; read by ``"nearest"``,
        ``"alternating"`` and ``"moments"``. By default half the number of bits that vary, with which all means
        together weigh as much as all pairs together: the sum of the two mean squared errors is minimised.
    rank : int, optional
        Bound on the dimension of `r`; by default the numerical rank of the repaired matrix.
    precision : {"float32", "float64"}
        Of the normals and the product in :meth:`sample`.

    Attributes
    ----------
    report_ : FitReport
        Eigenvalues, rank, and the errors of the model's moments in closed form.
    moments_ : BernoulliMoments
        Moments fitted.

    Notes
    -----
    Constant bits, and bits that repeat another one or its complement, are set aside before the repair and come
    back exactly. The docs page "Which repair" has the measurements behind the defaults.

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020, section 3.
    .. [2] Goemans and Williamson, "Improved approximation algorithms for maximum cut and satisfiability problems
       using semidefinite programming", J. ACM 42, 1995.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    >>> sampler = HyperplaneSampler().fit(y)
    >>> bits = sampler.sample(100_000, rng=0)
    >>> bits.shape, bits.dtype
    ((100000, 2), dtype('int64'))
    >>> bits.mean(axis=0).round(2)
    array([0.5 , 0.75])
    """

    def __init__(
        self,
        repair: str = "nearest",
        boundary_weight: float | None = None,
        rank: int | None = None,
        *,
        precision: str = "float32",
    ) -> None:
        self.repair = repair
        self.boundary_weight = boundary_weight
        self.rank = rank
        self.precision = precision

    def _check_parameters(self) -> None:
        if self.repair not in REPAIRS:
            raise ValueError(f"`repair` must be one of {', '.join(map(repr, REPAIRS))}; got {self.repair!r}")
        if self.boundary_weight is not None and not (0 < self.boundary_weight < math.inf):
            raise ValueError(f"`boundary_weight` must be positive and finite; got {self.boundary_weight}")
        if self.rank is not None:
            check_count(self.rank, "rank", least=1)
        if self.precision not in ("float32", "float64"):
            raise ValueError(f"`precision` must be 'float32' or 'float64'; got {self.precision!r}")

    def _build(self, moments: BernoulliMoments) -> tuple[Rounding, FitReport]:
        self._check_parameters()
        M = moments.matrix
        _check_pairs(M)
        xp = namespace(M)
        ties = find_ties(M)
        own = ties.representatives
        reduced = xp.take(xp.take(M, own, axis=0), own, axis=1)
        H = gram_from_moments(reduced)
        eigenvalues = xp.linalg.eigvalsh(H)
        repaired = repair_gram(reduced, H, self._weights(ties), self.repair, self.rank)
        model = Rounding(repaired.rows, ties)
        report = _report(self.repair, moments, model, eigenvalues, repaired.distance)
        _warn_of_errors(report)
        return model, report

    def _weights(self, ties: Ties) -> Array:
        """Weight of each representative: the bits it stands for, and that of the boundary."""
        xp = namespace(ties.index)
        weights = xp.astype(ties.multiplicity, xp.float64)
        varying = float(xp.sum(weights[1:]))
        weights[0] = max(varying / 2, 1.0) if self.boundary_weight is None else self.boundary_weight
        return weights

    def _parameters(self) -> dict[str, Any]:
        return {
            "repair": self.repair,
            "boundary_weight": None if self.boundary_weight is None else float(self.boundary_weight),
            "rank": self.rank,
            "precision": self.precision,
        }


def _check_pairs(M: Array) -> None:
    violations, total = pair_violations(M)
    if total:
        listed = "\n".join(f"  {violation}" for violation in violations[:10])
        raise ValueError(
            f"`moments` must lie within the Frechet bounds; {total} pairs do not, the worst are\n{listed}\n"
            "No binary distribution has such moments."
        )


def _report(repair: str, moments: BernoulliMoments, model: Rounding, eigenvalues: Array, distance: float) -> FitReport:
    ties = model.ties
    constant = int(namespace(ties.index).count_nonzero(ties.index == 0))
    return FitReport(
        n_bits=model.n_bits,
        n_samples=moments.n_samples,
        constant_bits=constant,
        tied_bits=model.n_bits - constant - (int(ties.representatives.shape[0]) - 1),
        smallest_eigenvalue=float(eigenvalues[0]),
        negative_eigenvalues=int(namespace(eigenvalues).count_nonzero(eigenvalues < 0)),
        repair=repair,
        repair_distance=distance,
        rank=model.rank,
        errors=moment_errors(model.moments(), moments),
    )


def _warn_of_errors(report: FitReport) -> None:
    errors = report.errors
    if max(errors.mean_max, errors.pair_max) > NOTICED:
        warnings.warn(
            f"the moments could not be met (smallest eigenvalue {report.smallest_eigenvalue:.3g}); the model's differ "
            f"by at most {errors.mean_max:.3g} (rms {errors.mean_rms:.3g}) in the means and {errors.pair_max:.3g} "
            f"(rms {errors.pair_rms:.3g}) in the pairs, for bits coded -1 and +1; see report_",
            RepairWarning,
            stacklevel=5,
        )
