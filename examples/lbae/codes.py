"""Codes of images with their labels and attributes, and the way from images to codes and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bernoulli_latent import BitArray
from bernoulli_latent.io import read_arrays, write_arrays
from examples.common.images import Images
from examples.common.inputs import to_batch, to_pixels
from examples.lbae.model import LBAE

__all__ = ["Codes", "decode", "encode"]

KIND = "codes"
CHUNK = 500
"""Images at a time."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Codes:
    """Bits of images, packed, with what is known about the images.

    Attributes
    ----------
    bits : BitArray, n rows
        The codes.
    labels : int array, shape (n,), or None
        Class of each image.
    attributes : bool array, shape (n, k), or None
        Whether each image has each attribute.
    names : tuple of str
        Of the attributes, or of the classes.
    source : str
        Word for the data set.
    about : dict
        What is said about the model whose codes these are.
    """

    bits: BitArray
    labels: Array | None
    attributes: Array | None
    names: tuple[str, ...]
    source: str
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: LBAE, images: Images, about: Mapping[str, Any] | None = None) -> Codes:
        """Codes of `images` by a model `about` which so much is known."""
        known = images.labels, images.attributes, images.names, images.source
        return cls(encode(model, images.pixels), *known, about or {})

    @property
    def columns(self) -> Array:
        """The attributes; without any, whether each image is of each class."""
        if self.attributes is not None:
            return self.attributes
        if self.labels is None:
            raise ValueError(f"images of {self.source!r} have neither attributes nor classes; there is nothing to edit")
        columns: Array = self.labels[:, None] == np.arange(len(self.names))
        return columns

    def column(self, name: str) -> Array:
        """Which images have the attribute, or are of the class, `name`, bool (n,); ValueError if there is none."""
        columns = self.columns
        if name not in self.names:
            raise ValueError(f"`attribute` must be one of {', '.join(self.names)}; got {name!r}")
        column: Array = columns[:, self.names.index(name)]
        return column

    def save(self, path: Path) -> None:
        """Write an .npz file: words of 64 bits beside labels and attributes."""
        known = {"words": self.bits.words, "labels": self.labels, "attributes": self.attributes}
        arrays = {name: array for name, array in known.items() if array is not None}
        values = {"n_bits": self.bits.n_bits, "names": list(self.names), "source": self.source}
        values |= {"about": dict(self.about)}
        write_arrays(path, KIND, arrays, values)

    @classmethod
    def load(cls, path: Path) -> Codes:
        """Read what :meth:`save` wrote; ValueError if it is damaged or foreign."""
        arrays, values = read_arrays(path, KIND)
        bits = BitArray(arrays["words"], values["n_bits"])
        known = arrays.get("labels"), arrays.get("attributes"), tuple(values["names"])
        return cls(bits, *known, values["source"], values["about"])


@torch.no_grad()
def encode(model: LBAE, pixels: Array) -> BitArray:
    """Packed bits of images of bytes, shape (n, height, width, channels)."""
    device = next(model.parameters()).device
    chunks = (to_batch(pixels[first : first + CHUNK], device) for first in range(0, len(pixels), CHUNK))
    return BitArray.concatenate([BitArray.from_array(model.codes(chunk).cpu().numpy(), "pm1") for chunk in chunks])


@torch.no_grad()
def decode(model: LBAE, bits: BitArray | Array) -> Array:
    """Images of bytes, shape (n, height, width, channels), of rows of bits."""
    device = next(model.parameters()).device
    packed = bits if isinstance(bits, BitArray) else BitArray.from_array(bits)
    chunks = (packed[first : first + CHUNK].to_array("pm1", np.float32) for first in range(0, len(packed), CHUNK))
    images = [model.decode(torch.from_numpy(chunk).to(device)) for chunk in chunks]
    return np.concatenate([to_pixels(image, model.plan.side) for image in images])
