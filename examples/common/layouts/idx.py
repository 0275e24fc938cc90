"""IDX files, the layout of MNIST and Fashion-MNIST, packed with gzip or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from examples.common.image_set import Images, naming

__all__ = ["read", "read_idx"]

STEMS = {"train": "train", "test": "t10k"}
BYTES = 8
"""The code of unsigned bytes in the third byte of a file."""


def read(folder: Path, split: str, limit: int | None, size: int | None, source: str = "mnist") -> Images:
    """Images and labels; `size` is not used, the images have the side that they have.

    Which set it is, digits or fashion, the files do not tell.
    """
    if split not in STEMS:
        raise ValueError(f"`split` must be 'train' or 'test' for IDX files, which have no other parts; got {split!r}")
    pixels = read_idx(_file(folder, f"{STEMS[split]}-images?idx3-ubyte"), 3)
    path = _file(folder, f"{STEMS[split]}-labels?idx1-ubyte")
    labels = read_idx(path, 1)
    names = tuple(str(label) for label in range(10))
    with naming(path):
        return Images(pixels[..., None], labels, names=names, source=source).take(limit)


def read_idx(path: Path, n_dimensions: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Array of bytes in an IDX file.

    Raises
    ------
    ValueError
        If the file is not of that kind, or is cut short.
    """
    data = _content(path)
    start = 4 + 4 * n_dimensions
    if len(data) < start or data[:4] != bytes((0, 0, BYTES, n_dimensions)):
        raise ValueError(f"{path} must be an IDX file of bytes in {n_dimensions} dimensions; it begins {data[:4]!r}")
    shape = struct.unpack(f">{n_dimensions}I", data[4:start])
    if len(data) - start != math.prod(shape):
        raise ValueError(f"{path} must hold {math.prod(shape)} values, {shape}; it holds {len(data) - start}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged or truncated: {error}") from error


def _file(folder: Path, pattern: str) -> Path:
    found = sorted([*folder.glob(pattern), *folder.glob(pattern + ".gz")])
    if not found:
        raise FileNotFoundError(f"{folder} has no {pattern.replace('?', '-')} or {pattern.replace('?', '-')}.gz")
    return found[0]
