"""A plain folder of images, or one with the folders ``train``, ``valid`` and ``test``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from examples.common.image_set import Images, in_part
from examples.common.layouts.pictures import decode_file, in_order

__all__ = ["PATTERNS", "read"]

SIZE = 64
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
PATTERNS = tuple(f"**/*{suffix}" for suffix in (*SUFFIXES, *map(str.upper, SUFFIXES)))


def read(folder: Path, split: str, limit: int | None, size: int | None) -> Images:
    """Images in the order of their names, in colour, scaled and cut to squares of `size` (64) pixels.

    Where nobody has divided them, of each ten the first and sixth are for testing and the second for validation.
    """
    divided = (folder / "train").is_dir()
    root = folder / split if divided else folder
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    rows = range(len(paths)) if divided else in_part(len(paths), split)
    if not len(rows):
        raise FileNotFoundError(f"{root} has no images of the part {split!r}; {len(paths)} images lie there in all")
    pixels = in_order(partial(decode_file, size=size or SIZE), [paths[row] for row in rows[:limit]])
    return Images(pixels, source="folder")
