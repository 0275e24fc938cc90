"""Exponentials and logarithms from sums, products and the bits of a number: the same bits on every machine.

Arguments are cut down to an interval where a short polynomial is exact to rounding, and powers of 2 are put on and
taken off as integers. Nothing is fused: each sum and product is rounded by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from bernoulli_latent._formula import Primitive

__all__ = ["DOUBLE", "SINGLE", "Elementary", "Format"]


@dataclass(frozen=True)
class Format:
    """A floating format, and the polynomials that suffice for it.

    Attributes
    ----------
    bits, mantissa : int
        Number of bits, and of those that hold the mantissa.
    least, most : float
        Arguments beyond which ``exp`` is 0 or infinite.
    log2 : (float, float)
        ln 2 in two parts; the first has zeros at its end, so that its products with exponents are exact.
    exponential : tuple of float
        Coefficients of ``(exp(r) - 1 - r) / r**2`` on ``|r| <= log(2) / 2``, constant first.
    logarithm : tuple of float
        Coefficients of ``(2 atanh(s) / s - 2) / s**2`` in powers of ``s**2``, where 1 + f is within sqrt(2) of 1 and
        ``s = f / (2 + f)``.
    fraction : tuple of float
        The same where 0 <= f <= 1.
    """

    bits: int
    mantissa: int
    least: float
    most: float
    log2: tuple[float, float]
    exponential: tuple[float, ...]
    logarithm: tuple[float, ...]
    fraction: tuple[float, ...]

    @property
    def bias(self) -> int:
        """What is added to an exponent in the bits of a number."""
        return (1 << self.bits - self.mantissa - 2) - 1

    @property
    def tiny(self) -> float:
        """Smallest normal number."""
        return 2.0 ** (1 - self.bias)

    @property
    def one(self) -> int:
        """Bits of 1."""
        return self.bias << self.mantissa

    @property
    def root_half(self) -> int:
        """Bits of sqrt(1/2)."""
        return self.one - (1 << self.mantissa) + int((math.sqrt(2) - 1) * 2**self.mantissa)

    @property
    def rounder(self) -> float:
        """A number whose last bit is 1: added to a small one, it leaves an integer in the last bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def rounder_bits(self) -> int:
        """Bits of `rounder`."""
        return (self.bias + self.mantissa << self.mantissa) + (1 << self.mantissa - 1)


# The polynomials interpolate at Chebyshev's nodes, with the coefficients rounded: errors below a quarter of an ulp.
# Those of `fraction` are rounded such that log(1 + 1) is log(2) to the last bit: densities at a mean cancel with it.
SINGLE = Format(
    bits=32,
    mantissa=23,
    least=-104.0,
    most=89.0,
    log2=(0.693359375, -2.12194440e-4),
    exponential=(0.5, 0.16666576, 0.041666556, 0.008363203, 0.0013926213),
    logarithm=(0.66666687, 0.3998855, 0.29590318),
    fraction=(0.6666664, 0.4000756, 0.2823662, 0.268515),
)
DOUBLE = Format(
    bits=64,
    mantissa=52,
    least=-746.0,
    most=710.0,
    log2=(0.6931471803691238, 1.9082149292705877e-10),
    exponential=(
        0.5,
        0.1666666666666667,
        0.04166666666666667,
        0.008333333333326112,
        0.001388888888888373,
        0.0001984126987490126,
        2.4801587325605324e-05,
        2.7557255297969643e-06,
        2.755727357010214e-07,
        2.5105259538448494e-08,
        2.0914717341716378e-09,
    ),
    logarithm=(
        0.666666666666667,
        0.3999999999989322,
        0.28571428628810996,
        0.22222210674238516,
        0.18182922513515942,
        0.15330617306743305,
        0.1463003136412286,
    ),
    fraction=(
        0.6666666666666665,
        0.40000000000014607,
        0.2857142856710876,
        0.22222222717427864,
        0.18181789436132859,
        0.15385570064958623,
        0.13314144209654935,
        0.12001072809590713,
        0.08800738486144674,
        0.1616404561194353,
    ),
)


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """Horner's rule, constant coefficient first."""
    return reduce(lambda tail, coefficient: tail * x + coefficient, reversed(coefficients))


