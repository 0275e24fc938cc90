"""Draws in integers: rows and thresholds rounded to them, and which arithmetic a sampler draws in.

The normals are rounded to multiples of 2^-11 and the rows to multiples of 1/32767, so that both fit into 16 bits. A
score of standard deviation 1 is then 32767 2^11 < 2^26: sums reach 32 deviations before they leave 32 bits, or 16
beyond a threshold, which is cut at 16. Nothing but the rounded rows changes a moment by more than 1e-7: a threshold is
scaled with the length of its rounded row, and what rounding takes from the first normal of a sample is added to all
its scores, so that a row with one entry has no steps.
"""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._kernels.generic_sampling import NORMAL_UNIT

__all__ = ["LARGEST_BIAS", "ROW_UNIT", "arithmetic", "integer_offsets", "integer_rows"]

ROW_UNIT = 2**15 - 1
"""What an entry of 1 is among integers."""

LARGEST_BIAS = 2e-4
"""Largest bias of a moment, of bits coded -1 and +1, with which ``precision="auto"`` draws in integers."""

CUT = 2**30
STRIP = 4096
"""Rows held in float64 at a time."""


def arithmetic(precision: str, int16_bias: float) -> str:
    """Arithmetic that `precision` asks for, if draws in integers have this bias."""
    if precision == "auto":
        return "int16" if int16_bias <= LARGEST_BIAS else "float32"
    return precision


def integer_rows(rows: Array) -> Array:
    """Rows with entries in [-1, 1] in units of 1/32767, int16; columns come in pairs, the last perhaps of zeros."""
    xp, (n, columns) = namespace(rows), rows.shape
    integers = xp.zeros((n, columns + columns % 2), dtype=xp.int16, device=rows.device)
    for first in range(0, n, STRIP):
        part = xp.round(rows[first : first + STRIP, :] * ROW_UNIT)
        integers[first : first + STRIP, :columns] = xp.astype(part, xp.int16)
    return integers


def integer_offsets(thresholds: Array, length: Array) -> Array:
    """Thresholds in units of the scores, int32, for integer rows of such `length`."""
    xp = namespace(thresholds)
    return xp.astype(xp.round(xp.clip(thresholds * length * NORMAL_UNIT, -CUT, CUT)), xp.int32)
