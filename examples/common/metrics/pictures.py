"""How well images are reconstructed, pixel by pixel."""

from __future__ import annotations

import numpy as np

from examples.common.image_set import Pixels

__all__ = ["psnr", "ssim"]


def psnr(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio in decibels, averaged over images; infinite if an image is met exactly.

    Examples
    --------
    >>> psnr(np.zeros((1, 4, 4, 1), np.uint8), np.full((1, 4, 4, 1), 255, np.uint8))
    0.0
    """
    _same_images(a, b)
    error = np.square(a.astype(np.float32) - b.astype(np.float32)).mean(axis=(1, 2, 3), dtype=np.float64)
    with np.errstate(divide="ignore"):
        return float(np.mean(10 * np.log10(255.0**2 / error)))


def ssim(a: Pixels, b: Pixels) -> float:
    """Structural similarity, averaged over images.

    With the Gaussian window, of deviation 1.5, of Wang, Bovik, Sheikh and Simoncelli (2004).
    """
    from skimage.metrics import structural_similarity

    _same_images(a, b)
    published = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    pairs = zip(a, b, strict=True)
    return float(np.mean([structural_similarity(x, y, channel_axis=-1, **published) for x, y in pairs]))


def _same_images(a: Pixels, b: Pixels) -> None:
    if a.dtype != np.uint8 or b.dtype != np.uint8 or a.shape != b.shape or a.ndim != 4:
        got = f"{a.dtype} {a.shape} and {b.dtype} {b.shape}"
        raise ValueError(f"both must be uint8 images of one shape (n, height, width, channels); got {got}")
