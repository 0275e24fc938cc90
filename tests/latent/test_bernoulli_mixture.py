"""Mixtures of independent bits: a plain dense EM beside them, laws of the steps, planted mixtures, refusals."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from bernoulli_latent import BitArray, RepairWarning
from bernoulli_latent.latent import bernoulli_mixture
from bernoulli_latent.latent.bernoulli_mixture import BernoulliMixture
from bernoulli_latent.latent.expectation_maximisation import (
    _seeded,
    _spread_rows,
    expectation_maximisation,
    fit_bernoulli_mixture,
)


def planted(n_per_component=200, n_bits=40, n_components=3, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.choice([0.1, 0.9], (n_components, n_bits))
    labels = np.repeat(np.arange(n_components), n_per_component)
    return rng.random((len(labels), n_bits)) < probabilities[labels], labels, probabilities


def dense_step(y, weights, p, prior=0.5):
    """EM as it stands in Bishop, equations 9.56 to 9.60, with half a row more in every component and value."""
    joint = np.log(weights) + np.where(y[:, None, :], np.log(p), np.log(1 - p)).sum(axis=2)
    log_likelihood = logsumexp(joint, axis=1).sum()
    r = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    sizes = r.sum(axis=0)
    means = (np.einsum("nk,ni->ki", r, y) + prior) / (sizes + 2 * prior)[:, None]
    return (sizes + prior) / (len(y) + prior * len(sizes)), means, log_likelihood


def random_mixture(n_components, n_bits, seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(n_components))
    return BernoulliMixture(weights, rng.uniform(0.02, 0.98, (n_components, n_bits)))


@given(
    n=st.integers(1, 40),
    n_bits=st.integers(1, 70),
    n_components=st.integers(1, 5),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_steps_are_those_of_dense_em_and_never_lower_the_posterior(n, n_bits, n_components, density, seed):
    y = np.random.default_rng(seed).random((n, n_bits)) < density
    mixture, bits, before = random_mixture(n_components, n_bits, seed), BitArray.from_array(y), -np.inf
    for _ in range(6):
        weights, p, expected = dense_step(y, mixture.weights, mixture.probabilities)
        successor, log_likelihood = expectation_maximisation(mixture, bits)
        assert log_likelihood == pytest.approx(expected, rel=1e-11, abs=1e-11)
        np.testing.assert_allclose(successor.weights, weights, rtol=1e-10)
        np.testing.assert_allclose(successor.probabilities, p, rtol=1e-10)
        posterior = log_likelihood + mixture.log_prior()
        assert posterior >= before - 1e-11 * abs(before)
        mixture, before = successor, posterior


def test_blocks_do_not_change_a_step(monkeypatch, to_library):
    y, _, _ = planted(n_per_component=50)
    bits = BitArray.from_array(to_library(y))
    start = _seeded(bits, 3, np.random.default_rng(0))
    whole, log_likelihood = expectation_maximisation(start, bits)
    monkeypatch.setattr(bernoulli_mixture, "HOST_ENTRIES", 7 * 40)
    parts, same = expectation_maximisation(start, bits)
    assert same == pytest.approx(log_likelihood, rel=1e-12)
    np.testing.assert_allclose(np.asarray(parts.probabilities), np.asarray(whole.probabilities), rtol=1e-11)
    np.testing.assert_allclose(np.asarray(start.log_prob(bits)).sum(), log_likelihood, rtol=1e-12)


def test_planted_mixture_is_recovered():
    """Bits that differ in 20 places at 0.1 against 0.9: every row is told apart, and 200 rows give p to 0.1."""
    y, labels, probabilities = planted()
    fit = fit_bernoulli_mixture(y, 3, rng=0)
    assert fit.converged
    found = fit.mixture.assign(y)
    match = [int(np.bincount(found[labels == k]).argmax()) for k in range(3)]
    assert sorted(match) == [0, 1, 2]
    np.testing.assert_array_equal(found, np.array(match)[labels])
    np.testing.assert_allclose(fit.mixture.weights, 1 / 3, atol=1e-3)
    np.testing.assert_allclose(fit.mixture.probabilities[match], probabilities, atol=0.12)


@pytest.mark.parametrize("n_components", [1, 2, 3, 4])
def test_bic_picks_the_planted_number(n_components):
    y, _, _ = planted(n_components=n_components, seed=n_components)
    fit = fit_bernoulli_mixture(y, range(1, 7), rng=0)
    assert fit.mixture.n_components == n_components
    assert list(fit.bic) == [1, 2, 3, 4, 5, 6]
    assert min(fit.bic, key=fit.bic.get) == n_components


def test_bic_counts_the_bits_that_vary():
    y, _, _ = planted()
    constant = np.c_[y, np.ones((len(y), 5), bool)]
    fit = fit_bernoulli_mixture(constant, 2, rng=0)
    assert fit.bic[2] == pytest.approx(-2 * fit.log_likelihood + (2 * 40 + 1) * np.log(600), rel=1e-12)


def test_one_component_is_the_smoothed_mean():
    y, _, _ = planted()
    mixture = fit_bernoulli_mixture(y, 1, rng=0).mixture
    np.testing.assert_allclose(mixture.probabilities[0], (y.sum(axis=0) + 0.5) / 601, rtol=1e-12)
    assert mixture.weights.tolist() == [1.0]


def test_all_codings_and_packed_bits_give_one_fit():
    y, _, _ = planted()
    fits = [fit_bernoulli_mixture(x, 3, rng=5) for x in (y, 2.0 * y - 1, y.astype(np.uint8), BitArray.from_array(y))]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.mixture.probabilities, fits[0].mixture.probabilities)
        assert fit.bic == fits[0].bic


def test_seeds_repeat_and_differ():
    y = np.random.default_rng(0).random((80, 12)) < 0.5
    first, again, other = (fit_bernoulli_mixture(y, 4, rng=seed, n_init=1).mixture for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.probabilities, again.probabilities)
    assert (first.probabilities != other.probabilities).any()


def test_more_starts_are_no_worse():
    y = np.random.default_rng(0).random((200, 15)) < 0.5
    posteriors = [fit_bernoulli_mixture(y, 5, rng=3, n_init=n).log_posterior for n in (1, 2, 8)]
    assert posteriors == sorted(posteriors)
    assert posteriors[0] < posteriors[-1]


def test_tensors_give_the_fit_of_arrays(torch, device):
    y, _, _ = planted()
    tensor = torch.as_tensor(y, device=device)
    fit, twin = fit_bernoulli_mixture(y, range(1, 5), rng=0), fit_bernoulli_mixture(tensor, range(1, 5), rng=0)
    assert twin.mixture.weights.device == tensor.device
    assert twin.mixture.probabilities.dtype == torch.float64
    np.testing.assert_allclose(twin.mixture.probabilities.cpu(), fit.mixture.probabilities, rtol=1e-8)
    assert twin.bic == pytest.approx(fit.bic, rel=1e-12)
    responsibilities = twin.mixture.responsibilities(tensor)
    assert responsibilities.device == tensor.device
    np.testing.assert_allclose(responsibilities.cpu(), fit.mixture.responsibilities(y), atol=1e-9)
    with pytest.raises(TypeError, match=r"`y` must be a torch tensor on .* like `the mixture`; got a NumPy array"):
        twin.mixture.responsibilities(y)


def test_seeds_are_spread_by_hamming_distance():
    """Of three groups of equal rows each gets a seed, since seeds have no distance from their own group."""
    labels = np.repeat([0, 1, 2], [90, 9, 1])
    y = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]])[labels]
    for seed in range(20):
        rows = _spread_rows(BitArray.from_array(y), 3, np.random.default_rng(seed))
        assert sorted(labels[rows]) == [0, 1, 2]


def test_equal_rows_and_constant_bits_stay_finite():
    y = np.zeros((30, 6), bool)
    y[:, 2] = True
    fit = fit_bernoulli_mixture(y, 3, rng=0)
    assert np.isfinite(fit.log_likelihood)
    assert ((fit.mixture.probabilities > 0) & (fit.mixture.probabilities < 1)).all()
    np.testing.assert_allclose(fit.mixture.responsibilities(y).sum(axis=1), 1)


def test_unseen_rows_far_from_everything_stay_finite():
    mixture = fit_bernoulli_mixture(np.zeros((1000, 3000), bool), 2, rng=0).mixture
    far = np.ones((3, 3000), bool)
    assert np.isfinite(mixture.log_prob(far)).all()
    np.testing.assert_allclose(mixture.responsibilities(far).sum(axis=1), 1)


def test_probabilities_of_all_codes_have_sum_one():
    codes = (np.arange(64)[:, None] >> np.arange(6)) & 1
    assert np.exp(random_mixture(3, 6, 0).log_prob(codes)).sum() == pytest.approx(1, rel=1e-12)


def test_no_rows():
    mixture = random_mixture(3, 6, 0)
    assert mixture.responsibilities(np.empty((0, 6))).shape == (0, 3)
    assert mixture.assign(np.empty((0, 6))).shape == (0,)


def test_stopping_early_is_told():
    y = np.random.default_rng(0).random((100, 10)) < 0.5
    with pytest.warns(RepairWarning, match=r"EM did not converge in 2 steps with n_components = 3, 4; raise") as caught:
        fit = fit_bernoulli_mixture(y, (3, 4), rng=0, max_iter=2)
    assert caught[0].filename == __file__
    assert not fit.converged
    assert fit.steps == 2
    with warnings.catch_warnings(action="error"):
        assert fit_bernoulli_mixture(y, 3, rng=0).converged


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_components": 6}, ValueError, "`n_components` must be at most the number of rows, 5; got 6"),
        ({"n_components": range(1, 11)}, ValueError, "`n_components` must be at most the number of rows, 5; got 10"),
        ({"n_components": 0}, ValueError, "`n_components` must be at least 1; got 0"),
        ({"n_components": 2.5}, TypeError, "`n_components` must be an integer; got 2.5"),
        ({"n_components": ()}, ValueError, "`n_components` must be an integer or several; got none"),
        ({"n_components": 2, "n_init": 0}, ValueError, "`n_init` must be at least 1; got 0"),
        ({"n_components": 2, "max_iter": 0}, ValueError, "`max_iter` must be at least 1; got 0"),
        ({"n_components": 2, "tolerance": 0}, ValueError, "`tolerance` must be positive and finite; got 0.0"),
        ({"n_components": 2, "rng": -1}, ValueError, "`rng` must be a non-negative seed; got -1"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        fit_bernoulli_mixture(np.eye(5), **arguments)


def test_bad_rows():
    with pytest.raises(ValueError, match=r"`y` .*0\.5.*\(1, 1\)"):
        fit_bernoulli_mixture([[0, 1], [1, 0.5]], 1)
    with pytest.raises(ValueError, match="`y` must have 6 bits like the mixture; got 5"):
        random_mixture(3, 6, 0).log_prob(np.eye(5))
