"""The hyperplane sampler of the Latent Bernoulli Autoencoder."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_positive
from bernoulli_latent.correlation.arcsine import gram_from_moments
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

__all__ = ["HyperplaneSampler"]


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
        together weigh as much as all pairs together.
    rank : int, optional
        Bound on the dimension of `r`; by default the numerical rank of the repaired matrix.
    precision : {"auto", "int16", "float32", "float64"}
        Arithmetic of :meth:`sample`. Draws in int16 are the fastest, and exact after the rounding of the rows, so
        that the bits of a stream are the same on every machine and device; ``"auto"`` takes them if the rounding
        changes no moment by more than 2e-4, and float32 otherwise. ``report_.int16_bias`` has the largest change.
        The scores in :meth:`interpolate` are in float64 if that is asked for, and otherwise in float32.
    tol : float
        Tolerance of the nearest correlation matrix: the largest error of a row before it is scaled to its length,
        relative to its square, or with ``"means"`` to what the mean leaves of that; see :func:`nearest_correlation`.
        Newton's last step mostly goes far below it. Measured on indefinite moments with bits as rare as 4.5e-4, the
        default moved no moment by more than 1e-6 from where a tolerance of 1e-9 has it.

    Attributes
    ----------
    report_ : FitReport
        Eigenvalues, rank, and the errors of the model's moments in closed form.
    moments_ : BernoulliMoments
        Moments fitted.

    Notes
    -----
    Constant bits, and bits that repeat another one or its complement (moments within 1e-8 of -1 or 1), are set aside
    before the repair and come back as such. The docs page "Which repair" has the measurements behind the defaults.

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

    repairs = ("nearest", "means", "moments", "alternating", "clip", "shrink")
    tie_tolerance = 1e-8  # nearer to 1, sin(pi M / 2) rounds to 1

    def __init__(
        self,
        repair: str = "nearest",
        boundary_weight: float | None = None,
        rank: int | None = None,
        *,
        precision: str = "auto",
        tol: float = 1e-6,
    ) -> None:
        super().__init__(repair, rank, precision=precision, tol=tol)
        self.boundary_weight = boundary_weight

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.boundary_weight is not None:
            check_positive(self.boundary_weight, "boundary_weight")

    def _target(self, M: Array) -> Array:
        return gram_from_moments(M)

    def _weights(self, ties: Ties) -> Array:
        """Weight of each representative: the bits it stands for, and that of the boundary."""
        xp = namespace(ties.index)
        weights = xp.astype(ties.multiplicity, xp.float64)
        varying = float(xp.sum(weights[1:]))
        weights[0] = max(varying / 2, 1.0) if self.boundary_weight is None else self.boundary_weight
        return weights

    def _rounding(self, M: Array, rows: Array, ties: Ties) -> Rounding:
        return Rounding(rows, ties)

    def _parameters(self) -> dict[str, Any]:
        weight = None if self.boundary_weight is None else float(self.boundary_weight)
        return super()._parameters() | {"boundary_weight": weight}
