"""``torch.distributions.kl_divergence`` finds the divergences of `bernoulli_latent.kl_divergence`."""

from __future__ import annotations

import pytest

import bernoulli_latent
from bernoulli_latent.torch import Bernoulli, Logistic, LogitNormal, Normal, SpikeExponential, Step, StepLogistic

PAIRS = [
    (Bernoulli, {"logits": 0.7}, Bernoulli, {"logits": -0.25}),
    (Logistic, {"loc": 0.3, "scale": 1.5}, Logistic, {"loc": -0.25, "scale": 1.5}),
    (Logistic, {"loc": 0.3, "scale": 0.5}, Logistic, {"loc": -0.25, "scale": 1.5}),
    (LogitNormal, {"loc": 0.3, "scale": 0.5}, LogitNormal, {"loc": -0.25, "scale": 1.5}),
    (Normal, {"loc": 0.3, "scale": 0.5}, Normal, {"loc": -0.25, "scale": 1.5}),
    (StepLogistic, {"logits": 0.7}, StepLogistic, {"logits": -0.25}),
    (StepLogistic, {"logits": 0.7}, Logistic, {"loc": 0.0, "scale": 1.0}),
]
each_pair = pytest.mark.parametrize(
    ("p", "p_values", "q", "q_values"), PAIRS, ids=[f"{p.__name__}-{q.__name__}" for p, _, q, _ in PAIRS]
)


@each_pair
def test_divergence_is_that_of_the_laws(torch, p, p_values, q, q_values):
    wide = {name: torch.tensor([[x], [x + 0.1]], dtype=torch.float64) for name, x in p_values.items()}
    got = torch.distributions.kl_divergence(p(**wide), q(**q_values))
    expected = bernoulli_latent.kl_divergence(p.law(**{k: x.numpy() for k, x in wide.items()}), q.law(**q_values))
    torch.testing.assert_close(got, torch.from_numpy(expected), rtol=1e-12, atol=0)


@each_pair
def test_divergence_of_independent_parts_is_the_sum(torch, p, p_values, q, q_values):
    parts = [
        p(**{name: torch.tensor([x, x + 0.1]) for name, x in p_values.items()}),
        q(**{name: torch.tensor(x) for name, x in q_values.items()}).expand((2,)),
    ]
    joint = [torch.distributions.Independent(part, 1) for part in parts]
    torch.testing.assert_close(
        torch.distributions.kl_divergence(*joint), torch.distributions.kl_divergence(*parts).sum()
    )


@each_pair
def test_gradients(torch, p, p_values, q, q_values):
    leaves = [torch.tensor([x, x + 0.1], dtype=torch.float64, requires_grad=True) for x in p_values.values()]

    def divergence(*parameters):
        return torch.distributions.kl_divergence(p(**dict(zip(p_values, parameters, strict=True))), q(**q_values))

    assert torch.autograd.gradcheck(divergence, leaves)


@each_pair
def test_compile(torch, compiled, p, p_values, q, q_values):
    def divergence(*parameters):
        return torch.distributions.kl_divergence(p(**dict(zip(p_values, parameters, strict=True))), q(**q_values))

    leaves = [torch.tensor([x, x + 0.1], requires_grad=True) for x in p_values.values()]
    results = [torch.autograd.grad(function(*leaves).sum(), leaves) for function in (divergence, compiled(divergence))]
    torch.testing.assert_close(*results)


def test_pair_without_a_rule(torch):
    with pytest.raises(NotImplementedError, match=r"KL\(Bernoulli \|\| Normal\)"):
        torch.distributions.kl_divergence(Bernoulli(logits=0.0), Normal(0.0, 1.0))


def test_numbers_and_shared_tensors_are_seen_by_transforms(torch):
    logits, sharpness = torch.tensor([[-2.0, 0.5], [30.0, 3.0]]), torch.full((2,), 3.0)
    kl = torch.distributions.kl_divergence
    for divergence in (
        lambda a: kl(StepLogistic(a), Logistic(0.0, 1.0)),
        lambda a: kl(StepLogistic(a), Logistic(0.0, 1.0).expand((2,))),
        lambda a: kl(Step(a, Normal(1.0, 2.0)), Normal(1.0, 2.0)),
        lambda a: kl(SpikeExponential(a, sharpness), SpikeExponential(0.0, sharpness)),
    ):
        torch.testing.assert_close(torch.vmap(divergence)(logits), divergence(logits))


def test_shape_is_that_of_both(torch):
    wide = torch.distributions.kl_divergence(StepLogistic(torch.zeros(3)), Logistic(0.0, 1.0).expand((2, 3)))
    numbers = torch.distributions.kl_divergence(Logistic(1.0, 1.0), Logistic(0.0, 1.0).expand((4,)))
    assert (wide.shape, numbers.shape) == ((2, 3), (4,))


def test_compiler_takes_a_parameter_of_both(torch, compiled):
    def divergence(a, scale):
        return torch.distributions.kl_divergence(Normal(a, scale), Normal(0.0, scale)).sum()

    leaves = [torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor([0.5, 3.0], requires_grad=True)]
    results = [torch.autograd.grad(function(*leaves), leaves) for function in (divergence, compiled(divergence))]
    torch.testing.assert_close(*results)
