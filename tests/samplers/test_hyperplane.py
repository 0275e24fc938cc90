"""HyperplaneSampler: what it promises of fits, draws and files."""

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import BernoulliMoments, BitArray, HyperplaneSampler, NotFittedError, RepairWarning
from bernoulli_latent.samplers.rounding import trapezoidal

ignore_repair = pytest.mark.filterwarnings("ignore::bernoulli_latent.errors.RepairWarning")


def quiet_fit(y, *arguments, **options):
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return HyperplaneSampler(*arguments, **options).fit(y)


def largest_z_score(sampler, n, seed):
    """Largest deviation of empirical from model moments, in standard errors."""
    model, drawn = sampler.model_moments().matrix, BernoulliMoments.from_samples(sampler.sample(n, rng=seed)).matrix
    error = np.sqrt((1 - model**2) / n)
    free = error > 0
    np.testing.assert_array_equal(drawn[~free], model[~free])
    return np.max(np.abs(drawn - model)[free] / error[free])


@pytest.mark.parametrize("precision", ["int16", "float32", "float64"])
def test_draws_have_the_model_moments(sampler, precision):
    # About 2000 moments: a largest z-score above 5.5 has probability below 1e-4.
    twin = HyperplaneSampler(precision=precision)
    twin._built, twin._moments = sampler._built, sampler._moments
    assert largest_z_score(twin, 200_000, seed=11) < 5.5


def test_feasible_moments_are_met_without_a_warning(feasible):
    assert feasible.report_.errors.pair_max < 1e-9
    assert feasible.report_.errors.mean_max < 1e-9
    # About 500 moments: a largest z-score above 5 has probability below 3e-4.
    assert largest_z_score(feasible, 200_000, seed=12) < 5


def test_independent_bits_are_independent():
    sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_marginals([0.5] * 6))
    bits = sampler.sample(64_000, rng=3)
    counts = np.bincount(bits @ (1 << np.arange(6)), minlength=64)
    chi_square = np.sum((counts - 1000.0) ** 2) / 1000.0
    # 63 degrees of freedom: above 125 has probability 5e-6.
    assert chi_square < 125


def test_repair_is_reported_and_warned_of(latents):
    with pytest.warns(RepairWarning, match="could not be met"):
        sampler = HyperplaneSampler().fit(latents)
    report, M = sampler.report_, sampler.moments_.matrix
    model = sampler.model_moments().matrix
    assert report.smallest_eigenvalue < 0
    assert report.negative_eigenvalues > 0
    pairs = np.triu_indices(64, 1)
    difference = model - M
    np.testing.assert_allclose(report.errors.mean_max, np.abs(difference[-1, :-1]).max(), rtol=1e-12)
    np.testing.assert_allclose(report.errors.mean_rms, np.sqrt(np.mean(difference[-1, :-1] ** 2)), rtol=1e-12)
    np.testing.assert_allclose(report.errors.pair_max, np.abs(difference[pairs]).max(), rtol=1e-12)
    np.testing.assert_allclose(report.errors.pair_rms, np.sqrt(np.mean(difference[pairs] ** 2)), rtol=1e-12)
    np.testing.assert_allclose(report.errors.distance, np.linalg.norm(difference), rtol=1e-12)
    assert "pair error, rms" in str(report)


@pytest.mark.parametrize("repair", HyperplaneSampler.repairs)
def test_every_repair_gives_unit_rows_and_fair_moments(latents, repair):
    sampler = quiet_fit(latents, repair)
    rows = sampler._model.factor
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-12)
    assert (np.triu(rows, 1) == 0).all()
    assert rows[0].tolist() == [1.0] + [0.0] * (rows.shape[1] - 1)
    assert sampler.report_.repair == repair
    assert largest_z_score(sampler, 50_000, seed=5) < 5.5


def test_means_repair_keeps_the_means(latents):
    assert quiet_fit(latents, "means").report_.errors.mean_max < 1e-8


def test_moments_repair_beats_its_start(latents):
    assert quiet_fit(latents, "moments").report_.errors.distance < quiet_fit(latents).report_.errors.distance


