"""In how many samples two bits are both set, by products of 8-bit integers where torch has them."""

from __future__ import annotations

from functools import cache
from typing import Any

from bernoulli_latent._arrays import Array, is_torch

__all__ = ["EXACT_ROWS", "joint_counts", "multiplies_octets"]

EXACT_ROWS = 2**24
"""Samples in one product: entries of 8 at most, so that a sum of 32 bits holds it."""


def multiplies_octets(like: Array) -> bool:
    """Whether 8-bit integers of the kind of `like` can be multiplied, and their sums are exact."""
    return is_torch(like) and _multiplies_octets(like.device)


@cache
def _multiplies_octets(device: Any) -> bool:
    """Asked, not looked up: support depends on the device, on torch, and on the libraries below it."""
    import torch

    try:
        eights = torch.full((32, 2**18 + 32), 8, dtype=torch.int8, device=device)
        eights[:, 2**18 :] = 0
        eights[:, -1] = 1
        return bool((torch._int_mm(eights, eights.T) == 2**24 + 1).all())  # no float32
    except (AttributeError, RuntimeError):
        return False


def joint_counts(words: Array, n_bits: int) -> Array:
    """Samples in which both of two bits are set, ``(n_bits, n_bits)`` int32, for `EXACT_ROWS` samples at most.

    Bits are not moved to the same place but left where they are in half an octet, worth 1, 2, 4 or 8: one pass
    makes factors from words, and the products are shifted instead.
    """
    import torch

    place = torch.arange(4, device=words.device)
    halves = _halves(words, n_bits)
    factors = halves[:, None, :] & (1 << place).byte()[None, :, None]
    factors = factors.view(torch.int8).flatten(0, 1)
    shift = place.int().repeat(halves.shape[0])
    counts = torch._int_mm(factors, factors.T) >> (shift[:, None] + shift[None, :])
    return counts[:n_bits, :n_bits]


def _halves(words: Array, n_bits: int) -> Array:
    """Halves of octets, least significant first, bit-major: at least 32 rows and a multiple of 32 columns of zeros."""
    import torch

    octets = words.view(torch.uint8)[:, : max(4, -(-n_bits // 8))].T
    padded = octets.new_zeros((octets.shape[0], 32 * -(-octets.shape[1] // 32)))
    padded[:, : octets.shape[1]] = octets
    return torch.stack([padded, padded >> 4], dim=1).flatten(0, 1)
