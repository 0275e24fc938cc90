"""Grids of images in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bernoulli_latent.io import atomic_write

__all__ = ["mosaic", "write_grid"]

WHITE = 255
LEAST = 96
"""Side below which images are enlarged by a whole factor, so that they can be seen."""

Array = np.ndarray[Any, Any]


def mosaic(images: Array, gap: int = 2) -> Array:
    """One image of `images` (rows, columns, height, width, channels), with white between them.

    Examples
    --------
    >>> mosaic(np.zeros((2, 3, 4, 4, 1), np.uint8), gap=1).shape
    (9, 14, 1)
    """
    rows, columns, height, width, channels = images.shape
    framed = np.pad(images, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=WHITE)
    flat = framed.swapaxes(1, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    return flat[: flat.shape[0] - gap, : flat.shape[1] - gap]


def write_grid(path: Path, images: Array) -> None:
    """Write a PNG of `images`, bytes of shape (rows, columns, height, width, channels)."""
    from PIL import Image

    factor = max(LEAST // images.shape[2], 1)
    flat = mosaic(images).repeat(factor, axis=0).repeat(factor, axis=1)
    with atomic_write(path) as file:
        Image.fromarray(flat[..., 0] if flat.shape[-1] == 1 else flat).save(file, format="PNG")
