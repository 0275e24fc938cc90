"""The compiled and the generic draws against each other, the model's definition and the laws they must follow.

Keys are fixed, so every test gives the same answer each time. "False alarm" is the chance that a right
implementation with another key would have failed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaincc, ndtri

from bernoulli_latent._kernels import generic_sampling, kernels
from bernoulli_latent.bits import BitArray

KEY = 0x0123456789ABCDEF
REALS = ["float32", "float64"]
KINDS = ["int16", *REALS]
UNIT = 32767 * 2**11


@pytest.fixture(params=[pytest.param("sampling", marks=pytest.mark.needs_jit), "generic_sampling"])
def twin(request):
    if request.param == "generic_sampling":
        return generic_sampling
    from bernoulli_latent._kernels import sampling

    return sampling


@pytest.fixture
def compiled():
    if os.environ.get("NUMBA_DISABLE_JIT", "0") == "1":
        pytest.skip("compiles kernels")
    from bernoulli_latent._kernels import sampling

    return sampling


def model(height, rank, dtype="float32", n_bits=None, seed=0, thresholds=False):
    """A factor of unit rows with the boundary on top, offsets, and a random choice of bits and flips."""
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.standard_normal((height, rank)))
    factor[0] = np.eye(rank)[0]
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    n_bits = height if n_bits is None else n_bits
    choice = rng.integers(0, height, n_bits), rng.random(n_bits) < 0.5
    offset = rng.standard_normal(height) * thresholds
    if dtype == "int16":
        return np.rint(32767 * factor).astype(np.int16), np.rint(UNIT * offset).astype(np.int32), *choice
    return factor.astype(dtype), offset.astype(dtype), *choice


def unpack(words, n_bits):
    words = np.asarray(words).view(np.uint8)
    return np.unpackbits(words, axis=1, bitorder="little", count=n_bits).astype(bool)


# --- words and normals ---


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("00000000 00000000 00000000 00000000", 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", 0x299F31D0A4093822, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, words, to_library):
    columns = tuple(to_library(np.array([int(word, 16)])) for word in counter.split())
    assert " ".join(f"{int(word[0]):08x}" for word in generic_sampling.philox(key, columns)) == words


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize(
    ("key", "start", "n", "columns"),
    [(0, 0, 1, 1), (KEY, 63, 131, 7), (1, 2**32 - 5, 70, 34), (2**64 - 1, 2**63 - 129, 129, 3), (5, 9, 4096, 130)],
)
def test_normals_are_equal_to_the_last_bit(key, start, n, columns, real, compiled, torch, device):
    expected = compiled.normals(key, start, n, columns, real)
    plain = generic_sampling.normals(key, start, n, columns, np.dtype(real))
    tensor = generic_sampling.normals(key, start, n, columns, getattr(torch, real), torch.empty(0, device=device))
    assert expected.dtype == plain.dtype == real
    assert expected.shape == (n, columns)
    assert tensor.dtype == getattr(torch, real)
    assert tensor.device.type == device
    np.testing.assert_array_equal(plain, expected)
    np.testing.assert_array_equal(tensor.cpu().numpy(), expected)


@pytest.mark.parametrize("real", REALS)
def test_an_entry_depends_on_key_row_and_column_alone(twin, real):
    table = twin.normals(KEY, 1000, 200, 21, real)
    np.testing.assert_array_equal(twin.normals(KEY, 1077, 70, 9, real), table[77:147, :9])
    assert not np.any(twin.normals(KEY + 1, 1000, 200, 21, real) == table)
    assert not np.any(twin.normals(KEY + 2**32, 1000, 200, 21, real) == table)
    assert len(np.unique(table)) > 0.999 * table.size


@pytest.mark.parametrize("real", REALS)
def test_normals_are_the_box_muller_transform_of_the_words(real):
    mpmath = pytest.importorskip("mpmath")
    n, form = 500, generic_sampling.BOX_MULLER[real]
    row, zero = np.arange(n), np.zeros(n, np.int64)
    words = [list(map(int, word)) for word in generic_sampling.philox(KEY, (row, zero, zero, zero))]
    table = generic_sampling.normals(KEY, 0, n, 2, real)
    with mpmath.workdps(40):
        for a, b, c, d, normals in zip(*words, table, strict=True):
            u, v = (a, b) if real == "float32" else (a << 21 | b >> 11, c << 32 | d)
            v -= (v >> form.angle_bits + 1) << form.angle_bits + 2
            radius = mpmath.sqrt(-2 * mpmath.log((u + mpmath.mpf(0.5)) / 2**form.uniform_bits))
            turn = mpmath.pi / 2 * ((v >> 2) + mpmath.mpf(0.5)) / 2**form.angle_bits
            pair = [radius * mpmath.cos(turn) * (-1) ** (v >> 1 & 1), radius * mpmath.sin(turn) * (-1) ** (v >> 1 & 1)]
            for normal, exact in zip(normals, reversed(pair) if v & 1 else pair, strict=True):
                assert abs(mpmath.mpf(float(normal)) - exact) <= 8 * np.finfo(real).eps * abs(exact)


def test_uniforms_at_both_ends_give_finite_accurate_radii():
    for real, form in generic_sampling.BOX_MULLER.items():
        top = 2**form.uniform_bits - 1
        uniform, angle = np.array([0, 1, top - 1, top]), np.zeros(4, np.int64)
        radius, _ = generic_sampling._box_muller(uniform, angle, real, np)
        ends = np.ldexp(np.array([0.5, 1.5]), -form.uniform_bits)
        expected = np.sqrt(-2 * np.concatenate([np.log(ends), np.log1p(-ends[::-1])]))
        np.testing.assert_allclose(radius, expected, rtol=8 * np.finfo(real).eps)


@pytest.mark.parametrize("real", REALS)
def test_normals_follow_the_normal_law(real, compiled):
    """False alarm below 1e-5: a chi-square of 256 bins at 1e-6 and five mean values at 5 sigma."""
    z = compiled.normals(KEY, 0, 2**17, 16, real)
    edges = ndtri(np.arange(1, 256) / 256)
    counts = np.bincount(np.searchsorted(edges, z.ravel()), minlength=256)
    expected = z.size / 256
    assert gammaincc(255 / 2, ((counts - expected) ** 2 / expected).sum() / 2) > 1e-6
    z = z.astype(np.float64)
    pairs = z[:, 0::2] * z[:, 1::2]  # both from one angle and radius
    squares = (z[:, 0::2] ** 2 - 1) * (z[:, 1::2] ** 2 - 1)
    for value, sigma in [(z, 1), (z**2 - 1, 2**0.5), (z**3, 15**0.5), (pairs, 1), (squares, 2)]:
        assert abs(value.mean()) < 5 * sigma / value.size**0.5


# --- draws ---


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("thresholds", [False, True])
@pytest.mark.parametrize(("height", "rank"), [(1, 1), (2, 2), (5, 3), (6, 6), (13, 13), (67, 40), (201, 201)])
def test_bits_are_signs_of_scores(twin, real, height, rank, thresholds):
    """Every bit but those whose score is below the rounding error of its sum."""
    factor, offset, index, flip = model(height, rank, real, n_bits=height + 66, thresholds=thresholds)
    g = np.asarray(twin.normals(KEY, 37, 500, rank, real), dtype=np.float64)
    g[:, 0] = abs(g[:, 0])
    scores = g @ factor.T.astype(np.float64) + offset
    scores[:, 0] = 1
    certain = (abs(scores) > (rank + 2) * np.finfo(real).eps * (abs(g) @ abs(factor.T) + abs(offset)))[:, index]
    bits = unpack(twin.draw(KEY, 37, 500, factor, offset, index, flip), len(index))
    assert certain[:, index > 0].mean() > 0.999 if height > 1 else True
    np.testing.assert_array_equal(bits[certain], ((scores >= 0)[:, index] ^ flip)[certain])
    assert (bits[:, index == 0] == ~flip[index == 0]).all()


@pytest.mark.parametrize("real", REALS)
def test_all_libraries_draw_the_same_words(real, compiled, torch, device):
    """Bits may differ where a score is of rounding size: fewer than one in 10^5."""
    recipe = model(300, 260, real, n_bits=333)
    expected = unpack(compiled.draw(KEY, 5, 1000, *recipe), 333)
    tensors = [torch.as_tensor(x, device=device) for x in recipe]
    for twin in (generic_sampling, kernels("sampling", tensors[0])):
        words = twin.draw(KEY, 5, 1000, *tensors)
        assert words.dtype == torch.int64
        assert words.device.type == device
        assert (unpack(words.cpu().numpy(), 333) != expected).mean() < 1e-5
    words = generic_sampling.draw(KEY, 5, 1000, *recipe)
    assert words.dtype == np.uint64
    assert (unpack(words, 333) != expected).mean() < 1e-5


@cache
def whole_draw(twin, base, kind):
    return twin.draw(KEY, base, 901, *model(30, 20, kind))


@given(
    first=st.integers(0, 600),
    n=st.integers(0, 300),
    base=st.sampled_from([0, 13, 2**40 + 255, 2**63 - 901]),
    kind=st.sampled_from(["float32", "int16"]),
)
def test_slices_of_a_draw_are_the_draw_of_the_slice(first, n, base, kind):
    recipe = model(30, 20, kind)
    for twin in (kernels("sampling", recipe[0]), generic_sampling):
        words = twin.draw(KEY, base + first, n, *recipe)
        np.testing.assert_array_equal(words, whole_draw(twin, base, kind)[first : first + n])


def test_threads_draw_what_one_thread_draws(compiled):
    recipe = model(150, 150, "int16")
    whole = compiled.draw(KEY, 0, 3000, *recipe)
    starts = range(0, 3000, 177)
    with ThreadPoolExecutor(4) as pool:
        parts = pool.map(lambda k: compiled.draw(KEY, k, min(177, 3000 - k), *recipe), starts)
        np.testing.assert_array_equal(np.concatenate(list(parts)), whole)


def test_shared_signs_ties_and_constants(twin):
    factor = np.array([[1, 0, 0], [0, 0, 0], [0.6, 0.8, 0], [-0.6, -0.8, 0]], np.float32)
    offset = np.zeros(4, np.float32)
    index = np.array([0, 0, 1, 1, 2, 2, 2, 3])
    flip = np.array([False, True, False, True, False, False, True, False])
    words = twin.draw(KEY, 3, 400, factor, offset, index, flip)
    bits = unpack(words, 8)
    assert (bits[:, [0, 2]]).all()
    assert not bits[:, [1, 3]].any()
    np.testing.assert_array_equal(bits[:, 4], bits[:, 5])
    np.testing.assert_array_equal(bits[:, 4], ~bits[:, 6])
    np.testing.assert_array_equal(bits[:, 4], ~bits[:, 7])
    assert 0 < bits[:, 4].mean() < 1
    assert (words >> np.uint64(8) == 0).all()


def test_pair_moments_follow_the_arcsine_law(compiled):
    """2/pi asin(H) for all means and pairs of 12 bits. False alarm below 1e-5: 78 values at 5.5 sigma."""
    factor, n = model(13, 13, "float64")[0], 2**19
    y = 2.0 * unpack(compiled.draw(KEY, 0, n, factor, np.zeros(13), np.arange(13), np.zeros(13, bool)), 13) - 1
    expected = 2 / np.pi * np.arcsin(np.clip(factor @ factor.T, -1, 1))
    error = (y.T @ y / n - expected)[np.triu_indices(13, 1)]
    sigma = np.sqrt((1 - expected**2) / n)[np.triu_indices(13, 1)]
    z = error / sigma
    assert abs(z).max() < 5.5
    assert 0.6 < z.std() < 1.4


@pytest.mark.parametrize("thresholds", [False, True])
@pytest.mark.parametrize(("height", "rank"), [(1, 1), (2, 2), (5, 3), (6, 6), (13, 13), (67, 40), (201, 201)])
def test_integers_give_the_same_words_in_all_libraries(compiled, torch, device, height, rank, thresholds):
    recipe = model(height, rank, "int16", n_bits=height + 66, thresholds=thresholds)
    expected = compiled.draw(KEY, 37, 500, *recipe)
    np.testing.assert_array_equal(generic_sampling.draw(KEY, 37, 500, *recipe), expected)
    tensors = [torch.as_tensor(x, device=device) for x in recipe]
    for twin in (generic_sampling, kernels("sampling", tensors[0])):
        words = twin.draw(KEY, 37, 500, *tensors).cpu().numpy().view(np.uint64)
        np.testing.assert_array_equal(words, expected)


@pytest.mark.parametrize("thresholds", [False, True])
def test_integers_are_the_rounded_normals_of_float32(twin, thresholds):
    """Scores of integers by definition, in Python's own arithmetic of arrays of 64 bits."""
    factor, offset, index, flip = model(67, 40, "int16", thresholds=thresholds)
    scaled = twin.normals(KEY, 5, 700, 40, "float32") * np.float32(2**11)
    rounded = np.rint(scaled).astype(np.int64)
    dither = np.trunc((scaled[:, 0] - rounded[:, 0]) * 2**15).astype(np.int64)
    rounded[:, 0] = abs(rounded[:, 0])
    scores = rounded @ factor.T.astype(np.int64) + dither[:, None] + offset
    assert abs(scores).max() < 2**31
    scores[:, 0] = 1
    bits = unpack(twin.draw(KEY, 5, 700, factor, offset, index, flip), len(index))
    np.testing.assert_array_equal(bits, (scores >= 0)[:, index] ^ flip)


