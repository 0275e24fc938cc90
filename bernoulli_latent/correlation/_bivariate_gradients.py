"""Gradients of the bivariate normal distribution function and of its inverse, for torch.

Backward passes are made of differentiable operations, so second derivatives come from them. This module imports
torch and is itself imported by the functions that were handed tensors.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from bernoulli_latent._kernels import kernels
from bernoulli_latent._kernels.generic_wedge import EDGE, feet, half_angle, normal_cdf

__all__ = ["cdf", "correlation"]

Tensor = torch.Tensor


def cdf(h: Tensor, k: Tensor, rho: Tensor) -> Tensor:
    """P(x <= h, y <= k), differentiable."""
    return _Cdf.apply(h, k, rho)  # type: ignore[no-any-return, no-untyped-call]


def correlation(p_i: Tensor, p_j: Tensor, p_ij: Tensor, slack: float) -> Tensor:
    """Tetrachoric correlation, differentiable; constant bits and correlations of -1 and 1 have the gradient zero."""
    return _Correlation.apply(p_i, p_j, p_ij, slack)  # type: ignore[no-any-return, no-untyped-call]


class _Cdf(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor, k: Tensor, rho: Tensor) -> Tensor:
        ctx.save_for_backward(h, k, rho)
        return kernels("bivariate", h).cdf(h, k, rho)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (gradient,), (h, k, rho) = gradients, ctx.saved_tensors
        h, k = h.clamp(-EDGE, EDGE), k.clamp(-EDGE, EDGE)
        a, b, sine = _geometry(h, k, rho)
        density = torch.exp(-(h * h + a * a) / 2) / (2 * math.pi * sine)
        return (
            gradient * _phi(h) * normal_cdf(a),
            gradient * _phi(k) * normal_cdf(b),
            gradient * density,
        )


class _Correlation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, p_i: Tensor, p_j: Tensor, p_ij: Tensor, slack: float) -> Tensor:
        rho = kernels("bivariate", p_i).correlation(p_i, p_j, p_ij, slack)
        ctx.save_for_backward(p_i, p_j, rho)
        return rho  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Implicit differentiation of Phi2(h, k; rho) = p_ij; Phi(a) exp(a^2 / 2) is kept as one function."""
        (gradient,), (p_i, p_j, rho) = gradients, ctx.saved_tensors
        fixed = (p_i <= 0) | (p_i >= 1) | (p_j <= 0) | (p_j >= 1) | (rho.abs() == 1)
        h, k = (torch.special.ndtri(torch.where(fixed, 0.5, p)) for p in (p_i, p_j))
        a, b, sine = _geometry(h, k, torch.where(fixed, 0.0, rho))
        by_first = -math.pi * sine * torch.exp(h * h / 2) * torch.special.erfcx(-a * math.sqrt(0.5))
        by_second = -math.pi * sine * torch.exp(k * k / 2) * torch.special.erfcx(-b * math.sqrt(0.5))
        by_joint = 2 * math.pi * sine * torch.exp((h * h + a * a) / 2)
        first, second, joint = (gradient * torch.where(fixed, 0.0, _finite(d)) for d in (by_first, by_second, by_joint))
        return first, second, joint, None


def _geometry(h: Tensor, k: Tensor, rho: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(k - rho h) / s, (h - rho k) / s and s = sqrt(1 - rho^2), which is not zero."""
    t = half_angle(rho)
    sine = 2 / (t + 1 / t)
    return *feet(torch, h, k, t, sine), sine


def _phi(x: Tensor) -> Tensor:
    return torch.exp(-x * x / 2) * (1 / math.sqrt(2 * math.pi))


def _finite(x: Tensor) -> Tensor:
    """Infinite derivatives as a very large number, so that an element nobody asked for stays zero and not NaN."""
    largest = torch.finfo(x.dtype).max ** 0.5
    return x.clamp(-largest, largest)
