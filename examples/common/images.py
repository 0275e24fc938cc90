"""Images from the layouts that users have on disk, or from sets that need no file.

:func:`load` knows

=============== ======================================================================================================
``mnist``       IDX files, with or without .gz: ``train-images-idx3-ubyte``, ``t10k-labels-idx1-ubyte`` and so on
``fashion``     the same files of Fashion-MNIST, which do not tell that they are: say it, or have them in that folder
``cifar10``     ``data_batch_1`` to ``5`` and ``test_batch``, of the Python or the binary version; or lossless mosaics
``celeba``      ``img_align_celeba/*.jpg``, ``list_attr_celeba.txt``, ``list_eval_partition.txt``; or .npz shards
``folder``      ``train*.npz`` and ``test*.npz`` with `pixels`; or any folder of image files
``digits``      scikit-learn's digits, enlarged: the default where no folder is given
``faces``       drawn faces with attributes
=============== ======================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from examples.common.image_set import Images
from examples.common.layouts import celeba, cifar, digits, faces, folder, idx, shards

__all__ = ["EMBEDDED", "NAMES", "SPLITS", "Images", "load"]

SPLITS = ("train", "valid", "test")
EMBEDDED = {"digits": digits.read, "faces": faces.read}


@dataclass(frozen=True)
class Layout:
    """One way in which a set lies on disk: a folder belongs to it if it has a file of one of the patterns."""

    name: str
    read: Callable[[Path, str, int | None, int | None], Images]
    patterns: tuple[str, ...]
    folders: tuple[str, ...] = (".",)

    def find(self, path: Path) -> Path | None:
        """The first of the usual folders under `path` that has the files."""
        for place in (path / name for name in self.folders):
            if any(next(place.glob(pattern), None) for pattern in self.patterns):
                return place
        return None


IDX = ("*-images?idx3-ubyte", "*-images?idx3-ubyte.gz")
LAYOUTS = (
    Layout("mnist", idx.read, IDX, (".", "raw", "MNIST/raw", "mnist")),
    Layout("fashion", partial(idx.read, source="fashion"), IDX, (".", "raw", "FashionMNIST/raw", "fashion")),
    Layout("cifar10", cifar.read_pickles, ("data_batch_1", "test_batch"), (".", "cifar-10-batches-py")),
    Layout("cifar10", cifar.read_binary, ("data_batch_1.bin", "test_batch.bin"), (".", "cifar-10-batches-bin")),
    Layout("cifar10", shards.read_mosaics, ("train_labels.npz", "test_labels.npz"), (".", "cifar10")),
    Layout("celeba", celeba.read, ("list_attr_celeba.txt",), (".", "celeba")),
    Layout("celeba", shards.read_arrays, ("train_*.npz", "test*.npz"), (".", "celeba64")),
    Layout("folder", shards.read_arrays, ("train*.npz", "test*.npz")),
    Layout("folder", folder.read, folder.PATTERNS),
)
NAMES = ("auto", *dict.fromkeys(layout.name for layout in LAYOUTS), *EMBEDDED)


def load(name: str, path: Path | None, split: str, limit: int | None = None, *, size: int | None = None) -> Images:
    """Images of a part of a set.

    Parameters
    ----------
    name : {"auto", "mnist", "fashion", "cifar10", "celeba", "folder", "digits", "faces"}
        What to read. "auto" takes the first layout that lies under `path`, or digits where there is no `path`.
    path : Path or None
        Folder of the files; None for "digits" and "faces", which have none.
    split : {"train", "valid", "test"}
        Which part. MNIST and CIFAR-10 have no part "valid".
    limit : int, optional
        Read no more than the first so many images.
    size : int, optional
        Side in pixels of faces and of images in a folder, 64 unless it is given; other sets keep the side they have.

    Returns
    -------
    Images

    Raises
    ------
    FileNotFoundError
        If there is nothing to read; the message says what was looked for and where.
    ValueError
        If a file is damaged or does not fit the others; the message names it.

    Examples
    --------
    >>> images = load("digits", None, "train", limit=100)
    >>> images.pixels.shape, images.source
    ((100, 32, 32, 1), 'digits')
    >>> load("faces", None, "test", limit=2, size=32).attribute("Eyeglasses").shape
    (2,)
    """
    _check(name, split, limit, size)
    if path is None and name in ("auto", *EMBEDDED):
        return EMBEDDED["digits" if name == "auto" else name](split, limit, size)
    layout, place = _found(name, path)
    return layout.read(place, split, limit, size)


def _check(name: str, split: str, limit: int | None, size: int | None) -> None:
    if name not in NAMES:
        raise ValueError(f"`name` must be one of {', '.join(NAMES)}; got {name!r}")
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}; got {split!r}")
    for word, value in {"limit": limit, "size": size}.items():
        if value is not None and value < 1:
            raise ValueError(f"`{word}` must be at least 1; got {value}")


def _found(name: str, path: Path | None) -> tuple[Layout, Path]:
    if name in EMBEDDED:
        raise ValueError(f"`path` must be None for {name!r}, which is not read from files; got {str(path)!r}")
    layouts = [layout for layout in LAYOUTS if name in ("auto", layout.name)]
    for layout in layouts:
        if path is not None and (place := layout.find(path)) is not None:
            return layout, place
    raise FileNotFoundError(_nothing(layouts, path))


def _nothing(layouts: list[Layout], path: Path | None) -> str:
    """What was looked for, and where."""
    if path is None:
        state = "is not given"
    elif not path.is_dir():
        state = f"{str(path)!r} is no folder"
    else:
        state = f"{str(path)!r} has none of the files"
    expected = [f"  {layout.name:<8} {_brief(layout.patterns)} in {_brief(layout.folders)}" for layout in layouts]
    advice = 'Give the folder that holds them, or the name "digits" or "faces", which need no files.'
    return "\n".join([f"nothing to read: `path` {state}. Looked for", *expected, advice])


def _brief(words: tuple[str, ...], most: int = 4) -> str:
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
