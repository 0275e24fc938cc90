"""Tables of the README, made from the rows of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmarks.tables import Rows, number, table

__all__ = ["tables"]

Row = dict[str, Any]

FLOOR = "training images"
PUBLISHED = {"mnist": (8.11, 11.36, 9.80), "cifar10": (19.37, 53.55, 34.41), "celeba": (7.71, 34.95, 14.87)}
"""FID of reconstruction, generation and interpolation, from the slides to Fajtl et al. 2020."""
METHODS = {
    "the authors' repair and inversion": ("hyperplane_paper", "authors", "reweighted centroids"),
    "hyperplane": ("hyperplane", "hyperplane", "posterior"),
    "dichotomized gaussian": ("dichotomized_gaussian", "dichotomized_gaussian", "posterior"),
    "mixture by class": ("mixture_by_class", "-", "-"),
    "mixture by cluster": ("mixture_by_cluster", "-", "-"),
    "independent bits": ("independent", "-", "-"),
}
"""Who draws samples, who paths, and by which inversion, for a line of the table beside the published numbers."""
QUALITIES = ("kernel", "precision", "recall", "density", "coverage")
QUALITY_HEADER = ("spread", "/ floor", "kernel distance", *QUALITIES[1:])
MOST_ATTRIBUTES = 4
SHARES = {
    "real": "seen in real ones",
    "reconstructed": "in their bits",
    "before": "in others before",
    "after": "after",
    "changed": "bits changed",
}
"""Columns of the table of edits."""


def tables(name: str, rows: Rows) -> dict[str, str]:
    """Tables of one file of rows, called after it."""
    pictures = _of(rows, "reconstruction") + _of(rows, "generation")
    floor = next((row for row in pictures if row["contender"] == FLOOR), None)
    if floor is None:
        raise ValueError(f"rows of {name!r} lack the floor; measure the reconstruction as well")
    first, *others = _distances(floor)
    parts = {
        "summary": _summary(rows, floor, first),
        "pictures": _pictures(pictures, floor, first),
        "paths": _paths(_of(rows, "interpolation"), floor, first),
        "edits": _edits(_of(rows, "edit")),
        "setting": _setting(rows[0]),
    }
    parts |= {f"pictures_{distance.lower()}": _pictures(pictures, floor, distance) for distance in others}
    return {f"lbae_{name}_{part}": text for part, text in parts.items()}


def _of(rows: Rows, task: str) -> list[Row]:
    return [row for row in rows if row["parameters"]["task"] == task]


def _summary(rows: Rows, floor: Row, distance: str) -> str:
    """The published numbers, and below them ours for the same tasks by another distance."""
    known = [values for name, values in PUBLISHED.items() if floor["data"].startswith(name)]
    published = [f"{value:g}" for value in known[0]] if known else ["-"] * 3
    lines = [("published: FID of JPEG files", *published)]
    lines.append((f"here: {distance}, real images", number(floor["values"][distance]["frechet"]), "-", "-"))
    reconstruction = _found(rows, distance, task="reconstruction", contender="bits")
    for name, (sampler, way, inversion) in METHODS.items():
        samples = _found(rows, distance, task="generation", contender=sampler)
        paths = _found(rows, distance, task="interpolation", contender=way, inversion=inversion, spacing="angle")
        lines.append((f"here: {distance}, {name}", reconstruction, samples, paths))
    return table(("", "reconstruction", "generation", "interpolation"), lines)


def _found(rows: Rows, distance: str, **wanted: str) -> str:
    """Distance in the row that agrees with what is wanted, if there is one."""
    for row in rows:
        facts = row["parameters"] | {"contender": row["contender"]}
        if all(facts.get(name) == value for name, value in wanted.items()):
            return number(row["values"][distance]["frechet"])
    return "-"


def _pictures(rows: Rows, floor: Row, distance: str) -> str:
    header = ("images", distance, *QUALITY_HEADER, "third-order correlation")
    return table(header, [(_name(row), *_quality(row, floor, distance), _third(row)) for row in rows])


def _paths(rows: Rows, floor: Row, distance: str) -> str:
    header = ("paths", "inversion", "spacing", distance, *QUALITY_HEADER, "largest step", "still steps", "wrong bits")
    return table(header, [(_name(row), *_way(row), *_quality(row, floor, distance), *_steps(row)) for row in rows])


def _way(row: Row) -> Sequence[str]:
    return row["parameters"]["inversion"], row["parameters"]["spacing"]


def _edits(rows: Rows) -> str:
    """One line for each edit of each attribute; of many attributes only their means."""
    attributes = list(dict.fromkeys(row["parameters"]["attribute"] for row in rows))
    if len(attributes) > MOST_ATTRIBUTES:
        attributes, rows = [name := f"mean of {len(attributes)}"], [_with_attribute(row, name) for row in rows]
    edits = dict.fromkeys((row["contender"], row["parameters"]["budget"]) for row in rows)
    lines = [(name, how, budget) for name in attributes for how, budget in edits]
    header = ("attribute", "edit", "bits allowed", *SHARES.values())
    return table(header, [(*line[:2], _allowed(line[2]), *_shares(rows, *line)) for line in lines])


def _allowed(budget: int | None) -> str:
    return "all" if budget is None else str(budget)


def _with_attribute(row: Row, name: str) -> Row:
    return {**row, "parameters": {**row["parameters"], "attribute": name}}


def _shares(rows: Rows, *wanted: str | int | None) -> Sequence[str]:
    """Means over the rows of an attribute, an edit and a budget."""
    keys = [(row["parameters"]["attribute"], row["contender"], row["parameters"]["budget"]) for row in rows]
    found = [row["values"] for row, key in zip(rows, keys, strict=True) if key == wanted]
    return [_percent(fmean(values[share] for values in found)) for share in SHARES]


def _quality(row: Row, floor: Row, distance: str) -> Sequence[str]:
    """What networks said; the distance also as a multiple of the floor's."""
    values, least = row["values"][distance], floor["values"][distance]["frechet"]
    distances = values["frechet"], values["spread"], values["frechet"] / least
    return [number(value) for value in (*distances, *(values[name] for name in QUALITIES))]


def _distances(row: Row) -> list[str]:
    """Names of the Frechet distances, those of the networks that judged first before the others."""
    return [name for name, value in row["values"].items() if isinstance(value, dict) and "frechet" in value]


def _third(row: Row) -> str:
    third = row["values"].get("third_order")
    return "-" if third is None else number(third["correlation"])


def _steps(row: Row) -> Sequence[str]:
    steps = row["values"]["steps"]
    return number(steps["largest_step"]), _percent(steps["still_steps"]), number(row["values"]["wrong_bits"])


def _name(row: Row) -> str:
    return str(row["contender"]).replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _setting(row: Row) -> str:
    """One line on the model and the test."""
    facts = row["parameters"]
    return (
        f"{row['data']}, {facts['bits']} bits, width {facts['width']:g}, {16 * facts['code_channels']:,} numbers after "
        f"them, {facts['steps']:,} steps on {facts['images']:,} images; {facts['test_images']:,} test images, "
        f"classifiers right for {100 * facts['classifier_accuracy']:.1f} %; seed {row['seed']}, {row['device']}."
    )
