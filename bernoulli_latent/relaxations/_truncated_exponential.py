r"""The exponential distribution on [0, 1]: density ``rate exp(-rate x) / (1 - exp(-rate))`` for a positive rate.

Its moments differ from those of the uniform distribution by the Langevin function ``coth(y) - 1 / y``, with
``y = rate / 2``, and its like: differences of nearly equal numbers at small rates, where positive series serve.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "cdf",
    "cdf_by_rate",
    "divergence_from_uniform",
    "langevin",
    "log_normaliser",
    "log_sinh_ratio",
    "mean",
    "mean_of",
    "variance",
]


def cdf(f: Any, x: Any, rate: Any) -> Any:
    """Probability of a value below `x`."""
    return f.expm1(-rate * x) / f.expm1(-rate)


def log_normaliser(f: Any, rate: Any) -> Any:
    """log(rate / (1 - exp(-rate))), the logarithm of the density at 0."""
    small = rate < 1
    inner = f.where(small, rate, 1.0)
    return f.where(small, -f.log1p(-f.expm1mx(-inner) / inner), f.log(rate) - f.log(-f.expm1(-rate)))


def langevin(f: Any, rate: Any) -> Any:
    """coth(rate / 2) - 2 / rate: the mean of the mirrored distribution less that of this one."""
    half, small = rate / 2, rate < 3
    inner, outer = f.where(small, half, 1.0), f.where(small, 1.5, half)
    series = inner / 3 * f.nested_series(inner**2, [2 * k * (2 * k + 3) for k in range(11, 0, -1)])
    direct = 1 - 2 * f.exp(-2 * outer) / f.expm1(-2 * outer) - 1 / outer
    return f.where(small, series / _sinh_ratio(f, inner), direct)


def mean(f: Any, rate: Any) -> Any:
    """1 / rate - 1 / (exp(rate) - 1)."""
    small = rate < 1
    inner, outer = f.where(small, rate, 1.0), f.where(small, 1.0, rate)
    return f.where(small, (1 - langevin(f, inner)) / 2, 1 / outer + f.exp(-outer) / f.expm1(-outer))


def variance(f: Any, rate: Any) -> Any:
    """1 / rate^2 - 1 / (4 sinh(rate / 2)^2)."""
    small = rate < 3
    inner, outer = f.where(small, rate, 1.0), f.where(small, 3.0, rate)
    series = f.nested_series(inner**2, [(2 * k - 1) * 2 * k for k in range(15, 2, -1)])
    direct = 1 / outer**2 - f.exp(-outer) / f.expm1(-outer) ** 2
    return f.where(small, series / 12 / _sinh_ratio(f, inner / 2) ** 2, direct)


def divergence_from_uniform(f: Any, rate: Any) -> Any:
    """Minus the entropy: the divergence from the uniform distribution."""
    small = rate < 3
    inner, outer = f.where(small, rate / 2, 1.0), f.where(small, 3.0, rate)
    near = inner * langevin(f, 2 * inner) - log_sinh_ratio(f, inner)
    return f.where(small, near, log_normaliser(f, outer) - outer * mean(f, outer))


def mean_of(f: Any, function: Any, rate: Any) -> Any:
    """Mean of ``function(rate x)``, by a rule that is Gauss-Legendre's at small rates and bounded nodes at large."""
    share = -f.expm1(-rate / 8)

    def integrand(node: Any) -> Any:
        exponent = -8 * f.log1p(share * f.expm1(0 * rate - node))
        return 8 * share / -f.expm1(-rate) * f.exp(-0.875 * exponent) * function(exponent)

    return f.exponential_mean(integrand, double=(48, 1), single=(16, 1))


def cdf_by_rate(f: Any, x: Any, rest: Any, rate: Any) -> Any:
    """Derivative of the distribution function by the rate, at `x` and with `rest` for 1 - x."""
    left = cdf(f, x, rate) * _mean_beyond(f, x, rate)
    right = f.exp(-rate * x) * cdf(f, rest, rate) * (x - _mean_beyond(f, rest, rate))
    return f.where(x < 0.5, left, right)


def _mean_beyond(f: Any, x: Any, rate: Any) -> Any:
    """The difference x / (exp(rate x) - 1) - 1 / (exp(rate) - 1)."""
    small = rate < 1
    inner, outer, x_inside = f.where(small, rate, 1.0), f.where(small, 1.0, rate), f.maximum(x, f.tiny)
    direct = x_inside * f.exp(-outer * x_inside) / -f.expm1(-outer * x_inside) + f.exp(-outer) / f.expm1(-outer)
    return f.where(small, mean(f, inner) - x * mean(f, inner * x), direct)


def log_sinh_ratio(f: Any, y: Any) -> Any:
    """log(sinh(y) / y) for `y` below 1.5."""
    return f.log1p(_sinh_excess(f, y))


def _sinh_excess(f: Any, y: Any) -> Any:
    """sinh(y) / y - 1 for `y` below 1.5."""
    return y**2 / 6 * f.nested_series(y**2, [2 * k * (2 * k + 1) for k in range(12, 1, -1)])


def _sinh_ratio(f: Any, y: Any) -> Any:
    return 1 + _sinh_excess(f, y)
