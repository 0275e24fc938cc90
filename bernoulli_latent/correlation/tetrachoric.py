"""The bivariate normal distribution function, and the latent correlation that a pair of bits asks for."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array, as_array, is_torch, namespace
from bernoulli_latent._checks import as_real, check_same_place, check_square, first_offence
from bernoulli_latent._kernels import kernels
from bernoulli_latent.correlation._operands import broadcast_reals, check_within

__all__ = ["bivariate_normal_cdf", "tetrachoric_correlation", "tetrachoric_matrix"]

TOLERANCE = 1e-12
"""How far beyond its bounds a float64 probability may lie before it is an error."""

BLOCK = 128
LISTED = 10
SLIP = "Moments of bits coded as -1 and +1 are no probabilities."


def bivariate_normal_cdf(h: Any, k: Any, rho: Any) -> Any:
    r"""Bivariate normal distribution function: the probability of a lower orthant.

    .. math:: \Phi_2(h, k; \rho) = P(X \le h,\, Y \le k), \qquad (X, Y) \sim N\left(0,
       \begin{pmatrix} 1 & \rho \\ \rho & 1 \end{pmatrix}\right)

    Parameters
    ----------
    h, k : float or array
        Limits, infinite ones included.
    rho : float or array
        Correlation in [-1, 1]. The three broadcast against one another.

    Returns
    -------
    float or array
        Probabilities in the library and on the device of the arguments; float32 for float32, computed in float64.
        Tensors carry gradients, first and second.

    Raises
    ------
    ValueError
        If a limit is NaN, a correlation is outside [-1, 1], or the shapes do not broadcast.
    TypeError
        If arrays of two libraries or devices meet.

    Notes
    -----
    The orthant is a wedge in coordinates in which the normal is round. Its mass is an integral over the angle of a
    positive, smooth function [1]_, taken with a Gauss-Legendre rule of 20 nodes for each edge. Nothing cancels, so
    the error is below 1e-15, and relative to the probability below 1e-12 as long as the latter exceeds 1e-12 and a
    rounding of `h`, `k` or `rho` would not change it more.

    References
    ----------
    .. [1] Divgi, "Calculation of univariate and bivariate normal probability functions", Ann. Statist. 7, 1979.
    .. [2] Genz, "Numerical computation of rectangular bivariate and trivariate normal and t probabilities", Stat.
       Comput. 14, 2004; a comparison of methods.

    Examples
    --------
    >>> round(float(bivariate_normal_cdf(0, 0, 0.5)), 12)  # 1/4 + arcsin(rho) / (2 pi)
    0.333333333333
    >>> import numpy as np
    >>> bivariate_normal_cdf(np.array([-1.0, 1.0]), np.inf, 0.3).round(6)
    array([0.158655, 0.841345])
    """
    (h, k, rho), dtype = broadcast_reals(h=h, k=k, rho=rho)
    for limit, name in ((h, "h"), (k, "k")):
        offence = first_offence(namespace(limit).atleast_1d(limit != limit))
        if offence is not None:
            raise ValueError(f"`{name}` must not be NaN; got nan at index {offence}")
    check_within(rho, "rho", -1, 1, "Did you pass a covariance?")
    if is_torch(rho):
        from bernoulli_latent.correlation import _bivariate_gradients

        return _bivariate_gradients.cdf(h, k, rho).to(dtype)
    return kernels("bivariate", rho).cdf(h, k, rho).astype(dtype)[()]


def tetrachoric_correlation(p_i: Any, p_j: Any, p_ij: Any) -> Any:
    r"""Correlation of two normal variables whose signs are bits with the given probabilities of being 1.

    .. math:: \Phi_2\bigl(\Phi^{-1}(p_i), \Phi^{-1}(p_j); \rho\bigr) = p_{ij}

    Parameters
    ----------
    p_i, p_j : float or array
        Probabilities that a bit is 1, in [0, 1].
    p_ij : float or array
        Probabilities that both are 1, within the Frechet bounds :math:`\max(0, p_i + p_j - 1) \le p_{ij} \le
        \min(p_i, p_j)`. The three broadcast against one another.

    Returns
    -------
    float or array
        Correlations in [-1, 1], exactly -1 or 1 at the bounds, in the library and on the device of the arguments;
        float32 for float32, computed in float64. Where a bit is constant every correlation fits, and 0 is returned.
        Tensors carry gradients, first and second, which are zero where a bit is constant or the result -1 or 1.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1] or NaN, if `p_ij` is outside its bounds by more than rounding (1e-12, or
        5e-7 for float32), or if the shapes do not broadcast. All offending pairs are counted and the worst listed.
    TypeError
        If arrays of two libraries or devices meet.

    Notes
    -----
    Halley's method for the logarithm of the smallest cell of the 2 x 2 table, in :math:`\arcsin \rho` or, near -1 and
    1 and for rare bits, in the Fisher transform of :math:`\rho` within a bracket: it always converges, to a residual
    of at most 1e-14 in `p_ij` unless the rounding of `rho` itself weighs more, which it does near -1 and 1. A
    positive lower bound is rounded when it is computed, and met within one unit in the last place of 1.

    References
    ----------
    .. [1] Emrich and Piedmonte, "A method for generating high-dimensional multivariate binary variates", Amer.
       Statist. 45, 1991.
    .. [2] Bonett and Price, "Inferential methods for the tetrachoric correlation coefficient", J. Educ. Behav. Stat.
       30, 2005, equation 5; the first guess.
    .. [3] Plackett, "A reduction formula for normal multivariate integrals", Biometrika 41, 1954; the derivative.

    Examples
    --------
    >>> round(float(tetrachoric_correlation(0.5, 0.5, 1 / 3)), 12)
    0.5
    >>> import numpy as np
    >>> tetrachoric_correlation(0.2, np.array([0.2, 0.3]), np.array([0.2, 0.06])).round(12) + 0.0
    array([1., 0.])
    """
    (p_i, p_j, p_ij), dtype = broadcast_reals(p_i=p_i, p_j=p_j, p_ij=p_ij)
    for p, name in ((p_i, "p_i"), (p_j, "p_j"), (p_ij, "p_ij")):
        check_within(p, name, 0, 1, SLIP)
    rounding = float(namespace(p_ij).finfo(dtype).eps)
    _check_bounds(p_i, p_j, p_ij, "p_ij", rounding)
    if is_torch(p_ij):
        from bernoulli_latent.correlation import _bivariate_gradients

        return _bivariate_gradients.correlation(p_i, p_j, p_ij, rounding).to(dtype)
    return kernels("bivariate", p_ij).correlation(p_i, p_j, p_ij, rounding).astype(dtype)[()]


def tetrachoric_matrix(p: Array, joint: Array) -> Array:
    """Tetrachoric correlations of all pairs of bits, as :func:`tetrachoric_correlation` gives them, in less time.

    Parameters
    ----------
    p : array, shape (n,)
        Probabilities that a bit is 1.
    joint : array, shape (n, n)
        Probabilities that both are 1; only what is below the diagonal is read.

    Returns
    -------
    array, shape (n, n)
        Symmetric with a unit diagonal; it need not be positive semidefinite. No gradients.

    Raises
    ------
    ValueError
        As :func:`tetrachoric_correlation` does.
    """
    joint, p = check_square(joint, "joint"), as_real(p, "p")
    check_same_place(p, "p", joint, "joint")
    if tuple(p.shape) != (joint.shape[0],):
        raise ValueError(f"`p` must have shape ({joint.shape[0]},) like the rows of `joint`; got {tuple(p.shape)}")
    xp, dtype = namespace(p, joint), joint.dtype
    p, pairs = xp.astype(p, xp.float64), xp.astype(joint, xp.float64, copy=False)
    check_within(p, "p", 0, 1, SLIP)
    rounding = float(xp.finfo(dtype).eps)
    if not _within_bounds(p, pairs, rounding):
        _check_bounds(p[:, None], p[None, :], pairs, "joint", rounding, below_diagonal=True)
    return xp.astype(kernels("bivariate", pairs).correlation_matrix(p, pairs, rounding), dtype, copy=False)


def _excess(p_i: Array, p_j: Array, p_ij: Array) -> Array:
    """How far `p_ij` is outside the Frechet bounds, or negative."""
    xp = namespace(p_ij)
    return xp.maximum(xp.maximum(p_i + p_j - 1, xp.zeros_like(p_i)) - p_ij, p_ij - xp.minimum(p_i, p_j))


def _within_bounds(p: Array, joint: Array, rounding: float) -> bool:
    """Whether all pairs below the diagonal keep their bounds, seen by blocks of rows that stay in the cache."""
    xp = namespace(joint)
    for start in range(0, joint.shape[0], BLOCK):
        rows, columns = slice(start, start + BLOCK), slice(0, start + BLOCK)
        excess = xp.tril(_excess(p[rows, None], p[None, columns], joint[rows, columns]), k=start - 1)
        if bool(xp.any(excess > _tolerance(rounding))):
            return False
    return True


def _tolerance(rounding: float) -> float:
    return max(TOLERANCE, 4 * rounding)


def _check_bounds(
    p_i: Array, p_j: Array, p_ij: Array, name: str, rounding: float, below_diagonal: bool = False
) -> None:
    """Refuse pairs beyond the Frechet bounds, all counted and the worst named."""
    xp = namespace(p_ij)
    p_i, p_j, p_ij = (as_array(p, name) for p in (p_i, p_j, p_ij))  # without their gradients
    excess = _excess(p_i, p_j, p_ij)
    beyond = excess > _tolerance(rounding)
    if below_diagonal:
        beyond = xp.tril(beyond, k=-1)
    if not bool(xp.any(beyond)):
        return
    places = [tuple(int(i) for i in place) for place in zip(*xp.nonzero(xp.atleast_1d(beyond)), strict=True)]
    places.sort(key=lambda place: -float(xp.atleast_1d(excess)[place]))
    p_i, p_j, p_ij = (xp.atleast_1d(p) for p in xp.broadcast_arrays(p_i, p_j, p_ij))
    lines = [_describe(place, *(float(p[place]) for p in (p_i, p_j, p_ij))) for place in places[:LISTED]]
    raise ValueError(
        f"`{name}` must lie between the bounds max(0, p_i + p_j - 1) and min(p_i, p_j) of any two bits; got "
        f"{len(places)} outside, the worst:\n" + "\n".join(lines) + "\nDid you pass correlations?"
    )


def _describe(place: tuple[int, ...], p_i: float, p_j: float, p_ij: float) -> str:
    bounds = f"[{max(0.0, p_i + p_j - 1):.6g}, {min(p_i, p_j):.6g}]"
    return f"  index {place}: {p_ij:.6g} not in {bounds} for p_i = {p_i:.6g} and p_j = {p_j:.6g}"
