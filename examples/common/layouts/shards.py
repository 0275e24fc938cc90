"""Compact files: arrays in .npz (pixels, or the bytes of JPEG files) and mosaics of tiles with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bernoulli_latent.io import UNREADABLE
from examples.common.image_set import Images, Pixels
from examples.common.layouts.pictures import decode, decode_file, in_order

__all__ = ["read_arrays", "read_mosaics"]

TILE = 32
Arrays = Mapping[str, np.ndarray[Any, Any]]


def read_arrays(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """``train*.npz``, ``valid*.npz`` or ``test*.npz``, one after the other.

    A file has `pixels`, uint8 (n, height, width[, channels]), and may have `labels` (n,), `attributes` (n, k) and their
    `names`; or it has `jpeg`, the bytes of JPEG files in a row, `offset` (n + 1,), where each begins and the last ends,
    `attr`, the attributes as packed bits, and `attr_names`.
    """
    shards: list[Images] = []
    for path in _files(folder, f"{split}*.npz"):
        left = None if limit is None else limit - sum(map(len, shards))
        if left is None or left > 0:
            shards.append(_shard(path, left, size))
    return _joined(shards)


def read_mosaics(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """Tiles of 32 x 32 pixels, row by row, in ``train_*.webp``; their `label` and `classes` in ``train_labels.npz``."""
    arrays = _arrays(_files(folder, f"{split}_labels.npz")[0])
    pixels = np.concatenate([_tiles(decode_file(path)) for path in _files(folder, f"{split}_*.webp")])
    names = tuple(arrays["classes"].tolist())
    return Images(pixels, arrays["label"].astype(np.int64), names=names, source="cifar10").take(limit)


def _files(folder: Path, pattern: str) -> list[Path]:
    if found := sorted(folder.glob(pattern)):
        return found
    raise FileNotFoundError(f"{folder} has no {pattern}")


def _shard(path: Path, limit: int | None, size: int | None) -> Images:
    arrays = _arrays(path)
    if "jpeg" in arrays:
        return _faces(path, arrays, limit, size)
    if "pixels" not in arrays:
        raise ValueError(f"{path} must hold 'pixels', or 'jpeg' and 'offset'; it holds {sorted(arrays)}")
    pixels, labels, attributes = arrays["pixels"], arrays.get("labels"), arrays.get("attributes")
    return Images(
        pixels[..., None] if pixels.ndim == 3 else pixels,
        None if labels is None else labels.astype(np.int64),
        None if attributes is None else attributes.astype(bool),
        tuple(arrays.get("names", np.array([])).tolist()),
    ).take(limit)


def _faces(path: Path, arrays: Arrays, limit: int | None, size: int | None) -> Images:
    jpeg, ends, names = arrays["jpeg"], arrays["offset"], tuple(arrays["attr_names"].tolist())
    rows = range(len(ends) - 1)[:limit]

    def face(row: int) -> Pixels:
        return decode(jpeg[ends[row] : ends[row + 1]].tobytes(), f"{path}, image {row},", size)

    pixels = in_order(face, rows)
    attributes = np.unpackbits(arrays["attr"], axis=1, count=len(names)).astype(bool)[: len(rows)]
    return Images(pixels, None, attributes, names, f"celeba{pixels.shape[1]}")


def _joined(shards: list[Images]) -> Images:
    first = shards[0]
    labels = None if first.labels is None else np.concatenate([shard.labels for shard in shards])
    attributes = None if first.attributes is None else np.concatenate([shard.attributes for shard in shards])
    pixels = np.concatenate([shard.pixels for shard in shards])
    return Images(pixels, labels, attributes, first.names, first.source)


def _tiles(mosaic: Pixels) -> Pixels:
    rows, columns = mosaic.shape[0] // TILE, mosaic.shape[1] // TILE
    return mosaic.reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2).reshape(-1, TILE, TILE, 3)


def _arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (*UNREADABLE, OSError) as error:
        raise ValueError(f"{path} is damaged, truncated or not a file of plain arrays: {error}") from error
