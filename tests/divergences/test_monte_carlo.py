"""Estimates of divergences: against closed forms, with honest errors and gradients, and refused where biased."""

from __future__ import annotations

import numpy as np
import pytest

from bernoulli_latent import (
    BinaryConcrete,
    Concrete,
    HardConcrete,
    Logistic,
    LogitNormal,
    Normal,
    StepLogistic,
    kl_divergence,
    monte_carlo_kl_divergence,
)
from bernoulli_latent.relaxations.bernoulli import Bernoulli

FALSE_ALARM = 4.9
"""Standard errors that a normal variable exceeds with probability 1e-6."""

PAIRS = {
    "logistic": (Logistic(loc=1.0, scale=0.5), Logistic(loc=0.0, scale=1.0)),
    "normal": (Normal(loc=1.0, scale=0.5), Normal(loc=0.0, scale=1.0)),
    "logit normal": (LogitNormal(loc=4.0, scale=3.0), LogitNormal(loc=0.0, scale=2.0)),
    "binary concrete": (BinaryConcrete(logits=6.0, temperature=0.1), BinaryConcrete(logits=0.0, temperature=0.1)),
    "temperatures": (BinaryConcrete(logits=3.0, temperature=0.05), BinaryConcrete(logits=-1.0, temperature=0.2)),
}


def single(law):
    """`law` in single precision."""
    return type(law)(**{name: np.float32(x) * np.ones(1, np.float32) for name, x in law.parameters.items()})


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("precision", [lambda law: law, single], ids=["float64", "float32"])
def test_agrees_with_the_closed_form(pair, precision):
    p, q = map(precision, PAIRS[pair])
    estimate = monte_carlo_kl_divergence(p, q, 20_000, rng=1)
    assert estimate.value.dtype == kl_divergence(p, q).dtype
    assert 0 < estimate.standard_error < 0.1 * estimate.value
    assert abs(estimate.value - kl_divergence(p, q)) < FALSE_ALARM * estimate.standard_error


def test_two_categories_are_a_binary_concrete_variable():
    logits = np.array([[1.0, -2.0], [0.5, 0.0]])
    p, q = Concrete(logits=logits, temperature=0.3), Concrete(logits=np.zeros(2), temperature=0.5)
    estimate = monte_carlo_kl_divergence(p, q, 20_000, rng=2)
    binary = BinaryConcrete(logits=logits[:, 0] - logits[:, 1], temperature=0.3)
    exact = kl_divergence(binary, BinaryConcrete(logits=0.0, temperature=0.5))
    assert (abs(estimate.value - exact) < FALSE_ALARM * estimate.standard_error).all()


def test_standard_errors_are_those_of_repetitions():
    p, q = PAIRS["logistic"]
    runs = [monte_carlo_kl_divergence(p, q, 100, rng=seed) for seed in range(400)]
    stated = np.sqrt(np.mean([run.standard_error**2 for run in runs]))
    assert 0.8 < np.std([run.value for run in runs]) / stated < 1.25


@pytest.mark.parametrize("kind", [Logistic, Normal, BinaryConcrete])
def test_gradients_are_unbiased(kind, torch):
    leaves = [torch.full((500,), x, dtype=torch.float64, requires_grad=True) for x in (1.0, 0.5)]
    names = list(kind.domains)
    p, q = kind(**dict(zip(names, leaves, strict=True))), kind(**dict(zip(names, (0.0, 1.0), strict=True)))
    sampled = torch.autograd.grad(monte_carlo_kl_divergence(p, q, 40, rng=3).value.sum(), leaves)
    exact = torch.autograd.grad(kl_divergence(p, q).sum(), leaves)
    for gradients, truth in zip(sampled, exact, strict=True):
        error = gradients.std() / len(gradients) ** 0.5
        assert abs(gradients.mean() - truth[0]) < FALSE_ALARM * error
        assert abs(truth[0]) > FALSE_ALARM * error


def test_standard_errors_have_no_gradient(torch):
    loc = torch.tensor(1.0, requires_grad=True)
    estimate = monte_carlo_kl_divergence(Logistic(loc=loc, scale=1.0), Logistic(loc=0.0, scale=1.0), 10, rng=0)
    assert estimate.value.requires_grad
    assert not estimate.standard_error.requires_grad


def test_shapes_broadcast():
    p, q = Logistic(loc=np.zeros((4, 1)), scale=1.0), Logistic(loc=np.ones((2, 1, 3)), scale=1.0)
    estimate = monte_carlo_kl_divergence(p, q, 5, rng=0)
    assert estimate.value.shape == estimate.standard_error.shape == (2, 4, 3)
    alone = monte_carlo_kl_divergence(p, Logistic(loc=1.0, scale=1.0), 5, rng=0)
    assert (estimate.value == alone.value).all()


@pytest.mark.parametrize(
    "law",
    [StepLogistic(logits=1.0), HardConcrete(logits=1.0, temperature=0.5, low=-0.1, high=1.1)],
    ids=["step", "hard"],
)
def test_densities_that_jump_are_refused(law):
    smooth = Logistic(loc=0.0, scale=1.0)
    for name, pair in (("p", (law, smooth)), ("q", (smooth, law))):
        with pytest.raises(TypeError, match=f"`{name}` must have a density without jumps.*; got {type(law).__name__}"):
            monte_carlo_kl_divergence(*pair, 10)


def test_bits_and_single_samples_are_refused():
    bit, smooth = Bernoulli(logits=0.0), Logistic(loc=0.0, scale=1.0)
    with pytest.raises(TypeError, match="`p` must be continuous"):
        monte_carlo_kl_divergence(bit, bit, 10)
    with pytest.raises(ValueError, match="`n_samples` must be at least 2; got 1"):
        monte_carlo_kl_divergence(smooth, smooth, 1)
