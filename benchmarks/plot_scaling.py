"""Pictures of how costs grow, contenders beside the floor of the machine, in logarithmic axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import floors
from benchmarks.measure import ROOT
from benchmarks.results import read
from benchmarks.suites.scaling import MOMENT_BITS, MOMENT_SAMPLES, OURS, RANK
from benchmarks.tables import Rows, cpu

__all__ = ["draw"]

COLOURS = {OURS: "C0", f"{OURS}, from int8": "C9", "NumPy float32": "C1", "NumPy float64": "C3"}
OTHERS = {"NumPy, Owen's T and Newton": "C1", "NumPy": "C1", "SciPy expit": "C2"}


@dataclass(frozen=True)
class Panel:
    """One job: what its axes say, and the floor of a size, for as many things as the rows computed."""

    job: str
    title: str
    size: str
    cost: str
    floor: Callable[[int], floors.Work]


FIGURES = {
    "scaling_bits.png": (
        Panel("draws", "draws, full rank", "bits", "ns a bit", lambda n: floors.draw(1 / n, n, n + 1, "int16")),
        Panel(
            "draws, low rank",
            f"draws, rank {RANK} and a diagonal",
            "bits",
            "ns a bit",
            lambda n: floors.structured(1 / n, n, RANK),
        ),
        Panel(
            "moments by bits",
            f"second moments, {MOMENT_SAMPLES:,} samples",
            "bits",
            "ns a sample and pair of bits",
            lambda n: floors.gram(1 / n**2, n),
        ),
    ),
    "scaling_sizes.png": (
        Panel(
            "moments by samples",
            f"second moments, {MOMENT_BITS} bits",
            "samples",
            "ns a sample and pair of bits",
            lambda _: floors.gram(1 / MOMENT_BITS**2, MOMENT_BITS),
        ),
        Panel("tetrachoric", "tetrachoric correlations", "pairs", "ns a pair", lambda _: floors.tetrachoric(1)),
        Panel(
            "logistic",
            "logistic distribution function, float32",
            "elements",
            "ns an element",
            lambda _: floors.elementwise(1, 4),
        ),
    ),
}


def draw() -> Iterator[Path]:
    """Draw the figures; yield their files."""
    from matplotlib.figure import Figure

    rows = read("scaling")
    for name, panels in FIGURES.items():
        figure = Figure(figsize=(12, 4), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(panels)), panels, strict=True):
            _draw_panel(axes, panel, [row for row in rows if row["parameters"]["job"] == panel.job])
        path = ROOT / "docs" / "images" / name
        figure.savefig(path, dpi=110)
        yield path


def _draw_panel(axes: Any, panel: Panel, rows: Rows) -> None:
    from matplotlib.ticker import LogLocator

    axes.set(xscale="log", yscale="log", title=panel.title, xlabel=panel.size, ylabel=panel.cost)
    for contender in dict.fromkeys(row["contender"] for row in rows):
        own = [row for row in rows if row["contender"] == contender]
        sizes = [row["parameters"]["size"] for row in own]
        costs = [1e9 * cpu(row) / row["parameters"]["amount"] for row in own]
        axes.plot(sizes, costs, marker="o", markersize=4, color=(COLOURS | OTHERS)[contender], label=contender)
    sizes = sorted({row["parameters"]["size"] for row in rows})
    least = [1e9 * floors.floor_seconds(panel.floor(size)) for size in sizes]
    axes.plot(sizes, least, color="grey", linestyle=":", label="floor of the machine")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.grid(which="major", linewidth=0.4)
    axes.legend(fontsize=8)
