"""Divergences between normal distributions, and between their monotone maps."""

from __future__ import annotations

from bernoulli_latent._formula import formula
from bernoulli_latent.divergences.pairs import closed_form
from bernoulli_latent.relaxations.logit_normal import LogitNormal
from bernoulli_latent.relaxations.normal import Normal

__all__ = ["normal_normal"]


@closed_form(LogitNormal, LogitNormal)
@closed_form(Normal, Normal)
@formula
def normal_normal(f, p_loc, p_scale, q_loc, q_scale):
    """Sum of positive terms, ``(shift^2 + excess^2) / 2 + excess - log(1 + excess)``.

    A monotone map of both variables, as to (0, 1), changes nothing.
    """
    shift, excess, ratio = (p_loc - q_loc) / q_scale, (p_scale - q_scale) / q_scale, p_scale / q_scale
    near, extreme = f.abs(excess) < 0.5, (ratio < f.tiny) | (ratio == f.infinity)
    log_ratio = f.where(extreme, f.log(p_scale) - f.log(q_scale), f.log(f.where(extreme, 1.0, ratio)))
    scales = f.where(near, -f.log1pmx(f.where(near, excess, 0.0)), excess - log_ratio)
    return (shift**2 + excess**2) / 2 + scales


@normal_normal.differentiate("p_loc")
def _(f, value, p_loc, p_scale, q_loc, q_scale):
    return (p_loc - q_loc) / q_scale / q_scale


@normal_normal.differentiate("q_loc")
def _(f, value, p_loc, p_scale, q_loc, q_scale):
    return (q_loc - p_loc) / q_scale / q_scale


@normal_normal.differentiate("p_scale")
def _(f, value, p_loc, p_scale, q_loc, q_scale):
    excess = (p_scale - q_scale) / q_scale
    return excess * (1 / p_scale + 1 / q_scale)


@normal_normal.differentiate("q_scale")
def _(f, value, p_loc, p_scale, q_loc, q_scale):
    shift, excess = (p_loc - q_loc) / q_scale, (p_scale - q_scale) / q_scale
    return -(excess * (2 + excess) + shift**2) / q_scale
