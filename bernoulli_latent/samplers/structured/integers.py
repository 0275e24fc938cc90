r"""Common factors in integers, and a bound on what that changes.

The loadings are rounded like the rows of a dense model; the noise of a bit is not, and only shares the scale. So a
unit vector :math:`(\lambda_i, \sqrt{1 - |\lambda_i|^2})` turns by an angle :math:`\delta_i`, and two of them change
the angle between them by :math:`\delta_i + \delta_j` at most. The slope of a second moment in the correlation is
:math:`4 \varphi_2(g_i, g_j; \rho) \le \frac{2}{\pi} (1 - \rho^2)^{-1/2}`, whatever the thresholds (Plackett 1954):
:math:`2 / \pi` times the slope of the angle. Hence no moment changes by more than
:math:`\frac{2}{\pi} (\delta_i + \delta_j)`, and no mean at all.
"""

from __future__ import annotations

import math

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._kernels.generic_sampling import NORMAL_UNIT
from bernoulli_latent.samplers.integers import ROW_UNIT, STRIP, integer_offsets, integer_rows
from bernoulli_latent.samplers.structured.structures import Factors

__all__ = ["integer_bias", "integer_factors"]


def integer_factors(thresholds: Array, structure: Factors) -> tuple[Array, Array, Array]:
    """Thresholds, noise and loadings as the kernel takes them: int32, float32 in units of the scores, int16."""
    xp, loadings = namespace(thresholds), integer_rows(structure.loadings)
    noise = xp.astype(structure.noise * (ROW_UNIT * NORMAL_UNIT), xp.float32)
    length = xp.concat([_length(noise, loadings, first) for first in range(0, max(loadings.shape[0], 1), STRIP)])
    return integer_offsets(thresholds, length), noise, loadings


def _length(noise: Array, loadings: Array, first: int) -> Array:
    """Lengths of some of the unit vectors in integers."""
    xp, some = namespace(noise), slice(first, first + STRIP)
    part, own = (xp.astype(x, xp.float64) for x in (loadings[some, :], noise[some]))
    return xp.sqrt(xp.sum(part * part, axis=1) + (own / NORMAL_UNIT) ** 2)


def integer_bias(structure: Factors) -> float:
    r"""Bound on the change of any moment: :math:`\frac{4}{\pi} \max_i \delta_i`."""
    xp = namespace(structure.loadings)
    strips = range(0, structure.loadings.shape[0], STRIP)
    chord = max(float(xp.max(_chords(structure.loadings[i : i + STRIP, :]))) for i in strips)
    return 4 / math.pi * 2 * math.asin(min(chord / 2, 1.0))


def _chords(loadings: Array) -> Array:
    """Distances between some unit vectors and the directions of what they are rounded to."""
    xp, noise = namespace(loadings), Factors(loadings).noise
    integers = xp.astype(integer_rows(loadings)[:, : loadings.shape[1]], loadings.dtype) / ROW_UNIT
    length = xp.sqrt(xp.sum(integers * integers, axis=1) + noise * noise)
    moved = xp.sum((integers / length[:, None] - loadings) ** 2, axis=1) + (noise / length - noise) ** 2
    return xp.sqrt(moved)
