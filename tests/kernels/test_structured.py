"""The compiled and the generic draws of structured vectors against each other and against their definition.

Keys are fixed, so every test gives the same answer each time.
"""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent._kernels import generic_sampling, generic_structured, kernels

KEY = 0x0123456789ABCDEF
REALS = ["float32", "float64"]
DRAWS = ["draw_factors", "draw_groups", "draw_chain"]


@pytest.fixture(params=[pytest.param("structured", marks=pytest.mark.needs_jit), "generic_structured"])
def twin(request):
    if request.param == "generic_structured":
        return generic_structured
    from bernoulli_latent._kernels import structured

    return structured


def model(draw, n_bits, width=7, real="float32"):
    """Arguments after the request: thresholds, noise, and what is particular."""
    rng = np.random.default_rng(n_bits)
    thresholds, noise, gain = rng.standard_normal(n_bits), *rng.uniform(0.2, 1, (2, n_bits))
    loss = rng.uniform(0, 0.02, n_bits)  # a long memory, over hundreds of bits
    loadings, groups = rng.standard_normal((n_bits, width)) / width, rng.integers(0, width, n_bits)
    own = {
        "draw_factors": [loadings],
        "draw_groups": [groups, rng.standard_normal((width, width)) / width],
        "draw_chain": [loss, gain],
    }[draw]
    if real == "int16":
        unit = 32767 * 2**11
        integers = [np.rint(32767 * x).astype(np.int16) for x in own]
        return [np.rint(thresholds * unit).astype(np.int32), (noise * unit).astype(np.float32), *integers]
    return [x if x.dtype == np.int64 else x.astype(real) for x in (thresholds, noise, *own)]


