"""The functions that formulas may use, in terms of a few elementary ones.

A library supplies `exp`, `log`, `log1p`, `abs`, `where`, ...; what is written here serves every library, and each
derivative is declared in a form that neither cancels nor overflows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bernoulli_latent._formula import Primitive
from bernoulli_latent._namespaces.quadrature import exponential_rule

if TYPE_CHECKING:
    from bernoulli_latent._formula import Formula

__all__ = ["Functions"]


class Functions:
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
    infinity: Any = math.inf
    nan: Any = math.nan
    pi: Any = math.pi
    log2: Any = math.log(2)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def apply(self, formula: Formula, *arguments: Any) -> Any:
        """Value of `formula`; a library with derivatives attaches the declared ones here."""
        return formula.function(self, *arguments)

    def exponential_mean(f, integrand, double, single):
        """Mean of `integrand` over a standard exponential variable, by `exponential_rule` with the numbers given.

        `double` and `single` are the number of nodes and the stretch for either precision.
        """
        rule = exponential_rule(*(double if f.epsilon < 1e-10 else single))
        return sum(weight * integrand(node) for node, weight in rule)

    @Primitive
    def side(f, x):
        """1 to the right of zero, zero included, and -1 to the left."""
        return f.where(x >= 0, 1.0, -1.0)

    @Primitive
    def logaddexp(f, x, y):
        return f.maximum(x, y) + f.log1p(f.exp(-f.abs(x - y)))

    @logaddexp.differentiate("x")
    def _(f, value, x, y):
        return f.sigmoid(x - y)

    @logaddexp.differentiate("y")
    def _(f, value, x, y):
        return f.sigmoid(y - x)

    @Primitive
    def sigmoid(f, x):
        decay = f.exp(-f.abs(x))
        return f.where(x >= 0, 1.0, decay) / (1 + decay)

    @sigmoid.differentiate("x")
    def _(f, value, x):
        return f.sigmoid_slope(x)

    @Primitive
    def log_sigmoid(f, x):
        return f.minimum(x, 0.0) - f.log1p(f.exp(-f.abs(x)))

    @log_sigmoid.differentiate("x")
    def _(f, value, x):
        return f.sigmoid(-x)

    @Primitive
    def softplus(f, x):
        return f.maximum(x, 0.0) + f.log1p(f.exp(-f.abs(x)))

    @softplus.differentiate("x")
    def _(f, value, x):
        return f.sigmoid(x)

    @Primitive
    def sigmoid_slope(f, x):
        """Density of the standard logistic law, sigmoid(x) sigmoid(-x)."""
        decay = f.exp(-f.abs(x))
        return decay / (1 + decay) ** 2

    @sigmoid_slope.differentiate("x")
    def _(f, value, x):
        return -value * f.tanh_half(x)

    @Primitive
    def log_sigmoid_slope(f, x):
        size = f.abs(x)
        return -size - 2 * f.log1p(f.exp(-size))

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
    def logit(f, u):
        middle = f.abs(u - 0.5) < 0.25
        inner = f.where(middle, u, 0.5)
        return f.where(middle, f.log1p((2 * inner - 1) / (1 - inner)), f.log(u) - f.log1p(-u))

    @logit.differentiate("u")
    def _(f, value, u):
        return 1 / (u * (1 - u))

    @Primitive
    def logistic_noise(f, v):
        """Standard logistic noise from `v` uniform on (-1, 1): twice its inverse hyperbolic tangent."""
        return f.log1p(v) - f.log1p(-v)

    @Primitive
    def bernoulli_entropy(f, logits):
        """Entropy of a bit with these logits, in nats: of two positive terms."""
        size = f.abs(logits)
        return f.softplus(-size) + size * f.sigmoid(-size)

    @bernoulli_entropy.differentiate("logits")
    def _(f, value, logits):
        return -logits * f.sigmoid_slope(logits)
