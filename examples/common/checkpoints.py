"""Checkpoints: tensors and JSON in one file, written whole or not at all, read without executing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bernoulli_latent.io import read_arrays, write_arrays
from examples.common import shards

__all__ = ["check_same", "flatten", "load", "lower", "save"]

Tree = Mapping[Any, Any]
"""Tensors under names, nested."""


def save(path: Path, kind: str, tensors: Tree, values: Mapping[str, Any]) -> None:
    """Write nested `tensors` and JSON `values` to a .safetensors or .npz file.

    Parameters
    ----------
    path : Path
        File; what was there is replaced in one step, when all is written.
    kind : str
        What the file holds; :func:`load` asks for the same word.
    tensors : nested mapping of Tensor
        Keys are words or numbers without a slash.
    values : mapping
        Whatever JSON holds.
    """
    flat = dict(flatten(tensors))
    scalars = [name for name, tensor in flat.items() if tensor.ndim == 0]
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in flat.items()}
    write_arrays(path, kind, arrays, {"scalars": scalars, **values})


def load(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Nested tensors and values that :func:`save` wrote, or weights and values that lie in shards behind an index.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If it is damaged, foreign or of another kind.
    """
    if path.suffix == ".json":
        return shards.load(path, kind)
    arrays, values = read_arrays(path, kind)
    scalars = values.pop("scalars")
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *folders, leaf = name.split("/")
        branch = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
        branch[leaf] = torch.from_numpy(array).reshape(()) if name in scalars else torch.from_numpy(array)
    return tree, values


def lower(weights: Mapping[str, Tensor], precision: torch.dtype) -> dict[str, Tensor]:
    """Weights with matrices and kernels in a `precision`; vectors, statistics and counts as they are.

    Raises
    ------
    ValueError
        If a number is too large for it.
    """
    matrices = {name for name, tensor in weights.items() if tensor.ndim > 1 and tensor.is_floating_point()}
    lowered = {name: tensor.to(precision) if name in matrices else tensor for name, tensor in weights.items()}
    for name in matrices:
        if not torch.isfinite(lowered[name]).all():
            raise ValueError(f"`precision` must hold all numbers; {precision} cannot hold those of {name}")
    return lowered


def check_same(path: Path, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse a file that was made with other settings.

    Raises
    ------
    ValueError
        The message names the file and what is not as it was.
    """
    changed = [
        f"`{name}` was {then.get(name)!r}, is {value!r}" for name, value in now.items() if then.get(name) != value
    ]
    if changed:
        raise ValueError(f"{path} was made with other settings: " + "; ".join(changed))


def flatten(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """All tensors, each with its path in the tree."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", value
