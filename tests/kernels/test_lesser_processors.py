"""Packing, counting and paths compiled for processors with narrower vectors, and without population counts."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from llvmlite import binding

from bernoulli_latent._kernels import generic_packing, generic_paths

pytestmark = [
    pytest.mark.needs_jit,
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the targets are of x86-64"),
]

TARGETS = {
    "haswell": "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+fma,+bmi,+bmi2,+lzcnt",
    "x86-64": "+sse,+sse2",
}
SCRIPT = """
import sys
import numpy as np
from bernoulli_latent._kernels import packing, paths
given = np.load(sys.argv[1])
words, y = given["words"], given["y"]
scores = [given[name] for name in ("source", "target", "weights", "offset", "index", "flip")]
np.savez(
    sys.argv[2],
    pack=packing.pack(y)[0],
    fortran=packing.pack(np.asfortranarray(y))[0],
    products=packing.cross_products(words, 130),
    pairs=packing.hamming_pairs(words, words[:99]),
    path=paths.path(*scores),
)
"""


def expected(given):
    words = given["words"]
    scores = (given[name] for name in ("source", "target", "weights", "offset", "index", "flip"))
    return {
        "pack": generic_packing.pack(given["y"])[0],
        "fortran": generic_packing.pack(given["y"])[0],
        "products": generic_packing.cross_products(words, 130),
        "pairs": generic_packing.hamming_pairs(words, words[:99]),
        "path": generic_paths.path(*scores),
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_numbers(tmp_path, target):
    features = binding.get_host_cpu_features()
    if target == "haswell" and not (features.get("avx2") and features.get("fma")):
        pytest.skip("needs AVX2 and FMA")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (700, 130)).astype(np.float32)
    given = {
        "y": y,
        "words": generic_packing.pack(y)[0],
        "source": rng.standard_normal((9, 40), np.float32),
        "target": rng.standard_normal((9, 40), np.float32),
        "weights": rng.standard_normal((2, 5, 9), np.float32),
        "offset": rng.standard_normal(40, np.float32),
        "index": rng.integers(0, 40, 130),
        "flip": rng.random(130) < 0.5,
    }
    np.savez(tmp_path / "given.npz", **given)
    forced = {"NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": TARGETS[target], "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "given.npz"), str(tmp_path / "found.npz")]
    process = subprocess.run(command, env=os.environ | forced, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    with np.load(tmp_path / "found.npz") as found:
        for name, value in expected(given).items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)
