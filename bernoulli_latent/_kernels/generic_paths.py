"""Paths among the scores of a model in plain array code: the same function as in ``paths``, for any library."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._kernels.generic_packing import pack_bits

__all__ = ["path"]


def path(
    source: Array, target: Array, weights: Array, offset: Array, index: Array, flip: Array, threads: int = 1
) -> Array:
    """Packed bits (steps, n, words) along n arcs: bit ``j`` is ``score[index[j]] >= 0``, negated where ``flip[j]``.

    The scores of step ``k`` are ``weights[0, k] * source + weights[1, k] * target + offset``, with the scores of
    the ends (n, R), the weights (2, steps, n) and the offset (R,) in one precision.
    """
    xp = namespace(source)
    steps = []
    for backward, forward in zip(weights[0, ...], weights[1, ...], strict=True):
        scores = backward[:, None] * source + forward[:, None] * target + offset
        steps.append(pack_bits(xp.take(scores >= 0, index, axis=1) ^ flip))
    return xp.stack(steps)
