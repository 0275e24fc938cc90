"""Pickles of plain data and arrays: nothing in them calls anything but the few functions of this file."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["load_plain"]

NUMBERS = re.compile(r"b1|[iu][1248]|f[248]")
"""Codes of the types that an array may have: none of them holds references."""


class _Maker:
    """A function that a pickle may call and cannot change."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it sets the state of a function")


class _Kind:
    """In the place of ``numpy.dtype``: a type of numbers, and the order of its bytes."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: str | bytes, *_: Any) -> None:
        self._code, self._order = _text(code), "|"
        if not NUMBERS.fullmatch(self._code):
            raise pickle.UnpicklingError(f"arrays must be of numbers; got the type {self._code!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = _text(state[1])
        if order not in ("<", ">", "|", "=") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("arrays must be of plain numbers; got a type with parts")
        self._order = order

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's own."""
        return np.dtype(self._order + self._code)


class _Array(np.ndarray[Any, Any]):
    """Takes a shape, a type of numbers and their bytes, where all of that fits together; then it is read-only."""

    def __setstate__(self, state: Any, /) -> None:
        _, shape, kind, fortran, data = state
        if not isinstance(kind, _Kind) or not isinstance(data, bytes | bytearray):
            raise pickle.UnpicklingError("arrays must have a type of numbers, and bytes")
        if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
            raise pickle.UnpicklingError(f"the shape of an array must be natural numbers; got {shape}")
        if math.prod(shape) * kind.dtype.itemsize != len(data):
            raise pickle.UnpicklingError(f"an array {shape} of {kind.dtype} cannot have {len(data)} bytes")
        super().__setstate__((1, shape, kind.dtype, bool(fortran), bytes(data)))
        self.flags.writeable = False  # NumPy keeps the bytes, which may stand elsewhere too


def _empty(*_: Any) -> _Array:
    return _Array((0,), np.uint8)


def _from_buffer(data: bytes | bytearray, kind: _Kind, shape: tuple[int, ...], order: str, *_: Any) -> _Array:
    if order not in ("C", "F"):
        raise pickle.UnpicklingError(f"arrays must lie in the order C or F; got {order!r}")
    array = _empty()
    array.__setstate__((1, shape, kind, order == "F", data))
    return array


def _latin1(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them at protocol 2, whose files ask for ``_codecs.encode``."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes must be written as latin1; got {encoding!r}")
    return text.encode("latin1")


def _text(word: str | bytes) -> str:
    return word.decode("latin1") if isinstance(word, bytes) else str(word)


ADMITTED = {
    ("numpy", "ndarray"): "the first argument of _reconstruct, which needs none",
    ("numpy", "dtype"): _Maker(_Kind),
    ("_codecs", "encode"): _Maker(_latin1),
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Maker(_empty) for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _Maker(_from_buffer) for core in ("core", "_core")},
}
"""What stands here for the names that pickles of arrays ask for."""


class _PlainUnpickler(pickle.Unpickler):
    """Admits numbers, strings, bytes, lists, tuples, dicts and NumPy arrays of numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands here for a thing that a pickle asks for by name."""
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which plain data does not need")
        return ADMITTED[module, name]


def load_plain(path: Path) -> Any:
    """Object in a pickle of plain data, strings of Python 2 as bytes.

    Raises
    ------
    ValueError
        If the file is damaged, or asks for anything but numbers, strings, containers and arrays of numbers.
    """
    with path.open("rb") as file:
        try:
            return _PlainUnpickler(file, encoding="bytes").load()
        except Exception as error:
            raise ValueError(f"{path} is damaged or not a pickle of plain arrays: {error}") from error
