"""The command line: ``python -m bernoulli_latent fit | sample | check | demo | versions``."""

from __future__ import annotations

import argparse
import secrets
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bernoulli_latent._progress import progress

__all__ = ["main"]

INFEASIBLE, WRONG, INTERRUPTED = 1, 2, 130

BLOCK_ENTRIES = 2**24
"""Bits unpacked at a time."""

EPILOG = """\
exit codes: 0 done; 1 `check` found moments that no binary distribution has; 2 wrong arguments or files;
130 interrupted. Results go to stdout or into the file named; progress, warnings and errors go to stderr.
Files are written whole or not at all.
"""

INPUT = """\
INPUT is a .npy file of bits, shape (n_samples, n_bits), coded as bool, {0, 1} or {-1, +1}, which is read in
blocks and may be larger than memory; or a file that BernoulliMoments.save wrote; or an .npz file with one of
  - a single array of such bits;
  - `matrix`, (n_bits + 1, n_bits + 1): second moments of {-1, +1} bits, the means in the last row and column;
  - `probabilities`, (n_bits,), alone or with one of `correlation`, `joint`, `odds_ratio`, (n_bits, n_bits).
"""

SAMPLE = """\
The .npy file has shape (N, n_bits), or with --packed rows of bytes as numpy.packbits(bits, axis=1) makes them.
Sample k depends on the seed and k alone, so that several processes can each draw a part with --start.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after ``python -m bernoulli_latent``; by default those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 1 infeasible moments, 2 wrong arguments or files, 130 interrupted.

    Raises
    ------
    SystemExit
        With code 2 if the arguments cannot be parsed, with 0 after ``--help``.
    """
    options = _parser().parse_args(arguments)
    command = f"bernoulli_latent {options.command}"
    with _warnings_as_lines(command):
        try:
            return int(options.run(options) or 0)
        except KeyboardInterrupt:
            print(f"\n{command}: interrupted", file=sys.stderr)
            return INTERRUPTED
        except (OSError, ValueError, TypeError, ModuleNotFoundError) as error:
            print(f"{command}: error: {error}", file=sys.stderr)
            return WRONG


@contextmanager
def _warnings_as_lines(command: str) -> Iterator[None]:
    """Show warnings of the library without the line of code that caused them."""
    from bernoulli_latent.errors import RepairWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", RepairWarning)
        warnings.showwarning = lambda message, *_: print(f"{command}: warning: {message}", file=sys.stderr)
        yield


