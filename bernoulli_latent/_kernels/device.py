"""Fused kernels for tensors on a device that Triton compiles for, and whether they can be had."""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, is_torch

__all__ = ["fuses", "normals_of", "pack_signs", "pack_values"]

HEIGHT, GROUPS = 32, 16
"""Rows of a tile, and its groups of four columns of normals."""

WIDEST = 64 * (2**16 - 1)
"""Bits, and normals, of the widest row: a device starts at most 2^16 - 1 tiles beside each other."""

KEYS = (3, 2**40 + 1, 2**63 + 1)
"""Keys of different widths, for which the compiler makes different code."""


def fuses(like: Array, width: int) -> bool:
    """Whether rows of `width` are on a device like `like` that has the fused kernels; a warning says, once, why not."""
    return is_torch(like) and like.device.type == "cuda" and width <= WIDEST and _works(like.device)


def normals_of(key: int, rows: Array, columns: int, first: int = 0) -> Array:
    """Columns `first`, a multiple of four, to ``first + columns`` of the `rows` of the float32 table of normals."""
    n, loops = rows.shape[0], _loops()
    table = rows.new_empty((n, columns), dtype=_torch().float32)
    launch = loops.normals[-(-n // HEIGHT), -(-columns // (4 * GROUPS))]
    with _torch().cuda.device_of(table):
        launch(table, rows.contiguous(), key, n, columns, first // 4, HEIGHT, GROUPS, enable_fp_fusion=False)
    return table


def pack_signs(scores: Array, index: Array, flip: Array) -> Array:
    """Words of the bits ``(scores >= 0)[:, index] ^ flip``; column 0 must not be negative."""
    (n, height), n_bits, n_words = scores.shape, index.shape[0], -(-index.shape[0] // 64)
    places, flips = index.new_zeros(64 * n_words), flip.new_ones(64 * n_words)  # a padding bit is 1 ^ 1
    places[:n_bits], flips[:n_bits] = index, flip
    words = index.new_empty((n, n_words), dtype=_torch().int64)
    launch = _loops().pack_signs[-(-n // HEIGHT), n_words]
    with _torch().cuda.device_of(words):
        launch(words.view(_torch().uint8), scores.contiguous(), places, flips, n, height, 8 * n_words, HEIGHT)
    return words


def pack_values(values: Array) -> tuple[Array, int]:
    """Words of ``values == 1``, and what else there is: 1 for a 0, plus 2 for a -1, plus 4 for anything else."""
    torch, (n, n_bits) = _torch(), values.shape
    values = values.byte() if values.dtype == torch.bool else values
    n_words, signed = -(-n_bits // 64), values.dtype.is_signed
    words, found = values.new_empty((n, n_words), dtype=torch.int64), values.new_zeros(1, dtype=torch.int32)
    sizes = *values.stride(), n, n_bits, 8 * n_words
    launch = _loops().pack_values[-(-n // HEIGHT), n_words]
    with torch.cuda.device_of(words):
        launch(words.view(torch.uint8), found, values, *sizes, signed, HEIGHT)
    return words, int(found)


def _torch() -> Any:
    import torch

    return torch


def _loops() -> ModuleType:
    from bernoulli_latent._kernels import device_loops

    return device_loops


@cache
def _works(device: Any) -> bool:
    """Whether `device` computes what the host does: drivers and compilers differ, so it is asked."""
    try:
        _check(device)
    except Exception as error:  # noqa: BLE001 - compilers of kernels raise whatever they like
        message = f"draws and packing on {device} run as plain torch code, much slower than fused kernels: {error!r}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return False
    return True


def _check(device: Any) -> None:
    """Raise unless some normals, and their signs packed in both ways, are those of the host, to the last bit."""
    from bernoulli_latent._kernels import generic_packing, generic_sampling

    rows = np.arange(2**40 - 50, 2**40 + 50)
    for key in KEYS:
        table = normals_of(key, _torch().as_tensor(rows, device=device), 70)
        if not np.array_equal(table.cpu().numpy(), generic_sampling.normals_of(key, rows, 70, "float32")):
            raise ArithmeticError("normals differ from those of the host")
    magnitudes, columns = table.abs(), _torch().arange(70, device=device)
    signs = _torch().where(table >= 0, 1.0, -1.0)
    signs[:, 0], table[:, 0] = 1.0, magnitudes[:, 0]
    words = generic_packing.pack(signs.cpu().numpy())[0].view(np.int64)
    for packed in (pack_signs(table, columns, columns < 0), pack_values(signs)[0]):
        if not np.array_equal(packed.cpu().numpy(), words):
            raise ArithmeticError("packed bits differ from those of the host")
