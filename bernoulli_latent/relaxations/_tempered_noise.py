"""The noise of the binary Concrete distribution in the form that quadrature likes.

The mean ``E S((a + L) / temperature)`` equals ``E S(m + s L)`` with the spread `s`, the smaller of the temperature and
its inverse: it is the probability that ``temperature L' - L < a`` for two logistic variables, which may change roles.
"""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula

__all__ = ["NODES", "centre", "mean_by_centre", "mean_by_spread", "spread"]

NODES = {"double": (80, 16), "single": (24, 7)}
"""Nodes and stretch of the rules: absolute errors below 1e-16 and 1e-8."""


@formula
def spread(f: Any, temperature: Any) -> Any:
    """The smaller of the temperature and its inverse."""
    return f.where(temperature < 1, temperature, 1 / temperature)


@formula
def centre(f: Any, logits: Any, temperature: Any) -> Any:
    """`m` such that the mean is ``E S(m + s L)`` with the spread `s`."""
    return logits / f.where(temperature < 1, 1.0, temperature)


@formula
def mean_by_centre(f: Any, logits: Any, temperature: Any) -> Any:
    m, s = centre(f, logits, temperature), spread(f, temperature)
    return f.half_logistic_mean(lambda v, tail: (f.sigmoid_slope(m + s * v) + f.sigmoid_slope(m - s * v)) / 2, **NODES)


@formula
def mean_by_spread(f: Any, logits: Any, temperature: Any) -> Any:
    """E L S'(m + s L), of one sign: the difference of the slopes at ``m + d`` and ``m - d`` written as a product."""
    side, s = f.side(logits), spread(f, temperature)
    m = side * centre(f, logits, temperature)  # not the absolute value, whose derivative at 0 would be 0
    total = f.half_logistic_mean(
        lambda v, tail: v * f.expm1(-2 * s * v) * f.sigmoid_slope(m - s * v) * f.sigmoid(m + s * v) ** 2, **NODES
    )
    return -side * f.expm1(-2 * m) * total / 2
