"""Means of the logistic function and its derivatives over a normal variable, by two quadratures.

For small scales it is the trapezoidal rule. For large ones ``E g(S(Y))`` goes over to a logistic variable `L`, as in
``E S(Y) = E ndtr((loc - L) / scale)``. In the left tail the factor ``exp(y)`` that the logistic function has there is
taken into the normal law, whose location it moves to ``loc + scale^2``; so small means keep their digits.
"""

from __future__ import annotations

from typing import Any

__all__ = ["curvature_mean", "log_slope_mean", "sigmoid_mean", "sigmoid_variance", "slope_mean"]

_NARROW = 2.0
"""Scales below it take the trapezoidal rule, whose error is about ``exp(-10 pi^2 / scale)`` with five nodes a unit."""
_NORMAL_RULE = {"double": (9, 5), "single": (7, 3)}
_LOGISTIC_RULE = {"double": (40, 8), "single": (16, 6)}


def _tilt(f: Any, loc: Any, scale: Any) -> tuple[Any, Any, Any]:
    """Whether the law is tilted by ``exp(y)`` and mirrored; the factor that this takes out and the new location."""
    half = scale**2 / 2
    left = loc < -half
    return left, f.exp(f.where(left, loc + half, 0.0)), f.where(left, -loc - 2 * half, loc)


def _expectation(f: Any, loc: Any, scale: Any, of_logit: Any, of_score: Any) -> Any:
    """Mean of a function of the logit, given after the tilt where there is one.

    It is ``of_logit(y, left)`` for the logit `y`; for large scales it is ``of_score(z, scale, left)`` for the score
    ``z = (loc - L) / scale`` of the logistic variable `L`.
    """
    left, factor, centre = _tilt(f, loc, scale)
    narrow, wide = f.minimum(scale, _NARROW), f.maximum(scale, _NARROW)
    small = f.normal_mean(lambda x: of_logit(centre + narrow * x, left), **_NORMAL_RULE)
    large = f.logistic_mean(lambda y: of_score((centre - y) / wide, wide, left), **_LOGISTIC_RULE)
    return factor * f.where(scale < _NARROW, small, large)


def sigmoid_mean(f: Any, loc: Any, scale: Any) -> Any:
    """Mean of the logistic function."""
    return _expectation(f, loc, scale, lambda y, left: f.sigmoid(y), lambda z, width, left: f.ndtr(z))


def slope_mean(f: Any, loc: Any, scale: Any) -> Any:
    """Mean of the derivative of the logistic function, which is even in `loc`."""

    def of_logit(y: Any, left: Any) -> Any:
        return f.sigmoid(y) * f.sigmoid(f.where(left, y, -y))

    def of_score(z: Any, width: Any, left: Any) -> Any:
        density = f.normal_density(z) / width
        return f.where(left, f.ndtr(z) - density, density)

    return _expectation(f, -f.side(loc) * loc, scale, of_logit, of_score)


def curvature_mean(f: Any, loc: Any, scale: Any) -> Any:
    """Mean of the second derivative of the logistic function, which is odd in `loc`."""

    def of_logit(y: Any, left: Any) -> Any:
        inner = f.where(left, y, -y)
        return f.sigmoid(y) * f.sigmoid(inner) * f.tanh_half(inner)

    def of_score(z: Any, width: Any, left: Any) -> Any:
        density = f.normal_density(z) / width
        return f.where(left, f.ndtr(z) - 2 * density, 0.0) - density * (z / width)

    return -f.side(loc) * _expectation(f, -f.side(loc) * loc, scale, of_logit, of_score)


def _square(f: Any, loc: Any, scale: Any, mean: Any) -> Any:
    """Mean of the square, which is the mean less the mean of the derivative; tilted it is the latter alone."""
    left, factor, centre = _tilt(f, loc, scale)
    slope = slope_mean(f, centre, scale)
    return f.where(left, factor * slope, mean - slope)


def sigmoid_variance(f: Any, loc: Any, scale: Any, mean: Any) -> Any:
    """Variance of the logistic function for ``loc <= 0``; for small scales by deviations from the median."""
    narrow = f.minimum(scale, _NARROW)
    spread = f.normal_mean(
        lambda x: (f.sigmoid(loc + narrow * x) * f.expm1(-narrow * x)) ** 2, double=(13, 5), single=(11, 3)
    )
    small = f.sigmoid(-loc) ** 2 * spread - (mean - f.sigmoid(loc)) ** 2
    return f.where(scale < _NARROW, small, _square(f, loc, scale, mean) - mean**2)


def log_slope_mean(f: Any, loc: Any, scale: Any) -> Any:
    """Mean of the logarithm of the derivative of the logistic function."""
    narrow, wide = f.minimum(scale, _NARROW), f.maximum(scale, _NARROW)
    small = f.normal_mean(lambda x: f.log_sigmoid_slope(loc + narrow * x), **_NORMAL_RULE)
    large = f.logistic_mean(lambda y: _mean_size(f, (loc - y) / wide), **_LOGISTIC_RULE)
    return f.where(scale < _NARROW, small, -wide * large)


def _mean_size(f: Any, z: Any) -> Any:
    """Mean absolute value of a normal variable with the mean `z` and variance 1."""
    return z * f.erf(z / f.sqrt2) + 2 * f.normal_density(z)