def test_boundary_weight_protects_the_means(latents):
    errors = [quiet_fit(latents, boundary_weight=w).report_.errors.mean_rms for w in (1.0, 10.0, 100.0, 1000.0)]
    assert errors == sorted(errors, reverse=True)


def test_tolerance_can_be_chosen(latents):
    exact, default, loose = (quiet_fit(latents, tol=tol).report_.repair_distance for tol in (1e-12, 1e-5, 0.1))
    assert abs(default - exact) < 1e-4 * exact
    assert abs(loose - exact) > 10 * abs(default - exact)


def test_rank_bounds_the_factor(latents):
    sampler = quiet_fit(latents, rank=7)
    assert sampler.report_.rank == 7
    assert sampler.invert(latents[:2], "centroid").shape == (2, 7)
    assert largest_z_score(sampler, 50_000, seed=6) < 5.5


def test_constant_and_tied_bits_come_back_exactly(latents):
    varying = latents[:, latents.any(axis=0)][:, 20:30]
    always = np.ones((len(latents), 1), bool)
    y = np.c_[varying, varying[:, 0], ~varying[:, 1], always, ~always]
    sampler = quiet_fit(y)
    assert (sampler.report_.constant_bits, sampler.report_.tied_bits) == (2, 2)
    bits = sampler.sample(1000, rng=0)
    assert (bits[:, 10] == bits[:, 0]).all()
    assert (bits[:, 11] != bits[:, 1]).all()
    assert bits[:, 12].all()
    assert not bits[:, 13].any()
    model, M = sampler.model_moments().matrix, sampler.moments_.matrix
    np.testing.assert_array_equal(model[np.abs(M) == 1], M[np.abs(M) == 1])


def test_only_constant_bits():
    sampler = HyperplaneSampler().fit([[0, 1], [0, 1], [0, 1]])
    assert sampler.sample(3, rng=0).tolist() == [[0, 1]] * 3
    assert sampler.report_.constant_bits == 2
    assert sampler.report_.errors.distance == 0
    assert sampler.round(sampler.invert([[0, 1]])).tolist() == [[0, 1]]


def test_one_bit():
    sampler = HyperplaneSampler().fit([[0], [1], [1], [1]])
    bits = sampler.sample(100_000, rng=1)
    assert bits.shape == (100_000, 1)
    # Standard error 0.0014: 0.0075 is 5.5 of them.
    assert bits.mean() == pytest.approx(0.75, abs=0.0075)