def test_integers_draw_nearly_the_bits_of_float32(compiled):
    """A score must be near zero for rounding to change its sign: in about one bit of 20,000."""
    single, exact = (compiled.draw(KEY, 0, 2000, *model(200, 200, kind)) for kind in ("float32", "int16"))
    assert 0 < (unpack(single, 200) != unpack(exact, 200)).mean() < 2e-4


def test_one_entry_alone_has_no_steps(compiled):
    """One normal against nine thresholds within the step of 2^-11 to which it is rounded: the dither tells them apart.

    False alarm below 1e-6: eight counts of mean 102 at 5.5 sigma. Without the dither seven of them were zero.
    """
    n, step = 2**22, 2**-14
    offset = np.append(0, np.rint(np.arange(9) * step * UNIT)).astype(np.int32)
    factor = np.array([[0, 0]] + [[0, 32767]] * 9, np.int16)
    words = compiled.draw(KEY, 0, n, factor, offset, np.arange(1, 10), np.zeros(9, bool))
    between = np.diff(BitArray(words, 9).mean() * n)
    expected = n * step / (2 * np.pi) ** 0.5
    assert abs(between - expected).max() < 5.5 * expected**0.5


@pytest.mark.parametrize("real", REALS)
def test_means_fixed_by_the_first_column_alone(real, twin):
    """A bit that is nearly the boundary is nearly constant: the sign of the first normal must not count."""
    factor = np.array([[1, 0], [0.9999, np.sqrt(1 - 0.9999**2)]], real)
    bits = unpack(twin.draw(KEY, 0, 5000, factor, np.zeros(2, real), np.array([1]), np.array([False])), 1)
    assert bits.mean() == pytest.approx(0.5 + np.arcsin(0.9999) / np.pi, abs=5 * np.sqrt(0.0045 / 5000))


