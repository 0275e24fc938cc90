"""In which values bits are written: bool, {0, 1} or {-1, +1}; and what to say of an array in none of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, as_array, from_host, is_torch, namespace, on_host, to_host
from bernoulli_latent._checks import check_choice
from bernoulli_latent._kernels import kernels

__all__ = ["LEVELS", "check_matrix", "read_words"]

LEVELS = {"01": (0, 1), "pm1": (-1, 1), "bool": (0, 1)}
"""Values of a bit that is not set and of one that is, in each coding."""


def read_words(y: Any, name: str, values: str, least: int, threads: int = 1) -> tuple[Array, int, str | None]:
    """Packed words of `y`, the number of bits in a row, and the coding, None if nothing tells it."""
    check_choice(values, "values", ("auto", *LEVELS))
    array = _real_array(y, name)
    check_matrix(tuple(array.shape), name, least)
    words, has_zero, has_minus_one, bad = _pack(array, threads)
    if bad >= 0:
        raise _unknown_entry(array, bad, name)
    return words, int(array.shape[1]), _recognise(array, has_zero, has_minus_one, name, values)


def check_matrix(shape: tuple[int, ...], name: str, least: int) -> None:
    """Refuse what is not a matrix with columns and at least so many rows."""
    if len(shape) == 2 and shape[0] >= least and shape[1] > 0:
        return
    slip = f"; did you mean {name}[None, :]?" if len(shape) == 1 else ""
    rule = "both at least 1" if least else "n_bits at least 1"
    raise ValueError(f"`{name}` must have shape (n_samples, n_bits), {rule}; got {shape}{slip}")


def _real_array(y: Any, name: str) -> Array:
    """`y` as an array of real numbers or booleans, all of them known."""
    if isinstance(y, np.ma.MaskedArray):
        raise TypeError(f"`{name}` must have every bit known; got a masked array. Drop the samples with masked bits")
    array = as_array(y, name)
    if is_torch(array) and array.is_complex():
        raise TypeError(f"`{name}` must hold real numbers or booleans; got dtype {array.dtype}")
    return array


def _pack(array: Array, threads: int) -> tuple[Array, bool, bool, int]:
    """Pack by the kernel for `array`; tensors in host memory pass through it as NumPy views."""
    if not on_host(array):
        return kernels("packing", array).pack(array, threads)  # type: ignore[no-any-return]
    values = to_host(array)
    words, has_zero, has_minus_one, bad = kernels("packing", values).pack(values, threads)
    return from_host(words.view(np.int64) if is_torch(array) else words, array), has_zero, has_minus_one, bad


def _recognise(array: Array, has_zero: bool, has_minus_one: bool, name: str, values: str) -> str | None:
    """Coding of an array that holds nothing but -1, 0 and 1; None if it could be "01" as well as "pm1"."""
    if has_minus_one and has_zero:
        raise _mixture(array, name)
    is_bool = str(array.dtype).removeprefix("torch.") == "bool"
    found = "bool" if is_bool else "01" if has_zero else "pm1" if has_minus_one else None
    if values in ("auto", found):
        return found
    if (found, values) in ((None, "01"), (None, "pm1"), ("bool", "01")):
        return values
    evidence = 0 if has_zero else -1
    got = f"dtype {array.dtype}" if "bool" in (found, values) else f"{evidence} at index {_first(array, evidence)}"
    raise ValueError(f"`{name}` must be coded as values={values!r} says; got {got}")


def _unknown_entry(array: Array, flat: int, name: str) -> ValueError:
    """Complaint about the entry at `flat`, which no coding knows."""
    index = _index(flat, array)
    value = array[index].item()
    if value != value:
        slip = "is a value missing?"
    elif 0 < value < 1:
        slip = "are these probabilities, to draw from or to threshold?"
    else:
        slip = "are these counts, scores or an image, to threshold?"
    return ValueError(f"`{name}` must hold bits, as bool, {{0, 1}} or {{-1, +1}}; got {value} at index {index}; {slip}")


def _mixture(array: Array, name: str) -> ValueError:
    first_zero, first_minus_one = _first(array, 0), _first(array, -1)
    (earlier, known), (index, value) = sorted([(first_zero, 0), (first_minus_one, -1)])
    return ValueError(
        f"`{name}` must be coded {{0, 1}} or {{-1, +1}}, not both; "
        f"got {value} at index {index} after {known} at index {earlier}"
    )


def _first(array: Array, value: int) -> tuple[int, int]:
    xp = namespace(array)
    return _index(int(xp.argmax(xp.astype(xp.reshape(array == value, (-1,)), xp.uint8))), array)


def _index(flat: int, array: Array) -> tuple[int, int]:
    row, column = divmod(flat, int(array.shape[1]))
    return row, column
