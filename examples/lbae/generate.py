"""Pictures from bits: ``python -m examples.lbae.generate samples | interpolate | edit [--run FOLDER]``.

Each command writes one PNG. Without a run the small model of MNIST that comes with the example draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bernoulli_latent import BitArray
from bernoulli_latent.samplers.paths import SPACINGS
from examples.common.pictures import write_grid
from examples.common.settings import command, read_flags
from examples.lbae.codes import decode
from examples.lbae.library import EDITS, FAMILIES, edit, fit
from examples.lbae.runs import PRETRAINED, Run

__all__ = ["main"]

PATHS = tuple(family for family in FAMILIES if not family.startswith("mixture"))
IMAGES = "images"
ON_SMOKE = {"rows": 2, "columns": 4}

Draw = Callable[[Run, argparse.Namespace], BitArray]


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what was asked for."""
    options = _parse(arguments)
    run = Run(PRETRAINED if options.run is None else options.run, options.device)
    bits = options.draw(run, options)
    images = decode(run.model, bits)
    write_grid(options.out, images.reshape(-1, options.columns, *images.shape[1:]))
    print(options.out)


def samples(run: Run, options: argparse.Namespace) -> BitArray:
    """Random codes from the sampler of a family."""
    return _drawn(run, options.family, options.rows * options.columns, options.seed)


def _drawn(run: Run, family: str, n: int, seed: int) -> BitArray:
    bits: BitArray = fit(family, run.codes("train"), seed).sample(n, rng=seed, packed=True)
    return bits


def interpolate(run: Run, options: argparse.Namespace) -> BitArray:
    """A path in each row between the codes of two test images."""
    sampler, unseen = fit(options.family, run.codes("train")), run.codes("test").bits
    source, target = _choose(np.arange(len(unseen)), (2, options.rows), options.seed)
    choice = {"method": options.method, "spacing": options.spacing, "rng": options.seed}
    path = sampler.interpolate(unseen[source], unseen[target], options.columns, **choice)
    return BitArray.from_array(path.swapaxes(0, 1).reshape(-1, unseen.n_bits))


def edits(run: Run, options: argparse.Namespace) -> BitArray:
    """Codes of test images, or random ones, and below them a row of the same after each edit."""
    of_images, codes = options.of == IMAGES, run.codes("train")
    bits = _to_edit(run, options) if of_images else _drawn(run, options.of, options.columns, options.seed)
    sampler, rows = fit("dichotomized_gaussian", codes), [bits]
    choice = {"threshold": options.threshold, "budget": options.budget, "value": not options.remove}
    for name in options.attribute:
        edited, changed = edit(sampler, codes, bits, name, options.how, seed=options.seed, **choice)
        print(f"{name}: {changed.mean():.1f} of {bits.n_bits} bits changed")
        rows.append(edited)
    return BitArray.concatenate(rows)


def _to_edit(run: Run, options: argparse.Namespace) -> BitArray:
    """Codes of test images that have none of the attributes, or all that are to be taken away."""
    unseen = run.codes("test")
    columns = np.stack([unseen.column(name) for name in options.attribute])
    rows = np.flatnonzero((columns == options.remove).all(axis=0))
    return unseen.bits[_choose(rows, (options.columns,), options.seed)]


def _choose(rows: np.ndarray, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Some of `rows`, none twice."""
    if len(rows) < np.prod(shape):
        raise ValueError(f"there are {len(rows)} images to choose from; {np.prod(shape)} were asked for")
    return np.random.default_rng(seed).permutation(rows)[: np.prod(shape)].reshape(shape)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="samples | interpolate | edit")
    sampling = _command(commands, "samples", samples, columns=16)
    sampling.add_argument("--rows", type=int, default=8, help="of the picture")
    sampling.add_argument("--family", choices=FAMILIES, default="mixture_by_class")
    paths = _command(commands, "interpolate", interpolate, columns=12)
    paths.add_argument("--rows", type=int, default=8, help="of the picture: paths")
    paths.add_argument("--family", choices=PATHS, default="hyperplane")
    paths.add_argument("--method", choices=("perceptron", "posterior", "centroid"), default="posterior")
    paths.add_argument("--spacing", choices=SPACINGS, default="bits", help="even steps of the angle, or of the bits")
    editing = _command(commands, "edit", edits, columns=12)
    editing.add_argument("--attribute", required=True, nargs="+", help="names of attributes or classes, a row each")
    editing.add_argument("--of", choices=(IMAGES, *FAMILIES), default=IMAGES, help="test images, or a family's samples")
    editing.add_argument("--remove", action="store_true", help="take it away instead of giving it")
    editing.add_argument("--how", choices=EDITS, default="contrast")
    editing.add_argument("--threshold", type=float, default=0.1, help="D: bits with means nearer to zero stay")
    editing.add_argument("--budget", type=int, help="set only so many bits")
    return read_flags(parser, arguments, ON_SMOKE)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, draw: Draw, columns: int
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=draw.__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument(
        "--run", type=Path, help="folder of a trained and encoded run; without it, the model that comes along"
    )
    parser.add_argument("--columns", type=int, default=columns, help="of the picture")
    parser.add_argument("--out", type=Path, default=Path(f"{name}.png"), help="picture to write")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--device", default="cpu", help="auto, cpu or cuda")
    parser.add_argument("--smoke", action="store_true", help="a few images only")
    parser.set_defaults(draw=draw)
    return parser


if __name__ == "__main__":
    main()
