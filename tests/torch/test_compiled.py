"""A step of a variational autoencoder's latent is one graph, and the compiler's kernels agree with eager ones."""

from __future__ import annotations

import shutil

import pytest

from bernoulli_latent import Bernoulli, BinaryConcrete, Logistic, StepLogistic, kl_divergence

pytestmark = [  # of the compiler about itself
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:DeprecationWarning"),
]


def draw(logits, noise):
    law = StepLogistic(logits=logits)
    return law.icdf_logit(noise) + kl_divergence(law, Logistic(loc=0.0, scale=1.0))


def step(logits, noise):
    law = StepLogistic(logits=logits)
    relaxed = BinaryConcrete(logits=logits, temperature=0.5).icdf_logit(noise)
    divergence = kl_divergence(Bernoulli(logits=logits), Bernoulli(logits=noise))
    return draw(logits, noise) + relaxed + law.logpdf(noise) + divergence


@pytest.fixture
def tensors(torch, device):
    generator = torch.Generator().manual_seed(0)
    return [3 * torch.randn(1001, generator=generator).to(device) for _ in range(2)]


def test_one_graph(torch, tensors):
    torch._dynamo.reset()
    explanation = torch._dynamo.explain(step)(*tensors)
    assert (explanation.graph_count, explanation.graph_break_count) == (1, 0)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_forward_and_backward(torch, tensors):
    torch._dynamo.reset()
    results = []
    for function in (torch.compile(draw, fullgraph=True, dynamic=False), draw):
        logits = tensors[0].clone().requires_grad_()
        values = function(logits, tensors[1])
        results.append([values.detach(), *torch.autograd.grad(values.sum(), logits)])
        assert values.dtype == torch.float32
    for compiled, eager in zip(*results, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-4, atol=1e-4)
