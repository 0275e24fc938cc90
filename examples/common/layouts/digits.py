"""Scikit-learn's handwritten digits: 1,797 images that need no file of ours."""

from __future__ import annotations

import numpy as np
from PIL import Image

from examples.common.image_set import Images, in_part

__all__ = ["read"]

SIZE = 32
BRIGHTEST = 16
"""Grey values of the set run from 0 to this."""


def read(split: str, limit: int | None, size: int | None) -> Images:
    """Digits of 8 x 8 values, bilinear to `size` (32) pixels a side; two of ten for testing, one for validation."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = in_part(len(digits.images), split)[:limit]
    values = np.round(digits.images[rows] * (255 / BRIGHTEST)).astype(np.uint8)
    pixels = np.stack([_enlarged(image, size or SIZE) for image in values])[..., None]
    names = tuple(str(name) for name in digits.target_names)
    return Images(pixels, digits.target[rows], names=names, source="digits")


def _enlarged(image: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))