def scores(draw, table, arguments):
    """Scores from the table of normals, in float64 and one sample at a time as the definition says."""
    thresholds, noise, *own = (x if x.dtype == np.int64 else x.astype(np.float64) for x in arguments)
    width = {"draw_factors": own[0].shape[-1], "draw_groups": own[-1].shape[-1], "draw_chain": 0}[draw]
    factors, e = table[:, :width], table[:, -(-width // 4) * 4 :][:, : len(thresholds)]
    if draw == "draw_factors":
        return thresholds + noise * e + factors @ own[0].T
    if draw == "draw_groups":
        return thresholds + noise * e + (factors @ own[1].T)[:, own[0]]
    (loss, gain), state, z = own, np.zeros(len(table)), np.empty(e.shape)
    for i in range(len(thresholds)):
        change = noise[i] * e[:, i] - loss[i] * state
        z[:, i] = state + change
        state = state + gain[i] * change
    return thresholds + z


def unpack(words, n_bits):
    return np.unpackbits(np.asarray(words).view(np.uint8), axis=1, bitorder="little", count=n_bits).astype(bool)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("n_bits", "width"), [(1, 1), (2, 3), (63, 4), (64, 9), (131, 1), (1100, 18)])
def test_bits_are_signs_of_scores(twin, draw, n_bits, width, real):
    """Every bit but those whose score is of rounding size."""
    arguments = model(draw, n_bits, width, real)
    table = generic_sampling.normals(KEY, 37, 300, n_bits + width + 4, real).astype(np.float64)
    expected = scores(draw, table, arguments)
    certain = abs(expected) > 1e3 * np.finfo(real).eps
    bits = unpack(getattr(twin, draw)(KEY, 37, 300, *arguments), n_bits)
    assert certain.mean() > 0.999
    np.testing.assert_array_equal(bits[certain], (expected >= 0)[certain])


@pytest.mark.parametrize(("n_bits", "width"), [(1, 2), (2, 3), (63, 4), (64, 9), (131, 1), (1100, 18)])
def test_integers_are_exact(twin, torch, device, n_bits, width):
    """Scores of integers by definition, in arrays of 64 bits, and the same words from tensors."""
    thresholds, noise, loadings = model("draw_factors", n_bits, width, "int16")
    table = generic_sampling.normals(KEY, 37, 300, n_bits + width + 4, "float32")
    factors, e = table[:, :width], table[:, -(-width // 4) * 4 :][:, :n_bits]
    rounded = np.rint(factors * np.float32(2**11)).astype(np.int64)
    expected = thresholds + np.trunc(noise * e).astype(np.int64) + rounded @ loadings.T.astype(np.int64)
    words = twin.draw_factors(KEY, 37, 300, thresholds, noise, loadings)
    np.testing.assert_array_equal(unpack(words, n_bits), expected >= 0)
    tensors = [torch.as_tensor(x, device=device) for x in (thresholds, noise, loadings)]
    np.testing.assert_array_equal(twin.draw_factors(KEY, 37, 300, *tensors).cpu().numpy().view(np.uint64), words)


def test_integers_draw_nearly_the_bits_of_float32(twin):
    rng = np.random.default_rng(0)
    loadings = rng.standard_normal((200, 9)) / 4
    noise = np.sqrt(np.clip(1 - np.sum(loadings**2, axis=1), 0.1, None))
    single = twin.draw_factors(KEY, 0, 1000, *(x.astype(np.float32) for x in (np.zeros(200), noise, loadings)))
    unit = 32767 * 2**11
    exact = np.zeros(200, np.int32), (unit * noise).astype(np.float32), np.rint(32767 * loadings).astype(np.int16)
    assert 0 < (unpack(single, 200) != unpack(twin.draw_factors(KEY, 0, 1000, *exact), 200)).mean() < 2e-4


@pytest.mark.needs_jit
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("draw", DRAWS)
def test_all_libraries_draw_the_same_words(draw, real, torch, device):
    """Bits may differ where a score is of rounding size: fewer than one in 10^5."""
    from bernoulli_latent._kernels import structured

    arguments = model(draw, 700, real=real)
    expected = unpack(getattr(structured, draw)(KEY, 5, 700, *arguments), 700)
    tensors = [torch.as_tensor(x, device=device) for x in arguments]
    for module in (generic_structured, kernels("structured", tensors[0])):
        words = getattr(module, draw)(KEY, 5, 700, *tensors)
        assert words.dtype == torch.int64
        assert words.device.type == device
        assert (unpack(words.cpu().numpy(), 700) != expected).mean() < 1e-5
    words = getattr(generic_structured, draw)(KEY, 5, 700, *arguments)
    assert words.dtype == np.uint64
    assert (unpack(words, 700) != expected).mean() < 1e-5


@cache
def whole_draw(module, draw, base):
    return getattr(module, draw)(KEY, base, 901, *model(draw, 70))


@pytest.mark.parametrize("draw", DRAWS)
@given(first=st.integers(0, 600), n=st.integers(0, 300), base=st.sampled_from([0, 13, 2**40 + 255, 2**63 - 901]))
def test_slices_of_a_draw_are_the_draw_of_the_slice(draw, first, n, base):
    for module in (kernels("structured", np.empty(0)), generic_structured):
        words = getattr(module, draw)(KEY, base + first, n, *model(draw, 70))
        np.testing.assert_array_equal(words, whole_draw(module, draw, base)[first : first + n])


@pytest.mark.needs_jit
@pytest.mark.parametrize("draw", DRAWS)
def test_threads_draw_what_one_thread_draws(draw):
    from bernoulli_latent._kernels import structured

    arguments = model(draw, 200)
    whole = getattr(structured, draw)(KEY, 0, 2000, *arguments)
    with ThreadPoolExecutor(4) as pool:
        jobs = [(k, min(177, 2000 - k)) for k in range(0, 2000, 177)]
        parts = list(pool.map(lambda job: getattr(structured, draw)(KEY, *job, *arguments), jobs))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("draw", DRAWS)
def test_a_bit_does_not_depend_on_those_after_it(twin, draw):
    arguments = model(draw, 200)
    fewer = [x[:130] if len(x) == 200 else x for x in arguments]
    whole, part = (unpack(getattr(twin, draw)(KEY, 3, 100, *x), 130) for x in (arguments, fewer))
    assert (whole != part).mean() < 1e-4


def test_a_scan_in_single_precision_forgets_what_is_next_to_nothing():
    """What is lost at each step is less than a rounding of 1, and 0.2 % in the end."""
    n, lost = 100_000, np.float32(2e-8)
    added = (2e-4 * np.random.default_rng(0).standard_normal((3, n))).astype(np.float32)
    states = generic_structured._scan(np.full(n, lost), added, np.ones((3, 1), np.float32), np)
    powers = (1 - float(lost)) ** np.arange(n - 1, -1, -1)
    expected = powers[0] * (1 - float(lost)) + added.astype(float) @ powers
    np.testing.assert_allclose(states[:, -1], expected, atol=1e-4)
    assert np.abs(expected - 1 - added.astype(float).sum(axis=1)).min() > 1e-3


@pytest.mark.parametrize("draw", DRAWS)
def test_padding_is_zero_and_infinite_thresholds_are_constant_bits(twin, draw):
    arguments = model(draw, 70)
    arguments[0][[3, 69]] = np.inf, -np.inf
    words = getattr(twin, draw)(KEY, 3, 300, *arguments)
    assert not (words[:, 1] >> np.uint64(6)).any()
    bits = unpack(words, 70)
    assert bits[:, 3].all()
    assert not bits[:, 69].any()


@pytest.mark.needs_jit
@pytest.mark.parametrize("draw", DRAWS)
def test_memory_does_not_grow_with_the_number_of_bits(draw):
    """Beyond the model and the answer: less than a megabyte for 100,001 bits."""
    from bernoulli_latent._kernels import structured

    arguments = model(draw, 100_001)
    getattr(structured, draw)(KEY, 0, 1, *arguments)
    tracemalloc.start()
    words = getattr(structured, draw)(KEY, 0, 100, *arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert words.shape == (100, 1563)
    assert peak < words.nbytes + 2**20


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ((-1, 0, 10), r"`key` must be in \[0, 2\^64\); got -1"),
        ((KEY, 0, -1), "`n` must not be negative; got -1"),
        ((KEY, 2**63 - 9, 10), r"`start` must be in \[0, 2\^63 - n\]"),
    ],
)
@pytest.mark.parametrize("draw", DRAWS)
def test_bad_requests_are_refused(twin, draw, request_, message):
    with pytest.raises(ValueError, match=message):
        getattr(twin, draw)(*request_, *model(draw, 5))


@pytest.mark.parametrize("draw", DRAWS)
def test_models_of_uneven_length_are_refused(twin, draw):
    thresholds, *others = model(draw, 5)
    with pytest.raises(ValueError, match="one row for each of 4 bits; got 5 rows"):
        getattr(twin, draw)(KEY, 0, 10, thresholds[:4], *others)


def test_groups_that_do_not_exist_are_refused(twin):
    thresholds, noise, groups, mixing = model("draw_groups", 5)
    with pytest.raises(ValueError, match=r"`groups` must be in \[0, 7\); got -1 to"):
        twin.draw_groups(KEY, 0, 10, thresholds, noise, np.where(groups == groups[0], -1, groups), mixing)
