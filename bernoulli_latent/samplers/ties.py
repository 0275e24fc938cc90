"""Bits that always agree, or always differ: one representative stands for each group."""

from __future__ import annotations

from dataclasses import dataclass

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import first_offence

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


def find_ties(M: Array, tolerance: float = TOLERANCE) -> Ties:
    """Groups of variables whose second moments in the bordered matrix `M` are -1 or +1, up to `tolerance`.

    Raises
    ------
    ValueError
        If two variables that repeat the same one do not repeat each other.

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
    order = xp.concat([xp.asarray([n_bits], device=M.device), xp.arange(n_bits, device=M.device)])
    bordered = M[order, :][:, order]
    itself = xp.eye(n_bits + 1, dtype=xp.bool, device=M.device)
    first = xp.argmax(xp.astype((xp.abs(bordered) >= 1 - tolerance) | itself, xp.int8), axis=1)
    is_own = first == xp.arange(n_bits + 1, device=M.device)
    while not bool(xp.all(is_own[first])):
        first = first[first]
    group = xp.cumulative_sum(xp.astype(is_own, first.dtype)) - 1
    flip = bordered[xp.arange(n_bits + 1, device=M.device), first] < 0
    ties = Ties(order[is_own], group[first][1:], flip[1:])
    _check_consistent(M, ties)
    return ties


def _check_consistent(M: Array, ties: Ties) -> None:
    xp, own = namespace(M), ties.representatives
    if own.shape[0] == M.shape[0]:
        return
    difference = xp.abs(M - ties.expand(xp.take(xp.take(M, own, axis=0), own, axis=1)))
    offence = first_offence(difference > 1e-5)
    if offence is not None:
        i, j = offence
        raise ValueError(
            "`moments` make bits repeat each other that do not agree elsewhere: the second moment at index "
            f"{(i, j)} is {float(M[i, j]):.6g}, that of bits which repeat these two differs by "
            f"{float(difference[i, j]):.3g}. No binary distribution has such moments."
        )
