"""From int8 latents to as many new ones, repair included, stage by stage, each contender in processes of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import numpy_script
from benchmarks.data import latents, repeated
from benchmarks.measure import SEED, Row, Timing, clock, forget_peak, in_fresh_process, peak_mib
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, ratio, table
from bernoulli_latent import BernoulliMoments, HyperplaneSampler

__all__ = ["chain", "run", "tables"]

STAGES = ("moments", "repair and factor", "draws")
CONTENDERS = {"clip": "ours, clip", "default": "ours, default", "float32": "NumPy float32", "float64": "NumPy float64"}
ROUNDS = {200: 5, 600: 3}
"""Rounds by number of bits; two beyond."""

Floats = np.ndarray[Any, Any]


def run(options: Options) -> Iterator[Row]:
    n_samples = 4000 if options.quick else 100_000
    for name, y in latents():
        n_bits = y.shape[1]
        rounds = range(1 if options.quick else ROUNDS.get(n_bits, 2))
        answers: dict[str, list[Any]] = {key: [] for key in CONTENDERS}
        for _ in rounds:
            for key in CONTENDERS:
                answers[key].append(in_fresh_process(f"{__name__}:chain", key, name, n_samples))
        for key, runs in answers.items():
            parameters = {"n_bits": n_bits, "n_samples": n_samples}
            for stage in (*STAGES, "whole"):
                timing = Timing(*map(list, zip(*(one["seconds"][stage] for one in runs), strict=True)))
                values = {"peak_mib": max(one["peak_mib"] for one in runs), "data_mib": runs[0]["data_mib"]}
                yield Row(CONTENDERS[key], parameters | {"stage": stage}, name, timing, values)


def chain(contender: str, name: str, n_samples: int) -> dict[str, object]:
    """Processor and wall time of every stage, after a small run that loads what is needed, and peak memory."""
    y = np.where(repeated(dict(latents())[name], n_samples), 1, -1).astype(np.int8)
    stages = _script(contender) if contender.startswith("float") else _ours(contender)
    warnings.simplefilter("ignore")
    _through(stages, y[:100, :10], 10)
    forget_peak()
    seconds = _through(stages, y, n_samples)
    seconds["whole"] = [sum(times) for times in zip(*seconds.values(), strict=True)]
    return {"seconds": seconds, "peak_mib": peak_mib(), "data_mib": y.nbytes / 2**20}


def _through(stages: dict[str, Callable[[Any], Any]], y: Floats, n_samples: int) -> dict[str, list[float]]:
    seconds, result = {}, (y, n_samples)
    for stage, function in stages.items():
        result, timing = clock(lambda function=function, given=result: function(*given))
        result, seconds[stage] = (result, n_samples), [timing.cpu[0], timing.wall[0]]
    return seconds


def _ours(contender: str) -> dict[str, Callable[..., Any]]:
    def build(moments: BernoulliMoments, _: int) -> HyperplaneSampler:
        sampler = HyperplaneSampler(repair="clip") if contender == "clip" else HyperplaneSampler()
        sampler.fit_moments(moments).sample(0)
        return sampler

    return {
        "moments": lambda y, _: BernoulliMoments.from_samples(y),
        "repair and factor": build,
        "draws": lambda sampler, n: sampler.sample(n, rng=SEED, values="pm1"),
    }


def _script(dtype: str) -> dict[str, Callable[..., Any]]:
    return {
        "moments": lambda y, _: numpy_script.second_moments(y, dtype),
        "repair and factor": lambda moments, _: numpy_script.factor_of(moments),
        "draws": numpy_script.draws,
    }


def tables(rows: Rows) -> dict[str, str]:
    names = list(dict.fromkeys(row["data"] for row in rows))
    return {
        "end_to_end": "\n\n".join(_stages(rows, name) for name in names),
        "end_to_end_gain": _gains(rows, names),
    }


def _stages(rows: Rows, name: str) -> str:
    some = next(row for row in rows if row["data"] == name)
    lines = []
    for contender in CONTENDERS.values():
        stages = [row for row in rows if row["contender"] == contender and row["data"] == name]
        peak = f"{stages[-1]['values']['peak_mib']:,.0f} MiB"
        lines.append([contender, *(f"{number(cpu(row))} s" for row in stages), peak])
    return table([f"{name}, {some['parameters']['n_samples']:,} rows", *STAGES, "whole", "peak memory"], lines)


def _gains(rows: Rows, names: list[str]) -> str:
    def whole(contender: str, name: str) -> dict[str, Any] | None:
        return find(rows, contender, name, stage="whole")

    pairs = [(CONTENDERS[script], CONTENDERS[own]) for script in ("float32", "float64") for own in ("clip", "default")]
    lines = [[f"{slow} / {fast}", *(ratio(whole(slow, n), whole(fast, n)) for n in names)] for slow, fast in pairs]
    return table(["the whole chain", *names], lines)
