"""Information, correlation and marginal parts of a divergence: by definition, in sum, estimated, and differentiated."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.integrate import quad

from bernoulli_latent import BinaryConcrete, Logistic, Normal, StepLogistic, elbo_decomposition, kl_divergence
from bernoulli_latent.divergences import aggregate, decomposition
from bernoulli_latent.relaxations.bernoulli import Bernoulli

FALSE_ALARM = 4.9
"""Standard errors that a normal variable exceeds with probability 1e-6."""

LOGITS = np.random.default_rng(0).normal(size=(6, 3)) * 2
SHARED = Bernoulli(logits=np.array([0.5, 0.0, -1.0]))
STANDARD = Normal(loc=0.0, scale=1.0)


def by_definition(logits, prior):
    """The three parts of bits, from the table of probabilities of all codes."""
    ones = 1 / (1 + np.exp(-logits))
    codes = np.array(list(product([0, 1], repeat=logits.shape[1])))
    given_row = np.prod(np.where(codes[:, None], ones, 1 - ones), axis=-1)
    joint, marginal = given_row.mean(axis=1), ones.mean(axis=0)
    independent = np.prod(np.where(codes, marginal, 1 - marginal), axis=-1)
    common = 1 / (1 + np.exp(-prior))
    shape = marginal * np.log(marginal / common) + (1 - marginal) * np.log((1 - marginal) / (1 - common))
    information = (given_row * np.log(given_row / joint[:, None])).sum() / len(logits)
    return information, (joint * np.log(joint / independent)).sum(), shape.sum()


def gaussians(seed=0, n_rows=20, n_dimensions=3):
    rng = np.random.default_rng(seed)
    return Normal(loc=2 * rng.normal(size=(n_rows, n_dimensions)), scale=rng.uniform(0.2, 1, (n_rows, n_dimensions)))


def test_bits_by_definition(to_library):
    prior = Bernoulli(logits=to_library(SHARED.logits))
    parts = elbo_decomposition(Bernoulli(logits=to_library(LOGITS)), prior)
    assert np.allclose([float(x) for x in parts[:3]], by_definition(LOGITS, SHARED.logits), rtol=1e-13)
    assert [float(x) for x in parts.standard_errors] == [0, 0, 0]


@given(
    arrays.arrays(
        float, arrays.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5), elements=st.floats(-50, 50)
    )
)
def test_parts_of_bits_add_up_and_are_not_negative(logits):
    posterior, prior = Bernoulli(logits=logits), Bernoulli(logits=0.0)
    parts = elbo_decomposition(posterior, prior)
    rounding = 1e-14 * logits.size
    assert min(parts[:3]) >= -rounding
    assert parts.mutual_information <= math.log(len(logits)) + rounding
    assert abs(sum(parts[:3]) - kl_divergence(posterior, prior).sum(axis=-1).mean()) <= rounding


def test_sampled_bits_agree_with_enumerated_ones(monkeypatch):
    posterior = Bernoulli(logits=LOGITS)
    exact = elbo_decomposition(posterior, SHARED)
    monkeypatch.setattr(aggregate, "_ENUMERATED", 0)
    sampled = elbo_decomposition(posterior, SHARED, n_samples=2000, rng=1)
    assert 0 < sampled.standard_errors[0] < 0.02
    assert sampled.dimension_wise_kl == exact.dimension_wise_kl
    for got, truth, error in zip(sampled[:2], exact[:2], sampled.standard_errors, strict=False):
        assert abs(got - truth) < FALSE_ALARM * error


def test_gradients_of_sampled_bits_are_unbiased(torch, monkeypatch):
    logits = torch.tensor(LOGITS, requires_grad=True)

    def gradient(seed):
        parts = elbo_decomposition(Bernoulli(logits=logits), Bernoulli(logits=0.0), n_samples=20, rng=seed)
        return torch.autograd.grad(parts.total_correlation, logits)[0]

    exact = gradient(0)
    monkeypatch.setattr(aggregate, "_ENUMERATED", 0)
    runs = torch.stack([gradient(seed) for seed in range(200)])
    error = runs.std(dim=0) / len(runs) ** 0.5
    assert (abs(runs.mean(dim=0) - exact) < 5.5 * error).all()  # 18 entries: 1e-6 in all
    assert (abs(exact) > 5.5 * error).any()


def test_parts_of_gaussians_add_up(to_library):
    posterior = gaussians()
    posterior = Normal(loc=to_library(posterior.loc), scale=to_library(posterior.scale))
    parts = elbo_decomposition(posterior, STANDARD, n_samples=200, rng=2)
    total = float(sum(parts[:3]))
    codes = posterior.sample(200, rng=2)
    assert abs(total - float((posterior.logpdf(codes) - STANDARD.logpdf(codes)).sum(-1).mean())) < 1e-12
    error = math.sqrt(sum(float(x) ** 2 for x in parts.standard_errors))
    assert abs(total - float(kl_divergence(posterior, STANDARD).sum(-1).mean())) < FALSE_ALARM * error


def test_one_dimension_by_quadrature():
    posterior = gaussians(n_rows=4, n_dimensions=1)

    def density(x):
        return posterior.pdf(x).mean()

    def mean_log(other):
        return quad(
            lambda x: density(x) * math.log(density(x) / other(x)), -15, 15, points=sorted(posterior.loc[:, 0])
        )[0]

    shape = mean_log(lambda x: float(STANDARD.pdf(x)))
    entropy = -mean_log(lambda x: 1.0)
    parts = elbo_decomposition(posterior, STANDARD, n_samples=5000, rng=3)
    assert abs(parts.total_correlation) < 1e-13
    assert abs(parts.dimension_wise_kl - shape) < FALSE_ALARM * parts.standard_errors[2]
    assert (
        abs(parts.mutual_information - (entropy - posterior.entropy().mean())) < FALSE_ALARM * parts.standard_errors[0]
    )


def test_dimensions_that_say_the_same():
    posterior = Normal(loc=np.array([[-50.0, -50.0], [50.0, 50.0]]), scale=1e-3)
    parts = elbo_decomposition(posterior, STANDARD, rng=4)
    assert np.allclose(parts[:2], math.log(2), rtol=1e-12)


@pytest.mark.parametrize("kind", [Logistic, BinaryConcrete])
def test_other_continuous_codes(kind):
    posterior = kind(**dict(zip(kind.domains, (np.array([[1.0, -1.0], [-2.0, 0.5]]), 0.7), strict=True)))
    prior = kind(**dict(zip(kind.domains, (0.0, 0.7), strict=True)))
    parts = elbo_decomposition(posterior, prior, n_samples=2000, rng=5)
    error = math.sqrt(sum(x**2 for x in parts.standard_errors))
    assert abs(sum(parts[:3]) - kl_divergence(posterior, prior).sum(axis=-1).mean()) < FALSE_ALARM * error


def test_stratified_weights_estimate_the_mixture_without_bias():
    densities = np.array([0.3, 1.7, 0.01, 0.4, 2.2])
    weights = np.exp(decomposition._log_weights("mss", 3, len(densities)))
    assert np.allclose(weights.sum(axis=1), 1, rtol=1e-14)
    for row in range(3):
        estimates = [weights[row] @ densities[list(batch)] for batch in permutations(range(len(densities)), 3)]
        assert abs(np.mean(estimates) - densities.mean()) < 1e-14


def test_weighted_sampling_is_equation_3():
    posterior = gaussians()
    exact = elbo_decomposition(posterior, STANDARD, rng=6)
    weighted = elbo_decomposition(posterior, STANDARD, estimator="mws", dataset_size=1000, rng=6)
    assert abs(weighted.mutual_information - exact.mutual_information - math.log(1000)) < 1e-12
    assert abs(weighted.total_correlation - exact.total_correlation - 2 * math.log(1000)) < 1e-12


def test_stratified_sampling_comes_close_to_the_data_set():
    whole, rng = gaussians(n_rows=200), np.random.default_rng(7)
    exact = elbo_decomposition(whole, STANDARD, n_samples=20, rng=0)
    runs = []
    for seed in range(10):
        rows = rng.permutation(200)[:100]
        batch = Normal(loc=whole.loc[rows], scale=whole.scale[rows])
        runs.append(elbo_decomposition(batch, STANDARD, estimator="mss", dataset_size=200, n_samples=10, rng=seed)[:3])
    assert np.allclose(np.mean(runs, axis=0), exact[:3], atol=0.2)


def test_blocks_change_nothing(monkeypatch):
    posterior, bits = gaussians(), Bernoulli(logits=LOGITS)
    expected = [elbo_decomposition(posterior, STANDARD, estimator="mss", dataset_size=50, n_samples=2, rng=8)]
    expected += [elbo_decomposition(bits, SHARED)]
    monkeypatch.setattr(aggregate, "_PAIRS", 60)
    got = [elbo_decomposition(posterior, STANDARD, estimator="mss", dataset_size=50, n_samples=2, rng=8)]
    got += [elbo_decomposition(bits, SHARED)]
    assert np.allclose([x[:3] for x in got], [x[:3] for x in expected], rtol=1e-12)


@pytest.mark.parametrize("estimator", ["exact", "mws", "mss"])
def test_gradients(estimator, torch):
    leaves = [torch.tensor(x[:4, :2], requires_grad=True) for x in (gaussians().loc, gaussians().scale)]

    def parts(loc, scale):
        size = None if estimator == "exact" else 9
        return elbo_decomposition(
            Normal(loc=loc, scale=scale), STANDARD, estimator=estimator, dataset_size=size, rng=0
        )[:3]

    assert torch.autograd.gradcheck(parts, leaves)
    assert torch.autograd.gradcheck(
        lambda x: elbo_decomposition(Bernoulli(logits=x), Bernoulli(logits=0.0))[:3], leaves[:1]
    )


def test_extreme_logits_in_single_precision(torch):
    logits = torch.tensor([[1e4, -1e4, 90.0], [-1e4, -1e4, 0.0]], requires_grad=True)
    parts = elbo_decomposition(Bernoulli(logits=logits), Bernoulli(logits=0.0))
    assert parts.mutual_information.dtype == torch.float32
    assert abs(float(parts.mutual_information.detach()) - math.log(2)) < 1e-6
    (gradient,) = torch.autograd.grad(sum(parts[:3]), logits)
    assert torch.isfinite(gradient).all()


def test_what_does_not_fit_is_refused():
    posterior = gaussians()
    with pytest.raises(ValueError, match="`posterior` must have the shape"):
        elbo_decomposition(STANDARD, STANDARD)
    with pytest.raises(ValueError, match="`prior` must be common to all rows"):
        elbo_decomposition(posterior, posterior)
    with pytest.raises(ValueError, match="`estimator` must be one of"):
        elbo_decomposition(posterior, STANDARD, estimator="nearest")
    with pytest.raises(TypeError, match="`dataset_size` must be an integer; got None"):
        elbo_decomposition(posterior, STANDARD, estimator="mss")
    with pytest.raises(ValueError, match="`dataset_size` must be at least 20; got 19"):
        elbo_decomposition(posterior, STANDARD, estimator="mws", dataset_size=19)
    with pytest.raises(TypeError, match="`posterior` must have a density without jumps"):
        elbo_decomposition(StepLogistic(logits=LOGITS), Logistic(loc=0.0, scale=1.0))
    with pytest.raises(ValueError, match="`estimator` must be 'exact' for Bernoulli codes"):
        elbo_decomposition(Bernoulli(logits=LOGITS), SHARED, estimator="mss", dataset_size=9)
