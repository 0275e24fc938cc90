"""The functions in mpmath's arithmetic, in which every formula is its own rounding oracle."""

from __future__ import annotations

from typing import Any

from bernoulli_latent._namespaces.functions import Functions

__all__ = ["MpmathFunctions"]


class MpmathFunctions(Functions):
    """Functions of mpmath numbers with `digits` decimal digits; needs the package mpmath.

    Parameters
    ----------
    digits : int
        Working precision in decimal digits.

    Examples
    --------
    >>> from bernoulli_latent import StepLogistic
    >>> from bernoulli_latent.testing import MpmathFunctions
    >>> f = MpmathFunctions(30)
    >>> print(f.context.nstr(StepLogistic.ccdf(f, f.context.mpf(-900), f.context.mpf(0)), 12))
    1.0
    """

    tiny = 0
    epsilon = 0

    def __init__(self, digits: int = 60) -> None:
        from mpmath import mp

        self.context = mp.clone()
        self.context.dps = digits
        self.infinity, self.nan, self.max_exponent = self.context.inf, self.context.nan, self.context.inf
        self.largest = self.context.inf

    @property
    def pi(self) -> Any:
        """Half of the full turn, to the working precision."""
        return +self.context.pi

    @property
    def log2(self) -> Any:
        """Natural logarithm of 2, to the working precision."""
        return +self.context.ln2

    @property
    def sqrt2(self) -> Any:
        """Square root of 2, to the working precision."""
        return self.context.sqrt(2)

    @property
    def log_two_pi(self) -> Any:
        """Natural logarithm of the full turn, to the working precision."""
        return self.context.log(2 * self.context.pi)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    def abs(self, x: Any) -> Any:
        """Absolute value."""
        return abs(x)

    def where(self, condition: Any, chosen: Any, other: Any) -> Any:
        """`chosen` if `condition` holds, else `other`."""
        return self.context.mpf(chosen if condition else other)

    def minimum(self, x: Any, y: Any) -> Any:
        """Smaller of `x` and `y`."""
        return min(x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        """Larger of `x` and `y`."""
        return max(x, y)

    def exponential_mean(self, integrand: Any, double: Any, single: Any, like: Any = None) -> Any:
        """Mean of `integrand` over a standard exponential variable, by adaptive quadrature."""
        mp = self.context
        return mp.quad(lambda v: mp.exp(-v) * integrand(v), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256])

    def half_logistic_mean(self, integrand: Any, double: Any, single: Any) -> Any:
        """Mean of ``integrand(v, sigmoid(-v))`` over the size of a standard logistic variable, likewise."""

        def weighted(v: Any) -> Any:
            return 2 * integrand(v, self.sigmoid(-v)) * self.sigmoid(v) ** 2

        return self.exponential_mean(weighted, double, single)

    def logistic_integral(self, integrand: Any, low: Any, high: Any, double: Any, single: Any) -> Any:
        """Integral of `integrand` times the standard logistic density, by adaptive quadrature."""
        inner = [x for x in (-60, -20, -5, 0, 5, 20, 60) if low < x < high]
        return self.context.quad(lambda x: self.sigmoid_slope(x) * integrand(x), [low, *inner, high])

    def normal_mean(self, integrand: Any, double: Any, single: Any) -> Any:
        """Mean of `integrand` over a standard normal variable, by adaptive quadrature."""
        mp = self.context
        return mp.quad(lambda x: mp.npdf(x) * integrand(x), range(-24, 25, 2))

    def erfcx(self, x: Any) -> Any:
        """Complementary error function without its decay."""
        return self.context.exp(x * x) * self.context.erfc(x)

    def ndtri_logit(self, t: Any) -> Any:
        """Standard normal quantile of the probability with the logit `t`."""
        mp = self.context
        guess = self.side(t) * mp.sqrt(2 * abs(t)) if abs(t) > 4 else t * mp.sqrt(mp.pi / 8)
        return mp.findroot(lambda z: self.log_ndtr(z) - self.log_ndtr(-z) - t, guess) if t else t

    def expm1mx(self, x: Any) -> Any:
        """exp(x) - 1 - x, in twice the digits."""
        with self.context.extradps(self.context.dps):
            return self.context.expm1(x) - x

    def log1pmx(self, x: Any) -> Any:
        """log(1 + x) - x, in twice the digits."""
        with self.context.extradps(self.context.dps):
            return self.context.log1p(x) - x

    def binet_kernel(self, t: Any) -> Any:
        """Kernel of Binet's integral, in twice the digits or by its series."""
        mp = self.context
        if t < mp.mpf(10) ** (-mp.dps / 6):
            return mp.mpf(1) / 12 - t**2 / 720 + t**4 / 30240
        with mp.extradps(mp.dps):
            return (mp.mpf(1) / 2 + 1 / mp.expm1(t) - 1 / t) / t

    def log_gamma1p(self, a: Any) -> Any:
        """Logarithm of Gamma(1 + a)."""
        return self.context.loggamma(1 + a)

    def tail_integral(self, integrand: Any, x: Any, count: Any, side: Any) -> Any:
        """Integral of `GammaFunctions.tail_integral`, by adaptive quadrature."""
        mp = self.context
        unit = 1 / (abs(count - x) + mp.sqrt(x))
        ends = [0, *(unit * mp.mpf(2) ** power for power in range(-2, 10))]
        return mp.quad(lambda v: integrand(v) * mp.exp(side * count * v - x * mp.expm1(side * v)), ends)
