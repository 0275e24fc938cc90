"""The code used where torch is missing: every pixel, thresholded, is a bit."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Threshold"]

Images = np.ndarray[Any, np.dtype[np.float32]]
Latents = np.ndarray[Any, np.dtype[np.int8]]


class Threshold:
    """Pixels above one half are +1, others -1."""

    title = "Thresholded: every pixel is a bit"

    @classmethod
    def learn(cls, images: Images, epochs: int, seed: int) -> Threshold:
        """Nothing is learned; the arguments are those of the autoencoder."""
        return cls()

    def encode(self, images: Images) -> Latents:
        """Bits in {-1, +1}, of the shape of `images`."""
        return np.where(images > 0.5, 1, -1).astype(np.int8)

    def decode(self, latents: Latents) -> Images:
        """Black and white pictures."""
        return (latents > 0).astype(np.float32)
