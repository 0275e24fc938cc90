"""From latents to normals and back."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bernoulli_latent import HyperplaneSampler, RepairWarning
from bernoulli_latent.latent.inversion import invert_signs, separate

exact_methods = pytest.mark.parametrize("method", ["perceptron", "posterior"])


@exact_methods
def test_real_codes_come_back(sampler, latents, method):
    normals, report = sampler.invert(latents[:100], method, rng=0, return_report=True)
    np.testing.assert_array_equal(sampler.round(normals), latents[:100])
    assert report.exact.all()
    assert not report.infeasible.any()
    assert (normals[:, 0] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert str(report) == "100 of 100 codes exact, 0 infeasible"


@exact_methods
@given(seed=st.integers(0, 2**32))
def test_samples_come_back(method, seed):
    sampler = test_samples_come_back.sampler
    bits = sampler.sample(20, rng=seed)
    np.testing.assert_array_equal(sampler.round(sampler.invert(bits, method, rng=seed)), bits)


def _sampler():
    rows = np.random.default_rng(3).standard_normal((13, 9))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    from bernoulli_latent import BernoulliMoments, moments_from_gram

    return HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(moments_from_gram(rows @ rows.T)))


test_samples_come_back.sampler = _sampler()


def test_infeasible_codes_are_proved_and_reported():
    # Three rows in a plane: of the eight sign patterns two cannot be, and half of those have the boundary +.
    from bernoulli_latent import BernoulliMoments, moments_from_gram

    angles = np.array([0.0, 2.0, 4.0])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sampler = HyperplaneSampler().fit_moments(
        BernoulliMoments.from_matrix(moments_from_gram(np.roll(rows @ rows.T, -1, (0, 1))))
    )
    assert sampler.report_.rank == 2
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    with pytest.warns(RepairWarning, match="3 of 4 codes exact, 1 infeasible"):
        report = sampler.invert(codes, return_report=True)[1]
    assert report.infeasible.tolist() == [False, False, False, True]
    assert report.wrong_bits.tolist() == [0, 0, 0, 1]
    possible = {tuple(row) for row in sampler.sample(1000, rng=0)}
    assert possible == {(0, 0), (0, 1), (1, 0)}
    with pytest.warns(RepairWarning, match="infeasible"):
        sampler.invert(codes, "posterior", rng=0)


@given(st.integers(0, 2**32))
def test_verdicts_agree_with_linear_programming(seed):
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((9, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    signs = rng.choice([-1.0, 1.0], 9)
    normal, solved = separate(rows, signs)
    signed = signs[:, None] * rows
    # Largest t with signed @ r >= t in the unit box.
    widest = linprog([0] * 4 + [-1], np.c_[-signed, np.ones(9)], np.zeros(9), bounds=[(-1, 1)] * 4 + [(None, None)])
    if abs(widest.fun) > 1e-6 or solved:
        assert solved == (-widest.fun > 1e-9)
    if solved:
        assert (signed @ normal > 0).all()


def test_contradicted_ties_are_infeasible():
    y = np.array([[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1]])
    sampler = HyperplaneSampler().fit(y)
    with pytest.warns(RepairWarning, match="1 of 2 codes exact, 1 infeasible"):
        report = sampler.invert([[0, 0, 1], [0, 1, 1]], return_report=True)[1]
    assert report.infeasible.tolist() == [False, True]


def test_posterior_draws_are_draws_of_the_prior():
    """If bits are drawn from the model, posterior draws given them are again N(0, I)."""
    sampler = test_samples_come_back.sampler
    n = 4000
    bits = sampler.sample(n, rng=21)
    draws = sampler.invert(bits, "posterior", rng=5)
    # A direction is uniform on the sphere: t = x sqrt((d - 1) / (1 - x^2)) has Student's law with d - 1 degrees.
    d = draws.shape[1]
    for j in range(1, d):
        t = draws[:, j] * np.sqrt((d - 1) / (1 - draws[:, j] ** 2))
        # False alarm rate 1e-4 in all.
        assert stats.kstest(t, stats.t(d - 1).cdf).pvalue > 1e-4 / d


def test_posterior_margins_are_those_of_the_model():
    """Scores of posterior draws are as large as those of the normals that made the bits, on average over codes."""
    y = np.random.default_rng(4).standard_normal((3000, 6)) @ np.random.default_rng(5).standard_normal((6, 60)) > 0.5
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        sampler = HyperplaneSampler().fit(y)
    normals = np.random.default_rng(6).standard_normal((600, sampler.report_.rank))
    normals[:, 0] = abs(normals[:, 0])
    draws = sampler.invert(sampler.round(normals), "posterior", rng=0)
    true, drawn = (x @ sampler._model.factor.T for x in (normals / np.linalg.norm(normals, axis=1)[:, None], draws))
    # Means over 600 codes of the boundary's score and of all absolute scores; five standard errors, two-sided.
    for mine, theirs in ((drawn[:, 0], true[:, 0]), (abs(drawn).mean(axis=1), abs(true).mean(axis=1))):
        difference = mine - theirs
        assert abs(difference.mean()) < 5 * difference.std() / np.sqrt(600)


def test_posterior_repeats_with_its_seed(sampler, latents):
    first = sampler.invert(latents[:5], "posterior", rng=3)
    np.testing.assert_array_equal(sampler.invert(latents[:5], "posterior", rng=3), first)
    assert (sampler.invert(latents[:5], "posterior", rng=4) != first).any()
    np.testing.assert_array_equal(sampler.invert(latents[:2], "posterior", rng=3), first[:2])


def test_block_size_changes_nothing(sampler, latents, monkeypatch):
    whole = sampler.invert(latents[:9], "posterior", rng=3)
    monkeypatch.setattr("bernoulli_latent.samplers.codes.BLOCK", 4)
    np.testing.assert_array_equal(sampler.invert(latents[:9], "posterior", rng=3), whole)


def test_centroid_is_the_papers(sampler, latents):
    rows, signs = sampler._model.factor, sampler._model.signs(sampler.read_codes(latents[:1], "y"))[0][0]
    expected = rows[signs > 0].mean(0) - rows[signs < 0].mean(0)
    np.testing.assert_allclose(sampler.invert(latents[:1], "centroid")[0], expected / np.linalg.norm(expected))
    right = (sampler.round(sampler.invert(latents[:200], "centroid")) == latents[:200]).mean()
    assert 0.75 < right < 1


def test_least_squares_is_exact_at_full_rank_and_warns(feasible):
    bits = feasible.sample(10, rng=0)
    with pytest.warns(RepairWarning, match="flips all its bits in one step"):
        normals = feasible.invert(bits, "least_squares")
    np.testing.assert_array_equal(feasible.round(normals), bits)
    scores = normals @ feasible._model.factor.T
    np.testing.assert_allclose(np.abs(scores) / np.abs(scores[:, :1]), 1, atol=1e-8)


def test_solver_is_called_when_steps_run_out(monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((12, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    normal = rng.standard_normal((5, 8))
    signs = np.where(normal @ rows.T >= 0, 1.0, -1.0)
    monkeypatch.setattr("bernoulli_latent.latent.inversion.perceptron", lambda factor, signs: -normal)
    normals, infeasible = invert_signs(rows, signs, "perceptron")
    assert not infeasible.any()
    assert (signs * (normals @ rows.T) > 0).all()
