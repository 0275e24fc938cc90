"""What is measured of a run: reconstruction, generation, interpolation, edits of attributes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent import RepairWarning
from examples.common.features import Classifier
from examples.common.images import Images
from examples.common.judging import Judge
from examples.common.metrics import dead_bits, psnr, ssim, step_statistics, third_order_agreement
from examples.lbae.codes import Codes, decode
from examples.lbae.library import EDITS, FAMILIES, edit, fit
from examples.lbae.model import LBAE
from examples.lbae.paths import ways

__all__ = ["TASKS", "Evaluation", "Finding"]

TASKS = ("reconstruction", "generation", "interpolation", "editing")
STEPS = 12
"""Images of a path, ends included, as in the authors' pictures."""
WANTED = ("Eyeglasses", "Goatee", "Smiling", "Blond_Hair")
MOST_WANTED = 10
BUDGET = 0.2
"""Part of the bits that an edit on a budget may set."""

Array = np.ndarray[Any, Any]


class Finding(NamedTuple):
    """A row to be: who, what was found, and under which parameters."""

    contender: str
    values: dict[str, Any]
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """A model with its training codes, before test images and networks that judge.

    Parameters
    ----------
    model : LBAE
        In evaluation mode.
    codes : Codes
        Of the training images.
    held_out : Images
        Training images of the model that no judging network was trained on.
    unseen : Images
        For testing.
    judge : Judge
        Has the features of the test images.
    classifiers : sequence of Classifier
        Say whether an attribute is there.
    seed : int
        Of all draws.
    edits : int
        Images edited for each attribute.
    """

    model: LBAE
    codes: Codes
    held_out: Images
    unseen: Images
    judge: Judge
    classifiers: Sequence[Classifier]
    seed: int = 0
    edits: int = 200

    @cached_property
    def unseen_codes(self) -> Codes:
        """Codes of the test images."""
        return Codes.of(self.model, self.unseen)

    @cached_property
    def fitted(self) -> Callable[[str], Any]:
        """Sampler of a family, fitted to the training codes once."""
        return cache(lambda family: fit(family, self.codes, self.seed))

    def findings(self, tasks: Sequence[str] = TASKS) -> Iterator[Finding]:
        """What there is on the `tasks`, one after the other, without warnings of repairs."""
        for task in tasks:
            yield from _quietly(getattr(self, task)())

    def reconstruction(self) -> Iterator[Finding]:
        """Test images through the bits; as a floor, held-out training images against test images."""
        task = {"task": "reconstruction"}
        yield Finding("training images", self.judge.compare(self.held_out.pixels), task)
        pixels, bits = decode(self.model, self.unseen_codes.bits), self.unseen_codes.bits
        fidelity = {"psnr": psnr(self.unseen.pixels, pixels), "ssim": ssim(self.unseen.pixels, pixels)}
        yield Finding("bits", self.judge.compare(pixels) | fidelity | {"dead_bits": dead_bits(bits)}, task)

    def generation(self) -> Iterator[Finding]:
        """As many samples as there are test images, from each family; for moments as many as there are codes."""
        most = max(len(self.unseen), len(self.codes.bits))
        for family in FAMILIES:
            if family == "mixture_by_class" and self.codes.labels is None:
                continue
            bits = self.fitted(family).sample(most, rng=self.seed, packed=True)
            third = third_order_agreement(self.codes.bits, bits, self.seed)
            values = self.judge.compare(decode(self.model, bits[: len(self.unseen)])) | {"third_order": third}
            yield Finding(family, values, {"task": "generation"})

    def interpolation(self) -> Iterator[Finding]:
        """Paths between codes of test images; their inner points are judged, as many as there are test images."""
        unseen = self.unseen_codes.bits
        pairs = np.random.default_rng(self.seed).permutation(len(unseen))[: 2 * max(len(unseen) // (STEPS - 2), 1)]
        source, target = (unseen[rows] for rows in np.split(pairs, 2))
        for way in ways(self.fitted, self.codes, source, target, STEPS, self.seed):
            inner = way.path[1:-1].reshape(-1, unseen.n_bits)
            steps = {"steps": step_statistics(way.path), "wrong_bits": way.wrong}
            values = self.judge.compare(decode(self.model, inner)) | steps
            found = {"task": "interpolation", "inversion": way.inversion, "spacing": way.spacing}
            yield Finding(way.contender, values, found)

    def editing(self) -> Iterator[Finding]:
        """Test images without an attribute, edited: how often the classifiers then see it, and bits changed."""
        n_bits, sampler = self.codes.bits.n_bits, self.fitted("dichotomized_gaussian")
        for name in self._wanted():
            bits = self.unseen_codes.bits[np.flatnonzero(~self.unseen_codes.column(name))[: self.edits]]
            seen = self._seen_in_carriers(name) | {"before": self._seen(decode(self.model, bits), name)}
            for how in EDITS:
                for budget in (None, round(BUDGET * n_bits)):
                    edited, changed = edit(sampler, self.codes, bits, name, how, seed=self.seed, budget=budget)
                    after = {"after": self._seen(decode(self.model, edited), name), "changed": changed.mean() / n_bits}
                    yield Finding(how, seen | after, {"task": "edit", "attribute": name, "budget": budget})

    def _seen_in_carriers(self, name: str) -> dict[str, float]:
        """What an edit could at best come to: test images that have the attribute, as they are and through the bits."""
        has = np.flatnonzero(self.unseen_codes.column(name))[: self.edits]
        decoded = decode(self.model, self.unseen_codes.bits[has])
        return {"real": self._seen(self.unseen.pixels[has], name), "reconstructed": self._seen(decoded, name)}

    def _wanted(self) -> tuple[str, ...]:
        """The published attributes where there are, else the first, as far as images of both parts differ in them."""
        names, parts = self.codes.names, (self.codes, self.unseen_codes)
        wanted = tuple(name for name in WANTED if name in names) or names[:MOST_WANTED]
        return tuple(name for name in wanted if all(len(set(part.column(name))) == 2 for part in parts))

    def _seen(self, pixels: Array, name: str) -> float:
        """Share of images in which a classifier sees the attribute or class, averaged over the classifiers."""
        return fmean(classifier.share(pixels, name) for classifier in self.classifiers)


def _quietly(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The same, without warnings of repairs while each is made; what its taker does warns as ever."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RepairWarning)  # the rows say how good the repaired families are
            finding = next(findings, None)
        if finding is None:
            return
        yield finding
