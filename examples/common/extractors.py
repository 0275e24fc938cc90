"""Features of networks that others have trained, from files of weights given by path."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import torch

from examples.common.inputs import jpeg

__all__ = ["Extractor", "InceptionFeatures", "OnnxFeatures", "ThroughJpeg"]

BATCH = 100

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Features = np.ndarray[Any, np.dtype[np.float64]]


class Extractor(Protocol):
    """Whatever has features of images: these classes, and :class:`examples.common.features.Classifier`."""

    distance: str
    """Name of the Frechet distance of its features."""

    @property
    def description(self) -> str:
        """What the features are of, for rows of results."""

    def features(self, pixels: Pixels) -> Features:
        """Float64 (n, d), of uint8 images (n, height, width, channels)."""


class OnnxFeatures:
    """A network in an ONNX file, from images in [0, 1], float32 (n, 3, height, width), to features (n, d).

    Parameters
    ----------
    path : Path
        File of the network.
    output : str, optional
        Name of the output, the last one unless it is given.

    Raises
    ------
    ModuleNotFoundError
        Without onnxruntime.
    ValueError
        If the network has no such output.
    """

    distance = "FD"

    def __init__(self, path: Path, output: str | None = None) -> None:
        runtime = _needed("onnxruntime", "features of an ONNX file")
        self.session = runtime.InferenceSession(_existing(path), providers=["CPUExecutionProvider"])
        known = [each.name for each in self.session.get_outputs()]
        if output not in (None, *known):
            raise ValueError(f"`output` must be one of {', '.join(known)}; got {output!r}")
        self.output = output or known[-1]
        self.description = f"{path.stem} ({self.output})"

    def features(self, pixels: Pixels) -> Features:
        """Features of uint8 images; grey ones are given to all three colours."""
        name = self.session.get_inputs()[0].name
        batches = (_colours(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH))
        inputs = (np.ascontiguousarray(batch.transpose(0, 3, 1, 2), np.float32) / 255 for batch in batches)
        return np.concatenate([self.session.run([self.output], {name: x})[0] for x in inputs]).astype(np.float64)


class InceptionFeatures:
    """The 2,048 pooled features of the Inception network of 2015 that the FID is defined by, by torch-fidelity.

    Parameters
    ----------
    weights : Path
        torch-fidelity's ``weights-inception-2015-12-05-6726825d.pth``.
    device : torch.device or str

    Raises
    ------
    ModuleNotFoundError
        Without torch-fidelity.
    ValueError
        If the file holds anything but tensors.
    """

    distance = "FID"
    description = "Inception 2015-12-05, 2048 pooled features"

    def __init__(self, weights: Path, device: torch.device | str = "cpu") -> None:
        _check_tensors(weights)
        library = _needed("torch_fidelity.feature_extractor_inceptionv3", "Inception's features")
        network = library.FeatureExtractorInceptionV3("fid", ["2048"], feature_extractor_weights_path=str(weights))
        self.network, self.device = network.to(device), device

    @torch.no_grad()
    def features(self, pixels: Pixels) -> Features:
        """Features of uint8 images; grey ones are given to all three colours."""
        batches = (_colours(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH))
        inputs = (torch.as_tensor(batch, device=self.device).permute(0, 3, 1, 2) for batch in batches)
        return torch.cat([self.network(x)[0].cpu() for x in inputs]).double().numpy()


@dataclass(frozen=True)
class ThroughJpeg:
    """Features of what is left of the images in JPEG files of quality 75, as the LBAE's authors measured them."""

    extractor: Extractor

    @property
    def distance(self) -> str:
        """Name of the inner distance, marked."""
        return f"{self.extractor.distance} (JPEG 75)"

    @property
    def description(self) -> str:
        """What the inner features are of."""
        return f"{self.extractor.description}, through JPEG files of quality 75"

    def features(self, pixels: Pixels) -> Features:
        """Features of the images after they were written and read."""
        return self.extractor.features(jpeg(pixels))


def _colours(pixels: Pixels) -> Pixels:
    return np.repeat(pixels, 3 // pixels.shape[3], axis=3)


def _existing(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"`path` must name a file; there is none at {str(path)!r}")
    return str(path)


def _needed(module: str, purpose: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise ModuleNotFoundError(f"{purpose} need {package} ({error}): pip install {package}") from error


def _check_tensors(weights: Path) -> None:
    """Refuse a file that does more than hold tensors, since torch-fidelity would do whatever it asks for."""
    path = _existing(weights)
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{weights} is damaged or holds more than tensors: {error}") from error
