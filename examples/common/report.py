"""Rows of results, one JSON object a line, with what they ran on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bernoulli_latent import __version__
from bernoulli_latent.io import atomic_write

__all__ = ["Report"]

Row = dict[str, Any]
IDENTITY = ("suite", "contender", "parameters", "data", "seed", "device")
"""A row takes the place of one that agrees with it in these."""


@dataclass(frozen=True)
class Report:
    """A file of rows about one set of images.

    Parameters
    ----------
    path : Path
        File of the rows; its folder is made. Rows of other runs in it stay.
    suite : str
        What was run, "lbae" for example.
    data : str
        Set of images, as :class:`examples.common.images.Images` names its source.
    seed : int
    device : torch.device or str
    """

    path: Path
    suite: str
    data: str
    seed: int
    device: torch.device | str = "cpu"

    def add(self, contender: str, values: Mapping[str, Any], **parameters: Any) -> Row:
        """Write a row, in place of the last one for the same contender and parameters; NaN and infinity become null."""
        facts: Row = {"suite": self.suite, "contender": contender, "parameters": parameters, "data": self.data}
        facts |= {"seed": self.seed, "device": _device_name(torch.device(self.device)), "values": dict(values)}
        row: Row = json.loads(json.dumps(_plain(facts | _environment())))
        others = [other for other in self.rows() if any(other.get(key) != row[key] for key in IDENTITY)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as file:
            file.write("".join(json.dumps(each) + "\n" for each in [*others, row]).encode())
        return row

    def rows(self) -> list[Row]:
        """All rows of the file."""
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []


def _environment() -> Row:
    # Loaded late: whatever loads `benchmarks` before NumPy gets one thread.
    from benchmarks.environment import describe

    return describe() | {"library": __version__, "threads": {"torch": torch.get_num_threads()}}


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _plain(value: Any) -> Any:
    """Numbers, words, lists and dicts of what JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
