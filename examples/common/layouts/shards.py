"""Compact files: arrays in .npz (pixels, or the bytes of JPEG files) and mosaics of tiles with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bernoulli_latent.io import UNREADABLE
from examples.common.image_set import Images, Pixels, naming
from examples.common.layouts.pictures import decode, decode_file, in_order

__all__ = ["read_arrays", "read_mosaics"]

TILE = 32
Arrays = Mapping[str, np.ndarray[Any, Any]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


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
            with naming(path):
                _check_alike(shards[0], shards[-1])
    return _joined(shards)


def read_mosaics(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """Tiles of 32 x 32 pixels, row by row, in ``train_*.webp``; their `label` and `classes` in ``train_labels.npz``."""
    path = _files(folder, f"{split}_labels.npz")[0]
    arrays = _arrays(path)
    pixels = np.concatenate([_tiles(path) for path in _files(folder, f"{split}_*.webp")])
    with naming(path):
        _check_held(arrays, "label", "classes")
        return Images(pixels, arrays["label"], names=_names(arrays["classes"]), source="cifar10").take(limit)


def _files(folder: Path, pattern: str) -> list[Path]:
    if found := sorted(folder.glob(pattern)):
        return found
    raise FileNotFoundError(f"{folder} has no {pattern}")


def _shard(path: Path, limit: int | None, size: int | None) -> Images:
    arrays = _arrays(path)
    with naming(path):
        return _faces(arrays, limit, size) if "jpeg" in arrays else _plain(arrays).take(limit)


def _plain(arrays: Arrays) -> Images:
    if "pixels" not in arrays:
        raise ValueError(f"it must hold 'pixels', or 'jpeg' and 'offset'; it holds {sorted(arrays)}")
    pixels, attributes = arrays["pixels"], arrays.get("attributes")
    if attributes is not None and not np.isin(attributes, (0, 1)).all():
        raise ValueError(f"'attributes' must be 0 or 1; got values from {attributes.min()} to {attributes.max()}")
    return Images(
        pixels[..., None] if pixels.ndim == 3 else pixels,
        arrays.get("labels"),
        None if attributes is None else attributes.astype(bool),
        _names(arrays.get("names", np.array([]))),
    )


def _faces(arrays: Arrays, limit: int | None, size: int | None) -> Images:
    _check_held(arrays, "offset", "attr", "attr_names")
    jpeg, ends, packed, names = arrays["jpeg"], arrays["offset"], arrays["attr"], _names(arrays["attr_names"])
    _check_places(jpeg, ends)
    if packed.dtype != np.uint8 or packed.shape != (expected := (len(ends) - 1, -(-len(names) // 8))):
        raise ValueError(f"'attr' must be uint8 of shape {expected}; got {packed.dtype} {packed.shape}")
    rows = range(len(ends) - 1)[:limit]

    def face(row: int) -> Pixels:
        return decode(jpeg[ends[row] : ends[row + 1]].tobytes(), f"image {row}", size)

    pixels = in_order(face, rows)
    attributes = np.unpackbits(packed, axis=1, count=len(names)).astype(bool)[: len(rows)]
    return Images(pixels, None, attributes, names, f"celeba{pixels.shape[1]}")


def _check_held(arrays: Arrays, *names: str) -> None:
    if missing := [name for name in names if name not in arrays]:
        raise ValueError(f"it must hold {missing[0]!r} too; it holds {sorted(arrays)}")


def _check_places(jpeg: Bytes, ends: np.ndarray[Any, Any]) -> None:
    """Refuse places that are not one after the other within the bytes."""
    if jpeg.dtype != np.uint8 or jpeg.ndim != 1:
        raise ValueError(f"'jpeg' must be a row of bytes; got {jpeg.dtype} {jpeg.shape}")
    if ends.dtype.kind not in "iu" or ends.ndim != 1 or len(ends) < 2:
        raise ValueError(f"'offset' must be a row of two integers or more; got {ends.dtype} {ends.shape}")
    if ends[0] < 0 or ends[-1] > len(jpeg) or (ends[1:] < ends[:-1]).any():
        raise ValueError(f"'offset' must ascend from 0 to no more than the {len(jpeg)} bytes of 'jpeg'")


def _names(words: np.ndarray[Any, Any]) -> tuple[str, ...]:
    return tuple(str(word) for word in words.ravel().tolist())


def _check_alike(first: Images, other: Images) -> None:
    """Refuse files that cannot be joined."""
    for what, before, now in zip(("images", "labels", "attributes", "names"), _form(first), _form(other), strict=True):
        if before != now:
            raise ValueError(f"it must have the same {what} as the first file, {before}; got {now}")


def _form(images: Images) -> tuple[Any, ...]:
    """Shape of an image, whether there are labels and attributes, and their names."""
    present = ("none" if table is None else "some" for table in (images.labels, images.attributes))
    return (images.pixels.shape[1:], *present, images.names)


def _joined(shards: list[Images]) -> Images:
    first = shards[0]
    labels = None if first.labels is None else np.concatenate([shard.labels for shard in shards])
    attributes = None if first.attributes is None else np.concatenate([shard.attributes for shard in shards])
    pixels = np.concatenate([shard.pixels for shard in shards])
    return Images(pixels, labels, attributes, first.names, first.source)


def _tiles(path: Path) -> Pixels:
    mosaic = decode_file(path)
    if mosaic.shape[0] % TILE or mosaic.shape[1] % TILE:
        raise ValueError(f"{path} must have sides that are multiples of {TILE}; got {mosaic.shape[:2]}")
    rows, columns = mosaic.shape[0] // TILE, mosaic.shape[1] // TILE
    return mosaic.reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2).reshape(-1, TILE, TILE, 3)


def _arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (*UNREADABLE, OSError) as error:
        raise ValueError(f"{path} is damaged, truncated or not a file of plain arrays: {error}") from error
