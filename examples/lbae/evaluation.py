"""What is measured of a run: reconstruction, generation, interpolation, edits of attributes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent import BitArray, RepairWarning, hamming_distance
from examples.common.features import Classifier
from examples.common.images import Images
from examples.common.judging import Judge
from examples.common.metrics import dead_bits, psnr, ssim, step_statistics, third_order_agreement
from examples.lbae import authors
from examples.lbae.codes import Codes, decode
from examples.lbae.library import EDITS, FAMILIES, edit, fit
from examples.lbae.model import LBAE

__all__ = ["Evaluation", "Finding"]

STEPS = 12
"""Images of a path, ends included, as in the authors' pictures."""
PATHS = (
    ("hyperplane", "centroid"),
    ("hyperplane", "perceptron"),
    ("hyperplane", "posterior"),
    ("dichotomized_gaussian", "posterior"),
)
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
    classifier : Classifier
        Says whether an attribute is there.
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
    classifier: Classifier
    seed: int = 0
    edits: int = 200

    @cached_property
    def unseen_codes(self) -> Codes:
        """Codes of the test images."""
        return Codes.of(self.model, self.unseen)

    def findings(self) -> Iterator[Finding]:
        """All there is, one after the other, without warnings of repairs."""
        yield from _quietly(self.reconstruction())
        yield from _quietly(self.generation())
        yield from _quietly(self.interpolation())
        yield from _quietly(self.editing())

    def reconstruction(self) -> Iterator[Finding]:
        """Test images through the bits; as a floor, held-out training images against test images."""
        task = {"task": "reconstruction"}
        yield Finding("training images", self.judge.compare(self.held_out.pixels[: len(self.unseen)]), task)
        pixels, bits = decode(self.model, self.unseen_codes.bits), self.unseen_codes.bits
        fidelity = {"psnr": psnr(self.unseen.pixels, pixels), "ssim": ssim(self.unseen.pixels, pixels)}
        yield Finding("bits", self.judge.compare(pixels) | fidelity | {"dead_bits": dead_bits(bits)}, task)

    def generation(self) -> Iterator[Finding]:
        """As many samples as there are test images, from each family."""
        for family in FAMILIES:
            if family == "mixture_by_class" and self.codes.labels is None:
                continue
            bits = fit(family, self.codes, self.seed).sample(len(self.unseen), rng=self.seed, packed=True)
            third = third_order_agreement(self.codes.bits, bits, self.seed)
            values = self.judge.compare(decode(self.model, bits)) | {"third_order": third}
            yield Finding(family, values, {"task": "generation"})

    def interpolation(self) -> Iterator[Finding]:
        """Paths between codes of test images; their inner points are judged, as many as there are test images."""
        unseen = self.unseen_codes.bits
        pairs = np.random.default_rng(self.seed).permutation(len(unseen))[: 2 * max(len(unseen) // (STEPS - 2), 1)]
        source, target = (unseen[rows] for rows in np.split(pairs, 2))
        for contender, method, path, wrong in self._paths(source, target):
            inner = path[1:-1].reshape(-1, unseen.n_bits)
            steps = {"steps": step_statistics(path), "wrong_bits": wrong}
            values = self.judge.compare(decode(self.model, inner)) | steps
            yield Finding(contender, values, {"task": "interpolation", "inversion": method})

    def _paths(self, source: BitArray, target: BitArray) -> Iterator[tuple[str, str, Array, float]]:
        """Family, inversion, path, and bits of a code that its inversion does not give back, on average."""
        rows, ends = authors.factor(self.codes.bits), [bits.to_array("pm1") for bits in (source, target)]
        wrong = ends[0] * (authors.invert(rows, ends[0]) @ rows.T) < 0
        path = authors.interpolate(rows, *ends, STEPS)
        yield "authors", "reweighted centroids", path, float(np.mean(np.sum(wrong, axis=1)))
        for family, method in PATHS:
            sampler = fit(family, self.codes)
            path = sampler.interpolate(source, target, STEPS, method=method, rng=self.seed)
            normals = sampler.invert(source, method, rng=self.seed)
            wrong = float(np.mean(hamming_distance(sampler.round(normals), source)))
            yield family, method, path, wrong

    def editing(self) -> Iterator[Finding]:
        """Test images without an attribute, edited: how often the classifier then sees it, and bits changed."""
        n_bits, sampler = self.codes.bits.n_bits, fit("dichotomized_gaussian", self.codes)
        for name in self._wanted():
            bits = self.unseen_codes.bits[self._without(name)]
            before = self._hits(bits, name)
            for how in EDITS:
                for budget in (None, round(BUDGET * n_bits)):
                    edited, changed = edit(sampler, self.codes, bits, name, how, seed=self.seed, budget=budget)
                    values = {"before": before, "hits": self._hits(edited, name), "changed": changed.mean() / n_bits}
                    yield Finding(how, values, {"task": "edit", "attribute": name, "budget": budget})

    def _wanted(self) -> tuple[str, ...]:
        """The published attributes where there are, else the first."""
        names = self.codes.names
        return tuple(name for name in WANTED if name in names) or names[:MOST_WANTED]

    def _without(self, name: str) -> Array:
        rows = np.flatnonzero(~self.unseen_codes.columns[:, self.codes.names.index(name)])
        return rows[: self.edits]

    def _hits(self, bits: BitArray, name: str) -> float:
        """Share of images in which the classifier sees the attribute or class."""
        logits, column = self.classifier.logits(decode(self.model, bits)), self.codes.names.index(name)
        seen = logits[:, column] > 0 if self.classifier.attributes else logits.argmax(axis=1) == column
        return float(seen.mean())


def _quietly(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The same, without warnings of repairs while each is made; what its taker does warns as ever."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RepairWarning)  # the rows say how good the repaired families are
            finding = next(findings, None)
        if finding is None:
            return
        yield finding
