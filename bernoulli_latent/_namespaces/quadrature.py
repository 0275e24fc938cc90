"""Nodes and weights of quadrature rules, found in 40 digits and rounded once."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from functools import cache

__all__ = ["exponential_rule"]


@cache
def exponential_rule(n_nodes: int, stretch: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights for the mean of a function of a standard exponential variable.

    Gauss-Legendre nodes ``x`` on (0, 1) go to ``v = -stretch log(1 - x)``: the weights are positive and have the sum 1.
    """
    with localcontext() as context:
        context.prec = 40
        pairs = [_legendre(n_nodes, k) for k in range(n_nodes)]
        return tuple(
            (float(-stretch * ((1 - x) / 2).ln()), float(stretch * ((1 - x) / 2) ** (stretch - 1) * w / 2))
            for x, w in pairs
        )


def _legendre(n_nodes: int, k: int) -> tuple[Decimal, Decimal]:
    """Node number `k` of the Gauss-Legendre rule on (-1, 1) and its weight, by Newton's method."""
    x = Decimal(-math.cos(math.pi * (k + 0.75) / (n_nodes + 0.5)))
    for _ in range(6):
        before, value = Decimal(1), x
        for degree in range(2, n_nodes + 1):
            before, value = value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
        slope = n_nodes * (before - x * value) / (1 - x * x)
        x -= value / slope
    return x, 2 / ((1 - x * x) * slope * slope)
