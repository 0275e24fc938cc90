"""Instructions that a piece of a program takes, counted by valgrind's callgrind, which the program itself commands."""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ROOT

__all__ = ["counted", "instructions"]

REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
"""A function for x86-64 that hands the request its argument points to to valgrind, and outside it does nothing.

``mov rax, rdi``, ``xor edx, edx``, four rotations of ``rdi`` by 128 bits in all, ``xchg rbx, rbx``, ``mov rax, rdx``,
``ret``: the rotations and the exchange are the sign that valgrind looks for (its header ``valgrind.h``).
"""

TOOL = (ord("C") << 24) + (ord("T") << 16)
DUMP, START, STOP = TOOL, TOOL + 4, TOOL + 5
TARGET = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "", "PYTHONHASHSEED": "0"}
"""What Numba compiles for, on every machine: valgrind knows no AVX-512."""


@cache
def _memory() -> mmap.mmap:
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(REQUEST)
    return memory


def _ask(request: int) -> None:
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
    words = (ctypes.c_uint64 * 6)(request)
    function(ctypes.addressof(ctypes.c_char.from_buffer(_memory())))(ctypes.addressof(words))


def counted(function: Callable[[], object], times: int) -> None:
    """Call `function` as often as said, counting, and have the total written."""
    _ask(START)
    for _ in range(times):
        function()
    _ask(STOP)
    _ask(DUMP)


def instructions(module: str) -> list[int]:
    """Totals that ``python -m module`` had written, in order; a run before it compiles what it needs."""
    with TemporaryDirectory() as folder:
        environment = os.environ | TARGET | {"NUMBA_CACHE_DIR": folder}
        python = [sys.executable, "-m", module]
        subprocess.run(python, cwd=ROOT, env=environment, check=True)
        tool = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/counts"]
        subprocess.run([*tool, *python], cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)
        parts = sorted(Path(folder).glob("counts.*"), key=lambda path: int(path.suffix[1:]))
        return [_total(path.read_text()) for path in parts]


def _total(text: str) -> int:
    found = re.search(r"^totals: (\d+)", text, re.MULTILINE)
    assert found, "callgrind writes a line of totals"
    return int(found[1])
