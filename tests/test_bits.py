"""BitArray, the reading of codings, and Hamming distances."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from bernoulli_latent import BitArray, hamming_distance
from bernoulli_latent._arrays import to_host
from bernoulli_latent.bits import read_bits

bit_matrices = npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=140))
CODINGS = pytest.mark.parametrize("values", ["01", "pm1", "bool"])


def random_bits(n: int, n_bits: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, n_bits)) < 0.4


def refusal(kind: type[Exception], message: str):
    return pytest.raises(kind, match=re.escape(message))


class TestRoundTrips:
    @CODINGS
    @given(bits=bit_matrices)
    @example(bits=np.ones((2, 64), dtype=bool))
    @example(bits=np.zeros((64, 65), dtype=bool))
    def test_array(self, values, bits):
        packed = BitArray.from_array(bits)
        again = BitArray.from_array(packed.to_array(values), values=values)
        assert again == packed
        assert again.shape == bits.shape == packed.shape
        np.testing.assert_array_equal(again.to_array("bool"), bits)

    @given(bits=bit_matrices)
    def test_packbits(self, bits):
        packed = BitArray.from_array(bits)
        np.testing.assert_array_equal(packed.packbits(), np.packbits(bits, axis=1))
        assert BitArray.from_packbits(np.packbits(bits, axis=1), bits.shape[1]) == packed

    @given(bits=bit_matrices)
    def test_mean(self, bits):
        np.testing.assert_array_equal(BitArray.from_array(bits).mean(), bits.mean(axis=0))

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
    def test_dtype_of_choice(self, dtype):
        bits = random_bits(5, 70)
        values = BitArray.from_array(bits).to_array(dtype=dtype)
        assert values.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(values, bits)

    def test_default_dtypes(self):
        bits = BitArray.from_array([[0, 1]])
        assert [bits.to_array(v).dtype.name for v in ("01", "pm1", "bool")] == ["int8", "int8", "bool"]

    def test_pickle_and_copy(self, to_library):
        bits = BitArray.from_array(to_library(random_bits(5, 70)))
        for other in (pickle.loads(pickle.dumps(bits)), copy.copy(bits), copy.deepcopy(bits)):
            assert other == bits


class TestTorch:
    DTYPES = ("bool", "int8", "uint8", "int64", "float16", "bfloat16", "float32", "float64")

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_agrees_with_numpy(self, torch, device, dtype):
        bits = random_bits(70, 130)
        y = torch.as_tensor(bits, device=device).to(getattr(torch, dtype))
        packed = BitArray.from_array(y)
        assert (packed.words.dtype, packed.words.device) == (torch.int64, y.device)
        assert packed == BitArray.from_array(bits)
        assert torch.equal(packed.to_array(dtype=y.dtype), y)
        for result, wanted in [(packed.packbits(), np.packbits(bits, axis=1)), (packed.mean(), bits.mean(axis=0))]:
            assert result.device == y.device
            np.testing.assert_allclose(result.cpu().numpy(), wanted, rtol=1e-6)
        assert BitArray.from_packbits(packed.packbits(), 130) == packed

    @pytest.mark.parametrize("dtype", ["int8", "float16", "bfloat16", "float32"])
    def test_signs(self, torch, device, dtype):
        y = torch.as_tensor(2 * random_bits(9, 70).astype(np.int8) - 1, device=device).to(getattr(torch, dtype))
        bits, coding = read_bits(y)
        assert coding == "pm1"
        assert torch.equal(bits.to_array("pm1", dtype=y.dtype), y)

    def test_strides_and_gradients_do_not_matter(self, torch, device):
        y = torch.as_tensor(random_bits(40, 130), device=device, dtype=torch.float32)
        for view in (y.T.contiguous().T, y[::2, ::3], y.clone().requires_grad_(), y.expand(40, 130)):
            assert BitArray.from_array(view) == BitArray.from_array(view.detach().cpu().numpy())

    def test_device_on_request(self, torch):
        bits = BitArray.from_array(torch.tensor([[0, 1]]))
        assert bits.to("cpu") == bits
        assert repr(bits.to("cpu")) == "BitArray(n_samples=1, n_bits=2, device='cpu')"
        with refusal(TypeError, "`to` moves torch words between devices; these are NumPy's"):
            BitArray.from_array([[0, 1]]).to("cuda")

    def test_hamming_distance(self, torch, device):
        a, b = random_bits(20, 130), random_bits(20, 130, seed=1)
        x, y = (torch.as_tensor(z, device=device) for z in (a, b))
        distances = hamming_distance(x, y)
        assert (distances.dtype, distances.device) == (torch.int64, x.device)
        np.testing.assert_array_equal(distances.cpu(), (a != b).sum(1))
        np.testing.assert_array_equal(
            hamming_distance(x, y, pairwise=True).cpu(), hamming_distance(a, b, pairwise=True)
        )

    def test_errors_name_the_place(self, torch, device):
        with refusal(ValueError, "got nan at index (0, 1)"):
            read_bits(torch.tensor([[1.0, float("nan")]], device=device))
        with refusal(ValueError, "got -1 at index (1, 0) after 0 at index (0, 1)"):
            read_bits(torch.tensor([[1, 0], [-1, 1]], device=device))
        with refusal(TypeError, "got dtype torch.complex64"):
            read_bits(torch.ones((2, 2), dtype=torch.complex64, device=device))


class TestRows:
    BITS = random_bits(20, 70)

    @pytest.mark.parametrize(
        "rows",
        [3, -1, slice(2, 5), slice(None, None, 3), [4, 4, 0], np.array([1, 2]), np.arange(20) % 3 == 0, slice(5, 5)],
        ids=str,
    )
    def test_selection(self, to_library, rows):
        packed = BitArray.from_array(to_library(self.BITS))[rows]
        wanted = np.atleast_2d(self.BITS[rows])
        assert isinstance(packed, BitArray)
        assert len(packed) == len(wanted)
        np.testing.assert_array_equal(to_host(packed.to_array("bool")), wanted)

    def test_iteration_ends(self):
        assert [row.to_array("bool").tolist() for row in BitArray.from_array(self.BITS)] == self.BITS[:, None].tolist()

    @pytest.mark.parametrize("rows", [(0, 0), (slice(None), 3), None, np.ones((20, 70), dtype=bool)[:, :, None]])
    def test_columns_are_refused(self, rows):
        with pytest.raises((TypeError, IndexError)):
            BitArray.from_array(self.BITS)[rows]

    def test_concatenation(self, to_library):
        packed = BitArray.from_array(to_library(self.BITS))
        assert BitArray.concatenate([packed[:7], packed[7:]]) == packed

    @pytest.mark.parametrize("parts", [[], [[[0, 1]], [[0, 1, 1]]]], ids=["none", "different widths"])
    def test_concatenation_of_strangers(self, parts):
        with refusal(ValueError, "`parts` must be at least one BitArray, all with the same n_bits"):
            BitArray.concatenate([BitArray.from_array(part) for part in parts])

    def test_mean_of_nothing(self):
        with refusal(ValueError, "the mean of no samples"):
            BitArray.from_array(self.BITS)[:0].mean()


def test_equality_is_of_shape_and_bits(to_library):
    bits = BitArray.from_array(to_library([[0, 1], [1, 1]]))
    assert bits == BitArray.from_array([[-1, 1], [1, 1]])
    assert bits != BitArray.from_array([[0, 1], [1, 0]])
    assert bits != bits[:1]
    assert bits != BitArray.from_array([[0, 1, 0], [1, 1, 0]])
    assert bits != "bits"


def test_words_take_a_32nd_of_float32(to_library):
    y = to_library(random_bits(10, 640).astype(np.float32))
    assert 32 * BitArray.from_array(y).nbytes == y.nbytes


class TestCoding:
    @pytest.mark.parametrize(
        ("y", "coding"),
        [
            ([[True, False]], "bool"),
            ([[True, True]], "bool"),
            ([[0, 1]], "01"),
            ([[0.0, -0.0]], "01"),
            ([[-1, 1]], "pm1"),
            ([[-1.0, -1.0]], "pm1"),
            ([[1, 1]], None),
        ],
        ids=str,
    )
    def test_is_read_from_the_data(self, to_library, y, coding):
        assert read_bits(to_library(y))[1] == coding

    def test_bit_arrays_pass_unchanged(self):
        bits = BitArray.from_array([[0, 1]])
        assert read_bits(bits) == (bits, None)
        assert read_bits(bits)[0] is bits

    @pytest.mark.parametrize(
        ("y", "values"), [([[0, 1]], "01"), ([[1, 1]], "01"), ([[1, 1]], "pm1"), ([[True]], "01"), ([[True]], "bool")]
    )
    def test_may_be_given(self, y, values):
        assert read_bits(y, values=values)[1] == values

    @pytest.mark.parametrize(
        ("y", "values", "got"),
        [
            ([[1, 1], [1, -1]], "01", "got -1 at index (1, 1)"),
            ([[1, 0]], "pm1", "got 0 at index (0, 1)"),
            ([[True]], "pm1", "got dtype bool"),
            ([[1, 0]], "bool", "got dtype int64"),
            ([[1, 1]], "bool", "got dtype int64"),
        ],
        ids=str,
    )
    def test_given_wrongly(self, y, values, got):
        with refusal(ValueError, f"`z` must be coded as values={values!r} says; {got}"):
            read_bits(y, "z", values)

    def test_unknown(self):
        for call in (lambda: read_bits([[0]], values="-11"), lambda: BitArray.from_array([[0]]).to_array("auto")):
            with pytest.raises(ValueError, match="`values` must be one of"):
                call()

    def test_minus_one_needs_a_sign(self):
        with refusal(ValueError, "`dtype` must be signed to hold the -1 of values='pm1'; got uint8"):
            BitArray.from_array([[0, 1]]).to_array("pm1", dtype=np.uint8)


class TestRefusals:
    @pytest.mark.parametrize(
        ("value", "slip"),
        [
            (np.nan, "is a value missing?"),
            (np.inf, "are these counts, scores or an image, to threshold?"),
            (0.5, "are these probabilities, to draw from or to threshold?"),
            (2.0, "are these counts"),
            (-0.5, "are these counts"),
        ],
    )
    def test_entries_that_are_no_bits(self, value, slip):
        y = np.zeros((4, 3))
        y[2, 1] = y[3, 0] = value
        message = f"`latents` must hold bits, as bool, {{0, 1}} or {{-1, +1}}; got {value} at index (2, 1); {slip}"
        with refusal(ValueError, message):
            read_bits(y)

    @pytest.mark.parametrize(
        ("y", "got"),
        [
            ([[1, -1], [0, 1]], "got 0 at index (1, 0) after -1 at index (0, 1)"),
            ([[1, 0], [-1, 1]], "got -1 at index (1, 0) after 0 at index (0, 1)"),
            ([[0, -1]], "got -1 at index (0, 1) after 0 at index (0, 0)"),
        ],
    )
    def test_mixed_codings(self, to_library, y, got):
        with refusal(ValueError, f"`latents` must be coded {{0, 1}} or {{-1, +1}}, not both; {got}"):
            read_bits(to_library(y))

    @pytest.mark.parametrize("y", [[[1j]], [["0"]], [[None]], [[0, 1], [1]], "0110"], ids=str)
    def test_what_is_no_array_of_reals(self, y):
        with refusal(TypeError, "`codes` must"):
            read_bits(y, "codes")

    def test_masked_bits(self):
        with refusal(TypeError, "`latents` must have every bit known; got a masked array"):
            read_bits(np.ma.masked_array([[0, 1]], mask=[[True, False]]))

    def test_one_dimension(self):
        message = "`y` must have shape (n_samples, n_bits), n_bits at least 1; got (3,); did you mean y[None, :]?"
        with refusal(ValueError, message):
            BitArray.from_array([0, 1, 1])

    @pytest.mark.parametrize("shape", [(), (3, 0), (1, 2, 3)])
    def test_other_shapes(self, to_library, shape):
        with refusal(ValueError, f"`y` must have shape (n_samples, n_bits), n_bits at least 1; got {shape}"):
            BitArray.from_array(to_library(np.zeros(shape)))

    def test_no_rows_are_packed_but_not_read(self, to_library):
        y = to_library(np.zeros((2, 3)))[:0]
        assert BitArray.from_array(y).shape == (0, 3)
        with refusal(ValueError, "`y` must have shape (n_samples, n_bits), both at least 1; got (0, 3)"):
            read_bits(y, "y")

    def test_no_rows_of_a_transposed_array(self):
        assert len(BitArray.from_array(np.zeros((7, 0), bool).T)) == 0

    def test_empty_bit_array(self):
        with refusal(ValueError, "`latents` must have shape (n_samples, n_bits), both at least 1; got (0, 2)"):
            read_bits(BitArray.from_array([[0, 1]])[:0])

    @pytest.mark.parametrize("words", [np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64), [[1]]], ids=repr)
    def test_words_of_another_dtype(self, words):
        with refusal(TypeError, "`words` must be a NumPy array of uint64 or a torch tensor of int64"):
            BitArray(words, 3)

    @pytest.mark.parametrize(("shape", "n_bits"), [((1, 1), 0), ((1, 1), 65), ((1, 2), 64), ((1,), 3)])
    def test_words_of_another_shape(self, shape, n_bits):
        with refusal(ValueError, "`words` must have shape (n_samples, ceil(n_bits / 64))"):
            BitArray(np.zeros(shape, dtype=np.uint64), n_bits)

    def test_bits_beyond_the_last_of_several_words(self):
        with refusal(ValueError, "`words` must be zero beyond bit n_bits=70; got a bit set there in row 0"):
            BitArray(np.array([[0, 1 << 6]], dtype=np.uint64), 70)

    @pytest.mark.parametrize("bit", [3, 63])
    def test_bits_beyond_the_last(self, to_library, bit):
        words = np.array([[7], [1 << bit]], dtype=np.uint64)
        words = to_library(words.view(np.int64)) if to_library is not np.asarray else words
        with refusal(ValueError, "`words` must be zero beyond bit n_bits=3; got a bit set there in row 1"):
            BitArray(words, 3)

    def test_packbits_that_do_not_fit(self):
        with refusal(TypeError, "`packed` must have dtype uint8; got int64"):
            BitArray.from_packbits(np.array([[1]]), 3)
        for n_bits in (0, 9):
            with refusal(ValueError, "`packed` must have shape (n_samples, ceil(n_bits / 8))"):
                BitArray.from_packbits(np.array([[1]], dtype=np.uint8), n_bits)
        with refusal(ValueError, "`words` must be zero beyond bit n_bits=3; got a bit set there in row 0"):
            BitArray.from_packbits(np.array([[1]], dtype=np.uint8), 3)


class TestHammingDistance:
    @given(bits=bit_matrices, seed=st.integers(0, 2**32 - 1))
    def test_metric(self, bits, seed):
        other = random_bits(*bits.shape, seed)
        np.testing.assert_array_equal(hamming_distance(bits, other), (bits != other).sum(axis=1))
        pairs = hamming_distance(bits, other, pairwise=True)
        np.testing.assert_array_equal(np.diagonal(pairs), hamming_distance(bits, other))
        np.testing.assert_array_equal(pairs.T, hamming_distance(other, bits, pairwise=True))
        assert not hamming_distance(bits, BitArray.from_array(bits)).any()

    def test_one_row_with_all(self):
        a, b = random_bits(7, 70), random_bits(1, 70, seed=1)
        np.testing.assert_array_equal(hamming_distance(a, b), (a != b).sum(axis=1))
        np.testing.assert_array_equal(hamming_distance(b, a), (a != b).sum(axis=1))

    @pytest.mark.parametrize("pairwise", [False, True])
    def test_threads_do_not_matter(self, pairwise):
        a, b = random_bits(300, 70), random_bits(300, 70, seed=1)
        one, several = (hamming_distance(a, b, pairwise=pairwise, threads=threads) for threads in (1, 3))
        np.testing.assert_array_equal(one, several)

    def test_shapes_that_do_not_fit(self, torch):
        a = random_bits(3, 5)
        with refusal(ValueError, "`a` and `b` must have equally many bits; got 5 and 4"):
            hamming_distance(a, a[:, :4])
        with refusal(ValueError, "got 3 and 2. For all pairs, pass pairwise=True"):
            hamming_distance(a, a[:2])
        with refusal(TypeError, "`a` and `b` must be in one library and on one device"):
            hamming_distance(a, torch.as_tensor(a))
        with refusal(ValueError, "`b` must hold bits"):
            hamming_distance(a, a + 0.5)


@pytest.mark.parametrize("dtype", ["int8", "float32", "float64"])
def test_unpacking_in_place(to_library, dtype):
    y = np.random.default_rng(0).integers(0, 2, (70, 67))
    bits = BitArray.from_array(to_library(y))
    whole = to_library(np.full((90, 67), 7, dtype))
    answer = bits.to_array("pm1", whole.dtype, out=whole[10:80])
    np.testing.assert_array_equal(np.asarray(answer.tolist()), 2 * y - 1)
    np.testing.assert_array_equal(np.asarray(whole.tolist())[10:80], 2 * y - 1)
    assert (np.asarray(whole.tolist())[[*range(10), *range(80, 90)]] == 7).all()


def test_unpacking_bfloat16_in_place(torch):
    out = torch.zeros((3, 2), dtype=torch.bfloat16)
    BitArray.from_array(torch.tensor([[0, 1], [1, 1], [0, 0]])).to_array(dtype=torch.bfloat16, out=out)
    assert out.tolist() == [[0, 1], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    "out", [np.zeros((3, 2), np.int16), np.zeros((2, 2), np.int8), np.zeros((3, 4), np.int8)[:, ::2]]
)
def test_unpacking_into_what_does_not_fit_is_refused(out):
    with pytest.raises(ValueError, match=r"`out` must be a writable contiguous array of shape \(3, 2\) and dtype int8"):
        BitArray.from_array([[0, 1], [1, 1], [0, 0]]).to_array(out=out)


def test_unpacking_into_what_is_no_place_is_refused(torch):
    bits, fixed = BitArray.from_array(np.zeros((3, 2))), np.zeros((3, 2), np.int8)
    fixed.flags.writeable = False
    for out in ([[0, 0]] * 3, fixed, torch.zeros(3, 2, dtype=torch.int8)):
        with pytest.raises(ValueError, match="`out` must be a writable contiguous array"):
            bits.to_array(out=out)
    followed = torch.zeros(3, 2, requires_grad=True)
    with pytest.raises(ValueError, match="`out` must be a writable contiguous array"):
        BitArray.from_array(torch.zeros(3, 2)).to_array(dtype=torch.float32, out=followed * 2)
