"""The compiled paths against their generic twin, and both against a loop over points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent._kernels import generic_packing, generic_paths, paths

PRECISIONS = pytest.mark.parametrize("dtype", ["float32", "float64"])
sizes = st.tuples(st.integers(0, 9), st.integers(2, 9), st.integers(1, 150), st.integers(1, 150))


def request(n, steps, height, n_bits, dtype="float64", seed=0):
    """Arguments of a path; some scores are zero at every point, and some only together with their offset."""
    rng = np.random.default_rng(seed)
    source, target = rng.standard_normal((2, n, height)).astype(dtype)
    weights, offset = (rng.standard_normal(shape).astype(dtype) for shape in ((2, steps, n), height))
    source[:, ::7] = target[:, ::7] = 0
    offset[::2] = 0
    return source, target, weights, offset, rng.integers(0, height, n_bits), rng.random(n_bits) < 0.5


@PRECISIONS
def test_bits_are_signs_of_the_points(dtype):
    source, target, weights, offset, index, flip = request(5, 4, 30, 70, dtype)
    words = generic_paths.path(source, target, weights, offset, index, flip)
    for step in range(4):
        for i in range(5):
            scores = weights[0, step, i] * source[i] + weights[1, step, i] * target[i] + offset
            bits = generic_packing.unpack(words[step, i : i + 1], 70, 0, 1, bool)[0]
            np.testing.assert_array_equal(bits, (scores[index] >= 0) ^ flip)


@pytest.mark.needs_jit
@PRECISIONS
@given(size=sizes, seed=st.integers(0, 2**32 - 1), threads=st.integers(1, 3))
def test_twins_agree_to_the_bit(dtype, size, seed, threads):
    arguments = request(*size, dtype, seed)
    np.testing.assert_array_equal(paths.path(*arguments, threads), generic_paths.path(*arguments))


@pytest.mark.needs_jit
@PRECISIONS
def test_threads_do_not_matter(monkeypatch, dtype):
    monkeypatch.setattr(paths, "PARALLEL_WORDS", 1)
    arguments = request(50, 7, 90, 130, dtype)
    one, several = paths.path(*arguments, 1), paths.path(*arguments, 3)
    np.testing.assert_array_equal(one, several)


@pytest.mark.parametrize("kernels", [pytest.param(paths, marks=pytest.mark.needs_jit), generic_paths])
def test_tensors_give_the_same_words(torch, kernels):
    arguments = request(5, 4, 30, 70)
    words = kernels.path(*(torch.as_tensor(argument) for argument in arguments))
    assert words.dtype == torch.int64
    np.testing.assert_array_equal(words.numpy().view(np.uint64), generic_paths.path(*arguments))
