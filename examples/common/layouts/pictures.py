"""Image files, decoded by Pillow: a file that cannot be read is named."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from examples.common.image_set import Pixels

__all__ = ["decode", "decode_file", "in_order", "square"]

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
"""What damaged bytes make Pillow's readers raise."""

Source = TypeVar("Source")


def decode(data: bytes, name: str, size: int | None = None) -> Pixels:
    """Red, green and blue of an encoded image, (height, width, 3); a square of `size` pixels if it is given.

    Raises
    ------
    ValueError
        If the bytes are no image, or not all of one; the message has `name`.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            colours = image.convert("RGB")
    except UNREADABLE as error:
        raise ValueError(f"{name} is damaged, truncated or no image: {error}") from error
    return np.asarray(colours if size is None else square(colours, size))


def decode_file(path: Path, size: int | None = None) -> Pixels:
    """:func:`decode` of a file."""
    return decode(path.read_bytes(), str(path), size)


def square(image: Image.Image, size: int) -> Image.Image:
    """The shorter side scaled to `size`, bilinear with antialias, then the central square.

    The rounding is that of torchvision's ``Resize(size)`` followed by ``CenterCrop(size)``.
    """
    shorter = min(image.size)
    width, height = (side * size // shorter for side in image.size)
    left, top = round((width - size) / 2), round((height - size) / 2)
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    return scaled.crop((left, top, left + size, top + size))


def in_order(decoder: Callable[[Source], Pixels], sources: Sequence[Source]) -> Pixels:
    """Decode on several threads (Pillow lets go of the interpreter's lock); images of one size, as one array."""
    if not len(sources):
        raise ValueError("there must be at least one image; got none")
    first = decoder(sources[0])
    pixels = np.empty((len(sources), *first.shape), np.uint8)
    pixels[0] = first

    def place(row: int) -> None:
        image = decoder(sources[row])
        if image.shape != first.shape:
            raise ValueError(f"all images must have one size, {first.shape}; image {row} has {image.shape}")
        pixels[row] = image

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(place, range(1, len(sources))):
            pass
    return pixels