@given(st.integers(0, 700), st.integers(0, 300), st.integers(1, 300))
def test_slices_concatenate_to_the_whole(start, n, m):
    sampler = test_slices_concatenate_to_the_whole.sampler
    whole = sampler.sample(n + m, rng=9, start=start)
    parts = [sampler.sample(n, rng=9, start=start), sampler.sample(m, rng=9, start=start + n)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


test_slices_concatenate_to_the_whole.sampler = HyperplaneSampler().fit_moments(
    BernoulliMoments.from_marginals(np.linspace(0.4, 0.6, 7))
)


def test_large_draws_equal_their_slices(sampler):
    whole = sampler.sample(10_000, rng=2)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda start: sampler.sample(2500, rng=2, start=start), range(0, 10_000, 2500)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    packed = sampler.sample(10_000, rng=2, packed=True)
    assert isinstance(packed, BitArray)
    np.testing.assert_array_equal(packed.to_array("bool"), whole)


def test_generators_advance_and_seeds_repeat(feasible, torch):
    rng = np.random.default_rng(0)
    first, second = feasible.sample(50, rng=rng), feasible.sample(50, rng=rng)
    assert (first != second).any()
    np.testing.assert_array_equal(feasible.sample(50, rng=np.random.default_rng(0)), first)
    np.testing.assert_array_equal(feasible.sample(50, rng=0), first)
    assert (feasible.sample(50) != feasible.sample(50)).any()
    generator = torch.Generator().manual_seed(0)
    drawn = feasible.sample(50, rng=generator)
    assert (feasible.sample(50, rng=generator) != drawn).any()
    np.testing.assert_array_equal(feasible.sample(50, rng=torch.Generator().manual_seed(0)), drawn)


def test_global_state_is_not_touched(feasible, torch):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    feasible.sample(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert (torch.get_rng_state() == before[1]).all()


@ignore_repair
def test_stream_equals_whole(latents, sampler):
    stream = HyperplaneSampler()
    for block in np.array_split(latents, 5):
        stream.partial_fit(block)
    assert stream.report_ == sampler.report_
    np.testing.assert_array_equal(stream.sample(100, rng=0), sampler.sample(100, rng=0))
    before = stream.report_.n_samples
    stream.partial_fit(latents[:10])
    assert stream.report_.n_samples == before + 10


@ignore_repair
def test_moments_are_copied(latents):
    moments = BernoulliMoments.from_samples(latents)
    sampler = HyperplaneSampler().fit_moments(moments).partial_fit(latents[:5])
    assert moments.n_samples == len(latents)
    assert sampler.moments_.n_samples == len(latents) + 5


@ignore_repair
def test_numpy_and_torch_agree(latents, sampler, torch, device):
    tensor = torch.as_tensor(latents, device=device)
    twin = HyperplaneSampler().fit(tensor)
    np.testing.assert_allclose(twin.model_moments().matrix.cpu(), sampler.model_moments().matrix, atol=1e-9)
    assert twin.report_.rank == sampler.report_.rank
    bits = twin.sample(1000, rng=4)
    assert bits.device == tensor.device
    assert bits.dtype == torch.bool
    # The same normals: only a score within rounding of zero may fall on the other side.
    assert (bits.cpu().numpy() != sampler.sample(1000, rng=4)).sum() <= 2
    assert twin.invert(tensor[:3]).device == tensor.device
    assert (twin.round(twin.invert(tensor[:3])) == tensor[:3]).all()
    assert (twin.interpolate(tensor[:3], tensor[3:6], 4)[-1] == tensor[3:6]).all()


def test_sampler_moves_to_torch(sampler, latents, torch, device):
    moved = sampler.to(device)
    bits = moved.sample(200, rng=0)
    assert isinstance(bits, torch.Tensor)
    assert (bits.cpu().numpy() != sampler.sample(200, rng=0)).sum() <= 1
    assert moved.report_ == sampler.report_
    assert isinstance(moved.moments_.matrix, torch.Tensor)
    normals = moved.invert(latents[:2])
    np.testing.assert_array_equal(moved.round(normals).cpu(), latents[:2])


@ignore_repair
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_plain_array_code_does_what_the_kernels_do(latents, sampler, torch, monkeypatch, library):
    y = latents if library == "numpy" else torch.as_tensor(latents)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    twin = HyperplaneSampler().fit(y)
    np.testing.assert_allclose(twin.model_moments().matrix, sampler.model_moments().matrix, atol=1e-9)
    assert (np.asarray(twin.sample(1000, rng=4)) != sampler.sample(1000, rng=4)).sum() <= 2
    np.testing.assert_array_equal(np.asarray(twin.round(twin.invert(y[:20]))), latents[:20])


FORMS = ["bool", "int8", "uint8", "int64", "float16", "float32", "float64"]


@ignore_repair
@pytest.mark.parametrize("dtype", FORMS)
def test_answers_come_in_the_form_of_the_data(latents, dtype, sampler):
    y = latents[:, 10:20].astype(dtype)
    fitted = quiet_fit(y)
    bits = fitted.sample(100, rng=0)
    assert bits.dtype == y.dtype
    np.testing.assert_array_equal(bits.astype(bool), quiet_fit(latents[:, 10:20]).sample(100, rng=0))
    pm1 = fitted.sample(100, rng=0, values="pm1")
    np.testing.assert_array_equal(pm1.astype(int), 2 * bits.astype(int) - 1)
    assert fitted.sample(1, rng=0, values="bool").dtype == bool


@ignore_repair
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "float16", "bfloat16", "float32", "float64"])
def test_tensors_come_in_the_form_of_the_data(latents, torch, device, dtype):
    y = torch.as_tensor(latents[:, 10:20], device=device).to(getattr(torch, dtype))
    if dtype not in ("bool", "uint8"):
        y = 2 * y - 1
    bits = HyperplaneSampler().fit(y).sample(5, rng=0)
    assert bits.dtype == y.dtype
    assert set(bits.float().unique().tolist()) <= set(y.float().unique().tolist())


