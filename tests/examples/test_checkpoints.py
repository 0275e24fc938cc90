"""Checkpoints come back as they went, and a save that dies leaves the last one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from examples.common.checkpoints import load, save

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_tensors_and_values_come_back(torch, tmp_path, suffix):
    tensors = {
        "model": {"weight": torch.randn(3, 1), "count": torch.tensor(7)},
        "one": torch.ones(1, dtype=torch.float16),
        "random": torch.get_rng_state(),
    }
    save(tmp_path / f"a{suffix}", "kind", tensors, {"step": 3, "name": "x"})
    found, values = load(tmp_path / f"a{suffix}", "kind")
    assert values == {"step": 3, "name": "x"}
    for here, there in [(tensors["model"], found["model"]), (tensors, found)]:
        for name in {"weight", "count", "one", "random"} & here.keys():
            assert here[name].dtype == there[name].dtype
            assert torch.equal(here[name], there[name])


def test_another_kind_is_refused(torch, tmp_path):
    save(tmp_path / "a.npz", "lbae", {"x": torch.ones(2)}, {})
    with pytest.raises(ValueError, match="must hold a training"):
        load(tmp_path / "a.npz", "training")


def test_a_save_killed_half_way_leaves_the_old_file(torch, tmp_path):
    path = tmp_path / "a.safetensors"
    save(path, "kind", {"x": torch.arange(4.0)}, {})
    program = (
        "import os, signal, sys, torch, pathlib\n"
        "from examples.common.checkpoints import save\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
        "save(pathlib.Path(sys.argv[1]), 'kind', {'x': torch.zeros(4)}, {})\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert torch.equal(load(path, "kind")[0]["x"], torch.arange(4.0))
