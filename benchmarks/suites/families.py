"""Which family of models meets the moments of real bits, and what a mixture adds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import asdict

from benchmarks.data import Bits, collections, halves, latents
from benchmarks.measure import SEED, Row, clock
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, table
from bernoulli_latent import BernoulliMoments, RepairWarning
from bernoulli_latent.samplers.choice import FAMILIES
from bernoulli_latent.samplers.report import moment_errors

__all__ = ["run", "tables"]

INDEPENDENT = "independent bits"
OTHER_HALF = "the other half itself"
LARGEST_QUICK = 70


def run(options: Options) -> Iterator[Row]:
    for name, y in _data(options):
        if options.quick and y.shape[1] > LARGEST_QUICK:
            continue
        yield from _fits(name, *halves(y))


def _data(options: Options) -> Iterator[tuple[str, Bits]]:
    yield from latents()
    if options.data is not None:
        yield from collections(options.data)


def _fits(name: str, half: Bits, rest: Bits) -> Iterator[Row]:
    """Both families and independent bits, fitted to one half and judged by both; drawn once as a check."""
    fitted, unseen = BernoulliMoments.from_samples(half), BernoulliMoments.from_samples(rest)
    size = {"n_bits": half.shape[1], "n_samples": len(half)}
    independent = BernoulliMoments.from_marginals(fitted.marginals)
    for contender, moments in ((INDEPENDENT, independent), (OTHER_HALF, unseen)):
        errors = {"fitted": asdict(moment_errors(moments, fitted)), "unseen": asdict(moment_errors(moments, unseen))}
        yield Row(contender, size, name, values=errors)
    for family, sampler_class in FAMILIES.items():
        with warnings.catch_warnings(action="ignore", category=RepairWarning):
            sampler_class().fit_moments(fitted)
            sampler, timing = clock(lambda fit=sampler_class: fit().fit(half))
        model, report = sampler.model_moments(), sampler.report_
        drawn = BernoulliMoments.from_samples(sampler.sample(20_000, rng=SEED, packed=True))
        values = {
            "fitted": asdict(report.errors),
            "unseen": asdict(moment_errors(model, unseen)),
            "smallest_eigenvalue": report.smallest_eigenvalue,
            "rank": report.rank,
            "constant_bits": report.constant_bits,
            "tied_bits": report.tied_bits,
            "drawn": asdict(moment_errors(drawn, model)),
        }
        yield Row(family, size, name, timing, values)


def tables(rows: Rows) -> dict[str, str]:
    """One line a set: what each family makes of it, and which one `fit_sampler` takes."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    header = ["data", "N", "rows", "chosen", *(f"{short}: {what}" for short in ("DG", "HR") for what in _COLUMNS)]
    return {
        "families": table([*header, "independent: pair, rms", "other half: pair, rms"], [_line(rows, n) for n in names])
    }


_COLUMNS = ("mean, max", "pair, max", "pair, rms", "time")


def _line(rows: Rows, name: str) -> list[str]:
    fits = {family: find(rows, family, name) for family in FAMILIES}
    cells = []
    scores = {}
    for family, row in fits.items():
        assert row is not None
        errors = row["values"]["fitted"]
        scores[family] = round(errors["mean_rms"] ** 2 + errors["pair_rms"] ** 2, 12)
        cells += [_error(errors[key]) for key in ("mean_max", "pair_max", "pair_rms")] + [f"{number(cpu(row))} s"]
    size = next(row["parameters"] for row in rows if row["data"] == name)
    chosen = min(scores, key=lambda family: scores[family])
    others = [find(rows, INDEPENDENT, name), find(rows, OTHER_HALF, name)]
    ends = [_error(row["values"]["fitted"]["pair_rms"]) for row in others if row is not None]
    return [name, str(size["n_bits"]), f"{size['n_samples']:,}", chosen.replace("_", " "), *cells, *ends]


def _error(x: float) -> str:
    return f"{x:.2g}" if x >= 1e-3 else "0" if x < 1e-9 else f"{x:.0e}".replace("e-0", "e-")
