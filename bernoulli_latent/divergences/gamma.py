"""Divergences of gamma, inverse gamma and normal-gamma distributions, as sums of terms that are not negative."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula
from bernoulli_latent.divergences.pairs import closed_form
from bernoulli_latent.relaxations.gamma import Gamma
from bernoulli_latent.relaxations.inverse_gamma import InverseGamma
from bernoulli_latent.relaxations.normal_gamma import NormalGamma

__all__ = ["kl_gamma", "kl_normal_gamma"]


@closed_form(InverseGamma, InverseGamma)
@closed_form(Gamma, Gamma)
@formula
def kl_gamma(f: Any, p_concentration: Any, p_rate: Any, q_concentration: Any, q_rate: Any) -> Any:
    """KL divergence of gamma distributions, and so of their inverses.

    With ``m`` the ratio of the means it is ``q_concentration (m - 1 - log m)`` and a divergence of the shapes alone.
    """
    step = _mean_step(f, p_concentration, p_rate, q_concentration, q_rate)
    log_ratio = _log_mean_ratio(f, p_concentration, p_rate, q_concentration, q_rate)
    return q_concentration * f.excess(step, log_ratio) + _between_shapes(f, p_concentration, q_concentration)


@kl_gamma.differentiate("p_concentration")
def _(f, value, p_concentration, p_rate, q_concentration, q_rate):
    ratio = q_concentration / p_concentration
    shapes = (p_concentration - q_concentration) / p_concentration * f.trigamma_gap(p_concentration)
    return shapes + ratio * _mean_step(f, p_concentration, p_rate, q_concentration, q_rate)


@kl_gamma.differentiate("p_rate")
def _(f, value, p_concentration, p_rate, q_concentration, q_rate):
    return -q_concentration / p_rate * _mean_step(f, p_concentration, p_rate, q_concentration, q_rate)


@kl_gamma.differentiate("q_concentration")
def _(f, value, p_concentration, p_rate, q_concentration, q_rate):
    step = _mean_step(f, p_concentration, p_rate, q_concentration, q_rate)
    near = f.abs(step) < 0.5
    far = _log_mean_ratio(f, p_concentration, p_rate, q_concentration, q_rate)
    log_ratio = f.where(near, f.log1p(f.where(near, step, 0.0)), far)
    return f.digamma_gap(p_concentration) - f.digamma_gap(q_concentration) - log_ratio


@kl_gamma.differentiate("q_rate")
def _(f, value, p_concentration, p_rate, q_concentration, q_rate):
    return q_concentration / q_rate * _mean_step(f, p_concentration, p_rate, q_concentration, q_rate)


@closed_form(NormalGamma, NormalGamma)
@formula
def kl_normal_gamma(f, p_loc, p_kappa, p_concentration, p_rate, q_loc, q_kappa, q_concentration, q_rate):
    """KL divergence of the precisions, and the mean divergence of the values given the precision."""
    spread = f.excess((q_kappa - p_kappa) / p_kappa, f.log_ratio(q_kappa, p_kappa))
    shift = (p_loc - q_loc) * (q_kappa * p_concentration / p_rate * (p_loc - q_loc))
    return kl_gamma(f, p_concentration, p_rate, q_concentration, q_rate) + (spread + shift) / 2


def _mean_step(f: Any, p_concentration: Any, p_rate: Any, q_concentration: Any, q_rate: Any) -> Any:
    """The ratio of the mean of `p` to that of `q`, less 1: of exact differences where the rates are near."""
    ratio = q_rate / p_rate
    near = f.abs(q_rate - p_rate) < 0.5 * p_rate
    exact = (p_concentration - q_concentration) / q_concentration * ratio + (q_rate - p_rate) / p_rate
    return f.where(near, exact, p_concentration / q_concentration * ratio - 1)


def _log_mean_ratio(f: Any, p_concentration: Any, p_rate: Any, q_concentration: Any, q_rate: Any) -> Any:
    return f.log_ratio(p_concentration, q_concentration) + f.log_ratio(q_rate, p_rate)


def _between_shapes(f: Any, p: Any, q: Any) -> Any:
    """Divergence of the concentrations `p` and `q` with rates that make the means equal.

    Small `p` is raised by 1 with ``Gamma(a + 1) = a Gamma(a)``.
    """
    small = p < 1
    first, second = f.where(small, p + 1, p), f.where(small, q + 1, q)
    raised = _half_excess(f, first, second, q - p) + _binet_divergence(f, first, second, q - p)
    back = second * f.excess((p - q) / second, f.log_ratio(first, second))
    lowered = 2 * _half_excess(f, p, q, q - p) + back - q * f.excess((p - q) / q, f.log_ratio(p, q))
    return raised + f.where(small, lowered, 0.0)


def _half_excess(f: Any, p: Any, q: Any, difference: Any) -> Any:
    return f.excess(difference / p, f.log_ratio(q, p)) / 2


def _binet_divergence(f: Any, p: Any, q: Any, difference: Any) -> Any:
    """Bregman divergence of Binet's remainder, ``r(q) - r(p) - r'(p) (q - p)``, for `p` of at least 1."""
    near = f.abs(difference) < 0.25 * p
    step = f.where(near, difference / p, 0.0)
    mean = f.exponential_mean(lambda w: f.binet_kernel(w / p) * f.expm1mx(-step * w), double=(28, 8), single=(10, 6))
    small = q < 1
    few, many = f.where(small, q, 0.5), f.where(small, q + 1, q)
    remainder = f.binet_remainder(many) + f.where(small, (few + 0.5) * f.log1p(1 / few) - 1, 0.0)
    return f.where(near, mean / p, remainder - f.binet_remainder(p) - difference * f.binet_slope(p))