@ignore_repair
@pytest.mark.parametrize(
    "arrange",
    [np.asfortranarray, lambda y: y[::2], lambda y: y[:, ::-1], lambda y: np.ascontiguousarray(y.T).T],
    ids=["fortran", "every other row", "reversed", "transposed"],
)
def test_memory_order_does_not_matter(latents, arrange):
    y = arrange(latents.astype(np.float32))
    y.flags.writeable = False
    assert quiet_fit(y).report_ == quiet_fit(np.array(y, order="C")).report_


BAD_DATA = {
    "nan": (np.array([[0, np.nan], [1, 1]]), ValueError, r"`y` .*nan.*\(0, 1\)"),
    "inf": (np.array([[0, 1], [np.inf, 1]]), ValueError, r"`y` .*inf.*\(1, 0\)"),
    "half": (np.array([[0, 1], [1, 0.5]]), ValueError, r"`y` .*0\.5.*\(1, 1\)"),
    "wrapping integer": (np.array([[0, 1], [1, 257]]), ValueError, r"`y` .*257.*\(1, 1\)"),
    "mixed codings": (np.array([[0, 1], [1, -1]]), ValueError, r"`y` .*not both; got -1 at index \(1, 1\)"),
    "empty": (np.empty((0, 3)), ValueError, r"`y` .*\(0, 3\)"),
    "zero columns": (np.empty((3, 0)), ValueError, r"`y` .*\(3, 0\)"),
    "one row": (np.array([[0, 1]]), ValueError, "`y` must have at least 2 rows"),
    "vector": (np.array([0, 1, 1]), ValueError, r"`y` .*\(3,\)"),
    "cube": (np.zeros((2, 2, 2)), ValueError, r"`y` .*\(2, 2, 2\)"),
    "object": (np.array([[0, None], [1, 1]]), TypeError, "`y` .*object"),
    "complex": (np.array([[0, 1j], [1, 1]]), TypeError, "`y` .*complex128"),
    "text": ([["a", "b"], ["c", "d"]], TypeError, "`y` .*<U1"),
    "ragged": ([[0, 1], [1]], TypeError, "`y` .*NumPy cannot read"),
}


