"""Cut a model into files that can be carried: ``python -m examples.lbae.export --run local/mnist --out local/export``.

Weights go to safetensors shards with an index beside them, kernels and matrices in half precision; packed codes are
copied. All scripts take the new folder as --run; ``train --start`` goes on from its weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from examples.common import checkpoints, shards
from examples.common.settings import command, read_flags
from examples.lbae.model import KIND
from examples.lbae.runs import Run

__all__ = ["main"]

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
ON_SMOKE = {"shard_mib": 0.02}


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Write shards and index beside the codes."""
    options = _parse(arguments)
    weights, values = checkpoints.load(Run(options.run).path, KIND)
    lowered = checkpoints.lower(weights, PRECISIONS[options.precision])
    codes = [path for path in sorted(options.run.glob("codes_*.npz")) if _fits(path, options.shard_mib)]
    index = shards.save(options.out, KIND, lowered, values, options.shard_mib, codes)
    sizes = [path.stat().st_size for path in options.out.iterdir()]
    print(f"{index}: {len(sizes)} files, {sum(sizes):,} bytes, at most {max(sizes):,} each")


def _fits(path: Path, shard_mib: float) -> bool:
    """Whether a file is small enough; if not, tell."""
    size = path.stat().st_size / 2**20
    if size > shard_mib:
        print(f"{path} is not copied: it has {size:.2f} MiB, --shard-mib is {shard_mib:g}")
    return size <= shard_mib


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder with the model")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files; without a model yet")
    parser.add_argument("--shard-mib", type=float, default=15.0, help="size of a file at most (default: 15)")
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16", help="of matrices (default: bfloat16)")
    parser.add_argument("--smoke", action="store_true", help="tiny shards")
    return read_flags(parser, arguments, ON_SMOKE)


if __name__ == "__main__":
    main()