def _parser() -> argparse.ArgumentParser:
    from bernoulli_latent.samplers.choice import FAMILIES
    from bernoulli_latent.samplers.hyperplane import HyperplaneSampler

    parser = argparse.ArgumentParser(
        "bernoulli_latent", description="Correlated binary vectors: fit, repair, sample.", epilog=EPILOG
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    fit = _add(commands, _fit, "fit", "Fit a sampler and say what its moments are.", INPUT)
    fit.add_argument("input", metavar="INPUT")
    fit.add_argument("-o", "--output", required=True, type=_file_to_write(".npz", ".safetensors"), metavar="MODEL")

    check = _add(commands, _check, "check", "Say whether moments are feasible, and what a repair costs.", INPUT)
    check.add_argument("input", metavar="INPUT")
    for command in (fit, check):
        command.add_argument(
            "--family",
            choices=("auto", *FAMILIES),
            default="hyperplane",
            help="auto: the nearest; default: %(default)s",
        )
        command.add_argument(
            "--repair", choices=HyperplaneSampler.repairs, default="nearest", help="default: %(default)s"
        )
        command.add_argument(
            "--boundary-weight",
            type=float,
            metavar="W",
            help="of the hyperplane family; default: half the number of bits that vary",
        )
        command.add_argument("--rank", type=_at_least(1), help="bound on the dimension of the normals")

    sample = _add(commands, _sample, "sample", "Draw samples of a fitted model.", SAMPLE)
    sample.add_argument("model", metavar="MODEL")
    sample.add_argument("-n", required=True, type=_at_least(1), metavar="N", help="number of samples")
    sample.add_argument("-o", "--output", required=True, type=_file_to_write(".npy"), metavar="BITS.npy")
    sample.add_argument("--seed", type=_at_least(0), help="default: a new one, which is printed")
    sample.add_argument("--start", type=_at_least(0), default=0, metavar="K", help="first sample; default: 0")
    form = sample.add_mutually_exclusive_group()
    form.add_argument("--packed", action="store_true", help="write eight bits a byte")
    form.add_argument("--values", choices=("01", "pm1", "bool"), help="coding; default: that of the data")

    demo = _add(commands, _demo, "demo", "Learn a code for digits, sample, interpolate, edit; draw the result.")
    demo.add_argument("--output", type=_file_to_write(".png", ".pdf", ".svg"), default="demo.png", metavar="FILE")
    demo.add_argument("--seed", type=_at_least(0), default=0)
    demo.add_argument("--epochs", type=_at_least(1), default=120, help="of the autoencoder; default: %(default)s")

    _add(commands, _versions, "versions", "Print the versions that a report of a problem should name.")
    return parser


def _add(
    commands: Any, run: Callable[[argparse.Namespace], int | None], name: str, summary: str, details: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary}\n\n{details}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be an integer of at least {least}; got {text!r}")
        return int(text)

    return integer


def _file_to_write(*suffixes: str) -> Callable[[str], str]:
    """Check a path before the work whose result it takes."""

    def path(text: str) -> str:
        if Path(text).suffix not in suffixes:
            raise argparse.ArgumentTypeError(f"must end in {' or '.join(suffixes)}; got {text!r}")
        if not Path(text).parent.is_dir():
            raise argparse.ArgumentTypeError(f"must lie in a folder that exists; got {text!r}")
        return text

    return path


def _fit(options: argparse.Namespace) -> None:
    sampler = _fitted(options, _read_moments(options.input))
    sampler.save(options.output)
    print(sampler.report_)


def _check(options: argparse.Namespace) -> int:
    moments = _read_moments(options.input)
    feasibility = moments.check_feasible()
    print(feasibility)
    if feasibility.n_pairs == 0:
        print()
        print(_fitted(options, moments).report_)
    return 0 if feasibility.feasible else INFEASIBLE


def _fitted(options: argparse.Namespace, moments: Any) -> Any:
    from bernoulli_latent import HyperplaneSampler, fit_sampler

    if options.family == "hyperplane":
        return HyperplaneSampler(options.repair, options.boundary_weight, options.rank).fit_moments(moments)
    if options.boundary_weight is not None:
        raise ValueError(f"`--boundary-weight` needs `--family hyperplane`; got {options.family!r}")
    return fit_sampler(moments, options.family, repair=options.repair, rank=options.rank)


def _sample(options: argparse.Namespace) -> None:
    from bernoulli_latent import load_sampler
    from bernoulli_latent.io import atomic_write

    sampler = load_sampler(options.model)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    n_bits = sampler.sample(0).shape[1]
    with atomic_write(options.output) as file:
        for begin, stop in progress(_blocks(options.n, n_bits), "sampling"):
            block = _draw(sampler, stop - begin, options.start + begin, seed, options)
            if begin == 0:
                header = np.lib.format.header_data_from_array_1_0(block)
                np.lib.format.write_array_header_1_0(file, {**header, "shape": (options.n, block.shape[1])})
            file.write(block.data)
    last = options.start + options.n - 1
    print(f"{options.output}: samples {options.start} to {last} of {n_bits} bits, seed {seed}")


def _draw(sampler: Any, n: int, start: int, seed: int, options: argparse.Namespace) -> np.ndarray[Any, Any]:
    from bernoulli_latent._arrays import to_host

    if options.packed:
        return np.ascontiguousarray(to_host(sampler.sample(n, rng=seed, start=start, packed=True).packbits()))
    return np.ascontiguousarray(to_host(sampler.sample(n, rng=seed, start=start, values=options.values)))


def _demo(options: argparse.Namespace) -> None:
    try:
        from bernoulli_latent._demo import run
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{error}; try pip install 'bernoulli_latent[examples]'") from error
    run(options.output, options.seed, options.epochs)


def _versions(options: argparse.Namespace) -> None:
    from bernoulli_latent.versions import show_versions

    show_versions()


def _read_moments(path: str) -> Any:
    """Moments that the file gives, or those of the bits in it."""
    from bernoulli_latent import BernoulliMoments
    from bernoulli_latent.io import HEADER

    if Path(path).suffix == ".safetensors":
        return BernoulliMoments.load(path)
    arrays = _load(path)
    names = set(arrays)
    if HEADER in names:
        return BernoulliMoments.load(path)
    if names == {"matrix"}:
        return BernoulliMoments.from_matrix(arrays["matrix"])
    if "probabilities" in names and names <= {"probabilities", "correlation", "joint", "odds_ratio"}:
        return BernoulliMoments.from_marginals(**arrays)
    if len(names) != 1:
        raise ValueError(f"{path!r} must hold one array of bits, or moments; it holds {sorted(names)}. See --help")
    return _count(path, *arrays.values())


def _count(path: str, bits: np.ndarray[Any, Any]) -> Any:
    """Moments of the rows of `bits`, read in blocks."""
    from bernoulli_latent import BernoulliMoments

    if bits.ndim != 2 or 0 in bits.shape:
        raise ValueError(f"{path!r} must hold bits of shape (n_samples, n_bits); got shape {bits.shape}")
    moments = BernoulliMoments()
    for begin, stop in progress(_blocks(*bits.shape), "counting"):
        try:
            moments.update(bits[begin:stop])
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path!r}, rows {begin} to {stop - 1} as `y`: {error}") from error
    return moments


def _blocks(n_samples: int, n_bits: int) -> list[tuple[int, int]]:
    """Begin and end of blocks of rows."""
    rows = max(64, BLOCK_ENTRIES // n_bits // 64 * 64)
    return [(begin, min(begin + rows, n_samples)) for begin in range(0, n_samples, rows)]


def _load(path: str) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays of a file by name; that of a .npy file has the name "" and stays on disk."""
    from bernoulli_latent.io import UNREADABLE

    try:
        with open(path, "rb") as file:
            if file.read(2) != b"PK":
                return {"": np.load(path, mmap_mode="r", allow_pickle=False)}
            file.seek(0)
            with np.load(file, allow_pickle=False) as content:
                return dict(content)
    except UNREADABLE as error:
        raise ValueError(f"{path!r} is damaged, or not a .npy or .npz file of numbers") from error
