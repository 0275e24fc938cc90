"""Train a latent Bernoulli autoencoder: ``python -m examples.lbae.train --data FOLDER --bits 200 --out FOLDER``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from torch import nn

from examples.common.checkpoints import check_same
from examples.common.images import Images, load
from examples.common.inputs import to_batch
from examples.common.metrics import dead_bits
from examples.common.settings import Settings, command
from examples.common.training import Trainer
from examples.lbae.codes import encode
from examples.lbae.model import LBAE, Plan, save
from examples.lbae.runs import Run, check_free

__all__ = ["LBAESettings", "main", "train"]

MODEL = "model.safetensors"
LOOKED_AT = 2000
"""Unseen images that a training is checked on."""


@dataclass(frozen=True)
class LBAESettings(Settings):
    """Settings of a training, and the sizes of the model."""

    bits: Annotated[int, "length of the code; published: 200 for MNIST, 600 for CIFAR-10, 1500 for CelebA"] = 200
    width: Annotated[float, "factor on the numbers of channels; published: 1"] = 1.0
    code_channels: Annotated[int | None, "channels of the map that the bits become; by default as published"] = None
    start: Annotated[Path | None, "folder of a run or export: weights to start from; the optimiser starts anew"] = None

    ON_SMOKE: ClassVar[dict[str, Any]] = Settings.ON_SMOKE | {"bits": 32, "width": 0.125}
    FREE: ClassVar[tuple[str, ...]] = (*Settings.FREE, "start")


def train(settings: LBAESettings, images: Images, unseen: Images) -> Trainer[LBAE]:
    """Train on `images`, looking now and then at `unseen` ones; write the averaged model."""
    check_free(settings.out, "out", MODEL if settings.checkpoint.exists() else None)
    device = settings.prepare()
    side, channels = images.pixels.shape[2:]
    model, start = _first(settings, Plan(side, channels, settings.bits, settings.width, settings.code_channels))
    trainer = Trainer(model, images.pixels, settings, device, _check_on(unseen), start)
    trainer.run()
    save(settings.out / MODEL, trainer.average.model, _about(trainer, images))
    return trainer


def _first(settings: LBAESettings, plan: Plan) -> tuple[LBAE, dict[str, Any] | None]:
    """Model with random weights; or with those to start from, unless a checkpoint has others, and their history."""
    if settings.start is None or settings.checkpoint.exists():
        return LBAE(plan), None
    run = Run(settings.start)
    check_same(run.path, asdict(run.model.plan), asdict(plan))
    return run.loaded


def _about(trainer: Trainer[LBAE], images: Images) -> dict[str, Any]:
    """How the weights were made; the steps are all that they have had."""
    about = {"source": images.source, "images": len(images), "settings": trainer.settings.identity()}
    if trainer.start is None:
        return about | {"steps": trainer.step}
    return about | {"steps": trainer.start["steps"] + trainer.step, "start": trainer.start}


def _check_on(unseen: Images) -> Callable[[nn.Module], dict[str, float]]:
    """Loss of unseen images in the units it has, and bits that never change."""

    def check(model: LBAE) -> dict[str, float]:
        loss, bits = _loss(model, unseen), encode(model, unseen.pixels)
        return {"unseen_loss": loss, **_per_pixel(loss, unseen), "dead_bits": dead_bits(bits)}

    return check


@torch.no_grad()
def _loss(model: LBAE, images: Images, chunk: int = 500) -> float:
    """Mean over images."""
    device = next(model.parameters()).device
    parts = (images.pixels[first : first + chunk] for first in range(0, len(images), chunk))
    return sum(len(part) * float(model.loss(to_batch(part, device)).total) for part in parts) / len(images)


def _per_pixel(loss: float, images: Images) -> dict[str, float]:
    """Bits a pixel of a cross-entropy; decibels of a squared error."""
    size = np.prod(images.pixels.shape[1:])
    if images.pixels.shape[-1] == 1:
        return {"bits_per_pixel": loss / size / math.log(2)}
    return {"psnr_of_mean_error": 10 * math.log10(size / loss)}


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Read the images, train, write the model."""
    settings = LBAESettings.from_arguments(arguments, __doc__)
    images = load(settings.dataset, settings.data, "train", settings.limit)
    unseen = load(settings.dataset, settings.data, "test", min(settings.limit or LOOKED_AT, LOOKED_AT))
    trainer = train(settings, images, unseen)
    state = "finished" if trainer.finished else "stopped; go on with --resume"
    print(f"{state} after step {trainer.step} of {trainer.schedule.total}: {settings.out / MODEL}")


if __name__ == "__main__":
    main()
