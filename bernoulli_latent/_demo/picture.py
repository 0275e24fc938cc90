"""The picture that the demonstration draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bernoulli_latent._arrays import Array
from bernoulli_latent._demo.experiment import Experiment
from bernoulli_latent.io import atomic_write

__all__ = ["draw"]

TILE = 0.52
"""Side of a digit with its margin, in inches: 17 of them, two halves of 8 and a gutter, are 9 inches wide."""
TITLE = 0.34
COLUMNS, GUTTER = 8, 1
GAP = 1
"""White pixels between two digits."""


@dataclass(frozen=True)
class Panel:
    """Titled rows of pictures, shape (rows, columns, n_pixels), from the tile `left` on."""

    title: str
    images: Array
    left: int = 0


def draw(experiment: Experiment, path: str) -> None:
    """Write the picture to the file `path`."""
    rows = _rows(experiment)
    heights = [TILE * row[0].images.shape[0] + TITLE for row in rows]
    figure = Figure(figsize=(TILE * (2 * COLUMNS + GUTTER) + 0.16, sum(heights) + 0.12))
    bottom = sum(heights)
    for row, height in zip(rows, heights, strict=True):
        bottom -= height
        for panel in row:
            _draw_panel(figure, panel, bottom + 0.06)
    with atomic_write(path) as file:
        figure.savefig(file, dpi=200, format=Path(path).suffix[1:])


def _draw_panel(figure: Figure, panel: Panel, bottom: float) -> None:
    """Draw a panel whose lower edge lies `bottom` inches above that of the figure."""
    width, height = figure.get_size_inches()
    rows, columns, _ = panel.images.shape
    left = 0.1 + TILE * panel.left
    axes = figure.add_axes((left / width, bottom / height, TILE * columns / width, TILE * rows / height))
    axes.imshow(_mosaic(panel.images), cmap="gray_r", vmin=0, vmax=1, aspect="auto")
    axes.set_title(panel.title, loc="left", fontsize=11, pad=4)
    axes.set_axis_off()


def _rows(experiment: Experiment) -> list[list[Panel]]:
    right = COLUMNS + GUTTER
    decode = experiment.code.decode
    n_bits = experiment.latents.shape[1]
    budget = 3 * n_bits // 8
    return [
        [
            Panel("Digits not seen in training", _grid(experiment.unseen.images, 2)),
            Panel(experiment.code.title, _grid(decode(experiment.unseen_latents), 2), right),
        ],
        [
            Panel("Samples of correlated bits (random hyperplanes)", _grid(decode(experiment.correlated), 4)),
            Panel("Samples of independent bits, same means", _grid(decode(experiment.independent), 4), right),
        ],
        [Panel("Interpolation between two unseen digits", _decoded(experiment, experiment.paths.swapaxes(0, 1)))],
        [
            Panel(f"Unseen digits edited to a 7: {budget} bits set", _edited(experiment, 7, budget)),
            Panel(f"Unseen digits edited to a 0: {budget} bits set", _edited(experiment, 0, budget), right),
        ],
    ]


def _grid(images: Array, rows: int) -> Array:
    return images[: rows * COLUMNS].reshape(rows, COLUMNS, -1)


def _decoded(experiment: Experiment, latents: Array) -> Array:
    """Pictures of latents of shape (rows, columns, n_bits)."""
    images = experiment.code.decode(latents.reshape(-1, latents.shape[-1]))
    return images.reshape(*latents.shape[:-1], -1)


def _edited(experiment: Experiment, digit: int, budget: int) -> Array:
    """Digits that are others, above what the edit makes of them."""
    others = experiment.unseen_latents[experiment.unseen.classes != digit][:COLUMNS]
    return _decoded(experiment, np.stack([others, experiment.editor.edit(others, digit, contrast=True, budget=budget)]))


def _mosaic(images: Array) -> Array:
    """One array of square pictures in rows and columns, with a gap right of and below each."""
    rows, columns, n_pixels = images.shape
    side = round(n_pixels**0.5)
    tiles = np.pad(images.reshape(rows, columns, side, side), ((0, 0), (0, 0), (0, GAP), (0, GAP)))
    return tiles.swapaxes(1, 2).reshape(rows * (side + GAP), columns * (side + GAP))
