"""The picture of the page on repairs: what each weight of the boundary buys, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT
from benchmarks.results import read
from benchmarks.tables import Rows

__all__ = ["draw"]

PANELS = (
    "mnist_200",
    "cifar10_600",
    "cifar10_1500",
    "debd_plants",
    "celeba_attributes",
    "haplotypes_1000g_805snp",
)
LINES = {"nearest": ("o", "C0"), "moments": ("s", "C1")}


def draw() -> Path:
    """Draw the errors of the means against those of the pairs; return the file."""
    from matplotlib.figure import Figure

    rows = read("repair")
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    for axes, name in zip(figure.subplots(2, 3).ravel(), PANELS, strict=True):
        _panel(axes, [row for row in rows if row["data"] == name])
        axes.set_title(name, fontsize=10)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9)
    figure.supxlabel("root mean square error of the means")
    figure.supylabel("root mean square error of the pairs")
    path = ROOT / "docs" / "images" / "repair.png"
    figure.savefig(path, dpi=130)
    return path


def _panel(axes: Any, rows: Rows) -> None:
    from matplotlib.ticker import LogLocator

    axes.set(xscale="log", yscale="log")
    for repair, (marker, color) in LINES.items():
        fits = [row for row in rows if row["contender"] == repair]
        points = sorted(_errors(row, "fitted") for row in fits)
        axes.plot(*zip(*points, strict=True), marker=marker, color=color, markersize=4, mfc="white", label=repair)
        half = [_errors(row, "fitted") for row in fits if row["parameters"]["weight"] == "N/2"]
        axes.plot(*half[0], marker=marker, color=color, markersize=7, linestyle="none", label=f"{repair}, N/2")
    (clip,) = [_errors(row, "fitted") for row in rows if row["contender"] == "clip"]
    axes.plot(*clip, marker="v", color="C3", linestyle="none", label="clip")
    (noise,) = [_errors(row, "unseen") for row in rows if row["contender"] == "the other half itself"]
    axes.axvline(noise[0], color="grey", linewidth=0.8, linestyle=":", label="between two halves")
    axes.axhline(noise[1], color="grey", linewidth=0.8, linestyle=":")
    for axis, marks in ((axes.xaxis, (1, 2, 5)), (axes.yaxis, (1, 2, 3, 4, 5, 7))):
        axis.set_major_locator(LogLocator(subs=marks))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.tick_params(labelsize=8)


def _errors(row: dict[str, Any], which: str) -> tuple[float, float]:
    errors = row["values"][which]
    return errors["mean_rms"], errors["pair_rms"]