class Elementary:
    """Elementary functions of a namespace that has `where`, ``bits(x)``, ``real(bits)`` and a `format`."""

    if TYPE_CHECKING:
        format: Format

        def __getattr__(self, name: str) -> Any: ...

    def minimum(f, x: Any, y: Any) -> Any:
        """Smaller of `x` and `y`; NaN if either is."""
        return f.or_nan(f.where(y < x, y, x), y)

    def maximum(f, x: Any, y: Any) -> Any:
        """Larger of `x` and `y`; NaN if either is."""
        return f.or_nan(f.where(y > x, y, x), y)

    def or_nan(f, value: Any, y: Any) -> Any:
        """`y` where it is NaN, else `value`."""
        return value if isinstance(y, float | int) else f.where(y != y, y, value)

    @Primitive
    def exp(f, x):
        form = f.format
        turns, rest = f.without_turns(f.minimum(f.maximum(x, form.least), form.most))
        low = turns << form.mantissa - 1 & -(1 << form.mantissa)  # half of the turns, for they may not fit at once
        high = (turns << form.mantissa) - low
        return f.exp_rest(rest) * f.real(low + form.one) * f.real(high + form.one)

    def decay(f, x):
        """exp(-|x|): powers of 2 up to 1 fit at once if another is taken off afterwards."""
        form = f.format
        turns, rest = f.without_turns(f.maximum(-f.abs(x), form.least), form.bits)
        return f.exp_rest(rest) * f.real((turns << form.mantissa) + form.one) * 2.0**-form.bits

    def exp_rest(f, rest):
        """Exponential of at most log(2) / 2 in size."""
        return 1 + (rest + rest * rest * polynomial(rest, f.format.exponential))

    @Primitive
    def expm1(f, x):
        form = f.format
        turns, rest = f.without_turns(f.minimum(f.maximum(x, -1.5 * form.mantissa), form.most))
        half = f.real((turns << form.mantissa) + (form.one - (1 << form.mantissa)))
        bend = rest * rest * polynomial(rest, form.exponential)
        line = rest * half + (half - 0.5)
        lost = rest * half - (line - (half - 0.5))
        return f.where(turns == form.rounder_bits, rest + bend, 2 * (line + (lost + bend * half)))

    def without_turns(f, x, more=0):
        """A whole number of ln 2 in `x`, and so many `more`, in the last bits of an integer, and the rest."""
        form = f.format
        shifted = x * (1 / math.log(2)) + (form.rounder + more)
        count = shifted - (form.rounder + more)
        return f.bits(shifted), x - count * form.log2[0] - count * form.log2[1]

    def log(f, x):
        """Natural logarithm."""
        return f.log1p_or_log(False, x)

    def log1p(f, x):
        """Natural logarithm of 1 + `x`."""
        return f.log1p_or_log(True, x)

    @Primitive
    def log1p_or_log(f, near, x):
        form = f.format
        small, lift = x < form.tiny, form.mantissa + 1
        scale = f.where(near, 1.0, f.where(small, 2.0**lift, 1.0))
        total, addend = f.where(near, 1 + x, x), x * scale
        turns = f.bits(total * scale) - form.root_half & -(1 << form.mantissa)
        excess = f.real(f.bits(addend) - turns) + (f.where(near, f.one_without(turns), 0.0) - 1)
        shift = f.where(near, -0.0, f.where(small, -float(lift), -0.0))
        logarithm = f.log_of(f.whole(turns) + shift, excess)
        inside = f.where(total < f.infinity, logarithm, total)
        return f.where(total <= 0, f.where(total == 0, -f.infinity, f.nan), inside)

    def one_without(f, turns):
        """1 divided by the power of 2 with these `turns`, or 0 where that is no normal number."""
        bits = f.format.one - turns
        return f.real(f.where(bits < 0, 0, bits))

    def log_of(f, turns, excess):
        """Logarithm of 1 + `excess` times 2 to the `turns`."""
        form = f.format
        bend = f.log1p_bend(excess, form.logarithm)
        return turns * form.log2[0] + (excess - (bend - turns * form.log2[1]))

    def log1p_fraction(f, x):
        """Logarithm of 1 + `x` for `x` from 0 to 1."""
        return x - f.log1p_bend(x, f.format.fraction)

    def log1p_bend(f, x, coefficients):
        """What the logarithm of 1 + `x` is less than `x`."""
        ratio = x / (2 + x)
        square = ratio * ratio
        return ratio * (x - square * polynomial(square, coefficients))

    @Primitive
    def logit(f, u):
        """Logarithm of u / (1 - u), with one division for that and for the series of the logarithm."""
        form, rest, middle = f.format, 1 - u, 2 * u - 1
        small, near, lift = u < form.tiny, f.abs(middle) < 1 / 3, form.mantissa + 1
        lifted = f.where(small, u * 2.0**lift, u)
        turns = f.bits(lifted) - f.bits(rest) + (1 << form.mantissa - 1) & -(1 << form.mantissa)
        turns = f.where(near, 0, turns)
        scaled = f.real(f.bits(rest) + turns)
        ratio = f.where(near, middle, lifted - scaled) / (lifted + scaled)
        square, count = ratio * ratio, f.whole(turns) + f.where(small, -float(lift), -0.0)
        logarithm = ratio * (2 + square * polynomial(square, form.fraction))
        inside = count * form.log2[0] + (logarithm + count * form.log2[1])
        end = f.where(u == 0, -f.infinity, f.where(rest == 0, f.infinity, f.nan))
        return f.where(u * rest > 0, inside, end)

    def whole(f, turns):
        """The exponent in these bits as a number."""
        form = f.format
        return f.real((turns >> form.mantissa) + form.rounder_bits) - form.rounder

    def tanh(f, x):
        """Hyperbolic tangent."""
        return f.tanh_half(2 * x)
