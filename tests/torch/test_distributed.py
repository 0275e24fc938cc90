"""Moments over two processes that talk through gloo."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import numpy as np
import torch, torch.distributed as dist
from bernoulli_latent import BernoulliMoments
from bernoulli_latent.torch import all_reduce_moments

rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
bits = (np.random.default_rng(0).random((101, 5)) < 0.3).astype(np.int8)
mine = bits[:40] if rank == 0 else bits[40:]
whole = BernoulliMoments.from_samples(bits)

def check(moments, expected=whole):
    before = moments.n_samples
    total = all_reduce_moments(moments)
    assert total.n_samples == expected.n_samples and moments.n_samples == before
    assert np.array_equal(np.asarray(total.as_array()[1]), np.asarray(expected.as_array()[1]))
    assert total.form.values == "01"
    return total

def error(moments):
    try:
        all_reduce_moments(moments)
    except (TypeError, ValueError) as caught:
        return f"{type(caught).__name__}: {caught}"

check(BernoulliMoments.from_samples(mine))
tensors = check(BernoulliMoments.from_samples(torch.from_numpy(mine)))
assert isinstance(tensors.matrix, torch.Tensor)
check(BernoulliMoments.from_samples(bits) if rank == 1 else BernoulliMoments())
assert all_reduce_moments(BernoulliMoments()).is_empty
assert "equally many bits" in error(BernoulliMoments.from_samples(mine[:, : 3 + rank]))
numbers = BernoulliMoments.from_marginals([0.2] * 5)
assert "process 1 were given as numbers" in error(BernoulliMoments.from_samples(mine) if rank == 0 else numbers)
assert "coding" in error(BernoulliMoments.from_samples(mine if rank == 0 else 2 * mine - 1))
check(BernoulliMoments.from_samples(mine))
dist.destroy_process_group()
"""


def test_sum_over_processes_is_exact(tmp_path):
    commands = [[sys.executable, "-c", SCRIPT, str(rank), str(tmp_path / "meeting")] for rank in range(2)]
    processes = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for c in commands]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(outputs)
