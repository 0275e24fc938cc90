"""What each repair costs the moments, on real bits: the evidence for the defaults of the sampler."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from benchmarks.data import Bits, collections, halves, latents
from benchmarks.measure import Row, clock
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, table
from bernoulli_latent import BernoulliMoments, HyperplaneSampler, RepairWarning
from bernoulli_latent.samplers.report import moment_errors

__all__ = ["run", "tables"]

WEIGHTS = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
MOMENT_WEIGHTS = (1.0, 10.0, 100.0)
LARGEST_ALTERNATING = 70
LARGEST_QUICK = 70

DEFAULT = 10.0
DETAILED = ("mnist_200", "cifar10_600", "cifar10_1500")
SHOWN = (
    ("clip", DEFAULT),
    ("shrink", DEFAULT),
    ("nearest", 1.0),
    ("nearest", 10.0),
    ("nearest", 100.0),
    ("means", DEFAULT),
    ("moments", 10.0),
)
WEIGHTED = ("nearest", "alternating", "moments")


def run(options: Options) -> Iterator[Row]:
    for name, y in _data(options):
        if options.quick and y.shape[1] > LARGEST_QUICK:
            continue
        fitted, unseen = (BernoulliMoments.from_samples(half) for half in halves(y))
        yield from _floors(name, fitted, unseen)
        for repair, weight in _settings(y.shape[1], options.quick):
            yield _fit(name, fitted, unseen, repair, weight)


def _data(options: Options) -> Iterator[tuple[str, Bits]]:
    yield from latents()
    if options.data is not None:
        yield from collections(options.data)


def _settings(n_bits: int, quick: bool) -> list[tuple[str, float]]:
    nearest = [("nearest", weight) for weight in WEIGHTS]
    moments = [("moments", weight) for weight in MOMENT_WEIGHTS]
    plain = [(repair, DEFAULT) for repair in ("means", "clip", "shrink")]
    slow = [("alternating", DEFAULT)] if n_bits <= LARGEST_ALTERNATING and not quick else []
    return [*nearest, *plain, *moments, *slow]


def _floors(name: str, fitted: BernoulliMoments, unseen: BernoulliMoments) -> Iterator[Row]:
    """Moments of the one half as a forecast of the other's, and independent bits as one of both."""
    independent = BernoulliMoments.from_marginals(fitted.marginals)
    yield _row("the other half itself", name, fitted, fitted, unseen)
    yield _row("independent bits", name, independent, fitted, unseen)


def _fit(name: str, fitted: BernoulliMoments, unseen: BernoulliMoments, repair: str, weight: float) -> Row:
    sampler = HyperplaneSampler(repair, weight)
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        report, timing = clock(lambda: sampler.fit_moments(fitted).report_)
    facts = {
        "rank": report.rank,
        "smallest_eigenvalue": report.smallest_eigenvalue,
        "negative_eigenvalues": report.negative_eigenvalues,
    }
    row = _row(repair, name, sampler.model_moments(), fitted, unseen)
    parameters = {**row.parameters, "boundary_weight": weight} if repair in WEIGHTED else row.parameters
    return Row(repair, parameters, name, timing, {**row.values, **facts})


def _row(contender: str, name: str, model: BernoulliMoments, fitted: BernoulliMoments, unseen: BernoulliMoments) -> Row:
    parameters = {"n_bits": fitted.n_bits, "n_samples": fitted.n_samples}
    errors = {"fitted": asdict(moment_errors(model, fitted)), "unseen": asdict(moment_errors(model, unseen))}
    return Row(contender, parameters, name, values=errors)


def tables(rows: Rows) -> dict[str, str]:
    names = list(dict.fromkeys(row["data"] for row in rows))
    detailed = {f"repair_{name}": _details(rows, name) for name in names if name in DETAILED}
    return detailed | {
        "repair_means": _overview(rows, names, "mean_rms"),
        "repair_pairs": _overview(rows, names, "pair_rms"),
        "repair_unseen": _overview(rows, names, "distance", "unseen"),
    }


def _details(rows: Rows, name: str) -> str:
    header = ["repair", "mean, max", "mean, rms", "pair, max", "pair, rms", "unseen distance", "rank", "time"]
    return table(header, [_detail(row) for row in rows if row["data"] == name])


def _detail(row: dict[str, Any]) -> list[str]:
    values = row["values"]
    which = "unseen" if row["contender"] == "the other half itself" else "fitted"
    errors = [_error(values[which][key]) for key in ("mean_max", "mean_rms", "pair_max", "pair_rms")]
    time = f"{number(cpu(row))} s" if "cpu_seconds" in row else "-"
    return [_label(row), *errors, number(values["unseen"]["distance"]), str(values.get("rank", "-")), time]


def _label(row: dict[str, Any]) -> str:
    weight = row["parameters"].get("boundary_weight")
    return row["contender"] if weight is None else f"{row['contender']}, {weight:g}"


def _overview(rows: Rows, names: list[str], key: str, which: str = "fitted") -> str:
    """One line a data set: an error of the repairs, between what sampling alone does and independent bits."""
    header = ["data", "N", "rows", "other half", *(_name(*setting) for setting in SHOWN), "independent"]
    return table(header, [_overview_line(rows, name, key, which) for name in names])


def _name(repair: str, weight: float) -> str:
    return f"{repair}, {weight:g}" if repair in WEIGHTED else repair


def _overview_line(rows: Rows, name: str, key: str, which: str) -> list[str]:
    floor, independent = find(rows, "the other half itself", name), find(rows, "independent bits", name)
    fits = [
        find(rows, repair, name, boundary_weight=weight if repair in WEIGHTED else None) for repair, weight in SHOWN
    ]
    assert floor is not None
    parameters = floor["parameters"]
    cells = [_error(row["values"][which][key]) if row else "-" for row in (*fits, independent)]
    return [
        name,
        str(parameters["n_bits"]),
        f"{parameters['n_samples']:,}",
        _error(floor["values"]["unseen"][key]),
        *cells,
    ]


def _error(x: float) -> str:
    return f"{x:.2g}" if x >= 1e-3 or x == 0 else f"{x:.0e}".replace("e-0", "e-")
