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

WEIGHTS = ("1", "3", "10", "30", "100", "1000", "N/2")
"""N/2 lets the N means count as much as the N(N - 1)/2 pairs."""

MOMENT_WEIGHTS = ("1", "10", "100", "N/2")
LARGEST_ALTERNATING = 70
LARGEST_QUICK = 70

DETAILED = ("mnist_200", "cifar10_600", "cifar10_1500")
SHOWN = (
    ("clip", None),
    ("shrink", None),
    ("nearest", "1"),
    ("nearest", "10"),
    ("nearest", "N/2"),
    ("moments", "N/2"),
    ("means", None),
)


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


def _settings(n_bits: int, quick: bool) -> list[tuple[str, str | None]]:
    nearest = [("nearest", weight) for weight in WEIGHTS]
    moments = [("moments", weight) for weight in MOMENT_WEIGHTS]
    plain = [(repair, None) for repair in ("means", "clip", "shrink")]
    slow = [("alternating", "10")] if n_bits <= LARGEST_ALTERNATING and not quick else []
    return [*nearest, *plain, *moments, *slow]


def _floors(name: str, fitted: BernoulliMoments, unseen: BernoulliMoments) -> Iterator[Row]:
    """Moments of the one half as a forecast of the other's, and independent bits as one of both."""
    independent = BernoulliMoments.from_marginals(fitted.marginals)
    yield _row("the other half itself", name, fitted, fitted, unseen)
    yield _row("independent bits", name, independent, fitted, unseen)


def _fit(name: str, fitted: BernoulliMoments, unseen: BernoulliMoments, repair: str, weight: str | None) -> Row:
    chosen: dict[str, Any] = {}
    if weight is not None:
        chosen["boundary_weight"] = fitted.n_bits / 2 if weight == "N/2" else float(weight)
    sampler = HyperplaneSampler(repair, **chosen)
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        report, timing = clock(lambda: sampler.fit_moments(fitted).report_)
    facts = {
        "rank": report.rank,
        "smallest_eigenvalue": report.smallest_eigenvalue,
        "negative_eigenvalues": report.negative_eigenvalues,
    }
    row = _row(repair, name, sampler.model_moments(), fitted, unseen)
    return Row(repair, {**row.parameters, "weight": weight, **chosen}, name, timing, {**row.values, **facts})


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
    return [_label(row), *errors, _error(values["unseen"]["distance"]), str(values.get("rank", "-")), time]


def _label(row: dict[str, Any]) -> str:
    return _name(row["contender"], row["parameters"].get("weight"))


def _name(repair: str, weight: str | None) -> str:
    return repair if weight is None else f"{repair}, {weight}"


def _overview(rows: Rows, names: list[str], key: str, which: str = "fitted") -> str:
    """One line a data set: an error of the repairs, between what sampling alone does and independent bits."""
    header = ["data", "N", "rows", "other half", *(_name(*setting) for setting in SHOWN), "independent"]
    return table(header, [_overview_line(rows, name, key, which) for name in names])


def _overview_line(rows: Rows, name: str, key: str, which: str) -> list[str]:
    floor, independent = find(rows, "the other half itself", name), find(rows, "independent bits", name)
    fits = [find(rows, repair, name, weight=weight) for repair, weight in SHOWN]
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
    """Two digits; what rounding leaves is nothing."""
    return "0" if x < 1e-9 else f"{x:,.0f}" if x >= 100 else f"{x:.2g}" if x >= 1e-3 else f"{x:.0e}"
