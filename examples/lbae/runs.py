"""Folders of runs: a model with the codes of its images."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from examples.common.images import Images, load
from examples.common.settings import find_device
from examples.lbae.codes import Codes
from examples.lbae.model import LBAE
from examples.lbae.model import load as load_model

__all__ = ["PRETRAINED", "Run", "add_data", "check_free", "read_part"]

PRETRAINED = Path(__file__).parent / "pretrained"
SMOKE_LIMIT = 200


@dataclass(frozen=True)
class Run:
    """What stands in the folder of a run.

    Parameters
    ----------
    folder : Path
        Holds a model, and once encoded the codes of its training and test images.
    device : str
        Where the model computes: "auto", "cpu" or "cuda".
    """

    folder: Path
    device: str = "cpu"

    @property
    def path(self) -> Path:
        """File of the model, or index of its shards; ValueError if there are several."""
        paths = sorted(self.folder.glob("model.*")) or [self.folder / "model.safetensors"]
        if len(paths) > 1:
            raise ValueError(f"{self.folder} must have one model; it has {' and '.join(path.name for path in paths)}")
        return paths[0]

    @cached_property
    def loaded(self) -> tuple[LBAE, dict[str, Any]]:
        """The model, in evaluation mode, and how it was made."""
        return load_model(self.path, find_device(self.device))

    @property
    def model(self) -> LBAE:
        """The model, in evaluation mode."""
        return self.loaded[0]

    @property
    def about(self) -> dict[str, Any]:
        """How the model was made."""
        return self.loaded[1]

    def codes_path(self, split: str) -> Path:
        """File of the codes of a part of the images."""
        return self.folder / f"codes_{split}.npz"

    def codes(self, split: str) -> Codes:
        """Codes of a part of the images.

        Raises
        ------
        FileNotFoundError
            If the images have not been encoded.
        ValueError
            If the file is damaged, or its codes are of another model than now stands beside it.
        """
        path = self.codes_path(split)
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there yet; make it with python -m examples.lbae.encode")
        codes = Codes.load(path)
        if codes.about != self.about:
            raise ValueError(f"{path} has codes of another model than {self.path}; encode the images again")
        return codes


def check_free(folder: Path, argument: str, own: str | None = None) -> None:
    """Refuse a folder with a model, unless that is in the file `own`, which the caller may replace."""
    path = Run(folder).path
    if path.exists() and path.name != own:
        raise ValueError(f"`{argument}` has a model already: {path}; name another folder")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Flags that say which images to read, and where to compute."""
    parser.add_argument("--data", type=Path, help="file or folder with images; without it, embedded data")
    parser.add_argument("--dataset", default="auto", help="layout of the data, or the embedded set (default: auto)")
    parser.add_argument("--limit", type=int, help="use only so many images of each part")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--smoke", action="store_true", help="a tiny run on embedded data")


def read_part(run: Run, options: argparse.Namespace, split: str) -> Images:
    """Images that the flags ask for; ValueError if the model was trained on another set.

    Else its codes would be replaced by those of images it does not know, or rows would name the wrong set.
    """
    images, trained_on = _load(options, split), run.about["source"]
    if images.source != trained_on:
        raise ValueError(f"`data` must be {trained_on}, which {run.path} was trained on; got {images.source}")
    return images


def _load(options: argparse.Namespace, split: str) -> Images:
    if options.smoke:
        return load("digits", None, split, SMOKE_LIMIT)
    return load(options.dataset, options.data, split, options.limit)
