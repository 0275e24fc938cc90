"""What the demonstration does: every step of the library once, on codes of digits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from bernoulli_latent import AttributeEditor, BernoulliMoments, HyperplaneSampler
from bernoulli_latent._arrays import Array
from bernoulli_latent._demo import digits
from bernoulli_latent._demo.digits import Digits

__all__ = ["Code", "Experiment", "conduct"]

N_SAMPLES = 10_000
STEPS = 17
PATHS = ((1, 8), (7, 3), (6, 0))
"""Digits between which to interpolate."""


class Code(Protocol):
    """Pictures to bits in {-1, +1}, and back."""

    title: str

    @classmethod
    def learn(cls, images: Array, epochs: int, seed: int) -> Self:
        """Code learned from pictures."""

    def encode(self, images: Array) -> Array:
        """Bits of pictures."""

    def decode(self, latents: Array) -> Array:
        """Pictures of bits."""


@dataclass(frozen=True)
class Experiment:
    """All that was made, for the table and the picture; bits are rows, coded -1 and +1."""

    training: Digits
    unseen: Digits
    code: Code
    latents: Array
    unseen_latents: Array
    sampler: HyperplaneSampler
    editor: AttributeEditor
    correlated: Array
    independent: Array
    paths: Array
    seconds: dict[str, float]


def conduct(seed: int, epochs: int) -> Experiment:
    """Learn a code for digits, then fit, sample, interpolate and prepare to edit."""
    training, unseen = digits.load(seed)
    kind = _best_code()
    seconds: dict[str, float] = {}
    with _timed(seconds, "learn the code"):
        code = kind.learn(training.images, epochs, seed)
    latents, unseen_latents = code.encode(training.images), code.encode(unseen.images)
    with _timed(seconds, "count moments"):
        moments = BernoulliMoments.from_samples(latents)
    with _timed(seconds, "repair, factor"):
        sampler = HyperplaneSampler().fit_moments(moments)
    with _timed(seconds, f"draw {N_SAMPLES} samples"):
        correlated = sampler.sample(N_SAMPLES, rng=seed)
    with _timed(seconds, "invert, interpolate"):
        source, target = (_examples(unseen, unseen_latents, ends) for ends in zip(*PATHS, strict=True))
        paths = sampler.interpolate(source, target, STEPS)
    with _timed(seconds, "fit the editor"):
        editor = AttributeEditor().fit(latents, training.classes[:, None] == np.arange(10))
    independent = _independent(moments.marginals, seed)
    return Experiment(
        training,
        unseen,
        code,
        latents,
        unseen_latents,
        sampler,
        editor,
        correlated,
        independent,
        paths,
        seconds,
    )


def _best_code() -> type[Code]:
    """An autoencoder, or thresholded pixels where torch is missing."""
    try:
        from bernoulli_latent._demo.autoencoder import Autoencoder
    except ModuleNotFoundError:
        from bernoulli_latent._demo.thresholded import Threshold

        return Threshold
    return Autoencoder


def _examples(unseen: Digits, latents: Array, classes: tuple[int, ...]) -> Array:
    """Code of the first unseen digit of each class."""
    return latents[[np.flatnonzero(unseen.classes == wanted)[0] for wanted in classes]]


def _independent(marginals: Array, seed: int) -> Array:
    """What one gets without correlations."""
    uniform = np.random.default_rng(seed).random((N_SAMPLES, len(marginals)))
    return np.where(uniform < marginals, 1, -1).astype(np.int8)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - begin
