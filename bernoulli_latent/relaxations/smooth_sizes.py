"""Means over the size of a standard logistic variable, of functions that bend sharply far from zero.

Given the size `y`, the logit of the sign of a SmoothStepLogistic variable is nearly the smaller of `logits` and
``w = sharpness * y``. It bends at the corner ``w = |logits|`` within a width of about 1, wherever that is.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

from bernoulli_latent._namespaces.quadrature import legendre_rule

__all__ = ["SIZE", "SPREAD", "size_mean", "wide_size_mean"]

_TAIL = {"double": (48, 7), "single": (16, 6)}
_NODES = {"double": 104, "single": 48}
_WIDE_NODES = {"double": 200, "single": 128}
_NEAR = 6.0
"""Corners up to here are resolved by the rule of the tail alone, if they have one scale."""
_END = 45.0
"""Beyond such a size no mass is left."""


class Measure(NamedTuple):
    """Density of a measure on sizes ``y >= 0``, and its mass beyond `y`."""

    density: Any
    beyond: Any


SIZE = Measure(lambda f, y: 2 * f.sigmoid_slope(y), lambda f, y: 2 * f.sigmoid(-y))
"""The law of the size ``|L|``."""

SPREAD = Measure(
    lambda f, y: 2 * f.sigmoid_slope(y) * (y * f.tanh_half(y) - 1), lambda f, y: 2 * y * f.sigmoid_slope(y)
)
"""Derivative of the law of ``sharpness |L|`` by the logarithm of `sharpness`."""


def size_mean(f, integrand, sharpness, limit, corners=(), measure=SIZE):
    """Integral of ``integrand(sharpness |L|)``, which goes to `limit`, over standard logistic `L`.

    `corners` are up to two logits where the integrand bends.
    """
    low, total = 0.0 * sharpness, 0.0
    for high in _sizes(f, [(corner, sharpness) for corner in corners], _NEAR) if corners else ():
        total = total + _panel(f, lambda y: integrand(sharpness * y), measure, low, high, 1 + sharpness, _NODES)
        low = high
    return total + _tail(f, integrand, sharpness, limit, low, measure)


def wide_size_mean(f, integrand, corners):
    """Mean of ``integrand(|L|)``, which bends for each of two `corners` where ``sharpness |L|`` is ``|logits|``."""
    rate, low, total = 1 + f.maximum(*(sharpness for _, sharpness in corners)), 0.0 * corners[0][1], 0.0
    first, second = _sizes(f, corners, 0.0)
    for high in (first, second, second + _END):
        total = total + _panel(f, integrand, SIZE, low, high, rate, _WIDE_NODES)
        low = high
    return total


def _sizes(f, corners, near):
    """Sizes of the `corners` in order, none beyond what can matter; 0 if all are `near`."""
    far, sizes = reduce(f.maximum, [f.abs(logits) for logits, _ in corners], 0.0 * corners[0][1]) > near, []
    for logits, sharpness in corners:
        # Integrands grow at most as exp(sharpness y), and the density falls as exp(-y).
        end = f.where(sharpness < 0.5, 2 * _END, 1.3 * f.max_exponent)
        sizes.append(f.minimum(f.where(far, f.abs(logits), 0.0) / sharpness, end))
    return [reduce(f.minimum, sizes), reduce(f.maximum, sizes)][-len(sizes) :]


def _tail(f, integrand, sharpness, limit, start, measure):
    """Integral beyond `start`."""
    # Above 1 the integrand is at its limit long before the sizes end: the integral is that of what it lacks.
    rate, ceiling = f.maximum(sharpness, 1.0), f.where(sharpness > 1, limit, 0.0)

    def weighted(v):
        size = start + v / rate
        return f.exp(v + 0 * rate) * measure.density(f, size) / rate * (integrand(sharpness * size) - ceiling)

    return ceiling * measure.beyond(f, start) + f.exponential_mean(weighted, **_TAIL)


def _panel(f, integrand, measure, low, high, rate, nodes):
    """Integral from `low` to `high` of what changes within ``1 / rate`` near either end, and slowly between.

    Gauss-Legendre nodes in ``arsinh((y - low) rate) - arsinh((high - y) rate)``, of which `y` is a closed form.
    """
    if f.settled(high <= low):
        return 0.0
    half = (high - low) * rate / 2
    reach = f.log(2 * half + f.sqrt(1 + 4 * half * half))

    def term(up, down):
        swing = f.exp((up - down) * reach / 2)
        lean = 2 * half / (swing + 1 / swing)
        lean = lean + f.sqrt(1 + lean * lean)
        left, right = lean * swing, lean / swing
        size = low + (left - 1 / left) / (2 * rate)
        return measure.density(f, size) * integrand(size) / (1 / (left + 1 / left) + 1 / (right + 1 / right))

    return reach / rate * f.weighted_sum(term, legendre_rule(f.by_precision(**nodes)))
