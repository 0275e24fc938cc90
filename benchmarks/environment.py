"""What a measurement ran on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import THREADS

__all__ = ["describe", "installed"]

LIBRARIES = ("numpy", "scipy", "numba", "torch", "statsmodels", "bindata")
FLAGS = ("avx2", "fma", "avx512f", "avx512_vpopcntdq", "avx512_vnni")


def describe() -> dict[str, object]:
    """Machine, versions and threads, as they stand in every row."""
    processor = _processor()
    machine = {
        "cpu": processor.get("model name", platform.processor() or platform.machine()),
        "flags": [flag for flag in FLAGS if flag in processor.get("flags", "").split()],
        "cores": os.cpu_count(),
    }
    versions = {"python": platform.python_version()} | {name: installed(name) for name in LIBRARIES}
    return {"machine": machine, "versions": versions, "threads": THREADS}


def _processor() -> dict[str, str]:
    """First processor of Linux's list; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    pairs = (line.partition(":")[::2] for line in path.read_text().split("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, value in pairs}


def installed(library: str) -> str | None:
    """Version of `library`, or None."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None
