"""Exact moments: counts, streams, merges and descriptions by numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bernoulli_latent import BernoulliMoments, BitArray, NotFittedError

bit_matrices = arrays(np.int8, st.tuples(st.integers(1, 90), st.integers(1, 70)), elements=st.integers(0, 1))


def bordered(y):
    pm1 = 2 * np.asarray(y, dtype=np.int64) - 1
    pm1 = np.c_[pm1, np.ones(len(pm1), dtype=np.int64)]
    return pm1.T @ pm1


@given(bit_matrices)
def test_counts_equal_integer_products(y):
    moments = BernoulliMoments.from_samples(y)
    np.testing.assert_array_equal(moments.as_array()[1], bordered(y))
    np.testing.assert_array_equal(moments.matrix, bordered(y) / len(y))


@given(bit_matrices, st.data())
def test_merge_equals_whole_and_commutes(y, data):
    cut = data.draw(st.integers(0, len(y)))
    parts = [BernoulliMoments.from_samples(part) for part in (y[:cut], y[cut:]) if len(part)]
    whole = BernoulliMoments.from_samples(y).as_array()[1]
    for order in (parts, parts[::-1]):
        np.testing.assert_array_equal(sum(order, start=BernoulliMoments()).as_array()[1], whole)


def test_stream_equals_whole(to_library):
    y = np.random.default_rng(0).integers(0, 2, (1000, 130))
    stream = BernoulliMoments()
    for block in np.array_split(y, 7):
        assert stream.update(to_library(block)) is stream
    np.testing.assert_array_equal(np.asarray(stream.matrix), bordered(y) / 1000)
    assert stream.n_samples == 1000


def test_dask_equals_whole():
    dask_array = pytest.importorskip("dask.array", reason="dask is an optional extra")
    y = np.random.default_rng(0).integers(0, 2, (1000, 33))
    lazy = BernoulliMoments.from_samples(dask_array.from_array(y, chunks=(300, 10)))
    np.testing.assert_array_equal(lazy.as_array()[1], bordered(y))


def test_moments_of_a_bit_array():
    y = np.random.default_rng(1).integers(0, 2, (50, 70))
    moments = BernoulliMoments.from_samples(BitArray.from_array(y))
    np.testing.assert_array_equal(moments.as_array()[1], bordered(y))


def test_properties_agree_with_numpy():
    y = np.random.default_rng(2).integers(0, 2, (400, 5))
    y[:, 4] = 1
    moments = BernoulliMoments.from_samples(y)
    pm1 = 2 * y - 1
    np.testing.assert_allclose(moments.mean, pm1.mean(0), atol=1e-15)
    np.testing.assert_allclose(moments.marginals, y.mean(0), atol=1e-15)
    np.testing.assert_allclose(moments.second_moment, pm1.T @ pm1 / 400, atol=1e-15)
    np.testing.assert_allclose(moments.covariance, np.cov(pm1.T, bias=True), atol=1e-15)
    np.testing.assert_allclose(moments.correlation[:4, :4], np.corrcoef(y[:, :4].T), atol=1e-14)
    assert moments.constant_bits.tolist() == [4]
    assert moments.correlation[4].tolist() == [0, 0, 0, 0, 1]


def test_duplicates_correlate_exactly():
    y = np.random.default_rng(3).integers(0, 2, (37, 1))
    correlation = BernoulliMoments.from_samples(np.c_[y, y, 1 - y]).correlation
    np.testing.assert_array_equal(correlation, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 1))
def test_three_descriptions_of_a_pair_agree(p, q, t):
    low, high = max(0, p + q - 1), min(p, q)
    joint = low + (0.001 + 0.998 * t) * (high - low)
    phi = (joint - p * q) / np.sqrt(p * (1 - p) * q * (1 - q))
    odds = joint * (1 - p - q + joint) / ((p - joint) * (q - joint))
    expected = BernoulliMoments.from_marginals([p, q], joint=[[p, joint], [joint, q]]).matrix
    by_phi = BernoulliMoments.from_marginals([p, q], correlation=[[1, phi], [phi, 1]]).matrix
    by_odds = BernoulliMoments.from_marginals([p, q], odds_ratio=[[1, odds], [odds, 1]]).matrix
    np.testing.assert_allclose(by_phi, expected, atol=1e-12)
    np.testing.assert_allclose(by_odds, expected, atol=1e-9)
    np.testing.assert_allclose(expected[0, 1], 4 * joint - 2 * p - 2 * q + 1, atol=1e-15)


@pytest.mark.parametrize(("odds", "joint"), [(0.0, 0.1), (1.0, 0.3), (1e300, 0.5)])
def test_odds_ratio_at_its_ends(odds, joint):
    M = BernoulliMoments.from_marginals([0.5, 0.6], odds_ratio=[[1, odds], [odds, 1]]).matrix
    assert M[0, 1] == pytest.approx(4 * joint - 2 * 1.1 + 1, abs=1e-12)


def test_without_pairs_bits_are_independent(to_library):
    moments = BernoulliMoments.from_marginals(to_library(np.array([0.25, 0.5, 1.0])))
    assert np.asarray(moments.covariance).tolist() == [[0.75, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert moments.n_samples is None


def test_empty_moments_wait():
    moments = BernoulliMoments()
    assert moments.n_samples == 0
    with pytest.raises(NotFittedError, match="empty"):
        _ = moments.matrix
    total = moments + BernoulliMoments.from_samples([[0, 1]])
    assert total.n_samples == 1


def test_copy_is_independent():
    moments = BernoulliMoments.from_samples([[0, 1]])
    moments.copy().update([[1, 1]])
    assert moments.n_samples == 1


def test_failed_update_changes_nothing():
    moments = BernoulliMoments.from_samples([[-1, 1]])
    for bad in ([[0, 1]], [[1, 1, 1]], [[0.5, 1]], np.empty((0, 2))):
        with pytest.raises(ValueError, match="`y`"):
            moments.update(bad)
    assert moments.n_samples == 1
    assert moments.as_array()[1].tolist() == [[1, -1, -1], [-1, 1, 1], [-1, 1, 1]]


def test_only_counts_can_be_added():
    given_as_numbers = BernoulliMoments.from_marginals([0.5])
    with pytest.raises(TypeError, match="counted from samples"):
        given_as_numbers + BernoulliMoments.from_samples([[1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probabilities": [0.5, 1.5]}, r"`probabilities` must lie in \[0, 1\]; got 1.5 at index \(1,\)"),
        ({"probabilities": [0.5, np.nan]}, r"`probabilities` must be finite; got nan at index \(1,\)"),
        ({"probabilities": []}, r"`probabilities` must have shape \(n_bits,\); got shape \(0,\)"),
        ({"probabilities": [[0.5]]}, r"`probabilities` must have shape \(n_bits,\); got shape \(1, 1\)"),
        ({"correlation": [[1, 2], [2, 1]]}, r"`correlation` must lie in \[-1, 1\]; got 2.0 at index \(0, 1\)"),
        ({"correlation": [[1, 0.5], [0.2, 1]]}, r"`correlation` must be symmetric; got 0.5 at index \(0, 1\) and 0.2"),
        ({"correlation": [[1.0]]}, r"`correlation` must be \(2, 2\) like `probabilities`; got shape \(1, 1\)"),
        ({"joint": [[0.5, 0.1], [0.1, 0.4]]}, r"diagonal of `joint` must equal `probabilities`; got 0.4 and 0.5"),
        ({"joint": [[0.5, -0.1], [-0.1, 0.5]]}, r"`joint` must lie in \[0, 1\]; got -0.1 at index \(0, 1\)"),
        ({"odds_ratio": [[1, -2], [-2, 1]]}, r"`odds_ratio` must be non-negative; got -2.0 at index \(0, 1\)"),
        ({"joint": np.eye(2) / 2, "correlation": np.eye(2)}, "give one of"),
    ],
)
def test_bad_descriptions(arguments, message):
    with pytest.raises(ValueError, match=message):
        BernoulliMoments.from_marginals(**({"probabilities": [0.5, 0.5]} | arguments))


@pytest.mark.parametrize(
    ("M", "message"),
    [
        ([[1.0]], "at least 2 x 2"),
        ([[1.0, 0.0], [0.0, 0.5]], r"unit diagonal; got 0.5 at index \(1, 1\)"),
        ([[1.0, 0.0, 0.0]], r"square matrix; got shape \(1, 3\)"),
        ([[1.0, 0.1], [0.2, 1.0]], "symmetric"),
    ],
)
def test_bad_matrices(M, message):
    with pytest.raises(ValueError, match=message):
        BernoulliMoments.from_matrix(M)


def test_complex_is_refused():
    with pytest.raises(TypeError, match="`M` must hold real numbers or booleans; got dtype complex128"):
        BernoulliMoments.from_matrix(np.eye(2) * 1j)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    "moments", [BernoulliMoments.from_samples([[0, 1], [1, 1]]), BernoulliMoments.from_marginals([0.3])]
)
def test_files_keep_moments(tmp_path, suffix, moments):
    moments.save(tmp_path / f"m{suffix}")
    back = BernoulliMoments.load(tmp_path / f"m{suffix}")
    assert repr(back) == repr(moments)
    np.testing.assert_array_equal(back.matrix, moments.matrix)


def test_rounding_is_moved_onto_the_bounds():
    """Sums in floating point miss the diagonal and the Frechet bounds; the moments they stand for do not."""
    rng = np.random.default_rng(0)
    first = rng.random(997) < 0.3
    bits = np.stack([first, first | (rng.random(997) < 0.4), rng.random(997) < 0.5], axis=1)
    exact = BernoulliMoments.from_samples(bits).matrix
    for dtype, scale, tolerance in ((np.float32, 3e-7, 1e-6), (np.float64, 3e-10, 1e-9)):
        noise = scale * rng.uniform(-1, 1, exact.shape)
        M = (exact + noise + noise.T).astype(dtype)
        moments = BernoulliMoments.from_matrix((M + M.T) / 2)
        assert moments.check_feasible().n_pairs == 0
        np.testing.assert_array_equal(np.diag(moments.matrix), 1)
        np.testing.assert_allclose(moments.matrix, exact, rtol=0, atol=5 * tolerance)


def test_answers_are_copies():
    for moments in (BernoulliMoments.from_matrix(np.eye(4)), BernoulliMoments.from_samples([[0, 1, 1], [1, 0, 1]])):
        before = moments.matrix
        moments.mean[0] = 0.9
        moments.matrix[:] = 0
        np.testing.assert_array_equal(moments.matrix, before)


def test_twins_do_not_share_counts(torch):
    moments = BernoulliMoments.from_samples(torch.tensor([[0, 1], [1, 1]]))
    twin = moments.to("cpu")
    moments.update(torch.tensor([[0, 0]]))
    assert (moments.n_samples, twin.n_samples) == (3, 2)


def test_libraries_do_not_mix(torch):
    y = np.array([[0, 1], [1, 1]])
    for first, second, message in (
        (y, torch.tensor(y), "`y` must be a NumPy array like `the earlier samples`; got a torch tensor on cpu"),
        (torch.tensor(y), y, "`y` must be a torch tensor on cpu like `the earlier samples`; got a NumPy array"),
    ):
        moments = BernoulliMoments.from_samples(first)
        with pytest.raises(TypeError, match=message):
            moments.update(second)
        assert moments.n_samples == 2
    with pytest.raises(TypeError, match="`correlation` must be a torch tensor on cpu like `probabilities`"):
        BernoulliMoments.from_marginals(torch.tensor([0.5, 0.5]), correlation=np.eye(2))


def test_the_diagonal_of_odds_ratios_is_not_read():
    odds = np.array([[np.inf, 2], [2, np.nan]])
    expected = BernoulliMoments.from_marginals([0.5, 0.5], odds_ratio=[[1, 2], [2, 1]])
    np.testing.assert_array_equal(BernoulliMoments.from_marginals([0.5, 0.5], odds_ratio=odds).matrix, expected.matrix)


def test_a_stream_of_dask_arrays():
    da = pytest.importorskip("dask.array")
    y = np.random.default_rng(3).integers(0, 2, (100, 5))
    moments = BernoulliMoments().update(da.from_array(y[:60], chunks=(7, 3))).update(da.from_array(y[60:], chunks=40))
    np.testing.assert_array_equal(moments.matrix, BernoulliMoments.from_samples(y).matrix)


def test_bit_arrays_take_the_coding_they_are_told():
    bits = BitArray.from_array([[0, 1], [1, 1]])
    assert BernoulliMoments.from_samples(bits, "pm1").form.values == "pm1"
    with pytest.raises(ValueError, match="`values` must be one of"):
        BernoulliMoments.from_samples(bits, "nonsense")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_counts_do_not_depend_on_threads(monkeypatch, threads):
    y = np.random.default_rng(0).integers(0, 2, (30_000, 70), dtype=np.int8)
    expected = BernoulliMoments.from_samples(y, threads=1).as_array()[1]
    np.testing.assert_array_equal(BernoulliMoments.from_samples(y, threads=threads).as_array()[1], expected)
    monkeypatch.setenv("BERNOULLI_LATENT_THREADS", str(threads))
    np.testing.assert_array_equal(BernoulliMoments().update(y).as_array()[1], expected)


def test_threads_are_checked():
    with pytest.raises(ValueError, match="`threads` must be"):
        BernoulliMoments.from_samples([[0, 1]], threads=0)
