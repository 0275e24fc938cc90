"""Rows drawn by number: whatever a request lists, each row is that of the whole draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent._kernels import generic_sampling, kernels

KEY = 0x0123456789ABCDEF
BASE = 2**32 - 300  # the counter's low word runs over within the rows
N = 901


def model():
    rng = np.random.default_rng(3)
    factor = np.tril(rng.standard_normal((30, 20)))
    factor[0] = np.eye(20)[0]
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    return factor.astype(np.float32), np.zeros(30, np.float32), rng.integers(0, 30, 77), rng.random(77) < 0.5


TWINS = [kernels("sampling", np.empty(0)), generic_sampling]
WHOLE = [twin.draw(KEY, BASE, N, *model()) for twin in TWINS]


@given(rows=st.lists(st.integers(0, N - 1), max_size=300))
def test_listed_rows_are_those_of_the_whole(rows):
    """In any order, with repeats, and across the blocks of both twins."""
    for twin, whole in zip(TWINS, WHOLE, strict=True):
        words = twin.draw_rows(KEY, BASE + np.array(rows, np.int64), *model())
        np.testing.assert_array_equal(words, whole[rows])


def test_tensors(torch, device):
    tensors = [torch.as_tensor(x, device=device) for x in model()]
    rows = torch.randperm(N, generator=torch.Generator().manual_seed(0))[:500].to(device)
    for twin in (kernels("sampling", tensors[0]), generic_sampling):
        whole = twin.draw(KEY, BASE, N, *tensors)
        words = twin.draw_rows(KEY, BASE + rows, *tensors)
        assert words.device.type == device
        assert (words == whole[rows]).all()


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_negative_rows_are_refused(twin):
    with pytest.raises(ValueError, match="`rows` must not be negative; got -2"):
        twin.draw_rows(KEY, np.array([5, -2]), *model())
