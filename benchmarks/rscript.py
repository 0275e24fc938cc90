"""Jobs in R: run by ``Rscript`` if it is there, timed by R itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.measure import Timing

__all__ = ["run_in_r"]

SCRIPT = Path(__file__).with_name("contenders.R")


def run_in_r(job: str, matrix: Any, repeats: int) -> tuple[Any, Timing | None, str]:
    """Flat result, time and versions of `job` on a matrix; a note instead if R or a package is missing."""
    if shutil.which("Rscript") is None:
        return None, None, "left out: Rscript is not installed"
    answers = [_once(job, matrix) for _ in range(repeats)]
    result, words = answers[0]
    if words[0] == "missing":
        return None, None, f"left out: R has no package {words[1]}"
    cpu, wall = ([float(words[i]) for _, words in answers] for i in (0, 1))
    return result, Timing(cpu, wall), f"package {words[2]}, {' '.join(words[3:])}"


def _once(job: str, matrix: Any) -> tuple[Any, list[str]]:
    with TemporaryDirectory() as folder:
        np.asarray(matrix, np.float64).tofile(f"{folder}/matrix")
        command = ["Rscript", "--vanilla", str(SCRIPT), job, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        result = Path(folder) / "result"
        return np.fromfile(result) if result.exists() else None, done.stdout.split()
