"""The dichotomized Gaussian: thresholds on a correlated Gaussian vector."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent.correlation.thresholds import correlation_from_moments, thresholds_from_moments
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

__all__ = ["DichotomizedGaussianSampler"]


class DichotomizedGaussianSampler(GaussianRoundingSampler):
    r"""Correlated bits as the signs of a Gaussian vector against thresholds.

    .. math:: b_i = \mathrm{sign}(g_i + z_i), \qquad z \sim N(0, R), \qquad g_i = \Phi^{-1}(p_i)

    The marginals :math:`p_i` are exact whatever happens to `R`, whose entries solve
    :math:`\Phi_2(g_i, g_j; R_{ij}) = p_{ij}` pair by pair (tetrachoric correlations) and are repaired together where
    they make no correlation matrix.

    Parameters
    ----------
    repair : {"nearest", "alternating", "clip", "shrink"}
        What to do when `R` is indefinite:

        - ``"nearest"``: nearest correlation matrix (Newton's method);
        - ``"alternating"``: the same matrix by alternating projections;
        - ``"clip"``: negative eigenvalues set to zero and the diagonal scaled back;
        - ``"shrink"``: the least mixture with the identity.
    rank : int, optional
        Bound on the dimension of the Gaussian vector; by default the numerical rank of the repaired matrix.
    precision : {"auto", "int16", "float32", "float64"}
        Arithmetic of :meth:`sample`. Draws in int16 are the fastest, and exact after the rounding of the rows, so
        that the bits of a stream are the same on every machine and device; ``"auto"`` takes them if the rounding
        changes no moment by more than 2e-4, and float32 otherwise. ``report_.int16_bias`` has the largest change.
        The scores in :meth:`interpolate` are in float64 if that is asked for, and otherwise in float32.
    tol : float
        Tolerance of the nearest correlation matrix, see :class:`HyperplaneSampler`.

    Attributes
    ----------
    report_ : FitReport
        Eigenvalues, rank, and the errors of the model's moments in closed form.
    moments_ : BernoulliMoments
        Moments fitted.

    Notes
    -----
    Also known as the multivariate probit model. Constant bits, and bits that repeat another one or its complement, are
    set aside before the repair and come back exactly. Neither this family nor that of
    :class:`bernoulli_latent.HyperplaneSampler` contains the other: see :func:`bernoulli_latent.fit_sampler`.

    References
    ----------
    .. [1] Emrich and Piedmonte, "A method for generating high-dimensional multivariate binary variates", Amer.
       Statist. 45, 1991.
    .. [2] Macke, Berens, Ecker, Tolias and Bethge, "Generating spike trains with specified correlation coefficients",
       Neural Computation 21, 2009, section 2.

    Examples
    --------
    Three neurons that rarely fire, and rarely alone:

    >>> from bernoulli_latent import BernoulliMoments
    >>> phi = [[1.0, 0.3, 0.2], [0.3, 1.0, 0.1], [0.2, 0.1, 1.0]]
    >>> moments = BernoulliMoments.from_marginals([0.05, 0.1, 0.2], correlation=phi)
    >>> sampler = DichotomizedGaussianSampler().fit_moments(moments)
    >>> spikes = sampler.sample(200_000, rng=0)
    >>> spikes.mean(axis=0).round(2)
    array([0.05, 0.1 , 0.2 ])
    >>> sampler.model_moments().correlation.round(9)
    array([[1. , 0.3, 0.2],
           [0.3, 1. , 0.1],
           [0.2, 0.1, 1. ]])
    """

    repairs = ("nearest", "alternating", "clip", "shrink")
    tie_tolerance = 1e-14

    def _target(self, M: Array) -> Array:
        return correlation_from_moments(M)

    def _weights(self, ties: Ties) -> Array:
        """Each representative counts as the bits it stands for."""
        xp = namespace(ties.index)
        return xp.astype(ties.multiplicity[1:], xp.float64)

    def _rounding(self, M: Array, rows: Array, ties: Ties) -> Rounding:
        xp = namespace(M)
        boundary = xp.zeros((1, rows.shape[1] + 1), dtype=M.dtype, device=M.device)
        boundary[0, 0] = 1.0
        factor = xp.concat([thresholds_from_moments(M)[:, None], rows], axis=1)
        return Rounding(xp.concat([boundary, factor]), ties, constant=True)
