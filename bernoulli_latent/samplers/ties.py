"""Bits that always agree, or always differ: one representative stands for each group."""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace

__all__ = ["Ties", "find_ties"]

TOLERANCE = 1e-14
"""A moment this close to -1 or 1 is taken as exact; counts of fewer than 10^14 samples cannot come closer."""


@dataclass(frozen=True)
class Ties:
    """Which variables repeat which.

    Attributes
    ----------
    representatives : int array, shape (R,)
        Row of `M` that stands for each group, the boundary first.
    index : int array, shape (N,)
        Group of each bit; 0 is the boundary, so its bits are constant.
    flip : bool array, shape (N,)
        Whether the bit is the complement of its representative.
    """

    representatives: Array
    index: Array
    flip: Array

    @property
    def multiplicity(self) -> Array:
        """Bits in each group, shape (R,); the boundary counts as one more."""
        xp = namespace(self.index)
        groups = xp.arange(self.representatives.shape[0], device=self.index.device)
        return xp.count_nonzero(self.index[None, :] == groups[:, None], axis=1)

    def expand(self, H: Array) -> Array:
        """Matrix of the representatives spread over all bits and the boundary, which comes last."""
        xp = namespace(H)
        boundary = xp.zeros(1, dtype=self.index.dtype, device=H.device)
        index = xp.concat([self.index, boundary])
        sign = xp.concat([xp.where(self.flip, -1.0, 1.0), xp.ones(1, device=H.device)])
        sign = xp.astype(sign, H.dtype)
        return xp.take(xp.take(H, index, axis=0), index, axis=1) * sign[:, None] * sign[None, :]


def find_ties(M: Array) -> Ties:
    """Groups of variables whose second moments in the bordered matrix `M` are -1 or +1.

    Examples
    --------
    >>> import numpy as np
    >>> M = np.array([[1, -1, 0.2, 0], [-1, 1, -0.2, 0], [0.2, -0.2, 1, 0], [0, 0, 0, 1.0]])
    >>> ties = find_ties(M)
    >>> ties.representatives, ties.index, ties.flip
    (array([3, 0, 2]), array([1, 1, 2]), array([False,  True, False]))
    """
    xp = namespace(M)
    n_bits = M.shape[0] - 1
    bits = xp.arange(n_bits, device=M.device)
    order = xp.concat([xp.asarray([n_bits], dtype=bits.dtype, device=M.device), bits])
    tied = xp.abs(M[:-1, :][:, order]) >= 1 - TOLERANCE
    first = order[xp.argmax(xp.astype(tied, xp.int8), axis=1)]
    is_own = xp.astype(xp.equal(first, bits), xp.bool)
    representatives = xp.concat([order[:1], bits[is_own]])
    rank = xp.cumulative_sum(xp.astype(is_own, bits.dtype))
    group = xp.concat([rank, xp.zeros(1, dtype=bits.dtype, device=M.device)])
    return Ties(representatives, group[first], M[bits, first] < 0)
