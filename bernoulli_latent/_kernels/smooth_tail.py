"""The sum over nodes in the tails of SmoothStepLogistic, compiled; the formula ``tail_sum`` is its twin."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from bernoulli_latent._kernels._jit import kernel

__all__ = ["rational_sum"]

NDArray: TypeAlias = np.ndarray[Any, Any]

CHUNK = 256
"""Elements that go through all nodes together, side by side in vector registers."""


@kernel
def rational_sum(near: NDArray, decay: NDArray, constant: NDArray, slope: NDArray, nodes: NDArray) -> NDArray:
    """Sum of ``weight (constant - slope fall) / (rate (1 + near outer)**2 (1 + decay inner))`` over the nodes.

    The rows of `nodes` are ``(weight, rate, outer, inner, fall)``.
    """
    total = np.zeros(near.size)
    for start in range(0, near.size, CHUNK):
        block = slice(start, min(start + CHUNK, near.size))
        p, q, c, s, result = near[block], decay[block], constant[block], slope[block], total[block]
        for k in range(len(nodes)):
            weight, rate, outer, inner, fall = nodes[k]
            for j in range(p.size):
                step = 1 + p[j] * outer
                density = 1 / (rate * (step * step) * (1 + q[j] * inner))
                result[j] += weight * ((c[j] - s[j] * fall) * density)
    return total
