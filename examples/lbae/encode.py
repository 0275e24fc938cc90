"""Turn images into packed bits: ``python -m examples.lbae.encode --run local/mnist --data FOLDER``.

Bits are read off in evaluation mode from the final weights. (The authors collect them during the last epoch of
training, with the statistics of the batch and weights still on the move.)
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from examples.common.settings import command
from examples.lbae.codes import Codes
from examples.lbae.runs import Run, add_data, read_part

__all__ = ["main"]


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Write the codes of the training and the test images beside the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder with the model")
    add_data(parser)
    options = parser.parse_args(arguments)
    run = Run(options.run, options.device)
    for split in ("train", "test"):
        codes = Codes.of(run.model, read_part(run, options, split), run.about)
        codes.save(run.codes_path(split))
        print(f"{run.codes_path(split)}: {codes.bits}, {codes.bits.nbytes / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
