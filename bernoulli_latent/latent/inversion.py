r"""From a binary latent back to a hyperplane normal that rounds to it.

Throughout, `factor` (R, rank) holds the unit rows of the model, `signs` (n, R) the side on which the normal of
each code has to see them, and a code is *solved* if every margin :math:`t_i\, v_i \cdot r` is positive. Row 0 is
the boundary, whose sign is always +1: normals found so round alike with and without the boundary's flip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, special, to_host
from bernoulli_latent._kernels import kernels

__all__ = ["METHODS", "InversionReport", "invert_signs"]

SLACK = 1e-9
"""Margins below this, for normals of unit length, are not told from zero."""

OVERSHOOT = 1.5
SWEEPS = 20


@dataclass(frozen=True)
class InversionReport:
    """What an inversion reached.

    Attributes
    ----------
    wrong_bits : int array, shape (n,)
        Bits of each code that the normal does not give back.
    infeasible : bool array, shape (n,)
        Codes that no normal gives back, as proved by Gordan's alternative; looked for by the methods
        ``"perceptron"`` and ``"posterior"``, and by all where tied bits contradict each other.
    """

    wrong_bits: Array
    infeasible: Array

    @property
    def exact(self) -> Array:
        """Codes given back without a wrong bit, shape (n,)."""
        return self.wrong_bits == 0

    def __str__(self) -> str:
        n, exact = self.wrong_bits.shape[0], int(self.exact.sum())
        return f"{exact} of {n} codes exact, {int(self.infeasible.sum())} infeasible"


def centroid(factor: Array, signs: Array) -> Array:
    """Mean of the rows with sign + minus mean of the rows with sign -, as in the LBAE paper, section 3.3."""
    xp = namespace(signs)
    plus, minus = xp.astype(signs > 0, signs.dtype), xp.astype(signs < 0, signs.dtype)
    n_plus, n_minus = xp.sum(plus, axis=1, keepdims=True), xp.sum(minus, axis=1, keepdims=True)
    return _unit((plus / n_plus - minus / xp.where(n_minus > 0, n_minus, 1.0)) @ factor)


def least_squares(factor: Array, signs: Array) -> Array:
    """Normal whose scores are nearest to the signs: exact for a factor of full row rank, with equal margins."""
    return _unit(signs @ namespace(signs).linalg.pinv(factor).T)


def perceptron(factor: Array, signs: Array, max_iter: int = 2000) -> Array:
    r"""Normal on the right side of every row, by the relaxation form of the perceptron.

    From the signed centroid, step beyond the row that is worst off, by 1.5 times what it lacks to a small margin
    (Agmon 1954; Motzkin and Schoenberg 1954). For feasible signs this ends; the codes that have not ended after
    `max_iter` steps keep the normal with the fewest wrong rows.
    """
    xp = namespace(signs)
    normals = _unit(signs @ factor)
    margins = signs * (normals @ factor.T)
    best, fewest = normals, _count_wrong(margins)
    gram = factor @ factor.T
    target = 2.0 / factor.shape[0]
    active = xp.arange(signs.shape[0], device=signs.device)
    for _ in range(max_iter):
        worst = xp.argmin(margins, axis=1)
        margin = xp.min(margins, axis=1)
        unsolved = margin <= SLACK
        if not bool(xp.any(unsolved)):
            break
        active, worst, margin = active[unsolved], worst[unsolved], margin[unsolved]
        signs, margins, normals = signs[unsolved], margins[unsolved], normals[unsolved]
        rows = xp.arange(active.shape[0], device=active.device)
        step = (OVERSHOOT * (target - margin) * signs[rows, worst])[:, None]
        normals = normals + step * xp.take(factor, worst, axis=0)
        margins = margins + step * signs * xp.take(gram, worst, axis=0)
        wrong = _count_wrong(margins)
        better = wrong < fewest[active]
        best[active[better]], fewest[active[better]] = normals[better], wrong[better]
    return _unit(best)


def separate(factor: Array, signs: Array) -> tuple[Array, bool]:
    r"""Normal of largest margin for one code, or a proof that there is none.

    The point of least norm in the convex hull of the signed rows either has a positive inner product with each of
    them, or is zero (Gordan 1873). It is found by non-negative least squares.
    """
    from scipy.optimize import nnls

    signed = to_host(factor * signs[:, None])
    system = np.vstack([signed.T, np.ones(signed.shape[0])])
    goal = np.zeros(system.shape[0])
    goal[-1] = 1.0
    weights = nnls(system, goal, maxiter=50 * system.shape[1])[0]
    normal = weights @ signed
    normal /= max(float(np.linalg.norm(normal)), np.finfo(np.float64).tiny)
    return from_host(normal, factor), bool((signed @ normal).min() > SLACK)


def posterior(factor: Array, signs: Array, normals: Array, key: int, first: int = 0, sweeps: int = SWEEPS) -> Array:
    r"""Draw of :math:`r \sim N(0, I)` given the signs, by Gibbs sampling from a solved start.

    Given the other coordinates, one coordinate is a standard normal truncated to the interval in which no margin
    changes its sign (Geweke 1991). Every sweep visits all coordinates.
    """
    return _unit(_gibbs(factor, signs, normals * factor.shape[1] ** 0.5, key, first, sweeps))


def _gibbs(factor: Array, signs: Array, normals: Array, key: int, first: int, sweeps: int) -> Array:
    xp, functions = namespace(signs), special(signs)
    columns = [xp.asarray(normals[:, j], copy=True) for j in range(factor.shape[1])]
    for sweep in range(sweeps):
        margins = signs * (xp.stack(columns, axis=1) @ factor.T)
        uniform = functions.ndtr(_noise(key + sweep, first, signs, len(columns)))
        for j, old in enumerate(columns):
            slope = signs * factor[:, j][None, :]
            low, high = _interval(margins, slope)
            new = _truncated_normal(functions, low + old, high + old, uniform[:, j])
            margins = margins + slope * (new - old)[:, None]
            columns[j] = new
    return xp.stack(columns, axis=1)


def _noise(key: int, first: int, like: Array, columns: int) -> Array:
    """Standard normals for the codes from `first` on, a fixed row for each code."""
    module = kernels("sampling", like)
    noise = module.normals(key % 2**64, first, like.shape[0], columns, "float64", like)
    return from_host(noise, like) if isinstance(noise, np.ndarray) else noise


def _interval(margins: Array, slope: Array) -> tuple[Array, Array]:
    """Largest interval around 0 of moves that keep every margin positive, shape (n,) each."""
    xp = namespace(margins)
    reach = -margins / xp.where(slope == 0, 1.0, slope)
    low = xp.max(xp.where(slope > 0, reach, -xp.inf), axis=1)
    high = xp.min(xp.where(slope < 0, reach, xp.inf), axis=1)
    return xp.minimum(low, xp.zeros_like(low)), xp.maximum(high, xp.zeros_like(high))


def _truncated_normal(functions: object, low: Array, high: Array, uniform: Array) -> Array:
    """Quantile `uniform` of the standard normal between `low` and `high`, taken in the lower tail for accuracy."""
    xp = namespace(low)
    mirrored = low > 0
    start, stop = xp.where(mirrored, -high, low), xp.where(mirrored, -low, high)
    below, above = functions.ndtr(start), functions.ndtr(stop)  # type: ignore[attr-defined]
    value = functions.ndtri(below + uniform * (above - below))  # type: ignore[attr-defined]
    inside = xp.minimum(xp.maximum(value, start), stop)
    return xp.where(mirrored, -inside, inside)


def invert_signs(factor: Array, signs: Array, method: str, key: int, first: int = 0) -> tuple[Array, Array]:
    """Unit normals (n, rank) for the `signs`, and which codes were proved infeasible (n,).

    Code `k` uses row ``first + k`` of the noise of `key`.
    """
    xp = namespace(signs)
    infeasible = xp.zeros(signs.shape[0], dtype=xp.bool, device=signs.device)
    if method == "centroid":
        return centroid(factor, signs), infeasible
    if method == "least_squares":
        return least_squares(factor, signs), infeasible
    normals = perceptron(factor, signs)
    for k in xp.nonzero(_count_wrong(signs * (normals @ factor.T)) > 0)[0]:
        normal, found = separate(factor, signs[k])
        infeasible[k] = not found
        if found:
            normals[k] = normal
    if method == "posterior":
        normals = xp.where(infeasible[:, None], normals, posterior(factor, signs, normals, key, first))
    return normals, infeasible


METHODS = ("perceptron", "posterior", "centroid", "least_squares")


def _count_wrong(margins: Array) -> Array:
    """Rows that round to the wrong side, the boundary's flip included; the boundary itself counts as one."""
    xp = namespace(margins)
    wrong = margins <= SLACK
    rest = xp.count_nonzero(wrong[:, 1:], axis=1)
    return xp.where(wrong[:, 0], wrong.shape[1] - rest, rest)


def _unit(normals: Array) -> Array:
    xp = namespace(normals)
    length = xp.linalg.vector_norm(normals, axis=1, keepdims=True)
    return normals / xp.where(length > 0, length, 1.0)
