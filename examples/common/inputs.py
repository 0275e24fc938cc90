"""Between bytes of images and what networks take and give."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from examples.common.image_set import Pixels

__all__ = ["jpeg", "to_batch", "to_pixels"]

MULTIPLE = 16
"""Networks halve the side of images several times; 28 becomes 32."""


def to_batch(pixels: np.ndarray[Any, Any] | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Bytes (n, height, width, channels) as values in [0, 1], (n, channels, height, width), zeros around them.

    Both sides grow to the next multiple of 16, by as much on the left as on the right: 28 becomes 32.

    Examples
    --------
    >>> to_batch(np.full((1, 28, 28, 1), 255, np.uint8)).shape
    torch.Size([1, 1, 32, 32])
    """
    batch = torch.as_tensor(pixels, device=device).permute(0, 3, 1, 2).float() / 255
    top, left = (-side % MULTIPLE // 2 for side in batch.shape[2:])
    bottom, right = (-side % MULTIPLE - -side % MULTIPLE // 2 for side in batch.shape[2:])
    return functional.pad(batch, (left, right, top, bottom))


def to_pixels(batch: Tensor, size: int | None = None) -> Pixels:
    """Values in [0, 1] as bytes, (n, height, width, channels), rounded; the central `size` of each side if given.

    It undoes :func:`to_batch`.

    Examples
    --------
    >>> to_pixels(torch.full((1, 1, 32, 32), 0.5), size=28)[0, 0, 0], to_pixels(torch.ones(1, 3, 2, 2)).shape
    (array([128], dtype=uint8), (1, 2, 2, 3))
    """
    side = batch.shape[-1]
    first = 0 if size is None else (side - size) // 2
    inner = slice(first, first + (size or side))
    bytes_ = (batch.detach()[..., inner, inner].float().clamp(0, 1) * 255).round().to(torch.uint8)
    return bytes_.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def jpeg(pixels: Pixels, quality: int = 75) -> Pixels:
    """What is left of images written as JPEG files; 75 is Pillow's own choice, and that of the LBAE's authors."""
    return np.stack([_through_jpeg(image, quality) for image in pixels])


def _through_jpeg(image: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "jpeg", quality=quality)
    return np.asarray(Image.open(file)).reshape(image.shape)
