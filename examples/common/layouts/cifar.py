"""CIFAR-10 as its authors give it out: the Python version (pickles) and the binary version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from examples.common.image_set import Images, naming
from examples.common.layouts.restricted_pickle import load_plain

__all__ = ["CLASSES", "read_binary", "read_pickles"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = {"train": tuple(f"data_batch_{batch}" for batch in range(1, 6)), "test": ("test_batch",)}
SIDE = 32
N_VALUES = 3 * SIDE * SIDE

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Batch = tuple[Bytes, Bytes]
"""Rows of all red, all green, all blue values, and a label for each."""


def read_pickles(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """``data_batch_1`` to ``5`` and ``test_batch``; `size` is not used."""
    return _read(folder, split, limit, "", _pickled_batch)


def read_binary(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """``data_batch_1.bin`` to ``5.bin`` and ``test_batch.bin``; `size` is not used."""
    return _read(folder, split, limit, ".bin", _binary_batch)


def _read(folder: Path, split: str, limit: int | None, suffix: str, batch: Callable[[Path], Batch]) -> Images:
    if split not in BATCHES:
        raise ValueError(f"`split` must be 'train' or 'test' for CIFAR-10, which has no other parts; got {split!r}")
    rows, labels, n = [], [], 0
    for name in BATCHES[split]:
        if limit is None or n < limit:
            values, classes = batch(_existing(folder / (name + suffix)))
            rows.append(values)
            labels.append(classes)
            n += len(values)
    pixels = np.concatenate(rows).reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    names = np.concatenate(labels)
    return Images(np.ascontiguousarray(pixels), names, names=CLASSES, source="cifar10").take(limit)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} has no {path.name}, one of the files of CIFAR-10")
    return path


def _pickled_batch(path: Path) -> Batch:
    content = load_plain(path)
    fields = {_text(name): value for name, value in content.items()} if isinstance(content, dict) else {}
    if not {"data", "labels"} <= fields.keys():
        raise ValueError(f"{path} must hold a dict with 'data' and 'labels'; it holds {sorted(fields)}")
    with naming(path):
        values, labels = np.asarray(fields["data"]), np.asarray(fields["labels"])
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"{path} must hold a row of labels; got {labels.dtype} {labels.shape}")
    if values.dtype != np.uint8 or values.shape != (len(labels), N_VALUES):
        raise ValueError(f"{path} must hold uint8 data ({len(labels)}, {N_VALUES}); got {values.dtype} {values.shape}")
    return values, _checked(path, labels)


def _binary_batch(path: Path) -> Batch:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    if not len(data) or len(data) % (1 + N_VALUES):
        raise ValueError(f"{path} must hold records of {1 + N_VALUES} bytes; it is damaged or truncated: {len(data)}")
    records = data.reshape(-1, 1 + N_VALUES)
    return records[:, 1:], _checked(path, records[:, 0])


def _checked(path: Path, labels: Bytes) -> Bytes:
    if not len(labels):
        raise ValueError(f"{path} must hold images; it is empty")
    if labels.min() < 0 or labels.max() >= len(CLASSES):
        raise ValueError(f"{path} must hold labels from 0 to 9; it has {labels.min()} to {labels.max()}")
    return labels


def _text(name: str | bytes) -> str:
    return name.decode("latin1") if isinstance(name, bytes) else str(name)
