"""The autoencoder of digits: stable forms survive in float32, printed ones do not, the toy optimum is met."""

from __future__ import annotations

import math

import pytest
from sklearn.datasets import load_digits

from examples.digits_vae.model import FORMS, train
from examples.digits_vae.toy import optimal_logit


@pytest.fixture(scope="module")
def images(torch):
    return torch.as_tensor(load_digits().data / 16, dtype=torch.float32)


@pytest.mark.parametrize(("n_latents", "n_steps"), [(8, 300), (56, 300), (512, 100), (4096, 20)])
def test_stable_forms_train(images, n_latents, n_steps):
    losses, largest = train(images, n_latents, FORMS["stable"], n_steps, seed=0)
    assert len(losses) == n_steps
    assert math.isfinite(largest)
    assert losses[-1] < losses[0] - 5


def test_forms_as_printed_end_in_nan(images):
    losses, _ = train(images, 512, FORMS["naive_closed"], 1000, seed=0)
    assert len(losses) < 1000


def test_saturated_logits_are_not_the_end(torch):
    """At logits where alpha rounds to 0 or 2 the printed divergence is NaN; ours and its gradient are not."""
    logits = torch.tensor([-200.0, -90.0, 20.0, 200.0], requires_grad=True)
    rng = torch.Generator().manual_seed(0)
    assert not torch.isfinite(FORMS["naive_closed"](logits, rng)[1]).all()
    latents, divergence = FORMS["stable"](logits, rng)
    (slope,) = torch.autograd.grad((latents + divergence).sum(), logits)
    assert torch.isfinite(latents).all()
    assert torch.isfinite(divergence).all()
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize(("steepness", "optimum"), [(1.0, 1.0), (2.0, 1.386294), (10.0, 1.862253), (100.0, 1.986138)])
def test_the_toy_posterior_meets_its_optimum(torch, steepness, optimum):
    """Within 4.9 standard errors: a false-alarm rate of 1e-6 for each."""
    logit, error = optimal_logit(steepness, 300, 4000, seed=1)
    assert error < 0.1
    assert abs(logit - optimum) <= 4.9 * error
