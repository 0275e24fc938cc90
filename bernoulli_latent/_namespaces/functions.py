"""The functions that formulas may use, in terms of a few elementary ones.

A library supplies `exp`, `log`, `log1p`, `abs`, `where`, ...; what is written here serves every library, and each
derivative is declared in a form that neither cancels nor overflows.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

from bernoulli_latent._formula import Primitive
from bernoulli_latent._namespaces.gamma_functions import GammaFunctions
from bernoulli_latent._namespaces.normal_functions import NormalFunctions
from bernoulli_latent._namespaces.quadrature import exponential_rule, half_logistic_rule, legendre_rule, normal_rule

if TYPE_CHECKING:
    from bernoulli_latent._formula import Formula

__all__ = ["AT_ONCE", "Functions"]

AT_ONCE = 1 << 17
"""A sum of fewer numbers than this in all is the faster for taking its terms at once."""


class Functions(GammaFunctions, NormalFunctions):
    """Functions of one library and precision; subclasses supply the elementary ones.

    Attributes
    ----------
    max_exponent : float
        Where ``exp`` comes near overflow: formulas that meet larger arguments switch to logarithms.
    tiny : float
        Smallest normal number.
    """

    max_exponent: float
    tiny: float
    epsilon: float
    largest: float
    infinity: Any = math.inf
    nan: Any = math.nan
    pi: Any = math.pi
    log2: Any = math.log(2)
    sqrt2: Any = math.sqrt(2)
    log_two_pi: Any = math.log(2 * math.pi)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def apply(self, formula: Formula, *arguments: Any) -> Any:
        """Value of `formula`; a library with derivatives attaches the declared ones here."""
        return formula.function(self, *arguments)

    def by_precision(f, double, single):
        """What double precision takes, or single: numbers of nodes and terms."""
        return double if f.epsilon < 1e-10 else single

    def exponential_mean(f, integrand, double, single, like=None):
        """Mean of `integrand` over a standard exponential variable, by `exponential_rule` with the numbers given.

        `double` and `single` are the number of nodes and the stretch for either precision, `like` as in `weighted_sum`.
        """
        return f.weighted_sum(integrand, exponential_rule(*f.by_precision(double, single)), like)

    def half_logistic_mean(f, integrand, double, single):
        """Mean of ``integrand(v, sigmoid(-v))`` over the size `v` of a standard logistic variable, by the same rule."""
        return f.weighted_sum(integrand, half_logistic_rule(*f.by_precision(double, single)))

    def logistic_mean(f, integrand, double, single):
        """Mean of `integrand` over a standard logistic variable, by the same rule."""
        return f.half_logistic_mean(lambda v, tail: (integrand(v) + integrand(-v)) / 2, double, single)

    def logistic_integral(f, integrand, low, high, double, single):
        """Integral of `integrand` times the standard logistic density from `low` to `high`.

        Gauss-Legendre nodes in ``p = sigmoid(x / stretch)`` between the ends: `double` and `single` are the number of
        nodes and the stretch for either precision. All terms have the sign of the integrand.
        """
        n_nodes, stretch = f.by_precision(double, single)
        left, right = (f.minimum(f.maximum(end, -2 * f.max_exponent), 2 * f.max_exponent) for end in (low, high))
        start, length = left / stretch, (right - left) / stretch

        def term(up, down):
            p = f.sigmoid(start) * down + f.sigmoid(start + length) * up
            q = f.sigmoid(-start) * down + f.sigmoid(-start - length) * up
            density = (p * q) ** (stretch - 1) / (p**stretch + q**stretch) ** 2
            return density * integrand(stretch * (f.log(p) - f.log(q)))

        return stretch * f.sigmoid_rise(start, length) * f.weighted_sum(term, legendre_rule(n_nodes))

    def normal_mean(f, integrand, double, single):
        """Mean of `integrand` over a standard normal variable, by `normal_rule` with the numbers given.

        `double` and `single` are how far the nodes reach and how many of them a unit has, for either precision.
        """
        return f.weighted_sum(integrand, normal_rule(*f.by_precision(double, single)))

    def weighted_sum(f, term, rule, like=None):
        """Sum of ``weight * term(*points)`` over the rows ``(*points, weight)`` of a quadrature rule.

        Where the number of operations is what costs, all rows are taken at once. That needs something `like` a term in
        shape: without it, a term is found for the purpose.
        """
        like = term(*rule[0][:-1]) if like is None else like
        if f.takes_at_once(len(rule), like):
            *points, weights = f.columns(rule, like)
            return (weights * term(*points)).sum(0)
        return sum(weight * term(*points) for *points, weight in rule)

    def takes_at_once(f, count, like):
        """Whether `count` arrays like `like` are better taken as one."""
        return False

    def decreasing_root(f, look, x, steps):
        """Root of a decreasing function on x >= 0, from a start `x`; ``look(x)`` gives its sign and the step to take.

        A step goes at most half of the way to a point known to lie beyond the root, in either direction.
        """
        low, high = 0 * x - f.infinity, 0 * x + f.infinity
        for _ in range(steps):
            value, step = look(x)
            low, high = f.where(value > 0, x, low), f.where(value < 0, x, high)
            before, x = x, f.maximum(f.minimum(f.maximum(x + step, (x + low) / 2), (x + high) / 2), 0.0)
            if f.settled(f.abs(x - before) <= f.epsilon**0.5 * x):
                break
        return x

    def settled(f, condition):
        """Whether `condition` holds everywhere, where values can be looked at: a reason to stop an iteration early."""
        return bool(condition)

    def decay(f, x):
        """exp(-|x|), of which sigmoids and their logarithms are made."""
        return f.exp(-f.abs(x))

    def log1p_fraction(f, x):
        """Logarithm of 1 + `x` for `x` from 0 to 1, which takes no more than a polynomial."""
        return f.log1p(x)

    @Primitive
    def side(f, x):
        """1 to the right of zero, zero included, and -1 to the left."""
        return f.where(x >= 0, 1.0, -1.0)

    @Primitive
    def logaddexp(f, x, y):
        return f.maximum(x, y) + f.log1p_fraction(f.decay(x - y))

    @logaddexp.differentiate("x")
    def _(f, value, x, y):
        return f.sigmoid(x - y)

    @logaddexp.differentiate("y")
    def _(f, value, x, y):
        return f.sigmoid(y - x)

    @Primitive
    def sigmoid(f, x):
        decay = f.decay(x)
        return f.where(x >= 0, 1.0, decay) / (1 + decay)

    @sigmoid.differentiate("x")
    def _(f, value, x):
        return f.sigmoid_slope(x)

    @Primitive
    def log_sigmoid(f, x):
        return f.minimum(x, 0.0) - f.log1p_fraction(f.decay(x))

    @log_sigmoid.differentiate("x")
    def _(f, value, x):
        return f.sigmoid(-x)

    @Primitive
    def softplus(f, x):
        return f.maximum(x, 0.0) + f.log1p_fraction(f.decay(x))

    @softplus.differentiate("x")
    def _(f, value, x):
        return f.sigmoid(x)

    @Primitive
    def sigmoid_slope(f, x):
        """Density of the standard logistic law, sigmoid(x) sigmoid(-x)."""
        decay = f.decay(x)
        return decay / (1 + decay) ** 2

    @sigmoid_slope.differentiate("x")
    def _(f, value, x):
        return -value * f.tanh_half(x)

    @Primitive
    def log_sigmoid_slope(f, x):
        return -f.abs(x) - 2 * f.log1p_fraction(f.decay(x))

    @log_sigmoid_slope.differentiate("x")
    def _(f, value, x):
        return -f.tanh_half(x)

    @Primitive
    def tanh_half(f, x):
        """tanh(x / 2), which is 2 sigmoid(x) - 1."""
        decay = f.expm1(-f.abs(x))
        return f.where(x >= 0, -decay, decay) / (2 + decay)

    @tanh_half.differentiate("x")
    def _(f, value, x):
        return 2 * f.sigmoid_slope(x)

    @Primitive
    def sigmoid_rise(f, start, step):
        """sigmoid(start + step) - sigmoid(start), where nothing cancels."""
        low, high = start + f.minimum(step, 0.0), start + f.maximum(step, 0.0)
        return -f.side(step) * f.sigmoid(high) * f.sigmoid(-low) * f.expm1(-f.abs(step))

    @sigmoid_rise.differentiate("start")
    def _(f, value, start, step):
        return value * f.sigmoid_rise(start, -2 * start - step)

    @sigmoid_rise.differentiate("step")
    def _(f, value, start, step):
        return f.sigmoid_slope(start + step)

    @Primitive
    def log1p_or_log(f, near, x):
        """log(1 + x) where `near` holds, and log(x) elsewhere."""
        return f.where(near, f.log1p(f.where(near, x, 0.0)), f.log(f.where(near, 1.0, x)))

    @Primitive
    def logit(f, u):
        # The numerator is exact above 1/4, and a third is where either form rounds as little.
        near = u > 1 / 3
        return f.log1p_or_log(near, f.where(near, 2 * u - 1, u) / (1 - u))

    @logit.differentiate("u")
    def _(f, value, u):
        return 1 / (u * (1 - u))

    @Primitive
    def logistic_noise(f, v):
        """Standard logistic noise from `v` uniform on (-1, 1): twice its inverse hyperbolic tangent."""
        size = f.abs(v)
        return f.side(v) * f.log1p(2 * size / (1 - size))

    @logistic_noise.differentiate("v")
    def _(f, value, v):
        return 2 / ((1 - v) * (1 + v))

    @Primitive
    def gumbel_noise(f, v):
        """Standard Gumbel noise from `v` uniform on (-1, 1)."""
        lower = f.log((1 + f.minimum(v, 0.0)) / 2)
        return -f.log(-f.where(v < 0, lower, f.log1p((f.maximum(v, 0.0) - 1) / 2)))

    @Primitive
    def log_softmax(f, x):
        """Logarithm of ``exp(x)`` over its sum along the last axis, with all digits of the largest."""
        shifted = x - f.peak(x)
        highest = shifted == 0
        others = f.total(f.where(highest, f.expm1(shifted), f.exp(shifted)))
        return shifted - f.log1p(others + (f.total(f.where(highest, 1.0, 0.0 * x)) - 1))

    @Primitive
    def bernoulli_entropy(f, logits):
        """Entropy of a bit with these logits, in nats: of two positive terms."""
        size = f.abs(logits)
        return f.softplus(-size) + size * f.sigmoid(-size)

    @bernoulli_entropy.differentiate("logits")
    def _(f, value, logits):
        return -logits * f.sigmoid_slope(logits)

    def nested_series(f, x, divisors):
        """1 + x / d1 (1 + x / d2 (1 + ...)), with the `divisors` from the innermost, d1 last."""
        return reduce(lambda tail, divisor: 1 + x * tail / divisor, divisors, 1.0)

    @Primitive
    def expm1mx(f, x):
        """exp(x) - 1 - x, by its series where the terms would cancel."""
        near = f.abs(x) < 1
        inner = f.where(near, x, 0.0)
        series = inner**2 / 2 * f.nested_series(inner, range(f.by_precision(18, 10), 2, -1))
        return f.where(near, series, f.expm1(x) - x)

    @expm1mx.differentiate("x")
    def _(f, value, x):
        return f.expm1(x)

    @Primitive
    def log1pmx(f, x):
        """log(1 + x) - x, by the series of the inverse hyperbolic tangent where the terms would cancel."""
        near = f.abs(x - 0.25) < 0.75
        inner = f.where(near, x, 0.0)
        ratio = inner / (2 + inner)
        square, odds = ratio**2, range(f.by_precision(33, 15), 1, -2)
        series = ratio * (2 * square * reduce(lambda tail, odd: 1 / odd + square * tail, odds, 0.0) - inner)
        return f.where(near, series, f.log1p(x) - x)

    @log1pmx.differentiate("x")
    def _(f, value, x):
        return -x / (1 + x)

    @Primitive
    def log_ratio(f, x, y):
        """log(x / y) of positive numbers, with all digits where they are nearly equal."""
        near = f.abs(x - y) < y / 2
        return f.where(near, f.log1p((f.where(near, x, y) - y) / y), f.log(x) - f.log(y))

    @log_ratio.differentiate("x")
    def _(f, value, x, y):
        return 1 / x

    @log_ratio.differentiate("y")
    def _(f, value, x, y):
        return -1 / y
