"""Words of packed bits as plain numbers, in any array library."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace

__all__ = ["check_padding", "mirror_octets"]


def check_padding(words: Array, n_bits: int) -> None:
    """Refuse bits beyond `n_bits`, which would be counted as differences."""
    if n_bits % 64 == 0:
        return
    xp = namespace(words)
    offends = (words[:, -1] >> (n_bits % 64)) != 0
    if xp.any(offends):
        row = int(xp.argmax(xp.astype(offends, xp.uint8)))
        raise ValueError(f"`words` must be zero beyond bit n_bits={n_bits}; got a bit set there in row {row}")


def mirror_octets(words: Array) -> Array:
    """Reverse the bits within each byte, by swapping neighbours, pairs and halves."""
    words = ((words >> 1) & 0x5555555555555555) | ((words & 0x5555555555555555) << 1)
    words = ((words >> 2) & 0x3333333333333333) | ((words & 0x3333333333333333) << 2)
    return ((words >> 4) & 0x0F0F0F0F0F0F0F0F) | ((words & 0x0F0F0F0F0F0F0F0F) << 4)
