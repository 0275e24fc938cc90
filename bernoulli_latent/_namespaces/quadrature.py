"""Nodes and weights of quadrature rules, found in 40 digits and rounded once."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import cache, wraps
from typing import TypeVar

__all__ = ["decreasing_rule", "exponential_rule", "half_logistic_rule", "legendre_rule", "normal_rule"]

Rule = TypeVar("Rule")


def remembered(make: Callable[..., Rule]) -> Callable[..., Rule]:
    """`make` with a memory, as a plain function, which ``torch.compile`` can be told to take for a constant."""
    known = cache(make)

    @wraps(make)
    def rule(*numbers: int) -> Rule:
        return known(*numbers)

    return rule


@remembered
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


@remembered
def legendre_rule(n_nodes: int) -> tuple[tuple[float, float, float], ...]:
    """Gauss-Legendre nodes ``x`` on (0, 1), ``1 - x`` and weights."""
    with localcontext() as context:
        context.prec = 40
        pairs = [_legendre(n_nodes, k) for k in range(n_nodes)]
        return tuple((float((1 + x) / 2), float((1 - x) / 2), float(w / 2)) for x, w in pairs)


@remembered
def half_logistic_rule(n_nodes: int, stretch: int) -> tuple[tuple[float, float, float], ...]:
    """Nodes ``v``, ``sigmoid(-v)`` and weights for the mean over the size of a standard logistic variable."""
    tails = [(v, 1 / (1 + math.exp(v)), weight) for v, weight in exponential_rule(n_nodes, stretch)]
    return tuple((v, tail, 2 * weight * (1 - tail) ** 2) for v, tail, weight in tails)


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


@remembered
def normal_rule(reach: int, nodes_per_unit: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights for the mean of a smooth function of a standard normal variable, by the trapezoidal rule."""
    nodes = (k / nodes_per_unit for k in range(-reach * nodes_per_unit, reach * nodes_per_unit + 1))
    return tuple((x, math.exp(-x * x / 2) / math.sqrt(2 * math.pi) / nodes_per_unit) for x in nodes)


@remembered
def decreasing_rule(n_nodes: int) -> tuple[tuple[float, float], ...]:
    """Nodes and weights for the integral over (0, 1) of a function that falls to nothing, as densities do.

    Gauss-Legendre nodes ``x`` on (0, 1) go to ``x (1 + x) / 2``, so more of them lie at the left.
    """
    return tuple((x * (1 + x) / 2, (x + 0.5) * weight) for x, _, weight in legendre_rule(n_nodes))
