"""The gamma function and its incomplete integrals, in forms that keep their digits for every positive argument.

Large arguments go through Binet's remainder ``r(a) = log Gamma(a) - (a - 1/2) log(a) + a - log(2 pi) / 2``, a Laplace
transform of a positive function; incomplete integrals through the integrand divided by its value at the end.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from bernoulli_latent._formula import Primitive
from bernoulli_latent._namespaces.quadrature import decreasing_rule

__all__ = ["GammaFunctions"]

_BINET = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
    -3617 / 10670622842880000,
    43867 / 5109094217170944000,
)
"""The Bernoulli numbers B(2k) / (2k)!: coefficients of Binet's kernel in powers of its squared argument."""

_RULE = {"double": (28, 8), "single": (10, 6)}


def _binet(order: int) -> Primitive:
    """Derivative of Binet's remainder at arguments of at least 1; for order 0 the remainder itself."""

    def remainder(f, a):
        moment = f.exponential_mean(lambda w: w**order * f.binet_kernel(w / a), **_RULE, like=a)
        return (-1) ** order * moment / a ** (order + 1)

    return Primitive(remainder)


class GammaFunctions:
    """Gamma functions of a namespace."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @Primitive
    def binet_kernel(f, t):
        """(1/2 - 1/t + 1/(exp(t) - 1)) / t, which is even and positive."""
        near = t < 1
        square, far = f.where(near, t, 0.0) ** 2, f.where(near, 1.0, t)
        series = reduce(lambda tail, coefficient: coefficient + square * tail, reversed(_BINET), 0.0)
        return f.where(near, series, (0.5 + 1 / f.expm1(far) - 1 / far) / far)

    binet_remainder, binet_slope, binet_curvature, binet_third = map(_binet, range(4))

    @binet_remainder.differentiate("a")
    def _(f, value, a):
        return f.binet_slope(a)

    @binet_slope.differentiate("a")
    def _(f, value, a):
        return f.binet_curvature(a)

    @binet_curvature.differentiate("a")
    def _(f, value, a):
        return f.binet_third(a)

    @Primitive
    def log_gamma1p(f, a):
        """Logarithm of Gamma(1 + a) for `a` between 0 and 1, by Malmsten's integral."""
        bend = f.exponential_mean(lambda w: f.expm1mx(-a * w) / (-w * f.expm1(0 * a - w)), **_RULE, like=a)
        return bend - 0.5772156649015329 * a

    @log_gamma1p.differentiate("a")
    def _(f, value, a):
        return f.log1p(a) - f.digamma_gap(1 + a)

    @Primitive
    def log_gamma(f, a):
        small, large = a < 1, a >= 2
        inner, outer = f.where(small, a, f.where(large, 1.0, a - 1)), f.where(large, a, 2.0)
        stirling = (outer - 0.5) * f.log(outer) - outer + f.log_two_pi / 2 + f.binet_remainder(outer)
        return f.where(large, stirling, f.log_gamma1p(inner) - f.where(small, f.log(inner), 0.0))

    @log_gamma.differentiate("a")
    def _(f, value, a):
        return f.log(a) - f.digamma_gap(a)

    @Primitive
    def digamma_gap(f, a):
        """log(a) - digamma(a), a positive number near 1 / (2 a)."""
        small = a < 1
        inner, base = f.where(small, a, 1.0), f.where(small, a + 1, a)
        return 1 / (2 * base) - f.binet_slope(base) + f.where(small, 1 / inner - f.log1p(1 / inner), 0.0)

    @digamma_gap.differentiate("a")
    def _(f, value, a):
        return -f.trigamma_gap(a) / a

    @Primitive
    def trigamma_gap(f, a):
        """The positive number ``a trigamma(a) - 1``, near 1 / (2 a)."""
        small = a < 1
        inner, base = f.where(small, a, 1.0), f.where(small, a + 1, a)
        gap = 1 / (2 * base) + base * f.binet_curvature(base)
        return f.where(small, inner * (1 + gap) / base + (1 / inner - 1), gap)

    @Primitive
    def log1mexp(f, x):
        """log(1 - exp(x)) for negative `x`."""
        near = x > -0.7
        return f.where(near, f.log(-f.expm1(f.where(near, x, -1.0))), f.log1p(-f.exp(f.where(near, -1.0, x))))

    @log1mexp.differentiate("x")
    def _(f, value, x):
        return -f.exp(x - value)

    @Primitive
    def excess(f, step, log_ratio):
        """The ratio less 1 and less its logarithm, where `step` is the ratio less 1: at least 0."""
        near = f.abs(step) < 0.5
        return f.where(near, -f.log1pmx(f.where(near, step, 0.0)), step - log_ratio)

    @Primitive
    def log_poisson_mass(f, count, mean, log_mean):
        """The sum ``count log(mean) - mean - log Gamma(count + 1)``, for real `count` of at least 0.

        The mean may underflow, if its logarithm does not.
        """
        return f.log_poisson_ratio(count, mean, log_mean) - f.stirling_rest(count)

    def stirling_rest(f, count):
        """Logarithm of Gamma(count + 1), in `log_poisson_mass`: from 1 on, less ``count log(count) - count``."""
        small = count < 1
        few, many = f.where(small, count, 1.0), f.where(small, 1.0, count)
        return f.where(small, f.log_gamma1p(few), (f.log(many) + f.log_two_pi) / 2 + f.binet_remainder(many))

    def log_poisson_ratio(f, count, mean, log_mean):
        """The rest of `log_poisson_mass`: from a count of 1 on, its difference from that of the mean ``count``."""
        small = count < 1
        many = f.where(small, 1.0, count)
        far = -many * f.excess((mean - many) / many, log_mean - f.log(many))
        return f.where(small, count * log_mean - mean, far)

    @log_poisson_mass.differentiate("count")
    def _(f, value, count, mean, log_mean):
        # Of an exact difference where the mean is near; far below, it may have underflowed.
        seen = mean > 0.25
        ratio = f.log_ratio(f.where(seen, mean, 0.25), count + 1)
        return f.where(seen, ratio, log_mean - f.log(count + 1)) + f.digamma_gap(count + 1)

    @log_poisson_mass.differentiate("mean")
    def _(f, value, count, mean, log_mean):
        return f.where(count < 1, -1.0, (count - mean) / mean)

    @log_poisson_mass.differentiate("log_mean")
    def _(f, value, count, mean, log_mean):
        return f.where(count < 1, count, 0.0)

    def tail_integral(f, integrand, x, count, side):
        """Integral over positive v of ``integrand(v) exp(side (count v) - x expm1(side v))``, which decreases.

        The integrand is cut where it is a millionth of the rounding error: the end solves the equation for the
        quadratic part of the exponent, and to the right once more for its exponential part.
        """
        depth, n_nodes = f.by_precision((37.0, 28), (18.0, 14))
        left, slope = side < 0, f.abs(count - x)
        root = f.sqrt(f.where(left, count, x))
        linear = (2 * slope - f.where(left, depth, 0.0)) / root
        end = 4 * depth / (root * (linear + f.sqrt(linear**2 + 8 * depth)))
        end = f.where(left, end, f.log1p((depth + count * end) / f.where(left, 1.0, x)))

        def term(y):
            v = side * (end * y)
            return integrand(f.abs(v)) * f.exp((count - x) * v - x * f.expm1mx(v))

        return end * f.weighted_sum(term, decreasing_rule(n_nodes), like=end)
