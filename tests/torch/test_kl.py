"""``torch.distributions.kl_divergence`` finds the divergences of `bernoulli_latent.kl_divergence`."""

from __future__ import annotations

import pytest

import bernoulli_latent
from bernoulli_latent.torch import Bernoulli, Logistic, LogitNormal, Normal, StepLogistic

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
    if p is not q:
        pytest.skip("that the second law is the standard logistic one cannot be seen while torch compiles")

    def divergence(*parameters):
        return torch.distributions.kl_divergence(p(**dict(zip(p_values, parameters, strict=True))), q(**q_values))

    leaves = [torch.tensor([x, x + 0.1], requires_grad=True) for x in p_values.values()]
    results = [torch.autograd.grad(function(*leaves).sum(), leaves) for function in (divergence, compiled(divergence))]
    torch.testing.assert_close(*results)


def test_pair_without_a_rule(torch):
    with pytest.raises(NotImplementedError, match=r"KL\(Bernoulli \|\| Normal\)"):
        torch.distributions.kl_divergence(Bernoulli(logits=0.0), Normal(0.0, 1.0))
