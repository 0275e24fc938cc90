"""Mixtures in files: the files of the components, inside one of their own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bernoulli_latent.io import read_arrays, write_arrays
from bernoulli_latent.samplers.choice import FAMILIES
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler

__all__ = ["read_mixture", "write_mixture"]

KIND = "MixtureSampler"
COMPONENT = "component.npz"


def write_mixture(
    path: str | os.PathLike[str], components: Iterable[GaussianRoundingSampler], values: dict[str, Any]
) -> None:
    """Write `components` and the JSON `values`, whose ``"arguments"`` name their family."""
    arrays = {str(k): _as_bytes(component) for k, component in enumerate(components)}
    write_arrays(path, KIND, arrays, values)


def read_mixture(path: str | os.PathLike[str]) -> tuple[tuple[GaussianRoundingSampler, ...], dict[str, Any]]:
    """Read what :func:`write_mixture` wrote."""
    arrays, values = read_arrays(path, KIND)
    family = FAMILIES[values["arguments"]["family"]]
    return tuple(_from_bytes(family, arrays[str(k)]) for k in range(len(arrays))), values


def _as_bytes(component: GaussianRoundingSampler) -> np.ndarray[Any, Any]:
    with TemporaryDirectory() as folder:
        component.save(Path(folder, COMPONENT))
        return np.fromfile(Path(folder, COMPONENT), np.uint8)


def _from_bytes(family: type[GaussianRoundingSampler], content: np.ndarray[Any, Any]) -> GaussianRoundingSampler:
    with TemporaryDirectory() as folder:
        content.tofile(Path(folder, COMPONENT))
        return family.load(Path(folder, COMPONENT))
