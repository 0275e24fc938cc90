"""Probabilities that two bits are 1 together, from the ways in which pairs are described."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array, as_array, namespace
from bernoulli_latent._checks import as_real, check_same_place, check_symmetric, first_offence

__all__ = ["check_probabilities", "joint_probabilities", "second_moment"]


def check_probabilities(probabilities: Any) -> Array:
    """`probabilities` as a float64 vector in [0, 1]."""
    p = as_real(probabilities, "probabilities")
    xp = namespace(p)
    if p.ndim != 1 or p.shape[0] == 0:
        raise ValueError(f"`probabilities` must have shape (n_bits,); got shape {tuple(p.shape)}")
    offence = first_offence(~((p >= 0) & (p <= 1)))
    if offence is not None:
        raise ValueError(f"`probabilities` must lie in [0, 1]; got {float(p[offence])} at index {offence}")
    return xp.astype(p, xp.float64)


def second_moment(p: Array, q: Array, joint: Array) -> Array:
    """Second moments of {-1, +1} bits that are +1 with probabilities `p`, `q` and, both of them, `joint`."""
    return 4 * joint - 2 * (p + q) + 1


def joint_probabilities(p: Array, name: str, value: Any) -> Array:
    """Matrix of P(both 1) for marginals `p`, where `value` is the ``correlation``, ``joint`` or ``odds_ratio``."""
    array = as_array(value, name)
    check_same_place(array, name, p, "probabilities")
    xp = namespace(p)
    if name == "odds_ratio" and array.ndim == 2 and array.shape[0] == array.shape[1]:
        diagonal = xp.eye(array.shape[0], dtype=xp.bool, device=array.device)
        array = xp.where(diagonal, xp.ones_like(array), array)
    matrix = xp.astype(check_symmetric(array, name), xp.float64)
    if matrix.shape[0] != p.shape[0]:
        shape = tuple(matrix.shape)
        raise ValueError(f"`{name}` must be {(p.shape[0],) * 2} like `probabilities`; got shape {shape}")
    return _DESCRIPTIONS[name](xp, p, matrix)


def _from_correlation(xp: Any, p: Array, phi: Array) -> Array:
    offence = first_offence(~(xp.abs(phi) <= 1))
    if offence is not None:
        raise ValueError(f"`correlation` must lie in [-1, 1]; got {float(phi[offence])} at index {offence}")
    offence = first_offence(xp.abs(xp.linalg.diagonal(phi) - 1) > 1e-6)
    if offence is not None:
        value = float(phi[offence * 2])
        raise ValueError(
            f"the diagonal of `correlation` must be 1; got {value} at index {offence * 2}. Is it a covariance?"
        )
    deviation = xp.sqrt(p * (1 - p))
    return p[:, None] * p[None, :] + phi * deviation[:, None] * deviation[None, :]


def _as_given(xp: Any, p: Array, joint: Array) -> Array:
    offence = first_offence(~((joint >= 0) & (joint <= 1)))
    if offence is not None:
        raise ValueError(f"`joint` must lie in [0, 1]; got {float(joint[offence])} at index {offence}")
    offence = first_offence(xp.abs(xp.linalg.diagonal(joint) - p) > 1e-6)
    if offence is not None:
        i = offence[0]
        raise ValueError(
            f"the diagonal of `joint` must equal `probabilities`; got {float(joint[i, i])} and {float(p[i])} "
            f"at index {i}"
        )
    return joint


def _from_odds_ratio(xp: Any, p: Array, odds: Array) -> Array:
    off_diagonal = xp.eye(p.shape[0], dtype=xp.float64, device=p.device) == 0
    offence = first_offence(~(odds >= 0) & off_diagonal)
    if offence is not None:
        raise ValueError(f"`odds_ratio` must be non-negative; got {float(odds[offence])} at index {offence}")
    # Above 1 it is the odds ratio of y_i and the complement of y_j, below 1, that does not overflow.
    complemented = odds > 1
    q = xp.where(complemented, 1 - p[None, :], p[None, :])
    ratio = xp.where(complemented, 1 / xp.where(complemented, odds, 1.0), odds)
    joint = _root_of_plackett(xp, p[:, None], q, ratio)
    return xp.where(complemented, p[:, None] - joint, joint)


def _root_of_plackett(xp: Any, p: Array, q: Array, odds: Array) -> Array:
    """Solution x of odds = x (1 - p - q + x) / ((p - x)(q - x)) for odds in [0, 1], without cancellation."""
    linear = 1 - (1 - odds) * (p + q)
    root = xp.sqrt(linear**2 + 4 * odds * (1 - odds) * p * q)
    positive = linear > 0
    first = 2 * odds * p * q / xp.where(positive, linear + root, 1.0)
    second = (root - linear) / xp.where(positive, 1.0, 2 * (1 - odds))
    return xp.where(positive, first, second)


_DESCRIPTIONS = {
    "correlation": _from_correlation,
    "joint": _as_given,
    "odds_ratio": _from_odds_ratio,
}