SCRIPT = """
import numpy as np
from hashlib import sha256
from bernoulli_latent._kernels import sampling
for kind in {kinds}:
    with np.load({path!r}.format(kind)) as file:
        words = sampling.draw({key}, 30, 700, *file.values())
    real = "float64" if kind == "float64" else "float32"
    print(sha256(words.tobytes() + sampling.normals({key}, 30, 99, 11, real).tobytes()).hexdigest())
"""
AVX2 = "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+fma,+bmi,+bmi2,+lzcnt"
SSE2 = "+sse,+sse2"


@pytest.mark.parametrize(("name", "features", "kinds"), [("haswell", AVX2, KINDS), ("x86-64", SSE2, ["int16"])])
def test_a_processor_with_narrower_vectors_draws_the_same_bits(compiled, tmp_path, name, features, kinds):
    """Without fused products the draws of float32 and float64 may differ, and those of integers may not."""
    from llvmlite import binding

    if not all(binding.get_host_cpu_features().get(feature[1:]) for feature in features.split(",")):
        pytest.skip(f"needs {features}")
    digests = []
    for kind in kinds:
        recipe = model(200, 180, kind, thresholds=True)
        np.savez(tmp_path / f"{kind}.npz", *recipe)
        table = compiled.normals(KEY, 30, 99, 11, "float64" if kind == "float64" else "float32")
        words = compiled.draw(KEY, 30, 700, *recipe)
        digests.append(hashlib.sha256(words.tobytes() + table.tobytes()).hexdigest())
    target = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    script = SCRIPT.format(path=str(tmp_path / "{}.npz"), key=KEY, kinds=kinds)
    process = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | target, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == digests


