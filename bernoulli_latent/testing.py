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

    @property
    def pi(self) -> Any:
        """Half of the full turn, to the working precision."""
        return +self.context.pi

    @property
    def log2(self) -> Any:
        """Natural logarithm of 2, to the working precision."""
        return +self.context.ln2

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

    def exponential_mean(self, integrand: Any, double: Any, single: Any) -> Any:
        """Mean of `integrand` over a standard exponential variable, by adaptive quadrature."""
        mp = self.context
        return mp.quad(lambda v: mp.exp(-v) * integrand(v), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256])
