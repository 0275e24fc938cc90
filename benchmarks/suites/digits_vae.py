"""StepLogistic autoencoders of small digits in float32: which forms survive, and where the toy posterior ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from sklearn.datasets import load_digits

from benchmarks.measure import Row
from benchmarks.suites import Options
from benchmarks.tables import Rows, number, table
from examples.digits_vae.model import FORMS, train
from examples.digits_vae.toy import optimal_logit

__all__ = ["OPTIMA", "run", "tables"]

SIZES = (8, 56, 512, 4096)
SEEDS = 10
OPTIMA = {1.0: 1.0, 2.0: 1.386294, 10.0: 1.862253, 100.0: 1.986138}
"""Twice the mean of tanh(steepness |z| / 2) over the logistic law: where the relaxed bound is largest."""

LABELS = {
    "stable": "this library",
    "naive_closed": "equations as printed, exact divergence",
    "naive_sampled": "equations as printed, sampled divergence",
}


def run(options: Options) -> Iterator[Row]:
    torch.set_num_threads(1)
    n_steps = 100 if options.quick else 3000
    images = torch.as_tensor(load_digits().data / 16, dtype=torch.float32)
    for n_latents in SIZES:
        for form, function in FORMS.items():
            for seed in range(1 if options.quick else SEEDS):
                losses, largest = train(images, n_latents, function, n_steps, seed)
                done = len(losses)
                values = {
                    "steps": done,
                    "survived": done == n_steps and math.isfinite(losses[-1]),
                    "final_loss": sum(losses[-100:]) / min(done, 100) if math.isfinite(losses[-1]) else None,
                    "largest_logit": largest if math.isfinite(largest) else None,
                }
                yield Row(form, {"n_latents": n_latents, "seed": seed, "asked": n_steps}, "digits", values=values)
    for steepness, truth in OPTIMA.items():
        logit, error = optimal_logit(steepness, 100 if options.quick else 1000, 10_000, seed=0)
        yield Row("toy", {"steepness": steepness}, values={"logit": logit, "standard_error": error, "truth": truth})


def tables(rows: Rows) -> dict[str, str]:
    return {"digits_vae": _survival_table(rows), "toy_posterior": _toy_table(rows)}


def _survival_table(rows: Rows) -> str:
    lines = []
    for form, label in LABELS.items():
        cells = []
        for n_latents in SIZES:
            runs = [
                row["values"]
                for row in rows
                if row["contender"] == form and row["parameters"]["n_latents"] == n_latents
            ]
            survived = [run for run in runs if run["survived"]]
            steps = sorted(run["steps"] for run in runs)
            ended = "" if len(survived) == len(runs) else f", median step {steps[len(steps) // 2]}"
            cells.append(f"{len(survived)} of {len(runs)}{ended}")
        lines.append([label, *cells])
    return table(["trainings that ended without NaN", *(f"d = {n}" for n in SIZES)], lines)


def _toy_table(rows: Rows) -> str:
    lines = [
        [
            number(row["parameters"]["steepness"]),
            f"{row['values']['logit']:.5f}",
            f"{row['values']['standard_error']:.5f}",
            f"{row['values']['truth']:.5f}",
        ]
        for row in rows
        if row["contender"] == "toy"
    ]
    return table(["steepness", "logit reached", "standard error", "exact optimum"], lines)
