"""Structures from what a user gives, with the message a user needs where no such Gaussian vector exists."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._arrays import Array, as_array, is_torch, namespace
from bernoulli_latent._checks import as_real, check_same_place, check_symmetric, first_offence
from bernoulli_latent.correlation.joint import check_probabilities
from bernoulli_latent.samplers.structured.structures import Autoregression, Exchangeable, Factors, Groups

__all__ = ["autoregression", "bit_numbers", "check_probabilities", "exchangeable", "factors", "groups"]

ROUNDING = 1e-12
"""How far beyond a bound a number may lie before it is an error."""


def factors(p: Array, loadings: Any) -> Factors:
    """Common factors for bits of marginals `p`."""
    rows = _placed(loadings, "loadings", p)
    if rows.ndim != 2 or rows.shape[0] != p.shape[0] or rows.shape[1] == 0:
        raise ValueError(f"`loadings` must have shape ({p.shape[0]}, d), d >= 1; got shape {tuple(rows.shape)}")
    length = namespace(rows).linalg.vector_norm(rows, axis=1)
    offence = first_offence(length > 1 + ROUNDING)
    if offence is not None:
        raise ValueError(
            f"`loadings` must have rows of length at most 1; got {float(length[offence]):.6g} at index {offence}. "
            "What they leave of the variance 1 is noise."
        )
    return Factors(rows)


def exchangeable(p: Array, correlation: Any, latent_correlation: Any) -> Exchangeable:
    """One correlation for all pairs."""
    name, given = _only_one(correlation, latent_correlation)
    rho = _placed(given, name, p)
    if rho.ndim != 0:
        raise ValueError(f"`{name}` must be a number; got shape {tuple(rho.shape)}")
    _check_within(rho, name)
    if name == "correlation":
        _check_equal(p, namespace(p).zeros_like(p, dtype=namespace(p).int64), p[:1])
        rho = _latent(p[0], p[0], rho)
    n = p.shape[0]
    low = -1 / (n - 1) if n > 1 else -1.0
    if float(rho) < low - ROUNDING:
        asked = "" if name == "latent_correlation" else f", which asks for the latent correlation {float(rho):.6g}"
        raise ValueError(
            f"`{name}` must leave the latent correlation of {n} variables at -1 / (n - 1) = {low:.6g} or above; "
            f"got {float(as_array(given, name)):.6g}{asked}"
        )
    return Exchangeable(namespace(rho).clip(rho, low, 1.0))


def autoregression(p: Array, correlation: Any, latent_correlation: Any) -> Autoregression:
    """Correlation of each variable with the next one."""
    name, given = _only_one(correlation, latent_correlation)
    rho, n = _placed(given, name, p), p.shape[0]
    if rho.ndim > 1 or (rho.ndim == 1 and rho.shape[0] != n - 1):
        raise ValueError(f"`{name}` must be a number or have shape ({n - 1},); got shape {tuple(rho.shape)}")
    _check_within(rho, name)
    rho = rho + namespace(rho).zeros_like(p[1:])
    return Autoregression(rho if name == "latent_correlation" else _latent(p[:-1], p[1:], rho))


def groups(p: Array, members: Any, correlation: Any, latent_correlation: Any) -> Groups:
    """Correlations within and between groups."""
    name, given = _only_one(correlation, latent_correlation)
    between = check_symmetric(_placed(given, name, p), name)
    xp, n_groups = namespace(p), between.shape[0]
    labels = _read_groups(members, p, n_groups, name)
    _check_within(between, name)
    if name == "correlation":
        own = xp.stack([_marginal(p, labels, group) for group in range(n_groups)])
        _check_equal(p, labels, own)
        between = _latent(own[:, None], own[None, :], between)
    smallest = float(xp.linalg.eigvalsh(between)[0])
    if smallest < -ROUNDING * n_groups:
        subject = "be" if name == "latent_correlation" else "ask for latent correlations that are"
        raise ValueError(
            f"`{name}` must {subject} positive semidefinite, those within groups on the diagonal; got the smallest "
            f"eigenvalue {smallest:.6g}. Is the diagonal too small?"
        )
    return Groups(labels, between)


def _only_one(correlation: Any, latent_correlation: Any) -> tuple[str, Any]:
    given = {"correlation": correlation, "latent_correlation": latent_correlation}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise ValueError(f"give one of `correlation`, `latent_correlation`; got {' and '.join(given) or 'neither'}")
    return next(iter(given.items()))


def _placed(x: Any, name: str, p: Array) -> Array:
    """Finite float64 array where `p` is; numbers and lists go there, arrays must be there."""
    if is_torch(p) and not is_torch(x) and isinstance(x, int | float | list | tuple):
        x = namespace(p).asarray(x, dtype=namespace(p).float64, device=p.device)
    array = as_real(x, name)
    check_same_place(array, name, p, "probabilities")
    return namespace(p).astype(array, namespace(p).float64)


def _check_within(rho: Array, name: str) -> None:
    rho = namespace(rho).atleast_1d(rho)
    offence = first_offence(~(namespace(rho).abs(rho) <= 1))
    if offence is not None:
        raise ValueError(f"`{name}` must lie in [-1, 1]; got {float(rho[offence]):.6g} at index {offence}")


def _check_equal(p: Array, labels: Array, own: Array) -> None:
    """Refuse marginals that differ from those of their group."""
    offence = first_offence(namespace(p).abs(p - own[labels]) > ROUNDING)
    if offence is not None:
        group = int(labels[offence])
        raise ValueError(
            "`probabilities` must be equal wherever `correlation` is one number for many pairs; got "
            f"{float(p[offence]):.6g} at index {offence} and {float(own[group]):.6g} before it. "
            "With different ones, give `latent_correlation`."
        )


def _marginal(p: Array, labels: Array, group: int) -> Array:
    """Marginal of the first member; of a group without members, any."""
    members = namespace(p).nonzero(labels == group)[0]
    return p[members[0]] if members.shape[0] else p[0]


def _read_groups(members: Any, p: Array, n_groups: int, name: str) -> Array:
    xp = namespace(p)
    if is_torch(p) and not is_torch(members) and isinstance(members, list | tuple):
        members = xp.asarray(members, device=p.device)
    labels = as_array(members, "groups")
    check_same_place(labels, "groups", p, "probabilities")
    if not xp.isdtype(labels.dtype, "integral"):
        raise TypeError(f"`groups` must hold integers; got dtype {labels.dtype}")
    if tuple(labels.shape) != tuple(p.shape):
        raise ValueError(f"`groups` must have shape {tuple(p.shape)}; got shape {tuple(labels.shape)}")
    labels = xp.astype(labels, xp.int64)
    offence = first_offence((labels < 0) | (labels >= n_groups))
    if offence is not None:
        raise ValueError(
            f"`groups` must lie in [0, {n_groups}), the rows of `{name}`; got {int(labels[offence])} at index {offence}"
        )
    return labels


def bit_numbers(x: Any, name: str, n_bits: int, like: Array) -> Array:
    """Numbers of bits as an integer array where `like` is; numbers and lists go there, arrays must be there."""
    xp, numbers = namespace(like), as_array(x, name)
    if not namespace(numbers).isdtype(numbers.dtype, "integral"):
        raise TypeError(f"`{name}` must hold integers, numbers of bits; got dtype {numbers.dtype}")
    if isinstance(x, int | list | tuple | range):
        numbers = xp.asarray(numbers, device=like.device)
    check_same_place(numbers, name, like, "probabilities")
    flat = xp.atleast_1d(numbers)
    offence = first_offence((flat < 0) | (flat >= n_bits))
    if offence is not None:
        raise ValueError(f"`{name}` must lie in [0, {n_bits}), the bits; got {int(flat[offence])} at index {offence}")
    return numbers


def _latent(p: Array, q: Array, phi: Array) -> Array:
    """Latent correlations for binary correlations `phi` of bits with marginals `p` and `q`."""
    from bernoulli_latent.correlation.tetrachoric import tetrachoric_correlation

    xp = namespace(p)
    deviation = xp.sqrt(p * (1 - p) * q * (1 - q))
    joint = p * q + phi * deviation
    low, high = xp.clip(p + q - 1, 0.0, None), xp.minimum(p, q)
    offence = first_offence(xp.atleast_1d((joint < low - ROUNDING) | (joint > high + ROUNDING)))
    if offence is not None:
        every = xp.broadcast_arrays(phi, p, q, low, high, deviation)
        worst = [float(xp.atleast_1d(x)[offence]) for x in every]
        value, first, second, least, most, scale = worst
        bounds = f"[{(least - first * second) / scale:.6g}, {(most - first * second) / scale:.6g}]"
        raise ValueError(
            f"`correlation` must lie in {bounds} for bits with probabilities {first:.6g} and {second:.6g}; "
            f"got {value:.6g} at index {offence}"
        )
    return tetrachoric_correlation(p, q, xp.clip(joint, low, high))
