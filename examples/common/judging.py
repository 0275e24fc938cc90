"""How far sets of images are from real ones, by the features of several networks."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np

from examples.common.extractors import Extractor
from examples.common.metrics import frechet_distance, kernel_distance, precision_recall_density_coverage

__all__ = ["Judge"]

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Features = np.ndarray[Any, np.dtype[np.float64]]


class Judge:
    """Distances from one set of real images.

    Parameters
    ----------
    extractors : sequence of Extractor
        Networks; those whose Frechet distance has one name, such as classifiers of several seeds, are averaged.
    real : uint8 array, shape (n, height, width, channels)
        The images.
    """

    def __init__(self, extractors: Sequence[Extractor], real: Pixels) -> None:
        self.pairs = [(extractor, extractor.features(real)) for extractor in extractors]

    def compare(self, pixels: Pixels) -> dict[str, dict[str, float]]:
        """Numbers under the name of each Frechet distance.

        ``frechet`` with its ``spread`` (largest minus smallest over the networks), ``kernel``, ``precision``,
        ``recall``, ``density`` and ``coverage``.
        """
        found: dict[str, list[dict[str, float]]] = {}
        for extractor, real in self.pairs:
            found.setdefault(extractor.distance, []).append(_compare(real, extractor.features(pixels)))
        return {distance: _averaged(several) for distance, several in found.items()}


def _compare(real: Features, fake: Features) -> dict[str, float]:
    distances = {"frechet": frechet_distance(real, fake), "kernel": kernel_distance(real, fake)}
    return distances | precision_recall_density_coverage(real, fake)


def _averaged(several: list[dict[str, float]]) -> dict[str, float]:
    frechet = [each["frechet"] for each in several]
    means = {name: fmean(each[name] for each in several) for name in several[0]}
    return means | {"spread": max(frechet) - min(frechet)}
