"""Make the small model that comes with the example: ``python -m examples.lbae.make_pretrained --data FOLDER_OF_MNIST``.

It trains a thin model, then writes its weights in half precision and the packed bits of all images with their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from examples.common.images import load
from examples.common.settings import Precision, command
from examples.lbae.codes import Codes
from examples.lbae.model import save
from examples.lbae.runs import PRETRAINED, Run, check_free
from examples.lbae.train import LOOKED_AT, LBAESettings, train

__all__ = ["main"]

MODEL = "model.npz"
LARGEST = 3_000_000
"""Bytes that the files may have in all."""


@dataclass(frozen=True)
class PretrainedSettings(LBAESettings):
    """Settings of a training of minutes on one core, and where its result goes.

    The decoder does not squeeze the bits through 16 numbers, as the published one for grey images does.
    """

    epochs: Annotated[int, "passes over the images; fixes the length of the schedule"] = 10
    batch: Annotated[int, "images a step"] = 100
    precision: Annotated[Precision, "of convolutions; auto is bfloat16 on a GPU"] = "bfloat16"
    width: Annotated[float, "factor on the numbers of channels; published: 1"] = 0.25
    code_channels: Annotated[int | None, "channels of the map that the bits become; published: 1"] = 32
    export: Annotated[Path, "folder for the model and the codes, replaced if there"] = PRETRAINED

    FREE: ClassVar[tuple[str, ...]] = (*LBAESettings.FREE, "export")


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Train, export, and say how large the files are."""
    settings = PretrainedSettings.from_arguments(arguments, __doc__)
    if settings.export.resolve() == settings.out.resolve():
        raise ValueError(f"`export` must be another folder than `out`; both are {settings.out}")
    check_free(settings.export, "export", MODEL)
    images, unseen = (load(settings.dataset, settings.data, split, settings.limit) for split in ("train", "test"))
    trainer = train(settings, images, unseen.take(LOOKED_AT))
    if not trainer.finished:
        raise ValueError(f"stopped after step {trainer.step} of {trainer.schedule.total}; go on with --resume")
    settings.export.mkdir(parents=True, exist_ok=True)
    save(settings.export / MODEL, *Run(settings.out).loaded, half=True)
    run = Run(settings.export)
    for split, part in {"train": images, "test": unseen}.items():
        Codes.of(run.model, part, run.about).save(run.codes_path(split))
    size = sum(path.stat().st_size for path in settings.export.iterdir())
    print(f"{settings.export}: {size:,} bytes")
    if size > LARGEST:
        raise ValueError(f"the files must not be larger than {LARGEST:,} bytes in all; lower --width")


if __name__ == "__main__":
    main()
