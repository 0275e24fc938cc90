"""Functions of the normal distribution, in terms of the error functions of each library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bernoulli_latent._formula import Primitive

__all__ = ["NormalFunctions"]


class NormalFunctions:
    """Functions of the standard normal distribution, accurate in both tails."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @Primitive
    def normal_density(f, x):
        return f.exp(-((x / f.sqrt2) ** 2)) / (2 * f.pi) ** 0.5

    @normal_density.differentiate("x")
    def _(f, value, x):
        return -x * value

    @Primitive
    def ndtr(f, x):
        """Standard normal distribution function."""
        return f.erfc(-x / f.sqrt2) / 2

    @ndtr.differentiate("x")
    def _(f, value, x):
        return f.normal_density(x)

    @Primitive
    def log_ndtr(f, x):
        left, deep = x < 0, x < -5
        depth = f.where(deep, -x, 5.0) / f.sqrt2
        tail = f.log(f.erfcx(depth) / 2) - depth * depth
        size = f.ndtr(f.where(deep, -5.0, f.where(left, x, -x)))
        return f.where(deep, tail, f.where(left, f.log(f.where(left, size, 1.0)), f.log1p(-size)))

    @log_ndtr.differentiate("x")
    def _(f, value, x):
        return f.inverse_mills(x)

    @Primitive
    def inverse_mills(f, x):
        """Standard normal density over distribution function, the inverse of the Mills ratio at ``-x``."""
        left = x < -1
        tail = (2 / f.pi) ** 0.5 / f.erfcx(f.where(left, -x, 1.0) / f.sqrt2)
        middle = f.where(left, 0.0, x)
        return f.where(left, tail, f.normal_density(middle) / f.ndtr(middle))

    @inverse_mills.differentiate("x")
    def _(f, value, x):
        # The sum x + value cancels far left, where it is a series in 1 / x^2.
        far = x < -30
        inverse = 1 / f.where(far, x, -30.0)
        series = -inverse * (1 - 2 * inverse**2 * (1 - 5 * inverse**2))
        return -value * f.where(far, series, x + value)

    @Primitive
    def logit_ndtr(f, x):
        """Logit of the standard normal distribution function."""
        logit, _, _ = f.normal_odds(f.abs(x))
        return f.side(x) * logit

    @logit_ndtr.differentiate("x")
    def _(f, value, x):
        return f.inverse_mills(x) + f.inverse_mills(-x)

    @Primitive
    def ndtri_logit(f, t):
        """Standard normal quantile of the probability with the logit `t`."""
        special = (f.abs(t) == f.infinity) | (f.abs(t) < f.epsilon**0.5)
        size = f.abs(f.where(special, 1.0, t))
        quantile = f.side(t) * f.householder_step(f.guess_of_ndtri_logit(size), size)
        return f.where(special, t * (f.pi / 8) ** 0.5, quantile)

    @ndtri_logit.differentiate("t")
    def _(f, value, t):
        return 1 / (f.inverse_mills(value) + f.inverse_mills(-value))

    def normal_odds(f, size):
        """Logit of ``ndtr(size)`` and the inverse Mills ratios at `size` and ``-size``, for positive `size`."""
        depth, near = size / f.sqrt2, size < 1.5
        scaled, decay = f.erfcx(depth), f.exp(-(depth**2))
        upper = scaled * decay / 2
        far = f.log1p(-upper) - f.log(scaled / 2) + depth * depth
        logit = f.where(near, f.logistic_noise(f.erf(f.where(near, depth, 0.0))), far)
        return logit, decay / (2 * f.pi) ** 0.5 / (1 - upper), (2 / f.pi) ** 0.5 / scaled

    def guess_of_ndtri_logit(f, t):
        """Quantile for ``t > 0`` with a relative error below 2e-4, from ``level = -log(4 p (1 - p))``.

        Its square lies between ``pi / 2 level`` near 0 and ``2 level - log(level)`` far away.
        """
        level = f.maximum(t + 2 * f.log1p(f.expm1(-t) / 2), f.tiny)
        share = 1 / (1 + level / 5)
        correction = share * (0.0775 + share * (0.0834 - share * 0.2322))
        return f.sqrt(f.maximum((2 - correction) * level - f.log1p(level / 2), f.tiny))

    def householder_step(f, z, t):
        """Step of fourth order from `z` towards the quantile for `t`, both positive."""
        logit, below, above = f.normal_odds(z)
        second = above - below - z
        third = second**2 + above * (above - z) + below * (below + z) - 1
        step = (logit - t) / (below + above)
        return z - step * (1 - step * second / 2) / (1 - step * second + step**2 * third / 6)
