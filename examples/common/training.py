"""A training loop that can stop and go on at any step, for models that return their loss in parts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from bernoulli_latent.io import atomic_write
from examples.common import checkpoints
from examples.common.averaging import MovingAverage
from examples.common.compiling import or_eager
from examples.common.inputs import to_batch
from examples.common.schedule import Schedule
from examples.common.settings import Settings

__all__ = ["Losses", "Trainable", "Trainer"]

SAVE_SECONDS = 60.0
SHORT_WARM_UP = 200
"""Steps of the warm-up where weights are trained ones, and only the optimiser is new."""
CHECKS = 10
"""How often the averaged model is looked at in a training, about."""
CHECKPOINT = "training"
"""Kind of the file."""


class Losses(NamedTuple):
    """What is minimised, and its parts by name: sums over pixels and latents, averaged over images."""

    total: Tensor
    parts: dict[str, Tensor]


class Trainable(Protocol):
    """A module that can be trained here."""

    def loss(self, images: Tensor) -> Losses:
        """Losses of images in [0, 1], shape (n, channels, height, width)."""


Model = TypeVar("Model", bound=Any)
Check = Callable[[Any], dict[str, float]]


class Trainer(Generic[Model]):
    """Adam with warm-up, cosine schedule, clipping and a moving average of the weights.

    On a processor, stopping anywhere and resuming gives the same weights and the same log, bit for bit, as not
    stopping: the order of the images is a function of seed and epoch, and a checkpoint has everything else.

    Parameters
    ----------
    model : Module that is Trainable
        With weights set; it is moved to the device.
    pixels : uint8 array, shape (n, height, width, channels)
        Images, kept on the device as they are; a last batch that is not full is left out.
    settings : Settings
        All the rest.
    device : torch.device
        Where to train.
    check : callable, optional
        Numbers to log about the averaged model, asked for some ten times.
    start : dict, optional
        What there is to say about the weights that the model comes with, if they are trained ones: the warm-up is then
        short. Checkpoints keep it, and the first is written before the first step.

    Raises
    ------
    ValueError
        If there are no images, or the folder has a training that was not to be resumed, a checkpoint that is damaged or
        was made with other settings, or a damaged log.
    """

    def __init__(
        self,
        model: Model,
        pixels: np.ndarray[Any, Any],
        settings: Settings,
        device: torch.device,
        check: Check | None = None,
        start: dict[str, Any] | None = None,
    ) -> None:
        if not len(pixels):
            raise ValueError(f"`pixels` must have at least one image; got shape {pixels.shape}")
        self.settings, self.device, self.check, self.start = settings, device, check, start
        self.model = model.to(device, memory_format=torch.channels_last).train()
        self.average = MovingAverage(self.model)
        self.pixels = torch.as_tensor(pixels, device=device)
        self.batch = min(settings.batch, len(pixels))
        self.per_epoch = len(pixels) // self.batch
        self.optimiser = torch.optim.Adam(self.model.parameters(), fused=device.type == "cuda")
        self.loss = or_eager(self.model.loss, device)
        self.step, self.seconds, self.sums = 0, 0.0, dict[str, Tensor]()
        self._order = -1, torch.empty(0)
        settings.out.mkdir(parents=True, exist_ok=True)
        self._take_up()
        warm_up = Schedule.warm_up if self.start is None else SHORT_WARM_UP
        self.schedule = Schedule(settings.epochs * self.per_epoch, settings.learning_rate, warm_up)

    @property
    def checkpoint(self) -> Path:
        """File of the checkpoint."""
        return self.settings.checkpoint

    @property
    def log(self) -> Path:
        """File with one JSON object for each epoch."""
        return self.settings.out / "log.jsonl"

    @property
    def finished(self) -> bool:
        """Whether the schedule is at its end."""
        return self.step >= self.schedule.total

    def run(self, steps: int | None = None) -> bool:
        """Train to the end, or for so many minutes or `steps`; save; say whether the end was reached."""
        if self.step == 0 and self.start is not None:
            self.save()  # seed and settings give random weights again, but not these
        last = self.schedule.total if steps is None else min(self.step + steps, self.schedule.total)
        for _ in self._timed(last):
            self._advance()
            if self.step % self.per_epoch == 0:
                self._end_epoch()
        self.save()
        return self.finished

    def _timed(self, last: int) -> Iterator[None]:
        """One turn for each step to `last` until time is up, saving now and then."""
        minutes = self.settings.max_minutes
        begin = saved = now = time.monotonic()
        with tqdm(total=self.schedule.total, initial=self.step, unit="step", desc="training", leave=False) as bar:
            while self.step < last and (minutes is None or now - begin < 60 * minutes):
                yield
                bar.update()
                now, before = time.monotonic(), now
                self.seconds += now - before
                if now - saved > SAVE_SECONDS:
                    self.save()
                    saved = now

    def _advance(self) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule(self.step)
        images = to_batch(self.pixels[self._rows()], self.device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            losses = self.loss(images)
        self.optimiser.zero_grad()
        losses.total.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.step)
        for name, part in {"loss": losses.total, **losses.parts, "gradient_norm": norm}.items():
            self.sums[name] = self.sums.get(name, 0.0) + part.detach().double()

    @property
    def _half(self) -> bool:
        precision = self.settings.precision
        return precision == "bfloat16" or (precision == "auto" and self.device.type == "cuda")

    def _rows(self) -> Tensor:
        """Images of this step: a slice of the epoch's permutation."""
        epoch, place = divmod(self.step, self.per_epoch)
        if epoch != self._order[0]:
            order = np.random.default_rng((self.settings.seed, epoch)).permutation(len(self.pixels))
            self._order = epoch, torch.as_tensor(order, device=self.device)
        return self._order[1][place * self.batch : (place + 1) * self.batch]

    def _end_epoch(self) -> None:
        """Log the epoch's means, and now and then the check's numbers."""
        epoch = self.step // self.per_epoch
        row: dict[str, float] = {"epoch": epoch, "step": self.step, "learning_rate": self.schedule(self.step - 1)}
        row |= {name: float(total) / self.per_epoch for name, total in self.sums.items()}
        self.sums = {}
        if not math.isfinite(row["loss"]):
            raise ValueError(f"training diverged in epoch {epoch}: the loss is {row['loss']}; lower --learning-rate")
        if self.check and (epoch % max(self.settings.epochs // CHECKS, 1) == 0 or self.finished):
            row |= self.check(self.average.model)
        with self.log.open("a") as file:
            file.write(json.dumps(row | {"seconds": round(self.seconds, 1)}) + "\n")
        tqdm.write(", ".join(f"{name} {value:.5g}" for name, value in row.items()))

    def save(self) -> None:
        """Write the checkpoint; ValueError, and the last one stays, if the training has diverged."""
        random = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        tensors = {
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict()["state"],
            "sums": self.sums,
            "random": random,
        }
        self._check_finite(tensors)
        values = {"settings": self.settings.identity(), "images": len(self.pixels), "step": self.step}
        checkpoints.save(self.checkpoint, CHECKPOINT, tensors, values | {"seconds": self.seconds, "start": self.start})

    def _check_finite(self, tensors: checkpoints.Tree) -> None:
        for name, tensor in checkpoints.flatten(tensors):
            if not torch.isfinite(tensor).all():
                raise ValueError(
                    f"training diverged by step {self.step}: {name} is not finite, and is not saved; "
                    "start in another folder --out with a lower --learning-rate"
                )

    def _take_up(self) -> None:
        """Go on where the checkpoint left off, if there is one; what there is of another training stays."""
        there = [path for path in (self.checkpoint, self.log) if path.exists()]
        if there and not self.settings.resume:
            raise ValueError(f"`out` has a training already: {there[0]}; go on with --resume, or name another folder")
        if self.checkpoint in there:
            self._load()
            self._cut_log()
        elif there:
            self._set_log_aside()

    def _set_log_aside(self) -> None:
        """Give the log the first name that no file has."""
        names = (self.log.with_name(f"log_without_checkpoint_{number}.jsonl") for number in count(1))
        self.log.replace(next(path for path in names if not path.exists()))

    def _load(self) -> None:
        """Take all from the checkpoint."""
        tensors, values = checkpoints.load(self.checkpoint, CHECKPOINT)
        then = values["settings"] | {"images": values["images"]}
        checkpoints.check_same(self.checkpoint, then, self.settings.identity() | {"images": len(self.pixels)})
        self.model.load_state_dict(tensors["model"])
        self.average.model.load_state_dict(tensors["average"])
        state = {int(index): moments for index, moments in tensors.get("optimiser", {}).items()}
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": state})
        self.sums = {name: total.to(self.device) for name, total in tensors.get("sums", {}).items()}
        torch.set_rng_state(tensors["random"]["cpu"])
        if self.device.type == "cuda" and "cuda" in tensors["random"]:
            torch.cuda.set_rng_state(tensors["random"]["cuda"], self.device)
        self.step, self.seconds, self.start = values["step"], values["seconds"], values["start"]

    def _cut_log(self) -> None:
        """Keep the lines up to the checkpoint: a run that was killed may have got further."""
        kept = [row for row in _rows(self.log) if row["step"] <= self.step]
        with atomic_write(self.log) as file:
            file.write("".join(json.dumps(row) + "\n" for row in kept).encode())


def _rows(log: Path) -> list[dict[str, Any]]:
    """Rows of a log, without a last one that a crash broke off."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            if number < len(lines):
                raise ValueError(f"{log}, line {number}: must be one JSON object; {error}") from error
    return rows
