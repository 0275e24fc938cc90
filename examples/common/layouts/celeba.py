"""CelebA in torchvision's folder: ``img_align_celeba/*.jpg`` and the lists of attributes and parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from examples.common.image_set import Images, Table
from examples.common.layouts.pictures import decode_file, in_order

__all__ = ["read", "read_attributes", "read_partition"]

SIZE = 64
PARTS = {"train": "0", "valid": "1", "test": "2"}


def read(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """Faces of a part, the shorter side scaled to `size` (64) and cut to the central square."""
    files, attributes, names = read_attributes(folder / "list_attr_celeba.txt")
    parts = read_partition(folder / "list_eval_partition.txt", files)
    rows = [row for row, part in enumerate(parts) if part == PARTS[split]][:limit]
    if not rows:
        raise ValueError(f"{folder / 'list_eval_partition.txt'} has no image of the part {split!r} ({PARTS[split]})")
    paths = [_existing(folder, files, row) for row in rows]
    pixels = in_order(partial(decode_file, size=size or SIZE), paths)
    return Images(pixels, attributes=attributes[rows], names=names, source=f"celeba{size or SIZE}")


def read_attributes(path: Path) -> tuple[list[str], Table, tuple[str, ...]]:
    """Files, attributes (n, k) and their names, from a count, a line of names, and a line of -1 and 1 for each file.

    Raises
    ------
    ValueError
        At the first line that does not fit, which the message names.
    """
    lines = path.read_text().splitlines()
    names = tuple(lines[1].split()) if len(lines) > 1 else ()
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"{path}, line 2: must name the attributes, each once; got {len(names)} names")
    files, rows = [], []
    for file, values, where in _rows(path, lines, start=2):
        if len(values) != len(names):
            raise ValueError(f"{where}: must have {len(names)} values, one a name of line 2; got {len(values)}")
        if not {"1", "-1"}.issuperset(values):
            raise ValueError(f"{where}: values must be 1 or -1; got {sorted({*values} - {'1', '-1'})}")
        files.append(file)
        rows.append([value == "1" for value in values])
    if lines[0].strip() != str(len(files)):
        raise ValueError(f"{path}, line 1: must be the number of images that follow, {len(files)}; got {lines[0]!r}")
    return files, np.array(rows, bool).reshape(-1, len(names)), names


def read_partition(path: Path, files: list[str]) -> list[str]:
    """Part of each of `files`, "0", "1" or "2"; the list must have the same files in the same order.

    Raises
    ------
    ValueError
        At the first line that does not fit, which the message names.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} has no {path.name}, which says which images are of which part")
    parts: list[str] = []
    for file, values, where in _rows(path, path.read_text().splitlines(), start=0):
        expected = files[len(parts)] if len(parts) < len(files) else "no further file"
        if file != expected:
            raise ValueError(f"{where}: must name {expected}, as the list of attributes does; got {file}")
        if len(values) != 1 or values[0] not in PARTS.values():
            raise ValueError(f"{where}: must have one part, 0, 1 or 2; got {' '.join(values)!r}")
        parts.append(values[0])
    if len(parts) != len(files):
        raise ValueError(f"{path}: must name {len(files)} files, as the list of attributes does; got {len(parts)}")
    return parts


def _rows(path: Path, lines: list[str], start: int) -> Iterator[tuple[str, list[str], str]]:
    """File name, the other words, and the place of each line that is not empty."""
    for number, line in enumerate(lines[start:], start + 1):
        if words := line.split():
            yield words[0], words[1:], f"{path}, line {number}"


def _existing(folder: Path, files: list[str], row: int) -> Path:
    path = folder / "img_align_celeba" / files[row]
    if not path.is_file():
        place = f"{folder / 'list_attr_celeba.txt'}, line {row + 3}"
        raise FileNotFoundError(f"{place}: names {files[row]}, which is not in {path.parent}")
    return path
