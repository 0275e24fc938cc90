"""A set of images in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Images", "Pixels", "Table", "in_part", "naming"]

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Table = np.ndarray[Any, np.dtype[np.bool_]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Images:
    """Pixels, and what is known of each image.

    Parameters
    ----------
    pixels : uint8 array (n, height, width, channels)
        Grey images have one channel.
    labels : int array (n,) or None
        Class of each image, an index into `names`.
    attributes : bool array (n, k) or None
        One column for each of `names`.
    names : tuple of str
        Names of the attributes where there are some, else of the classes.
    source : str
        Which set it is, as rows of results name it.

    Raises
    ------
    ValueError
        If there is no image, or a field has another shape, kind or range.
    """

    pixels: Pixels
    labels: Labels | None = None
    attributes: Table | None = None
    names: tuple[str, ...] = ()
    source: str = "arrays"

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4:
            got = f"{self.pixels.dtype} of shape {self.pixels.shape}"
            raise ValueError(f"`pixels` must be uint8 of shape (n, height, width, channels); got {got}")
        if not self.pixels.size:
            raise ValueError(f"`pixels` must have at least one image; got shape {self.pixels.shape}")
        if self.labels is not None:
            self._check_labels(self.labels)
            object.__setattr__(self, "labels", self.labels.astype(np.int64, copy=False))
        if self.attributes is not None:
            self._check_attributes(self.attributes)

    def _check_labels(self, labels: Labels) -> None:
        if labels.shape != (len(self),):
            raise ValueError(f"`labels` must have shape ({len(self)},), one a picture; got {labels.shape}")
        if labels.dtype.kind not in "iu":
            raise ValueError(f"`labels` must be integers; got {labels.dtype}")
        n_classes = len(self.names) if self.attributes is None else 0
        if labels.min() < 0 or (n_classes and labels.max() >= n_classes):
            rule = f"from 0 to {n_classes - 1}, one a name" if n_classes else "0 or more"
            raise ValueError(f"`labels` must be {rule}; got {labels.min()} to {labels.max()}")

    def _check_attributes(self, attributes: Table) -> None:
        expected = (len(self), len(self.names))
        if attributes.shape != expected or attributes.dtype != bool:
            got = f"{attributes.dtype} {attributes.shape}"
            raise ValueError(f"`attributes` must have shape {expected}, one column a name, and be bool; got {got}")

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, limit: int | None) -> Images:
        """The first `limit` images, all of them for None."""
        return self.rows(slice(limit))

    def rows(self, rows: slice | np.ndarray[Any, Any]) -> Images:
        """Some of the images: a slice, numbers or a mask."""
        labels = None if self.labels is None else self.labels[rows]
        attributes = None if self.attributes is None else self.attributes[rows]
        return replace(self, pixels=self.pixels[rows], labels=labels, attributes=attributes)

    def without(self, n: int) -> tuple[Images, Images]:
        """All but `n` images, half of all at most, and these `n`, taken at regular places.

        Examples
        --------
        >>> images = Images(np.zeros((9, 8, 8, 1), np.uint8))
        >>> [len(part) for part in images.without(2)], [len(part) for part in images.without(7)]
        ([7, 2], [5, 4])
        """
        taken = np.zeros(len(self), dtype=bool)
        taken[np.linspace(0, len(self), min(n, len(self) // 2), endpoint=False, dtype=int)] = True
        return self.rows(~taken), self.rows(taken)

    def attribute(self, name: str) -> Table:
        """Which images have the attribute, bool (n,).

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if self.attributes is None or name not in self.names:
            known = ", ".join(self.names) if self.attributes is not None else "none"
            raise ValueError(f"`name` must be an attribute of {self.source} ({known}); got {name!r}")
        return self.attributes[:, self.names.index(name)]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of a file before whatever is found wrong with its content."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def in_part(n: int, split: str) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Rows of a part of `n` images that nobody has divided: of each ten, the first and sixth test, the second is valid.

    Examples
    --------
    >>> in_part(12, "test"), in_part(12, "valid")
    (array([ 0,  5, 10]), array([ 1, 11]))
    """
    last_digit = np.arange(n) % 10
    test, valid = last_digit % 5 == 0, last_digit == 1
    return np.flatnonzero({"train": ~(test | valid), "valid": valid, "test": test}[split])
