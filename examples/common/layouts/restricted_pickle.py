"""Pickles of plain data and arrays: nothing in them can call anything else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["load_plain"]


def _latin1(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them at protocol 2, whose files ask for ``_codecs.encode``."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes must be written as latin1; got {encoding!r}")
    return text.encode("latin1")


ARRAYS = {
    "_reconstruct": np.zeros(1).__reduce_ex__(2)[0],
    "_frombuffer": np.zeros(1).__reduce_ex__(5)[0],
}
"""NumPy's own makers of arrays, whose home has moved between its versions."""

ADMITTED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): ARRAYS["_reconstruct"] for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): ARRAYS["_frombuffer"] for core in ("core", "_core")},
}


class _PlainUnpickler(pickle.Unpickler):
    """Admits numbers, strings, bytes, lists, tuples, dicts and NumPy arrays of them."""

    def find_class(self, module: str, name: str) -> Any:
        """What a pickle asks for by name, if it is one of the few things it may have."""
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which plain data does not need")
        return ADMITTED[module, name]


def load_plain(path: Path) -> Any:
    """Object in a pickle of plain data, strings of Python 2 as bytes.

    Raises
    ------
    ValueError
        If the file is damaged, or asks for anything but numbers, strings, containers and arrays.
    """
    with path.open("rb") as file:
        try:
            return _PlainUnpickler(file, encoding="bytes").load()
        except Exception as error:
            raise ValueError(f"{path} is damaged or not a pickle of plain arrays: {error}") from error
