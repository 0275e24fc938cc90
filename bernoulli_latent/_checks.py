"""Checks of arguments, each with the message a user needs: argument, rule, what came, where."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Collection

from bernoulli_latent._arrays import Array, as_array, is_torch, namespace

__all__ = [
    "as_real",
    "check_choice",
    "check_count",
    "check_positive",
    "check_precision",
    "check_same_place",
    "check_square",
    "check_symmetric",
    "first_offence",
]

PRECISIONS = ("auto", "int16", "float32", "float64")


def first_offence(bad: Array) -> tuple[int, ...] | None:
    """Index of the first true entry of `bad`, or None."""
    xp = namespace(bad)
    if not bool(xp.any(bad)):
        return None
    if bad.ndim == 0:
        return ()
    return tuple(int(axis[0]) for axis in xp.nonzero(bad))


def as_real(x: object, name: str) -> Array:
    """`x` as a finite floating array; integers and booleans become float64, half precision float32."""
    array = as_array(x, name)
    xp = namespace(array)
    if not xp.isdtype(array.dtype, "real floating"):
        array = xp.astype(array, xp.float64)
    elif xp.finfo(array.dtype).bits < 32:
        array = xp.astype(array, xp.float32)
    offence = first_offence(~xp.isfinite(array))
    if offence is not None:
        raise ValueError(f"`{name}` must be finite; got {float(array[offence])} at index {offence}")
    return array


def check_square(x: object, name: str) -> Array:
    """`x` as a finite, non-empty square matrix."""
    matrix = as_real(x, name)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ValueError(f"`{name}` must be a square matrix; got shape {tuple(matrix.shape)}")
    return matrix


def check_symmetric(x: object, name: str) -> Array:
    """`x` as a finite symmetric matrix; asymmetry beyond rounding is an error."""
    matrix = check_square(x, name)
    xp = namespace(matrix)
    scale = float(xp.max(xp.abs(matrix)))
    difference = xp.abs(matrix - matrix.T)
    offence = first_offence(difference > 64 * float(xp.finfo(matrix.dtype).eps) * scale)
    if offence is not None:
        i, j = offence
        raise ValueError(
            f"`{name}` must be symmetric; got {float(matrix[i, j])} at index {(i, j)} "
            f"and {float(matrix[j, i])} at index {(j, i)}"
        )
    return (matrix + matrix.T) / 2


def check_count(value: object, name: str, least: int = 0) -> int:
    """`value` as an int of at least `least`."""
    try:
        count = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        count = None
    if count is None or isinstance(value, bool):
        raise TypeError(f"`{name}` must be an integer; got {value!r}")
    if count < least:
        raise ValueError(f"`{name}` must be at least {least}; got {count}")
    return count


def check_positive(value: object, name: str) -> float:
    """`value` as a positive, finite float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a real number; got {value!r}")
    number = float(value)
    if not 0 < number < math.inf:
        raise ValueError(f"`{name}` must be positive and finite; got {number}")
    return number


def check_choice(value: str, name: str, known: Collection[str]) -> str:
    """`value` as one of those `known`."""
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, known))}; got {value!r}")
    return value


def check_precision(value: str) -> str:
    """`value` as one of the precisions in which samplers draw."""
    return check_choice(value, "precision", PRECISIONS)


def check_same_place(x: Array, name: str, like: Array, whose: str) -> None:
    """Refuse an array of another library or device than `like`."""
    if is_torch(x) != is_torch(like) or x.device != like.device:
        raise TypeError(f"`{name}` must be {_place(like)} like `{whose}`; got {_place(x)}")


def _place(x: Array) -> str:
    return f"a torch tensor on {x.device}" if is_torch(x) else "a NumPy array"
