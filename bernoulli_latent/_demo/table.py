"""The numbers that the demonstration prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from bernoulli_latent._demo.experiment import Experiment
from bernoulli_latent._demo.frechet import frechet_distance

__all__ = ["tabulate"]

Array = np.ndarray[Any, Any]

WANTED = (7, 0)
BUDGETS = (4, 8, 16, 24, 32, 48)


def tabulate(experiment: Experiment) -> str:
    """Sections of the table, one number a line."""
    parts = {
        "Fit of the bits": _fit(experiment),
        "Frechet distance from the training codes, all decoded": _distances(experiment),
        "Edit of unseen digits": _edits(experiment),
        "Seconds, with the loading of compiled code": [
            f"{step:<28} {seconds:.3f}" for step, seconds in experiment.seconds.items()
        ],
    }
    return "\n\n".join("\n".join([title, "-" * len(title), *lines]) for title, lines in parts.items())


def _fit(experiment: Experiment) -> list[str]:
    return str(experiment.sampler.report_).splitlines()


def _distances(experiment: Experiment) -> list[str]:
    rows = {
        "unseen digits": experiment.unseen_latents,
        "samples, correlated bits": experiment.correlated,
        "samples, independent bits": experiment.independent,
    }
    decode = experiment.code.decode
    reference = decode(experiment.latents)
    return [f"{name:<28} {frechet_distance(reference, decode(bits)):.3f}" for name, bits in rows.items()]


def _edits(experiment: Experiment) -> Iterator[str]:
    """How many bits an edit changes, and how often a classifier then sees the digit that was asked for."""
    training, unseen, decode = experiment.training, experiment.unseen, experiment.code.decode
    classifier = KNeighborsClassifier(n_neighbors=3).fit(decode(experiment.latents), training.classes)
    own = np.mean(classifier.predict(decode(experiment.unseen_latents)) == unseen.classes)
    yield f"a 3-nearest-neighbour classifier names {own:.0%} of them rightly"
    yield "bits set      " + "   ".join(f"changed  seen as {digit}" for digit in WANTED)
    for budget in BUDGETS:
        yield f"{budget:<14}" + "   ".join(_edit(experiment, classifier, digit, budget) for digit in WANTED)


def _edit(experiment: Experiment, classifier: Any, digit: int, budget: int) -> str:
    others = experiment.unseen_latents[experiment.unseen.classes != digit]
    edited = experiment.editor.edit(others, digit, contrast=True, budget=budget)
    changed = np.mean(np.sum(edited != others, axis=1))
    hits = np.mean(classifier.predict(experiment.code.decode(edited)) == digit)
    return f"{changed:>7.1f}  {hits:>9.0%}"