@pytest.mark.parametrize(("y", "error", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data(y, error, message):
    sampler = HyperplaneSampler()
    with pytest.raises(error, match=message):
        sampler.fit(y)
    with pytest.raises(NotFittedError):
        sampler.sample(1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.sample(-1), ValueError, "`n` must be at least 0; got -1"),
        (lambda s: s.sample(1.5), TypeError, "`n` must be an integer; got 1.5"),
        (lambda s: s.sample(1, start=-2), ValueError, "`start` must be at least 0; got -2"),
        (lambda s: s.sample(1, rng=-1), ValueError, "`rng` must be a non-negative seed; got -1"),
        (lambda s: s.sample(1, rng="x"), TypeError, "`rng` must be .*; got str"),
        (lambda s: s.sample(1, values="2"), ValueError, "`values` must be one of .*; got '2'"),
        (lambda s: s.invert(np.zeros((1, 3))), ValueError, "`latents` must have 30 bits like the data; got 3"),
        (lambda s: s.invert(np.zeros((1, 30)), "magic"), ValueError, "`method` must be one of .*; got 'magic'"),
        (lambda s: s.round(np.zeros((1, 3))), ValueError, r"`normals` must have shape \(n, 31\); got shape \(1, 3\)"),
        (
            lambda s: s.round(np.full((1, 31), np.nan)),
            ValueError,
            r"`normals` must be finite; got nan at index \(0, 0\)",
        ),
        (
            lambda s: s.interpolate(np.zeros((1, 30)), np.zeros((2, 30)), 3),
            ValueError,
            "`target` must have as many rows",
        ),
        (
            lambda s: s.interpolate(np.zeros((1, 30)), np.zeros((1, 30)), 1),
            ValueError,
            "`steps` must be at least 2; got 1",
        ),
        (lambda s: s.fit_moments(np.eye(3)), TypeError, "`moments` must be a BernoulliMoments; got ndarray"),
    ],
)
def test_bad_calls(feasible, call, error, message):
    with pytest.raises(error, match=message):
        call(feasible)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"repair": "magic"}, "`repair` must be one of"),
        ({"boundary_weight": 0}, "`boundary_weight` must be positive and finite; got 0"),
        ({"boundary_weight": np.inf}, "`boundary_weight` must be positive and finite; got inf"),
        ({"boundary_weight": np.nan}, "`boundary_weight` must be positive and finite; got nan"),
        ({"rank": 0}, "`rank` must be at least 1; got 0"),
        ({"precision": "float16"}, "`precision` must be one of 'auto', 'int16', 'float32', 'float64'; got 'float16'"),
        ({"tol": 0.0}, "`tol` must be positive and finite; got 0"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        HyperplaneSampler(**arguments).fit([[0, 1], [1, 0]])


def test_infeasible_pairs_are_named_and_nothing_is_fitted():
    moments = BernoulliMoments.from_marginals([0.9, 0.9], joint=[[0.9, 0.1], [0.1, 0.9]])
    sampler = HyperplaneSampler()
    with pytest.raises(ValueError, match=r"1 pairs do not.*\n.*bits \(0, 1\): P\(both 1\) = 0.1 not in \[0.8, 0.9\]"):
        sampler.fit_moments(moments)
    with pytest.raises(NotFittedError, match="HyperplaneSampler is not fitted"):
        _ = sampler.report_


def test_empty_draw(feasible):
    assert feasible.sample(0).shape == (0, 30)
    assert feasible.sample(0, packed=True).shape == (0, 30)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_saved_sampler_draws_the_same_bits_in_a_fresh_process(sampler, tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    sampler.save(path)
    code = (
        "import sys, numpy as np\nfrom bernoulli_latent import HyperplaneSampler\n"
        f"s = HyperplaneSampler.load({str(path)!r})\nnp.save({str(tmp_path / 'bits.npy')!r}, s.sample(500, rng=8))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "bits.npy"), sampler.sample(500, rng=8))
    loaded = HyperplaneSampler.load(path)
    assert loaded.report_ == sampler.report_
    assert repr(loaded) == repr(sampler)
    np.testing.assert_array_equal(loaded.moments_.matrix, sampler.moments_.matrix)


@ignore_repair
def test_loaded_sampler_goes_on_with_its_stream(latents, tmp_path):
    first = HyperplaneSampler().fit(latents[:900])
    first.save(tmp_path / "m.npz")
    resumed = HyperplaneSampler.load(tmp_path / "m.npz").partial_fit(latents[900:])
    assert resumed.report_ == HyperplaneSampler().fit(latents).report_


@ignore_repair
def test_torch_sampler_comes_back_as_torch(latents, torch, tmp_path):
    sampler = HyperplaneSampler().fit(torch.as_tensor(latents).to(torch.bfloat16))
    sampler.save(tmp_path / "m.npz")
    loaded = HyperplaneSampler.load(tmp_path / "m.npz")
    assert loaded.sample(2, rng=0).dtype == torch.bfloat16
    assert (loaded.sample(100, rng=0) == sampler.sample(100, rng=0)).all()


@ignore_repair
@pytest.mark.parametrize("repair", HyperplaneSampler.repairs)
@pytest.mark.parametrize("p", [1e-12, 1e-10, 1e-9, 1e-8])
def test_very_rare_bits(repair, p):
    sampler = HyperplaneSampler(repair).fit_moments(BernoulliMoments.from_marginals([p, 0.3, 0.5, 1 - p]))
    np.testing.assert_allclose(sampler.model_moments().marginals, [p, 0.3, 0.5, 1 - p], rtol=0, atol=1e-6)


@ignore_repair
def test_parameters_saved_are_those_of_the_fit(tmp_path):
    sampler = quiet_fit(np.random.default_rng(0).integers(0, 2, (50, 6)), rank=np.int64(3))
    sampler.repair = "clip"
    sampler.save(tmp_path / "x.npz")
    assert repr(HyperplaneSampler.load(tmp_path / "x.npz")).startswith("HyperplaneSampler(repair='nearest', rank=3")
    sampler.precision = "float16"
    with pytest.raises(ValueError, match="`precision` must be"):
        sampler.sample(1)


@ignore_repair
def test_no_rows_in_no_rows_out(feasible):
    none = feasible.sample(0)
    normals = feasible.invert(none)
    assert normals.shape == (0, feasible.report_.rank)
    assert feasible.round(normals).shape == none.shape
    assert feasible.interpolate(none, none, 3).shape == (3, 0, none.shape[1])


def test_moments_are_lent_as_a_copy(feasible):
    before = feasible.moments_.matrix
    if feasible.moments_.n_samples is not None:
        feasible.moments_.update(feasible.sample(3, rng=0))
    np.testing.assert_array_equal(feasible.moments_.matrix, before)


def test_warnings_point_at_the_caller():
    sampler = HyperplaneSampler().partial_fit(np.random.default_rng(0).random((60, 8)) < 0.1)
    with pytest.warns(RepairWarning) as caught:
        _ = sampler.report_
    assert caught[0].filename == __file__
    with pytest.warns(RepairWarning) as caught:
        HyperplaneSampler().fit(np.random.default_rng(0).random((60, 8)) < 0.1)
    assert caught[0].filename == __file__


def factor_and_rare_bits(rarity, seed=0, n=60):
    """Moments of bits with common factors, and five independent ones that are rarely 1."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((5000, 5)) @ rng.standard_normal((5, n)) + rng.standard_normal((5000, n))
    sampled = BernoulliMoments.from_samples((scores > rng.standard_normal(n)).astype(int)).matrix
    mean = np.r_[sampled[-1, :-1], np.full(5, 2 * rarity - 1)]
    M = np.outer(np.r_[mean, 1], np.r_[mean, 1])
    M[:n, :n] = sampled[:-1, :-1]
    np.fill_diagonal(M, 1)
    return BernoulliMoments.from_matrix(M)


@ignore_repair
@pytest.mark.parametrize("repair", ["nearest", "means", "alternating"])
@pytest.mark.parametrize("rarity", [4.5e-4, 4.5e-3])
def test_the_default_tolerance_hardly_shows(repair, rarity):
    moments = factor_and_rare_bits(rarity)
    loose, tight = (
        HyperplaneSampler(repair, **options).fit_moments(moments).model_moments().matrix
        for options in ({}, {"tol": 1e-9})
    )
    assert np.max(np.abs(loose - tight)) < 1e-5
    p = (1 + tight[-1, :-1]) / 2
    assert np.max(np.abs(loose - tight)[-1, :-1] / 2 / (p * (1 - p))) < 0.01


@ignore_repair
def test_a_bit_that_is_independent_stays_so():
    signs = np.triu(np.sign(np.random.default_rng(0).standard_normal((60, 60))), 1)
    M = np.eye(62)
    M[:60, :60] += 0.6 * (signs + signs.T)
    sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(M))
    assert np.max(np.abs(sampler.model_moments().matrix[60, :60])) < 1e-6


def test_rows_of_nothing_become_no_copies():
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    for turned in (trapezoidal(rows), trapezoidal(rows, bordered=False), trapezoidal(rows, rank=4)):
        np.testing.assert_allclose(turned @ turned.T, np.eye(4), rtol=0, atol=1e-15)
        assert np.all(turned == np.tril(turned))
    with pytest.warns(RepairWarning, match="`rank` so small leaves 2 bits no direction"):
        assert trapezoidal(rows, rank=2).shape == (4, 2)
