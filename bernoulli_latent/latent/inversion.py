r"""From a binary latent back to a hyperplane normal that rounds to it.

Throughout, `factor` (R, rank) holds the unit rows of the model, `signs` (n, R) the side on which the normal of
each code has to see them, and a code is *solved* if every margin :math:`t_i\, v_i \cdot r` is positive. Row 0 is
the boundary, whose sign is always +1: normals found so round alike with and without the boundary's flip. Where
:func:`solve` says so, a sign may be 0: either side will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_bouncing import products

__all__ = ["METHODS", "InversionReport", "invert_signs", "noise", "solve"]

SLACK = 1e-9
"""Margins below this, for normals of unit length, are not told from zero."""

OVERSHOOT = 1.5


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
    `max_iter` steps keep the normal with the fewest wrong rows. Rows of sign 0 are passed over.
    """
    xp = namespace(signs)
    normals = _unit(products(signs, factor.T))
    margins = xp.where(signs == 0, xp.inf, signs * products(normals, factor))
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


def noise(key: int, first: int, like: Array, columns: int) -> Array:
    """Standard normals for the codes from `first` on, a fixed row for each code."""
    module = kernels("sampling", like)
    table = module.normals(key % 2**64, first, like.shape[0], columns, "float64", like)
    return from_host(table, like) if isinstance(table, np.ndarray) else table


def solve(factor: Array, signs: Array) -> tuple[Array, Array]:
    """Unit normals (n, rank) on the right side of every row of sign +1 or -1, and which codes have none (n,).

    The perceptron first; what it leaves unsolved is solved, or proved infeasible, by :func:`separate`. The rows may
    have any length.
    """
    xp = namespace(signs)
    infeasible = xp.zeros(signs.shape[0], dtype=xp.bool, device=signs.device)
    factor = _unit(factor)
    normals = perceptron(factor, signs)
    unsolved = xp.any((signs != 0) & (signs * (normals @ factor.T) <= SLACK), axis=1)
    for k in xp.nonzero(unsolved)[0]:
        known = signs[k] != 0
        normal, found = separate(factor[known], signs[k][known])
        infeasible[k] = not found
        if found:
            normals[k] = normal
    return normals, infeasible


def invert_signs(factor: Array, signs: Array, method: str) -> tuple[Array, Array]:
    """Unit normals (n, columns) for the `signs` by one of METHODS, and which codes were proved infeasible (n,)."""
    if method == "perceptron":
        return solve(factor, signs)
    unknown = namespace(signs).zeros(signs.shape[0], dtype=namespace(signs).bool, device=signs.device)
    return (centroid if method == "centroid" else least_squares)(factor, signs), unknown


METHODS = ("perceptron", "centroid", "least_squares")


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
