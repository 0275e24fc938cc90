"""Dichotomized Gaussian vectors with a structure: exchangeable, autoregressive, in blocks, or with common factors."""

from __future__ import annotations

from typing import Any, Self

from bernoulli_latent._arrays import Array, special
from bernoulli_latent._checks import check_count, check_precision
from bernoulli_latent.bits import read_bits
from bernoulli_latent.form import Form
from bernoulli_latent.samplers.structured import arguments
from bernoulli_latent.samplers.structured.model import StructuredModel
from bernoulli_latent.samplers.structured.source import StructuredSource
from bernoulli_latent.samplers.structured.structures import Structure

__all__ = ["StructuredSampler"]


class StructuredSampler(StructuredSource):
    r"""Correlated bits as the signs of a structured Gaussian vector against thresholds, for very many bits.

    .. math:: b_i = \mathrm{sign}(g_i + z_i), \qquad z \sim N(0, R), \qquad g_i = \Phi^{-1}(p_i)

    `R` is never formed: :meth:`factor`, :meth:`exchangeable`, :meth:`ar1` and :meth:`block` describe it by a few
    numbers, and ``StructuredSampler(rank=d).fit(y)`` finds `d` common factors from data. The marginals :math:`p_i` are
    exact.

    Parameters
    ----------
    rank : int, optional
        Number of common factors that :meth:`fit` looks for.
    precision : {"auto", "int16", "float32", "float64"}
        Arithmetic of :meth:`sample`. With common factors, draws in int16 are the fastest, and exact after the rounding
        of the loadings, so that the bits of a stream are the same on every machine and device; ``"auto"`` takes them
        if it is proved that the rounding changes no moment by more than 2e-4, and float32 otherwise.

    Attributes
    ----------
    marginals : array, shape (n_bits,)
        Probabilities :math:`p_i` of a 1.
    int16_bias : float
        Bound on what draws in int16 change in any moment.
    report_ : LowRankReport
        Of the fit: moment errors, bits without noise of their own.

    Notes
    -----
    A sample costs O(N) operations, or O(N d) with `d` factors; 64 samples are drawn at a time, bit after bit, so that
    the memory beyond the model and the answer does not grow with N.

    References
    ----------
    .. [1] Emrich and Piedmonte, "A method for generating high-dimensional multivariate binary variates", Amer.
       Statist. 45, 1991.
    .. [2] Macke, Berens, Ecker, Tolias and Bethge, "Generating spike trains with specified correlation coefficients",
       Neural Computation 21, 2009, section 2.
    .. [3] Harman and Jones, "Factor analysis by minimizing residuals (minres)", Psychometrika 31, 1966.

    Examples
    --------
    A hundred thousand bits, each like its neighbours:

    >>> import numpy as np
    >>> sampler = StructuredSampler.ar1(np.full(100_000, 0.2), correlation=0.5)
    >>> sampler.sample(3, rng=0).mean(axis=1).round(2)
    array([0.2, 0.2, 0.2])
    """

    @classmethod
    def factor(cls, probabilities: Any, loadings: Any, *, precision: str = "auto") -> Self:
        r"""Sampler with common factors: :math:`z_i = \lambda_i \cdot f + \sqrt{1 - |\lambda_i|^2}\, e_i`.

        Parameters
        ----------
        probabilities : array, shape (n_bits,)
            :math:`p_i = P(y_i = 1)`, in [0, 1].
        loadings : array, shape (n_bits, d)
            Rows :math:`\lambda_i` of length at most 1.
        precision : {"auto", "int16", "float32", "float64"}
            See the class.

        Raises
        ------
        ValueError
            If an argument is out of its domain or of the wrong shape.

        Examples
        --------
        >>> sampler = StructuredSampler.factor([0.5, 0.5, 0.1], [[0.6, 0.0], [0.6, 0.8], [0.0, -0.5]])
        >>> sampler.latent_correlation([0, 0, 1], [1, 2, 2])
        array([ 0.36,  0.  , -0.4 ])
        """
        p = arguments.check_probabilities(probabilities)
        return cls._of(p, arguments.factors(p, loadings), precision)

    @classmethod
    def exchangeable(
        cls,
        probabilities: Any,
        *,
        correlation: float | None = None,
        latent_correlation: float | None = None,
        precision: str = "auto",
    ) -> Self:
        r"""Sampler with the same correlation for all pairs.

        Parameters
        ----------
        probabilities : array, shape (n_bits,)
            :math:`p_i = P(y_i = 1)`, in [0, 1].
        correlation : float, optional
            Pearson (phi) correlation of two bits; the probabilities must then be equal.
        latent_correlation : float, optional
            Correlation of two of the Gaussian variables, from -1 / (n_bits - 1) to 1. Give one of the two.
        precision : {"auto", "float32", "float64"}
            See the class.

        Raises
        ------
        ValueError
            If an argument is out of its domain, or no Gaussian vector has such correlations.

        Examples
        --------
        >>> sampler = StructuredSampler.exchangeable([0.3, 0.3, 0.3], correlation=0.25)
        >>> sampler.model_moments().correlation.round(9)
        array([[1.  , 0.25, 0.25],
               [0.25, 1.  , 0.25],
               [0.25, 0.25, 1.  ]])
        """
        p = arguments.check_probabilities(probabilities)
        return cls._of(p, arguments.exchangeable(p, correlation, latent_correlation), precision)

    @classmethod
    def ar1(
        cls,
        probabilities: Any,
        *,
        correlation: Any = None,
        latent_correlation: Any = None,
        precision: str = "auto",
    ) -> Self:
        r"""Sampler with an autoregression of order one: :math:`z_i = \rho_i z_{i-1} + \sqrt{1 - \rho_i^2}\, e_i`.

        Parameters
        ----------
        probabilities : array, shape (n_bits,)
            :math:`p_i = P(y_i = 1)`, in [0, 1].
        correlation : float or array, shape (n_bits - 1,), optional
            Pearson (phi) correlation of each bit with the next. Those of bits further apart follow.
        latent_correlation : float or array, shape (n_bits - 1,), optional
            The :math:`\rho_i`, in [-1, 1]. Give one of the two.
        precision : {"auto", "float32", "float64"}
            See the class.

        Raises
        ------
        ValueError
            If an argument is out of its domain, or beyond the Frechet bounds of two neighbours.

        Examples
        --------
        >>> sampler = StructuredSampler.ar1([0.5, 0.5, 0.5, 0.5], latent_correlation=0.5)
        >>> sampler.latent_correlation(0, [1, 2, 3]).round(12)
        array([0.5  , 0.25 , 0.125])
        """
        p = arguments.check_probabilities(probabilities)
        return cls._of(p, arguments.autoregression(p, correlation, latent_correlation), precision)

    @classmethod
    def block(
        cls,
        probabilities: Any,
        groups: Any,
        *,
        correlation: Any = None,
        latent_correlation: Any = None,
        precision: str = "auto",
    ) -> Self:
        r"""Sampler with one correlation within each group and one between any two groups.

        Parameters
        ----------
        probabilities : array, shape (n_bits,)
            :math:`p_i = P(y_i = 1)`, in [0, 1].
        groups : int array, shape (n_bits,)
            Group of each bit, from 0 on.
        correlation : array, shape (n_groups, n_groups), optional
            Pearson (phi) correlations of two bits, those within groups on the diagonal; the probabilities must then
            be equal in each group.
        latent_correlation : array, shape (n_groups, n_groups), optional
            The same for the Gaussian variables. Give one of the two.
        precision : {"auto", "float32", "float64"}
            See the class.

        Raises
        ------
        ValueError
            If an argument is out of its domain, or the latent correlations are not positive semidefinite as a
            matrix of groups: every bit is its group's variable plus noise of its own.

        Examples
        --------
        >>> sampler = StructuredSampler.block([0.5] * 4, [0, 0, 1, 1], latent_correlation=[[0.6, -0.2], [-0.2, 0.3]])
        >>> sampler.latent_correlation([0, 0, 2], [1, 3, 3])
        array([ 0.6, -0.2,  0.3])
        """
        p = arguments.check_probabilities(probabilities)
        return cls._of(p, arguments.groups(p, groups, correlation, latent_correlation), precision)

    @classmethod
    def _of(cls, p: Array, structure: Structure, precision: str) -> Self:
        sampler = cls(precision=precision)
        sampler._made = StructuredModel(special(p).ndtri(p), structure), Form.default(p), None
        sampler._check_precision()
        return sampler

    def fit(self, y: Any, *, values: str = "auto") -> Self:
        """Find `rank` common factors in the rows of `y`.

        Parameters
        ----------
        y : array, shape (n_samples, n_bits), or BitArray
            Bits as bool, {0, 1} or {-1, +1} in any real dtype, NumPy or torch; at least two rows.
        values : {"auto", "01", "pm1", "bool"}
            Coding; ``"auto"`` reads it from the data.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `y` is not such an array, or `rank` was not given.

        Warns
        -----
        RepairWarning
            If the moments of `y` are not met; ``report_`` has the amounts.

        Notes
        -----
        The thresholds give the marginals of the data exactly. The loadings minimise the squared errors of the
        tetrachoric correlations, weighted so that they count as they do in the second moments (minres [1]_). Rows
        that would become longer than 1, Heywood cases, are set to their best place on the unit sphere [2]_. Of more
        than 2,048 bits so many are chosen at random and fitted to each other, and the others to these, so that time
        grows linearly and memory is bounded by two matrices of that size.

        Constant bits stay constant. Bits that repeat another one, or its complement, in every sample share its
        variable, and so repeat it in every draw.

        References
        ----------
        .. [1] Harman and Jones, "Factor analysis by minimizing residuals (minres)", Psychometrika 31, 1966.
        .. [2] Harman and Fukuda, "Resolution of the Heywood case in the minres solution", Psychometrika 31, 1966.
        """
        from bernoulli_latent.samplers.structured.low_rank import fit_low_rank

        check_precision(self.precision)
        if self.rank is None:
            raise ValueError("`rank` must be given to fit common factors: StructuredSampler(rank=8).fit(y)")
        rank = check_count(self.rank, "rank", least=1)
        bits, coding = read_bits(y, "y", values)
        if len(bits) < 2:
            raise ValueError("`y` must have at least 2 rows; got 1, which makes every bit constant")
        model, report = fit_low_rank(bits, rank, precision=self.precision)
        self._made = model, Form.of(y, coding), report
        report.warn_of_errors()
        return self