# --- refusals ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": -1}, r"`key` must be in \[0, 2\^64\); got -1"),
        ({"n": -1}, "`n` must not be negative; got -1"),
        ({"start": 2**63 - 9}, r"`start` must be in \[0, 2\^63 - n\]"),
        ({"index": np.array([0, 4, 1])}, r"`index` must be in \[0, 4\); got 0 to 4"),
        ({"index": np.array([0, -1, 1])}, r"`index` must be in \[0, 4\); got -1 to 1"),
        ({"flip": np.zeros(2, bool)}, r"vectors of one length; got shapes \(3,\), \(2,\)"),
        ({"offset": np.zeros(3)}, r"`offset` must have shape \(4,\); got shape \(3,\)"),
        ({"factor": np.zeros((2, 4))}, "`factor` must have from 1 to 2 columns"),
        ({"factor": np.ones((4, 2), np.int64)}, "must be float32 or float64; got int64"),
    ],
)
def test_bad_requests_are_refused(twin, arguments, message):
    names = "key", "start", "n", "factor", "offset", "index", "flip"
    request = dict(zip(names, (KEY, 0, 10, *model(4, 4, n_bits=3)), strict=True))
    with pytest.raises((ValueError, TypeError), match=message):
        twin.draw(**(request | arguments))
