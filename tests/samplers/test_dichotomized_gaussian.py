"""DichotomizedGaussianSampler: exact marginals, closed-form moments, and all that codes can do."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import BernoulliMoments, BitArray, DichotomizedGaussianSampler, HyperplaneSampler, RepairWarning

ignore_repair = pytest.mark.filterwarnings("ignore::bernoulli_latent.errors.RepairWarning")


def correlated(n_samples, n_bits, seed, threshold=0.8):
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n_samples, 5)) @ rng.standard_normal((5, n_bits)) / 2
    return scores + rng.standard_normal((n_samples, n_bits)) > threshold


@pytest.fixture(scope="module")
def sampler():
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return DichotomizedGaussianSampler().fit(correlated(3000, 40, 0))


def largest_z_score(sampler, n, seed):
    model, drawn = sampler.model_moments().matrix, BernoulliMoments.from_samples(sampler.sample(n, rng=seed)).matrix
    error = np.sqrt((1 - model**2) / n)
    free = error > 0
    np.testing.assert_array_equal(drawn[~free], model[~free])
    return np.max(np.abs(drawn - model)[free] / error[free])


@ignore_repair
@pytest.mark.parametrize("repair", DichotomizedGaussianSampler.repairs)
@pytest.mark.parametrize("rank", [None, 3, 1])
def test_marginals_are_exact_whatever_the_repair(repair, rank):
    y = correlated(500, 30, 1)
    sampler = DichotomizedGaussianSampler(repair, rank).fit(y)
    np.testing.assert_allclose(sampler.model_moments().marginals, y.mean(axis=0), rtol=0, atol=1e-14)
    assert sampler.report_.rank <= (rank or 30)
    np.testing.assert_allclose(np.linalg.norm(sampler._model.factor[1:, 1:], axis=1), 1, rtol=0, atol=1e-14)
    # About 460 moments: a largest z-score above 5.2 has probability below 1e-4.
    assert largest_z_score(sampler, 100_000, seed=4) < 5.2


@ignore_repair
@pytest.mark.parametrize("rank", [1, 5, 9, 10])
def test_independent_bits_of_low_rank_keep_their_marginals(rank):
    sampler = DichotomizedGaussianSampler(rank=rank).fit_moments(BernoulliMoments.from_marginals([0.2] * 10))
    assert sampler.report_.rank == rank
    assert largest_z_score(sampler, 100_000, seed=4) < 5


@ignore_repair
def test_rank_is_that_of_the_gaussian_vector():
    """Two blocks of bits, each with one latent variable and some noise: rank 2 leaves a block its correlation."""
    phi = np.kron(np.eye(2), np.full((4, 4), 0.6)) + 0.4 * np.eye(8)
    moments = BernoulliMoments.from_marginals([0.5] * 8, correlation=phi)
    sampler = DichotomizedGaussianSampler(rank=2).fit_moments(moments)
    second = sampler.model_moments().second_moment
    assert np.abs(second[:4, 4:]).max() < 0.2
    assert second[:4, :4].min() > 0.6


@pytest.mark.parametrize("precision", ["int16", "float32", "float64"])
def test_draws_have_the_model_moments(sampler, precision):
    twin = DichotomizedGaussianSampler(precision=precision)
    twin.quietly_fitted(sampler.moments_)
    # About 800 moments: a largest z-score above 5.2 has probability below 2e-4.
    assert largest_z_score(twin, 200_000, seed=3) < 5.2


@pytest.mark.parametrize("p", [0.02, 0.3, 0.8])
def test_independent_bits_that_no_hyperplane_has(p):
    sampler = DichotomizedGaussianSampler().fit_moments(BernoulliMoments.from_marginals([p] * 40))
    assert sampler.report_.errors.pair_max < 1e-14
    with pytest.warns(RepairWarning):
        HyperplaneSampler().fit_moments(BernoulliMoments.from_marginals([p] * 40))


@given(
    p=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2),
    t=st.floats(0, 1),
)
def test_any_feasible_pair_is_met(p, t):
    low, high = max(0, sum(p) - 1), min(p)
    both = low + t * (high - low)
    joint = [[p[0], both], [both, p[1]]]
    sampler = DichotomizedGaussianSampler().fit_moments(BernoulliMoments.from_marginals(p, joint=joint))
    moments = sampler.model_moments()
    np.testing.assert_allclose(moments.marginals, p, rtol=0, atol=1e-15)
    achieved = (1 + moments.mean.sum() + moments.second_moment[0, 1]) / 4
    assert achieved == pytest.approx(both, abs=2e-14)


def test_constant_tied_and_opposite_bits_come_back(to_library):
    y = correlated(400, 6, 2)
    y = np.column_stack([y, y[:, 1], ~y[:, 2], np.ones(400, bool), np.zeros(400, bool)])
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        sampler = DichotomizedGaussianSampler().fit(to_library(y))
    drawn = np.asarray(sampler.sample(1000, rng=0))
    assert (drawn[:, 6] == drawn[:, 1]).all()
    assert (drawn[:, 7] != drawn[:, 2]).all()
    assert drawn[:, 8].all()
    assert not drawn[:, 9].any()
    assert (sampler.report_.constant_bits, sampler.report_.tied_bits) == (2, 2)


def test_all_bits_constant():
    sampler = DichotomizedGaussianSampler().fit([[1, 0], [1, 0]])
    assert sampler.sample(3, rng=0).tolist() == [[1, 0]] * 3
    assert sampler.invert([[1, 0]], "posterior", rng=0).shape == (1, 0)
    assert sampler.sample_given([[1, 0]], [True, False], rng=0).tolist() == [[1, 0]]
    assert sampler.log_prob([[1, 0], [1, 1]], rng=0).tolist() == [0.0, -np.inf]


def test_slices_concatenate(sampler):
    whole = sampler.sample(300, rng=5)
    parts = [sampler.sample(n, rng=5, start=k) for k, n in ((0, 70), (70, 1), (71, 229))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@ignore_repair
def test_libraries_agree(sampler, torch, device):
    y = torch.tensor(correlated(3000, 40, 0), device=device)
    twin = DichotomizedGaussianSampler().fit(y)
    np.testing.assert_allclose(twin.model_moments().matrix.cpu(), sampler.model_moments().matrix, rtol=0, atol=1e-10)
    drawn = twin.sample(2000, rng=7)
    assert drawn.dtype == torch.bool
    assert (drawn.cpu().numpy() == sampler.sample(2000, rng=7)).mean() > 0.9999
    normals = twin.invert(y[:20])
    assert (twin.round(normals) == y[:20]).all()
    assert (twin.sample_given(y[:20], y[0], rng=0)[:, y[0]] == y[:20][:, y[0]]).all()


@pytest.mark.parametrize("method", ["perceptron", "posterior"])
def test_codes_come_back_from_their_normals(sampler, method):
    codes = sampler.sample(100, rng=8)
    normals, report = sampler.invert(codes, method, rng=0, return_report=True)
    assert normals.shape == (100, sampler.report_.rank)
    assert report.exact.all()
    np.testing.assert_array_equal(sampler.round(normals), codes)


def test_normals_have_typical_lengths(sampler):
    normals = sampler.invert(sampler.sample(300, rng=8))
    lengths = np.linalg.norm(normals, axis=1) / np.sqrt(sampler.report_.rank)
    assert lengths.min() > 0.2
    assert lengths.max() < 5
    assert np.median(lengths) == pytest.approx(1, abs=0.05)


def test_points_between_posterior_draws_are_samples(sampler):
    """A great circle between two independent draws of N(0, I) stays in N(0, I), and thresholds do not move."""
    n = 10_000
    source, target = sampler.sample(n, rng=1), sampler.sample(n, rng=2)
    middle = sampler.interpolate(source, target, 3, method="posterior", rng=3)
    np.testing.assert_array_equal(middle[0], source)
    np.testing.assert_array_equal(middle[2], target)
    drawn = BernoulliMoments.from_samples(middle[1]).matrix
    model = sampler.model_moments().matrix
    error = np.sqrt((1 - model**2) / n)
    free = error > 0
    # 820 moments: false alarm rate 2e-4; the angle between two draws of 40 dimensions adds a bias below one error.
    assert np.max(np.abs(drawn - model)[free] / error[free]) < 6.2


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_files(sampler, tmp_path, suffix):
    sampler.save(tmp_path / f"x{suffix}")
    twin = DichotomizedGaussianSampler.load(tmp_path / f"x{suffix}")
    np.testing.assert_array_equal(twin.sample(100, rng=0), sampler.sample(100, rng=0))
    np.testing.assert_array_equal(twin.model_moments().matrix, sampler.model_moments().matrix)
    assert str(twin.report_) == str(sampler.report_)
    with pytest.raises(ValueError, match="must hold a HyperplaneSampler"):
        HyperplaneSampler.load(tmp_path / f"x{suffix}")


def test_bad_parameters():
    with pytest.raises(
        ValueError, match="`repair` must be one of 'nearest', 'alternating', 'clip', 'shrink'; got 'means'"
    ):
        DichotomizedGaussianSampler("means").fit([[0, 1], [1, 0]])


families = pytest.mark.parametrize("family", [HyperplaneSampler, DichotomizedGaussianSampler])


@families
@ignore_repair
def test_completions_have_the_conditional_law(family):
    """Against the frequencies among two million draws of the model itself."""
    model = family().fit(correlated(2000, 7, 3, threshold=0.3))
    drawn = model.sample(2_000_000, rng=0)
    pattern = np.array([True, False, True])
    alike = drawn[(drawn[:, [0, 2, 5]] == pattern).all(axis=1)]
    codes = np.zeros((20_000, 7), bool)
    codes[:, [0, 2, 5]] = pattern
    known = np.isin(np.arange(7), [0, 2, 5])
    completed = model.sample_given(codes, known, rng=1)
    np.testing.assert_array_equal(completed[:, known], codes[:, known])
    weights = 2 ** np.arange(4)
    expected = np.bincount(alike[:, ~known] @ weights, minlength=16) / len(alike)
    found = np.bincount(completed[:, ~known] @ weights, minlength=16)
    variance = 20_000 * expected * (1 + 20_000 / len(alike))
    # Chi-square with 15 degrees of freedom: 50 is exceeded with probability 1e-5.
    assert np.sum((found - 20_000 * expected) ** 2 / variance) < 50


@families
@ignore_repair
def test_probabilities_are_those_of_draws(family):
    model = family().fit(correlated(2000, 6, 4, threshold=0.3))
    codes = (np.arange(64)[:, None] >> np.arange(6)) % 2 == 1
    logs, errors = model.log_prob(codes, rng=0, return_error=True)
    assert np.exp(logs).sum() == pytest.approx(1, abs=0.01)
    n = 1_000_000
    counts = np.bincount(model.sample(n, rng=1) @ 2 ** np.arange(6), minlength=64)
    probability = np.exp(logs)
    spread = np.sqrt(probability / n + (probability * errors) ** 2)
    # 64 deviations of about Student's law with 7 degrees of freedom where the estimate's error dominates.
    assert np.max(np.abs(counts / n - probability) / spread) < 8


@families
@ignore_repair
def test_ties_and_constants_in_completions(family):
    y = correlated(400, 5, 5)
    y = np.column_stack([y, y[:, 1], ~y[:, 2], np.ones(400, bool)])
    model = family().fit(y)
    known = np.zeros((400, 8), bool)
    known[:, 5:7] = True
    completed = model.sample_given(y, known, rng=0)
    np.testing.assert_array_equal(completed[:, [1, 2, 5, 6, 7]], y[:, [1, 2, 5, 6, 7]])
    wrong = y[:3].copy()
    wrong[1, 1] = ~wrong[1, 5]
    with pytest.raises(
        ValueError, match="`known` bits of `latents` must be possible in the model; those of 1 rows are not: 1"
    ):
        model.sample_given(wrong, np.ones(8, bool), rng=0)
    assert model.log_prob(wrong, rng=0)[1] == -np.inf
    wrong[1] = y[1]
    wrong[2, 7] = False
    with pytest.raises(ValueError, match="those of 1 rows are not: 2"):
        model.sample_given(wrong, np.arange(8) == 7, rng=0)


@families
@ignore_repair
def test_completions_depend_on_their_row_alone(family, monkeypatch):
    model = family().fit(correlated(300, 20, 6))
    codes, known = model.sample(10, rng=0), np.arange(20) % 3 == 0
    whole, report = model.sample_given(codes, known, rng=1, return_report=True)
    assert report.autocorrelation_time.shape == (10,)
    np.testing.assert_array_equal(model.sample_given(codes[:4], known, rng=1), whole[:4])
    np.testing.assert_array_equal(model.sample_given(BitArray.from_array(codes), np.tile(known, (10, 1)), rng=1), whole)
    monkeypatch.setattr("bernoulli_latent.samplers.codes.BLOCK", 3)
    np.testing.assert_array_equal(model.sample_given(codes, known, rng=1), whole)


@families
@pytest.mark.parametrize(
    ("known", "error", "message"),
    [
        (np.ones(3, bool), ValueError, r"`known` must have shape \(4,\) or \(2, 4\); got \(3,\)"),
        (np.ones((3, 4), bool), ValueError, r"`known` must have shape \(4,\) or \(2, 4\); got \(3, 4\)"),
        (np.ones(4), TypeError, "`known` must be a boolean mask; got dtype float64"),
    ],
)
@ignore_repair
def test_bad_masks(family, known, error, message):
    model = family().fit(correlated(50, 4, 7))
    with pytest.raises(error, match=message):
        model.sample_given(np.ones((2, 4), bool), known)


@families
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s, y: s.log_prob(y, n_draws=100), ValueError, "`n_draws` must be a multiple of 8; got 100"),
        (lambda s, y: s.log_prob(y, n_draws=0), ValueError, "`n_draws` must be at least 8; got 0"),
        (lambda s, y: s.log_prob(y, n_draws=8.5), TypeError, "`n_draws` must be an integer; got 8.5"),
        (lambda s, y: s.sample_given(y, y[0], burn_in=-1), ValueError, "`burn_in` must be at least 0; got -1"),
        (lambda s, y: s.sample_given(y, [1, 0, 1, 0]), TypeError, "`known` must be a boolean mask; got dtype int64"),
    ],
)
@ignore_repair
def test_bad_numbers(family, call, error, message):
    y = correlated(50, 4, 7)
    with pytest.raises(error, match=message):
        call(family().fit(y), y)
