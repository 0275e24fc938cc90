"""Settings of a training as a frozen dataclass, and the command line made from its fields."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

import torch
from threadpoolctl import threadpool_limits

__all__ = ["Precision", "Settings", "command", "find_device", "read_flags", "use_threads"]

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Settings:
    """What a training is told; every field is a flag of the command line.

    Raises
    ------
    ValueError
        If a number is out of its domain, or the device is not there.
    """

    data: Annotated[Path | None, "folder with images; without it, embedded data"] = None
    dataset: Annotated[str, "layout of the data, or the embedded set: mnist, cifar10, celeba, digits, faces, ..."] = (
        "auto"
    )
    limit: Annotated[int | None, "use only so many images"] = None
    epochs: Annotated[int, "passes over the images; fixes the length of the schedule"] = 20
    batch: Annotated[int, "images a step"] = 512
    learning_rate: Annotated[float, "of Adam, at its highest"] = 1e-3
    clip: Annotated[float, "bound on the norm of the gradient, a safety against outliers"] = 1000.0
    precision: Annotated[Precision, "of convolutions; auto is bfloat16 on a GPU"] = "auto"
    max_minutes: Annotated[float | None, "stop after so many minutes, with all saved for --resume"] = None
    resume: Annotated[bool, "go on from the checkpoint in the folder --out, if there is one"] = False
    seed: Annotated[int, "of the first weights, the order of the images and all noise"] = 0
    device: Annotated[str, "auto, cpu or cuda"] = "auto"
    threads: Annotated[int | None, "processor threads; by default the libraries' choice"] = None
    out: Annotated[Path, "folder for the checkpoint, the model and the log"] = Path("local/run")
    smoke: Annotated[bool, "a tiny run on embedded data, to see that all works"] = False

    ON_SMOKE: ClassVar[dict[str, Any]] = {
        "data": None,
        "dataset": "digits",
        "limit": 200,
        "epochs": 5,
        "batch": 10,
        "learning_rate": 5e-3,
    }
    """What --smoke sets."""
    FREE: ClassVar[tuple[str, ...]] = ("data", "max_minutes", "resume", "device", "threads", "out")
    """What may change where a training is resumed."""

    def __post_init__(self) -> None:
        for name in ("limit", "epochs", "batch", "learning_rate", "clip", "max_minutes", "threads"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` must be positive; got {value}")
        find_device(self.device)

    @classmethod
    def from_arguments(cls, arguments: Sequence[str] | None = None, about: str | None = None) -> Self:
        """Settings from the command line; with --smoke, those of a tiny run."""
        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        add_flags(parser, cls)
        try:
            settings = cls(**vars(parser.parse_args(arguments)))
        except ValueError as error:
            parser.error(str(error))
        return replace(settings, **cls.ON_SMOKE) if settings.smoke else settings

    def prepare(self) -> torch.device:
        """Set threads, seed and the precision of products of matrices; return the device."""
        use_threads(self.threads)
        torch.manual_seed(self.seed)
        device = find_device(self.device)
        if device.type == "cuda":
            torch.set_float32_matmul_precision("high")
            torch.backends.cudnn.benchmark = True
        return device

    @property
    def checkpoint(self) -> Path:
        """File of the checkpoint."""
        return self.out / "checkpoint.safetensors"

    def identity(self) -> dict[str, Any]:
        """Settings that decide what a training computes, as they stand in checkpoints."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in self.FREE}


def find_device(name: str) -> torch.device:
    """Device of a name; "auto" is a GPU where there is one. ValueError if the device is not there."""
    if name not in ("auto", "cpu") and not name.startswith("cuda"):
        raise ValueError(f"`device` must be 'auto', 'cpu' or 'cuda'; got {name!r}")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"`device` {name!r} asks for a GPU, and torch finds none here")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def use_threads(threads: int | None) -> None:
    """Let torch and the libraries below NumPy have so many threads; None leaves them as they are."""
    if threads is not None:
        torch.set_num_threads(threads)
        threadpool_limits(threads)


def add_flags(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """One flag for each field: what stands beside the type is its help, and a Literal's values are the choices."""
    hints = get_type_hints(settings, include_extras=True)
    for item in fields(settings):
        hint, text = get_args(hints[item.name])
        flag = "--" + item.name.replace("_", "-")
        if hint is bool:
            parser.add_argument(flag, action="store_true", help=text)
        elif get_origin(hint) is Literal:
            parser.add_argument(flag, choices=get_args(hint), default=item.default, help=text)
        else:
            kind = next(kind for kind in get_args(hint) or (hint,) if kind is not NoneType)
            parser.add_argument(flag, type=kind, default=item.default, help=text)


def read_flags(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, on_smoke: Mapping[str, Any]
) -> argparse.Namespace:
    """Flags of the command line; with --smoke, those of a tiny run."""
    options = parser.parse_args(arguments)
    for name, value in on_smoke.items() if options.smoke else ():
        setattr(options, name, value)
    return options


def command(main: Callable[..., None]) -> Callable[..., None]:
    """Let wrong arguments and missing or damaged files end a program with one line, not with a traceback."""

    @wraps(main)
    def run(*arguments: Any) -> None:
        try:
            main(*arguments)
        except (ValueError, OSError, ModuleNotFoundError) as error:
            raise SystemExit(f"error: {error}") from error

    return run
