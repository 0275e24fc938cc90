"""StructuredSampler: correlations, moments and draws of each structure, and factors found in data."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    DichotomizedGaussianSampler,
    NotFittedError,
    RepairWarning,
    StructuredSampler,
    bivariate_normal_cdf,
)
from bernoulli_latent.correlation.thresholds import moments_from_thresholds
from bernoulli_latent.samplers.structured import low_rank
from bernoulli_latent.samplers.structured.minres import minimum_residual, regress

N = 9
P = np.linspace(0.1, 0.8, N)
LOADINGS = np.random.default_rng(1).uniform(-0.55, 0.55, (N, 3))
STEPS = np.array([0.9, -0.5, 0.0, 1.0, 0.3, -1.0, 0.7, -0.2])
GROUPS = np.array([0, 0, 1, 2, 2, 2, 1, 0, 1])
BETWEEN = np.array([[0.7, 0.2, -0.4], [0.2, 0.3, 0.1], [-0.4, 0.1, 0.5]])


def dense_autoregression(rho):
    R = np.eye(len(rho) + 1)
    for i in range(len(R)):
        for j in range(i):
            R[i, j] = R[j, i] = np.prod(rho[j:i])
    return R


def with_unit_diagonal(R):
    return R - np.diag(np.diag(R)) + np.eye(len(R))


STRUCTURES = {
    "factor": (lambda: StructuredSampler.factor(P, LOADINGS), with_unit_diagonal(LOADINGS @ LOADINGS.T)),
    "exchangeable": (
        lambda: StructuredSampler.exchangeable(P, latent_correlation=0.4),
        with_unit_diagonal(np.full((N, N), 0.4)),
    ),
    "repelling": (
        lambda: StructuredSampler.exchangeable(P, latent_correlation=-1 / (N - 1)),
        with_unit_diagonal(np.full((N, N), -1 / (N - 1))),
    ),
    "ar1": (lambda: StructuredSampler.ar1(P, latent_correlation=STEPS), dense_autoregression(STEPS)),
    "block": (
        lambda: StructuredSampler.block(P, GROUPS, latent_correlation=BETWEEN),
        with_unit_diagonal(BETWEEN[GROUPS][:, GROUPS]),
    ),
}


@pytest.fixture(params=STRUCTURES, scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def made(name):
    return STRUCTURES[name][0]()


def largest_z_score(model, bits):
    """Largest deviation of empirical from model moments, in standard errors."""
    drawn = BernoulliMoments.from_samples(bits)
    error = np.sqrt(np.clip(1 - model**2, 0, None) / drawn.n_samples)
    free = error > 1e-7
    np.testing.assert_allclose(drawn.matrix[~free], model[~free], atol=1e-12)
    return np.max(np.abs(drawn.matrix - model)[free] / error[free])


# --- moments ---


def test_latent_correlation_is_that_of_the_dense_matrix(name, made):
    everything = np.arange(N)
    R = made.latent_correlation(everything[:, None], everything[None, :])
    np.testing.assert_allclose(R, STRUCTURES[name][1], atol=1e-14)
    assert made.latent_correlation(2, 5) == pytest.approx(R[2, 5], abs=1e-15)


def test_model_moments_are_those_of_the_dense_matrix(name, made):
    from scipy.special import ndtri

    M = made.model_moments().matrix
    expected = moments_from_thresholds(ndtri(P), STRUCTURES[name][1])
    np.testing.assert_allclose(M[:-1, :-1], expected[1:, 1:], atol=1e-14)
    np.testing.assert_allclose(M[-1, :-1], 2 * P - 1, atol=1e-15)
    np.testing.assert_allclose(made.marginals, P, rtol=1e-14)
    i, j = np.triu_indices(N)
    np.testing.assert_allclose(made.pair_moments(i, j), M[i, j], atol=1e-15)


@pytest.mark.parametrize("precision", ["auto", "float32", "float64"])
def test_draws_have_the_model_moments(made, precision):
    # 5 structures, 3 precisions, 45 moments: a largest z-score above 5.5 has probability below 3e-5.
    made.precision = precision
    assert largest_z_score(made.model_moments().matrix, made.sample(200_000, rng=11)) < 5.5


def test_patterns_are_those_of_the_general_sampler(name):
    """Two samples of 2^17 over 32 patterns: chi-square of 31 degrees above 90 has probability 1e-7 a structure."""
    factories = {
        "factor": lambda p: StructuredSampler.factor(p, LOADINGS[:5]),
        "exchangeable": lambda p: StructuredSampler.exchangeable(p, latent_correlation=0.4),
        "repelling": lambda p: StructuredSampler.exchangeable(p, latent_correlation=-0.25),
        "ar1": lambda p: StructuredSampler.ar1(p, latent_correlation=[0.9, -0.5, 0.3, 0.0]),
        "block": lambda p: StructuredSampler.block(p, GROUPS[:5], latent_correlation=BETWEEN),
    }
    ours = factories[name](np.array([0.3, 0.5, 0.6, 0.4, 0.45]))
    theirs = DichotomizedGaussianSampler().fit_moments(ours.model_moments())
    a, b = (
        np.bincount(s.sample(2**17, rng=seed) @ (1 << np.arange(5)), minlength=32)
        for s, seed in ((ours, 1), (theirs, 2))
    )
    total = a + b
    chi_square = np.sum((a - b)[total > 0] ** 2 / total[total > 0])
    assert chi_square < 90


@given(st.integers(2, 40), st.floats(0, 1))
def test_exchangeable_recipe_has_the_right_covariance(n, share):
    """The chain, written as a matrix applied to its noise, gives variances 1 and covariances rho."""
    low = -1 / (n - 1)
    rho = low + share * (1 - low)
    structure = StructuredSampler.exchangeable(np.full(n, 0.5), latent_correlation=rho)._model.structure
    noise, loss, gain = structure.recipe(n)
    state, rows = np.zeros(n), []
    for i in range(n):
        change = noise[i] * np.eye(n)[i] - loss[i] * state
        rows.append(state + change)
        state = state + gain[i] * change
    z = np.array(rows)
    np.testing.assert_allclose(z @ z.T, with_unit_diagonal(np.full((n, n), rho)), atol=1e-10)


def test_a_chain_next_to_one_does_not_drift():
    """Rounded to float32, a correlation of 1 - 1e-9 would be 1, and the variance would grow along the bits."""
    n, rho = 100_000, 1 - 1e-9
    noise, loss, _ = StructuredSampler.ar1(np.full(n, 0.5), latent_correlation=rho)._model._recipe("float32")[1:]
    np.testing.assert_allclose(noise[1:].astype(float) ** 2, 2 * loss[1:].astype(float), rtol=1e-6)
    assert loss[1] == pytest.approx(1e-9, rel=1e-6)


def test_equal_variables_give_equal_bits():
    sampler = StructuredSampler.exchangeable(np.full(300, 0.3), latent_correlation=1.0)
    bits = sampler.sample(500, rng=0)
    assert (bits == bits[:, :1]).all()
    assert 0 < bits.mean() < 1


@pytest.mark.parametrize(
    ("make", "pairs", "expected"),
    [
        (lambda: StructuredSampler.exchangeable(np.full(5, 0.2), correlation=0.3), ([0, 1], [1, 4]), [0.3, 0.3]),
        (lambda: StructuredSampler.exchangeable(np.full(5, 0.2), correlation=-0.1), ([0], [3]), [-0.1]),
        (lambda: StructuredSampler.ar1(P[:4], correlation=[0.1, 0.2, -0.3]), ([0, 1, 3], [1, 2, 2]), [0.1, 0.2, -0.3]),
        (
            lambda: StructuredSampler.block(P[GROUPS], GROUPS, correlation=np.diag([0.3, 0.2, 0.1]) + 0.05),
            ([0, 2, 3, 0], [1, 6, 4, 3]),
            [0.35, 0.25, 0.15, 0.05],
        ),
    ],
)
def test_binary_correlations_are_met(make, pairs, expected):
    phi = make().model_moments().correlation
    np.testing.assert_allclose(phi[pairs], expected, atol=1e-12)


def test_moments_of_more_bits_than_are_computed_at_a_time():
    rho = np.random.default_rng(2).uniform(-1, 1, 149)
    M = StructuredSampler.ar1(np.full(150, 0.5), latent_correlation=rho).model_moments().matrix
    np.testing.assert_allclose(M[:-1, :-1], 2 / np.pi * np.arcsin(dense_autoregression(rho)), atol=1e-12)


def test_many_bits_refuse_the_matrix_of_moments_unless_asked():
    sampler = StructuredSampler.ar1(np.full(5001, 0.5), latent_correlation=0.5)
    with pytest.raises(ValueError, match=r"`max_bits` is 5000, and the moments of 5001 bits take 0\.2 GB"):
        sampler.model_moments()
    with pytest.raises(ValueError, match="`max_bits` is 8"):
        STRUCTURES["factor"][0]().model_moments(max_bits=8)
    assert sampler.pair_moments(0, 5000) == pytest.approx(0, abs=1e-12)


# --- draws ---


@given(st.integers(0, 700), st.integers(0, 300), st.integers(1, 300))
def test_slices_concatenate_to_the_whole(start, n, m):
    sampler = STRUCTURES["block"][0]()
    whole = sampler.sample(n + m, rng=9, start=start)
    parts = [sampler.sample(n, rng=9, start=start), sampler.sample(m, rng=9, start=start + n)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_tensors_draw_the_same_bits(made, torch, device):
    twin = made.to(device)
    bits = twin.sample(1000, rng=4)
    assert (bits.device.type, bits.dtype) == (device, torch.int8)
    assert (bits.cpu().numpy() != made.sample(1000, rng=4)).mean() < 1e-4
    i = torch.arange(N, device=device)
    M = twin.pair_moments(i[:, None], i[None, :])
    np.testing.assert_allclose(M.cpu().numpy(), made.model_moments().matrix[:-1, :-1], atol=1e-13)
    np.testing.assert_allclose(twin.model_moments().matrix.cpu().numpy(), made.model_moments().matrix, atol=1e-13)


def test_samplers_are_made_from_tensors(torch, device):
    p, loadings = torch.full((5,), 0.2, device=device, dtype=torch.float64), torch.full((5, 1), 0.6, device=device)
    samplers = [
        StructuredSampler.factor(p, loadings),
        StructuredSampler.exchangeable(p, correlation=0.3),
        StructuredSampler.ar1(p, correlation=0.3),
        StructuredSampler.block(p, [0, 0, 1, 1, 1], latent_correlation=[[0.5, 0.1], [0.1, 0.5]]),
    ]
    for sampler in samplers:
        assert sampler.sample(3, rng=0).device.type == device
        assert sampler.pair_moments(0, [1, 2]).device.type == device
        assert sampler.latent_correlation(0, [1, 2]).dtype == torch.float64


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_bits(n):
    p = np.array([0.25, 0.5])[:n]
    samplers = [
        StructuredSampler.factor(p, np.full((n, 1), 0.5)),
        StructuredSampler.exchangeable(p, latent_correlation=-1.0),
        StructuredSampler.ar1(p, latent_correlation=-0.5),
        StructuredSampler.block(p, np.zeros(n, int), latent_correlation=[[0.3]]),
    ]
    for sampler in samplers:
        # 12 moments at most: a z-score above 5.5 has probability below 1e-6.
        assert largest_z_score(sampler.model_moments().matrix, sampler.sample(20_000, rng=1)) < 5.5


def test_a_hundred_thousand_bits():
    n = 100_000
    p, rng = np.full(n, 0.3), np.random.default_rng(0)
    samplers = [
        StructuredSampler.factor(p, rng.uniform(-0.1, 0.1, (n, 16))),
        StructuredSampler.exchangeable(p, correlation=0.001),
        StructuredSampler.ar1(p, correlation=0.5),
        StructuredSampler.block(p, np.arange(n) % 7, latent_correlation=np.eye(7) * 0.001),
    ]
    for sampler in samplers:
        bits = sampler.sample(64, rng=1, packed=True)
        assert isinstance(bits, BitArray)
        assert bits.nbytes == 64 * 8 * 1563
        # The mean of 6.4 million bits; its standard error, correlations included, is below 0.005.
        assert float(bits.mean().mean()) == pytest.approx(0.3, abs=0.03)


def test_forms(made):
    assert made.sample(3, rng=0).dtype == np.int8
    assert set(np.unique(made.sample(100, rng=0, values="pm1"))) == {-1, 1}
    np.testing.assert_array_equal(made.sample(100, rng=0, packed=True).to_array(), made.sample(100, rng=0))


def test_constant_bits():
    sampler = StructuredSampler.exchangeable([0.0, 0.5, 1.0], latent_correlation=0.5)
    bits = sampler.sample(100, rng=0)
    assert (bits[:, [0, 2]] == [0, 1]).all()
    assert sampler.pair_moments(0, 2) == -1


# --- fits ---


def quiet_fit(y, rank):
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return StructuredSampler(rank=rank).fit(y)


def test_minimum_residual_recovers_planted_factors():
    rng = np.random.default_rng(3)
    loadings = rng.uniform(-1, 1, (60, 4)) / 2.2
    target, weights = with_unit_diagonal(loadings @ loadings.T), rng.uniform(0.5, 1, (60, 60))
    weights = weights + weights.T
    np.fill_diagonal(weights, 0)
    found = minimum_residual(target, weights, 4).loadings
    np.testing.assert_allclose(found @ found.T, loadings @ loadings.T, atol=1e-7)
    np.testing.assert_allclose(regress(target[:5], weights[:5], found), found[:5], atol=1e-6)


def test_heywood_cases_are_best_on_the_sphere():
    """The gradient of the constrained minimiser points outwards; without the bound the row would be longer than 1."""
    rng = np.random.default_rng(4)
    others, target, weights = rng.uniform(-0.5, 0.5, (40, 3)), rng.uniform(-1, 1, (6, 40)), rng.random((6, 40))
    rows = regress(target, weights, others)
    free = [np.linalg.lstsq(w[:, None] ** 0.5 * others, w**0.5 * t)[0] for t, w in zip(target, weights, strict=True)]
    long = np.linalg.norm(free, axis=1) > 1
    assert long.any()
    assert not long.all()
    np.testing.assert_allclose(rows[~long], np.array(free)[~long], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(rows[long], axis=1), 1, atol=1e-12)
    descent = (weights * (target - rows @ others.T)) @ others
    cosine = np.sum(descent * rows, axis=1) / np.linalg.norm(descent, axis=1)
    np.testing.assert_allclose(cosine[long], 1, atol=1e-9)


def test_planted_factors_are_found_in_data():
    rng = np.random.default_rng(5)
    p, loadings = rng.uniform(0.2, 0.8, 80), rng.uniform(-0.6, 0.6, (80, 3))
    planted = StructuredSampler.factor(p, loadings)
    y = planted.sample(40_000, rng=1)
    fitted = quiet_fit(y, 3)
    i, j = np.triu_indices(80, 1)
    error = fitted.latent_correlation(i, j) - planted.latent_correlation(i, j)
    # One tetrachoric correlation of so many samples has a standard error of 0.01; the fit averages over many.
    assert np.sqrt(np.mean(error**2)) < 0.008
    np.testing.assert_allclose(fitted.marginals, y.mean(axis=0), atol=1e-12)
    report = fitted.report_
    assert (report.rank, report.n_samples, report.n_bits, report.compared_bits) == (3, 40_000, 80, 80)
    assert report.errors.pair_rms < 1 / np.sqrt(40_000)


def test_report_has_the_errors_of_all_moments(latents):
    with pytest.warns(RepairWarning, match="5 common factors do not give all the moments: they differ by at most"):
        sampler = StructuredSampler(rank=5).fit(latents)
    difference = sampler.model_moments().matrix - BernoulliMoments.from_samples(latents).matrix
    pairs, errors = difference[:-1, :-1][np.triu_indices(64, 1)], sampler.report_.errors
    assert errors.pair_max == pytest.approx(np.abs(pairs).max(), rel=1e-9)
    assert errors.pair_rms == pytest.approx(np.sqrt(np.mean(pairs**2)), rel=1e-9)
    assert errors.distance == pytest.approx(np.linalg.norm(difference), rel=1e-9)
    assert errors.mean_max < 1e-14
    assert "pair error, rms" in str(sampler.report_)
    # About 2000 moments: a largest z-score above 5.5 has probability below 1e-4.
    assert largest_z_score(sampler.model_moments().matrix, sampler.sample(100_000, rng=2)) < 5.5


def test_weights_make_the_moments_better(latents, monkeypatch):
    weighted = quiet_fit(latents, 5).report_.errors.pair_rms
    targets = low_rank._targets
    monkeypatch.setattr(low_rank, "_targets", lambda *columns: (targets(*columns)[0], targets(*columns)[1] ** 0))
    assert weighted < quiet_fit(latents, 5).report_.errors.pair_rms


def test_more_factors_are_better(latents):
    errors = [quiet_fit(latents, rank).report_.errors.pair_rms for rank in (1, 4, 16, 70)]
    assert errors == sorted(errors, reverse=True)


def test_constant_and_tied_bits_come_back_exactly(latents):
    varying = latents[:, latents.any(axis=0)][:, 20:30]
    always = np.ones((len(latents), 1), bool)
    y = np.c_[varying, varying[:, 0], ~varying[:, 1], always, ~always]
    sampler = quiet_fit(y, 2)
    assert (sampler.report_.constant_bits, sampler.report_.tied_bits) == (2, 2)
    bits = sampler.sample(5000, rng=0)
    assert bits.dtype == bool
    assert (bits[:, 10] == bits[:, 0]).all()
    assert (bits[:, 11] != bits[:, 1]).all()
    assert bits[:, 12].all()
    assert not bits[:, 13].any()
    assert sampler.pair_moments([0, 1, 12, 13], [10, 11, 12, 12]) == pytest.approx([1, -1, 1, -1], abs=1e-15)
    assert sampler.latent_correlation([0, 1], [10, 11]).tolist() == [1, -1]
    i, j = np.array([10, 11, 3]), np.array([11, 3, 10])
    assert sampler.pair_moments(i, j) == pytest.approx(sampler.model_moments().matrix[i, j], abs=1e-15)
    assert largest_z_score(sampler.model_moments().matrix, sampler.sample(50_000, rng=1)) < 5.5


def test_fewer_anchors_than_bits_do_nearly_as_well():
    rng = np.random.default_rng(6)
    planted = StructuredSampler.factor(rng.uniform(0.2, 0.8, 150), rng.uniform(-0.6, 0.6, (150, 2)))
    bits = planted.sample(20_000, rng=1, packed=True)
    all_of_them, some = (low_rank.fit_low_rank(bits, 2, anchors)[1] for anchors in (150, 40))
    assert (all_of_them.anchors, some.anchors) == (150, 40)
    assert all_of_them.errors.pair_rms <= some.errors.pair_rms < 1.3 * all_of_them.errors.pair_rms


def test_compared_bits_are_a_stated_choice(latents, monkeypatch):
    everything = quiet_fit(latents, 3).report_
    monkeypatch.setattr(low_rank, "COMPARED", 20)
    some = quiet_fit(latents, 3).report_
    assert (everything.compared_bits, some.compared_bits) == (64, 20)
    assert some.errors.pair_max <= everything.errors.pair_max
    assert some.errors.pair_rms == pytest.approx(everything.errors.pair_rms, rel=0.5)
    assert some.errors.distance == pytest.approx(everything.errors.distance, rel=0.5)


def test_all_libraries_fit_alike(latents, torch, device):
    mine, theirs = quiet_fit(latents, 4), quiet_fit(torch.tensor(latents, device=device), 4)
    packed = quiet_fit(BitArray.from_array(latents), 4)
    i, j = np.triu_indices(64, 1)
    R = theirs.to("cpu").latent_correlation(torch.tensor(i), torch.tensor(j)).numpy()
    # Not to rounding: the sweeps stop where they hardly gain.
    np.testing.assert_allclose(R, mine.latent_correlation(i, j), atol=1e-6)
    np.testing.assert_array_equal(packed.latent_correlation(i, j), mine.latent_correlation(i, j))
    bits = theirs.sample(5, rng=0)
    assert (bits.dtype, bits.device.type) == (torch.bool, device)


def test_few_samples_and_only_constant_bits():
    sampler = quiet_fit([[0, 1, 0], [0, 1, 1]], 2)
    assert (sampler.sample(50, rng=0)[:, :2] == [0, 1]).all()
    sampler = StructuredSampler(rank=1).fit([[0, 1], [0, 1], [0, 1]])
    assert sampler.sample(3, rng=0).tolist() == [[0, 1]] * 3
    assert sampler.report_.errors.distance == 0
    assert StructuredSampler(rank=3).fit([[0], [1], [1]]).sample(0).shape == (0, 1)


# --- files ---


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_files_keep_the_sampler(made, tmp_path, suffix):
    made.save(tmp_path / f"sampler{suffix}")
    twin = StructuredSampler.load(tmp_path / f"sampler{suffix}")
    np.testing.assert_array_equal(twin.sample(300, rng=3), made.sample(300, rng=3))
    np.testing.assert_array_equal(twin.model_moments().matrix, made.model_moments().matrix)
    with pytest.raises(NotFittedError, match="made from its parameters"):
        _ = twin.report_


def test_files_keep_the_fit(latents, tmp_path, torch):
    y = torch.tensor(np.c_[latents, latents[:, :1]]).to(torch.float32)
    sampler = quiet_fit(y, 3)
    sampler.save(tmp_path / "fit.npz")
    twin = StructuredSampler.load(tmp_path / "fit.npz")
    assert twin.report_ == sampler.report_
    assert repr(twin) == repr(sampler) == "StructuredSampler(rank=3, precision='auto')"
    bits = twin.sample(200, rng=3)
    assert bits.dtype == torch.float32
    assert torch.equal(bits, sampler.sample(200, rng=3))
    assert json.loads(json.dumps(sampler.report_.as_dict())) == sampler.report_.as_dict()


# --- refusals ---

HALF = np.full(4, 0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: StructuredSampler.factor([0.5, 1.5], [[0], [0]]),
            r"`probabilities` must lie in \[0, 1\]; got 1\.5 at",
        ),
        (lambda: StructuredSampler.factor([0.5, -0.1], [[0], [0]]), r"got -0\.1 at index \(1,\)"),
        (
            lambda: StructuredSampler.factor(HALF, np.zeros((3, 2))),
            r"`loadings` must have shape \(4, d\), .*got .*3, 2",
        ),
        (lambda: StructuredSampler.factor(HALF, np.zeros((4, 0))), r"`loadings` must have shape"),
        (
            lambda: StructuredSampler.factor(HALF, [[0.9, 0], [0.9, 0.9], [1, 0], [0, 1]]),
            r"`loadings` must have rows of length at most 1; got 1\.27279 at index \(1,\)",
        ),
        (
            lambda: StructuredSampler.factor(HALF, [[np.nan]] * 4),
            r"`loadings` must be finite; got nan at index \(0, 0\)",
        ),
        (lambda: StructuredSampler.exchangeable(HALF), "give one of `correlation`, `latent_correlation`; got neither"),
        (
            lambda: StructuredSampler.exchangeable(HALF, correlation=0.1, latent_correlation=0.1),
            "got correlation and latent_correlation",
        ),
        (
            lambda: StructuredSampler.exchangeable(HALF, latent_correlation=-0.34),
            r"`latent_correlation` must leave .* 4 variables at -1 / \(n - 1\) = -0\.333333 or above; got -0\.34",
        ),
        (
            lambda: StructuredSampler.exchangeable(HALF, correlation=-0.3),
            r"`correlation` must leave .*; got -0\.3, which asks for the latent correlation -0\.4539",
        ),
        (
            lambda: StructuredSampler.exchangeable([0.5, 0.4], correlation=0.1),
            r"`probabilities` must be equal .* got 0\.4 at index \(1,\) and 0\.5",
        ),
        (lambda: StructuredSampler.exchangeable(HALF, latent_correlation=1.5), r"in \[-1, 1\]; got 1\.5"),
        (lambda: StructuredSampler.exchangeable(HALF, latent_correlation=[0.5]), "must be a number; got shape"),
        (lambda: StructuredSampler.ar1(HALF, latent_correlation=[0.5, 2, 0]), r"got 2 at index \(1,\)"),
        (lambda: StructuredSampler.ar1(HALF, latent_correlation=[0.5, 0]), r"or have shape \(3,\); got shape \(2,\)"),
        (
            lambda: StructuredSampler.ar1([0.5, 0.5, 0.1], correlation=[0.9, 0.9]),
            r"`correlation` must lie in \[-0\.333333, 0\.333333\] .* 0\.5 and 0\.1; got 0\.9 at index \(1,\)",
        ),
        (
            lambda: StructuredSampler.block(HALF, [0, 0, 1, 1], latent_correlation=[[0.2, 0.5], [0.5, 0.2]]),
            r"`latent_correlation` must be positive semidefinite, .*; got the smallest eigenvalue -0\.3",
        ),
        (
            lambda: StructuredSampler.block(HALF, [0, 0, 1, 1], correlation=[[0.2, 0.5], [0.5, 0.2]]),
            "`correlation` must ask for latent correlations that are positive semidefinite",
        ),
        (
            lambda: StructuredSampler.block(HALF, [0, 0, 2, 1], latent_correlation=np.eye(2)),
            r"`groups` must lie in \[0, 2\), the rows of `latent_correlation`; got 2 at index \(2,\)",
        ),
        (lambda: StructuredSampler.block(HALF, [0, 0, 1], latent_correlation=np.eye(2)), r"`groups` must have shape"),
        (
            lambda: StructuredSampler.block([0.5, 0.4, 0.2], [0, 0, 1], correlation=np.eye(2) / 2),
            r"got 0\.4 at index \(1,\) and 0\.5",
        ),
        (lambda: StructuredSampler.ar1(HALF, latent_correlation=0, precision="half"), "`precision` must be one of"),
        (lambda: StructuredSampler().fit([[0], [1]]), "`rank` must be given"),
        (lambda: StructuredSampler(rank=0).fit([[0], [1]]), "`rank` must be at least 1; got 0"),
        (lambda: StructuredSampler(rank=1).fit([[0, 1]]), "`y` must have at least 2 rows; got 1"),
        (lambda: StructuredSampler(rank=1).fit([[0.5], [1]]), "`y`"),
        (
            lambda: StructuredSampler.ar1(HALF, latent_correlation=0).pair_moments(0, [1, 4]),
            r"`j` must lie in \[0, 4\), the bits; got 4 at index \(1,\)",
        ),
        (lambda: StructuredSampler.ar1(HALF, latent_correlation=0).latent_correlation(-1, 0), "`i` must lie in"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: StructuredSampler.block(HALF, [0.0, 0, 1, 1], latent_correlation=np.eye(2)),
            "`groups` must hold integers; got dtype float64",
        ),
        (lambda: StructuredSampler.ar1(HALF, latent_correlation=0).pair_moments(0.5, 1), "`i` must hold integers"),
        (lambda: StructuredSampler(rank=1.5).fit([[0], [1]]), "`rank` must be an integer"),
    ],
)
def test_bad_types_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_two_libraries_do_not_mix(torch):
    with pytest.raises(TypeError, match="`loadings` must be a NumPy array like `probabilities`"):
        StructuredSampler.factor(HALF, torch.zeros(4, 2))


def test_unfitted():
    with pytest.raises(NotFittedError, match="not fitted; call `fit`, or make one by `factor`"):
        StructuredSampler(rank=3).sample(1)


def test_correlated_neighbours_of_one_half_follow_the_arcsine_law():
    sampler = StructuredSampler.ar1([0.5, 0.5], latent_correlation=0.6)
    assert sampler.pair_moments(0, 1) == pytest.approx(2 / np.pi * np.arcsin(0.6), abs=1e-14)
    assert bivariate_normal_cdf(0, 0, 0.6) == pytest.approx((sampler.pair_moments(0, 1) + 1) / 4, abs=1e-14)
