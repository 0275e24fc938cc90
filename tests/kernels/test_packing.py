"""The compiled kernels against their generic twins, and both against integer NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent._kernels import generic_packing, packing

TWINS = pytest.mark.parametrize(
    "kernels",
    [pytest.param(packing, id="compiled", marks=pytest.mark.needs_jit), pytest.param(generic_packing, id="generic")],
)
SHAPES = pytest.mark.parametrize(
    "shape",
    [(1, 1), (3, 1), (1, 63), (7, 3), (63, 64), (64, 65), (65, 63), (65, 200), (1000, 64), (1000, 65), (600, 192)],
    ids=str,
)
DTYPES = ["?", "i1", "u1", "i2", "i4", "u4", "i8", "f2", "f4", "f8", "g", ">f4"]
small_shapes = st.tuples(st.integers(1, 150), st.integers(1, 150), st.integers(0, 2**32 - 1))


def random_bits(n: int, n_bits: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, n_bits)) < 0.4


def reference_words(bits: np.ndarray) -> np.ndarray:
    padded = np.zeros((len(bits), -(-bits.shape[1] // 64) * 64), dtype=bool)
    padded[:, : bits.shape[1]] = bits
    return np.packbits(padded, axis=1, bitorder="little").view("<u8")


def layouts(y: np.ndarray) -> dict[str, np.ndarray]:
    n, n_bits = y.shape
    wide = np.repeat(np.repeat(y, 2, axis=0), 3, axis=1)
    offset = np.zeros(y.nbytes + 1, dtype=np.uint8)[1:].view(y.dtype).reshape(n, n_bits)
    offset[...] = y
    read_only = y.copy()
    read_only.flags.writeable = False
    return {
        "C": y,
        "Fortran": np.asfortranarray(y),
        "rows of a wider matrix": np.concatenate([y, y], axis=1)[:, :n_bits],
        "every second row": np.repeat(y, 2, axis=0)[::2],
        "strided both ways": wide[::2, ::3],
        "upside down": y[::-1].copy()[::-1],
        "reversed": y[::-1, ::-1].copy()[::-1, ::-1],
        "unaligned": offset,
        "read-only": read_only,
        "broadcast": np.broadcast_to(y[:1], (4, n_bits)),
        "one row again and again": np.lib.stride_tricks.as_strided(y, (4, n_bits), (0, y.itemsize)),
        "one column again and again": np.lib.stride_tricks.as_strided(y, (n, 3), (y.strides[0], 0)),
        "columns of a Fortran matrix": np.asfortranarray(wide)[::2, ::3],
    }


@TWINS
@SHAPES
@pytest.mark.parametrize("dtype", DTYPES)
def test_pack_gives_the_same_words_for_every_dtype_and_layout(kernels, shape, dtype):
    for layout, y in layouts(random_bits(*shape).astype(dtype)).items():
        words, has_zero, has_minus_one, bad = kernels.pack(y)
        np.testing.assert_array_equal(words, reference_words(y == 1), err_msg=layout)
        assert (bool(has_zero), has_minus_one, bad) == ((y == 0).any(), False, -1), layout


@TWINS
@SHAPES
@pytest.mark.parametrize("dtype", ["i1", "i8", "f2", "f4", "f8", "g", ">f4"])
def test_pack_reads_signs(kernels, shape, dtype):
    bits = random_bits(*shape, seed=1)
    for layout, y in layouts((2 * bits.astype(int) - 1).astype(dtype)).items():
        words, has_zero, has_minus_one, bad = kernels.pack(y)
        np.testing.assert_array_equal(words, reference_words(y == 1), err_msg=layout)
        assert (has_zero, has_minus_one, bad) == (False, (y == -1).any(), -1), layout


@TWINS
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_both_zeros_are_zero(kernels, zero):
    words, has_zero, has_minus_one, bad = kernels.pack(np.array([[zero, 1.0]], dtype=np.float32))
    assert (words[0, 0], has_zero, has_minus_one, bad) == (2, True, False, -1)


STRANGERS = [
    *[(dtype, value) for dtype in ("f2", "f4", "f8", "g") for value in (0.5, 2, -2, np.nan, np.inf, -np.inf)],
    ("f4", np.float32(1e-45)),
    ("f4", np.nextafter(np.float32(1), np.float32(2))),
    ("g", 1 + np.finfo(np.longdouble).eps),
    *[("i8", 257), ("i8", 256), ("i8", 2**32), ("i8", -(2**63)), ("u8", 2**64 - 1), ("u1", 255), ("u2", 2**15)],
    *[("i1", 2), ("i1", -128), (">i2", 256)],
]


@TWINS
@pytest.mark.parametrize(("dtype", "value"), STRANGERS, ids=str)
@pytest.mark.parametrize("index", [(0, 0), (4, 64), (6, 66)], ids=str)
def test_pack_finds_the_first_entry_that_is_no_bit(kernels, dtype, value, index):
    y = random_bits(7, 67).astype(dtype)
    y[index] = value
    y[6, 66] = value
    for layout, array in layouts(y).items():
        if array.shape == y.shape:
            assert kernels.pack(array)[3] == index[0] * 67 + index[1], layout


@TWINS
def test_pack_finds_an_entry_far_down_in_a_matrix_read_in_blocks(kernels, monkeypatch):
    monkeypatch.setattr(generic_packing, "BLOCK_ENTRIES", 2**16)
    y = np.zeros((3000, 200), dtype=np.float32)
    y[2999, 7] = np.nan
    assert kernels.pack(y[:, ::-1][:, ::-1][:, :150])[3] == 2999 * 150 + 7
    assert kernels.pack(np.asfortranarray(y))[3] == 2999 * 200 + 7


@TWINS
@SHAPES
@pytest.mark.parametrize("dtype", DTYPES)
def test_unpack_inverts_pack(kernels, shape, dtype):
    bits = random_bits(*shape, seed=2)
    values = kernels.unpack(reference_words(bits), shape[1], 0, 1, np.dtype(dtype))
    assert values.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(values, bits.astype(dtype))


@TWINS
@pytest.mark.parametrize("dtype", ["i1", "i8", "f2", "f4", "f8"])
def test_unpack_writes_signs(kernels, dtype):
    bits = random_bits(65, 130, seed=3)
    values = kernels.unpack(reference_words(bits), 130, -1, 1, np.dtype(dtype))
    np.testing.assert_array_equal(values, (2 * bits.astype(int) - 1).astype(dtype))


def check_counts(kernels, bits):
    words, n_bits = reference_words(bits), bits.shape[1]
    signs = np.concatenate([2 * bits.astype(np.int64) - 1, np.ones((len(bits), 1), dtype=np.int64)], axis=1)
    products = kernels.cross_products(words, n_bits)
    assert products.dtype == np.int64
    np.testing.assert_array_equal(products, signs.T @ signs)
    np.testing.assert_array_equal(kernels.bit_counts(words, n_bits), bits.sum(axis=0))


@TWINS
@SHAPES
def test_counts_are_exact(kernels, shape):
    check_counts(kernels, random_bits(*shape, seed=4))


@TWINS
@given(size=small_shapes)
def test_counts_are_exact_for_any_shape(kernels, size):
    check_counts(kernels, random_bits(*size))


@TWINS
def test_counts_are_exact_over_several_blocks(kernels, monkeypatch):
    monkeypatch.setattr(packing, "BIT_MAJOR_WORDS", 64)
    monkeypatch.setattr(generic_packing, "BLOCK_ENTRIES", 1000)
    for n in (511, 512, 513, 5000):
        check_counts(kernels, random_bits(n, 65, seed=n))


@pytest.mark.needs_jit
@pytest.mark.parametrize("n", [131072, 131073])
def test_blocks_of_samples_cover_every_sample_once(n):
    bits = random_bits(n, 3)
    assert sum(size for size, _ in packing._bit_major_blocks(reference_words(bits), 4)) == n
    check_counts(packing, bits)


@TWINS
@given(size=small_shapes, m=st.integers(1, 150))
def test_hamming_distances(kernels, size, m):
    n, n_bits, seed = size
    a, b = random_bits(n, n_bits, seed), random_bits(m, n_bits, seed + 1)
    a_words, b_words = reference_words(a), reference_words(b)
    pairs = (a[:, None] != b[None]).sum(axis=2)
    np.testing.assert_array_equal(kernels.hamming_pairs(a_words, b_words), pairs)
    np.testing.assert_array_equal(kernels.hamming_rows(a_words, b_words[:1]), pairs[:, 0])
    np.testing.assert_array_equal(kernels.hamming_rows(a_words[:1], b_words), pairs[0])
    k = min(n, m)
    np.testing.assert_array_equal(kernels.hamming_rows(a_words[:k], b_words[:k]), np.diagonal(pairs))


@TWINS
def test_hamming_pairs_over_several_tiles(kernels, monkeypatch):
    monkeypatch.setattr(packing, "PAIR_WORDS", 1)
    monkeypatch.setattr(generic_packing, "BLOCK_ENTRIES", 64 * 200)
    a, b = random_bits(70, 300, 5), random_bits(130, 300, 6)
    distances = kernels.hamming_pairs(reference_words(a), reference_words(b))
    np.testing.assert_array_equal(distances, (a[:, None] != b[None]).sum(axis=2))


@pytest.mark.needs_jit
class TestThreads:
    @pytest.fixture(autouse=True)
    def share_little_work(self, monkeypatch):
        for name in ("PARALLEL_BYTES", "PARALLEL_SAMPLES", "PARALLEL_ROWS"):
            monkeypatch.setattr(packing, name, 1)

    @given(size=small_shapes, threads=st.integers(2, 4))
    def test_same_words_and_counts(self, size, threads):
        bits = random_bits(*size)
        for y in (bits, np.asfortranarray(bits), bits[:, ::-1]):
            words, *found = packing.pack(y, threads)
            np.testing.assert_array_equal(words, packing.pack(y)[0])
            assert tuple(found) == packing.pack(y)[1:]
        words, n_bits = packing.pack(bits)[0], size[1]
        np.testing.assert_array_equal(
            packing.cross_products(words, n_bits, threads), packing.cross_products(words, n_bits)
        )
        for a in (words, words[:1]):
            for distances in (packing.hamming_rows, packing.hamming_pairs):
                np.testing.assert_array_equal(distances(a, words[::-1], threads), distances(a, words[::-1]))

    def test_the_first_entry_that_is_no_bit_is_found(self):
        y = random_bits(50, 70).astype(np.float32)
        y[[20, 40]] = 0.5
        assert packing.pack(y, 3)[3] == packing.pack(np.asfortranarray(y), 3)[3] == 20 * 70


class TestGenericOnTorch:
    """What a device would run, here with tensors on the device of the tests."""

    @SHAPES
    @pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float16", "bfloat16", "float32", "float64"])
    def test_same_words_and_values(self, torch, device, shape, dtype):
        bits = random_bits(*shape, seed=7)
        y = torch.as_tensor(bits, device=device).to(getattr(torch, dtype))
        words, has_zero, has_minus_one, bad = generic_packing.pack(y)
        assert (words.dtype, words.device, has_minus_one, bad) == (torch.int64, y.device, False, -1)
        assert has_zero == (not bits.all())
        np.testing.assert_array_equal(words.cpu().numpy().view(np.uint64), reference_words(bits))
        back = generic_packing.unpack(words, shape[1], 0, 1, y.dtype)
        assert back.dtype == y.dtype
        assert torch.equal(back, y)

    @SHAPES
    def test_same_counts(self, torch, device, shape):
        words = reference_words(random_bits(*shape, seed=8))
        tensor = torch.as_tensor(words.view(np.int64), device=device)
        for name in ("bit_counts", "cross_products"):
            counts = getattr(generic_packing, name)(tensor, shape[1])
            assert (counts.dtype, counts.device) == (torch.int64, tensor.device)
            np.testing.assert_array_equal(counts.cpu().numpy(), getattr(generic_packing, name)(words, shape[1]))
        for name in ("hamming_rows", "hamming_pairs"):
            distances = getattr(generic_packing, name)(tensor, tensor.flip(0))
            assert (distances.dtype, distances.device) == (torch.int64, tensor.device)
            wanted = getattr(generic_packing, name)(words, words[::-1])
            np.testing.assert_array_equal(distances.cpu().numpy(), wanted)

    def test_a_wrapped_minus_one_is_no_bit(self, torch, device):
        y = torch.tensor([[0, 1, 255]], dtype=torch.uint8, device=device)
        assert generic_packing.pack(y)[3] == 2

    def test_counts_are_exact_under_autocast(self, torch, device):
        bits = np.ones((1001, 3), dtype=bool)
        words = torch.as_tensor(reference_words(bits).view(np.int64), device=device)
        with torch.autocast(device, dtype=torch.bfloat16):
            products = generic_packing.cross_products(words, 3)
            distances = generic_packing.hamming_pairs(words, ~words & 7)
        assert (products == 1001).all()
        assert (distances == 3).all()

    def test_distances_are_exact_under_autocast(self, torch, device):
        words = torch.full((2, 21), -1, dtype=torch.int64, device=device)
        words[1, 0] = 0x7FFF
        with torch.autocast(device, dtype=torch.bfloat16):
            distances = generic_packing.hamming_pairs(words, words)
        assert distances.tolist() == [[0, 49], [49, 0]]
