"""Every class keeps the contract of ``torch.distributions``, alone and inside torch's own compositions."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

import bernoulli_latent.torch as laws

COMPILED = ["HardConcrete", "LogitNormal", "Step", "StepLogistic"]
"""The contract of the laws compiles the formulas of every class; what the classes add to them is alike in all."""


def parameters_of(distribution):
    return {name: getattr(distribution, name) for name in distribution.law.domains}


def points(distribution):
    """Values of positive density, shape (5, 3)."""
    return distribution.icdf(distribution.mean.new_tensor([[0.1], [0.3], [0.45], [0.7], [0.9]]))


def close(torch, got, expected):
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


def test_every_class_is_tested(parameters):
    classes = {name for name in laws.__all__ if isinstance(getattr(laws, name), type)}
    classes = {name for name in classes if issubclass(getattr(laws, name), laws.LawDistribution)}
    assert classes - {"LawDistribution", "Bernoulli", "Concrete", "NormalGamma"} == set(parameters)


def test_numbers_are_those_of_the_law(make):
    distribution = make()
    law = distribution.law(**{name: x.numpy() for name, x in parameters_of(distribution).items()})
    x = points(distribution)
    for got, expected in [
        (distribution.log_prob(x), law.logpdf(x.numpy())),
        (distribution.cdf(x), law.cdf(x.numpy())),
        (distribution.mean, law.mean()),
        (distribution.variance, law.variance()),
        (distribution.entropy(), law.entropy()),
    ]:
        np.testing.assert_allclose(got.numpy(), np.broadcast_to(expected, got.shape), rtol=1e-12)


def test_parameters_broadcast_into_the_batch_shape(torch, make):
    rows = {name: x[:, None] for name, x in parameters_of(make()).items()}
    first, *others = rows
    distribution = type(make())(**rows | {first: rows[first].mT})
    shape = (3, 3) if others else (1, 3)
    assert distribution.batch_shape == shape == distribution.mean.shape
    assert distribution.event_shape == ()
    assert distribution.rsample((2,)).shape == (2, *shape)
    assert all(x.shape == shape for x in parameters_of(distribution).values())


def test_numbers_and_tensors_without_dimensions_adapt(torch, make):
    numbers = {name: float(x[0]) for name, x in parameters_of(make()).items()}
    assert type(make())(**numbers).mean.dtype == torch.get_default_dtype()
    first, *others = numbers
    half = torch.full((2,), numbers[first], dtype=torch.bfloat16)
    wide = {name: torch.tensor(numbers[name], dtype=torch.float64) for name in others}
    assert type(make())(**{first: half}, **wide).rsample().dtype == torch.bfloat16


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_dtype_is_kept(torch, make, name):
    dtype = getattr(torch, name)
    distribution = make(dtype)
    x = points(distribution)
    results = [
        distribution.rsample((4,)),
        distribution.log_prob(x),
        distribution.cdf(x),
        distribution.mean,
        distribution.variance,
    ]
    assert {y.dtype for y in [*results, distribution.entropy()]} == {dtype}
    assert all(torch.isfinite(y).all() for y in results)


def test_validation(torch, make):
    name, bad = next(iter(make().law.domains)), torch.full((3,), math.nan)
    with pytest.raises(ValueError, match=f"Expected parameter {name}"):
        make(**{name: bad}, validate_args=True)
    assert make(**{name: bad}, validate_args=False).batch_shape == (3,)
    with pytest.raises(ValueError, match="within the support"):
        make(validate_args=True).log_prob(bad)
    assert torch.isnan(make(validate_args=False).log_prob(bad)).all()


def test_expand(torch, make):
    distribution = make(validate_args=True)
    wide = distribution.expand((4, 3))
    assert (wide.batch_shape, wide.mean.shape, wide.rsample((2,)).shape) == ((4, 3), (4, 3), (2, 4, 3))
    assert wide._validate_args
    x = points(distribution)[:4]
    close(torch, wide.log_prob(x), distribution.log_prob(x))


def test_independent(torch, make):
    distribution, x = make(), points(make())
    joint = torch.distributions.Independent(distribution, 1)
    assert joint.rsample((2,)).shape == (2, 3)
    close(torch, joint.log_prob(x), distribution.log_prob(x).sum(-1))
    close(torch, joint.entropy(), distribution.entropy().sum())


def test_mixture(torch, make):
    weights = torch.distributions.Categorical(logits=torch.tensor([0.1, 0.2, -1.0], dtype=torch.float64))
    distribution = make()
    mixture = torch.distributions.MixtureSameFamily(weights, distribution)
    x = points(distribution)[:, 0]
    close(torch, mixture.log_prob(x), (weights.logits + distribution.log_prob(x[:, None])).logsumexp(-1))
    close(torch, mixture.cdf(x), (weights.probs * distribution.cdf(x[:, None])).sum(-1))
    close(torch, mixture.mean, (weights.probs * distribution.mean).sum())
    assert mixture.sample((7,)).shape == (7,)


def test_transformed(torch, make):
    distribution, x = make(), points(make())
    doubled = torch.distributions.TransformedDistribution(distribution, torch.distributions.AffineTransform(1.0, 2.0))
    close(torch, doubled.log_prob(2 * x + 1), distribution.log_prob((2 * x + 1 - 1) / 2) - math.log(2))
    close(torch, doubled.cdf(2 * x + 1), distribution.cdf((2 * x + 1 - 1) / 2))
    close(torch, doubled.icdf(torch.tensor(0.3)), 2 * distribution.icdf(torch.tensor(0.3)) + 1)
    assert doubled.rsample((2,)).shape == (2, 3)


def bound(torch, kind):
    """A function of the parameters with a draw and its density, as in a training step."""

    def bound(*parameters):
        distribution = kind(*parameters)
        return (distribution.log_prob(distribution.rsample()) + distribution.rsample()).sum()

    return bound


@pytest.mark.parametrize("make", COMPILED, indirect=True)
def test_compile(torch, compiled, make):
    distribution = make()
    results = []
    eager = bound(torch, type(distribution))
    for function in (eager, compiled(eager)):
        leaves = [x.clone().requires_grad_() for x in parameters_of(distribution).values()]
        torch.manual_seed(0)
        value = function(*leaves)
        results.append([value.detach(), *torch.autograd.grad(value, leaves)])
    for got, expected in zip(*results, strict=True):
        close(torch, got, expected)


def test_vmap(torch, make):
    distribution = make()
    x, parameters = points(distribution), tuple(parameters_of(distribution).values())
    each = torch.vmap(lambda y, *p: type(distribution)(*p).log_prob(y), in_dims=(1, *[0] * len(parameters)))
    close(torch, each(x, *parameters), distribution.log_prob(x).mT)
    draws = torch.vmap(lambda *p: type(distribution)(*p).rsample(), randomness="different")(*parameters)
    assert draws.shape == (3,)


def test_functional_gradients(torch, make):
    distribution = make()
    parameters = tuple(parameters_of(distribution).values())
    function = bound(torch, type(distribution))
    leaves = [x.clone().requires_grad_() for x in parameters]
    torch.manual_seed(0)
    expected = torch.autograd.grad(function(*leaves), leaves)
    torch.manual_seed(0)
    for got, gradient in zip(
        torch.func.grad(function, tuple(range(len(parameters))))(*parameters), expected, strict=True
    ):
        close(torch, got, gradient)


def test_gradients(torch, make):
    distribution = make()
    leaves = [x.clone().requires_grad_() for x in parameters_of(distribution).values()]
    x = points(distribution)

    def draw(*parameters):
        torch.manual_seed(0)
        return type(distribution)(*parameters).rsample((5,))

    assert torch.autograd.gradcheck(draw, leaves, fast_mode=True)
    for method in ("log_prob", "cdf"):
        assert torch.autograd.gradcheck(
            lambda y, *p, m=method: getattr(type(distribution)(*p), m)(y), [x, *leaves], fast_mode=True
        )


def test_samples_follow_the_law(torch, make):
    """Levels of an atom are spread over its jump. False alarms: one in a million for each law."""
    torch.manual_seed(1)
    distribution = make(validate_args=False)
    x = distribution.sample((4000,))
    below, at = distribution.cdf(torch.nextafter(x, -torch.ones_like(x) * math.inf)), distribution.cdf(x)
    levels = below + (at - below) * torch.rand_like(x)
    assert min(scipy.stats.kstest(levels[:, k].numpy(), "uniform").pvalue for k in range(3)) > 1e-6 / 3


def test_samples_obey_the_seed_and_carry_gradients(torch, make):
    distribution = make()
    assert distribution.has_rsample
    torch.manual_seed(3)
    first = distribution.rsample((2,))
    torch.manual_seed(3)
    assert torch.equal(distribution.sample((2,)), first)
    leaves = {name: x.clone().requires_grad_() for name, x in parameters_of(distribution).items()}
    assert make(**leaves).rsample().requires_grad
    assert not make(**leaves).sample().requires_grad


def test_copies(torch, make):
    distribution, x = make(), points(make())
    for twin in (copy.deepcopy(distribution), pickle.loads(pickle.dumps(distribution))):
        assert torch.equal(twin.log_prob(x), distribution.log_prob(x))


def test_core_has_the_other_methods(torch):
    core = laws.Logistic(0.0, torch.tensor([1.0, 2.0])).core
    close(torch, core.logccdf(torch.tensor(800.0)), torch.tensor([-800.0, -400.0]))


def test_what_no_formula_gives_is_not_implemented(torch):
    with pytest.raises(NotImplementedError, match="no closed form of `absent` is known for Logistic"):
        laws.Logistic(0.0, 1.0)._value("absent")


def test_import_leaves_torch_as_it_is():
    script = """
import sys, torch, torch.distributions as d
from torch.distributions import kl
before = {(c, n): v for c in vars(d).values() if isinstance(c, type) for n, v in vars(c).items()}
registry = dict(kl._KL_REGISTRY)
import bernoulli_latent.torch
after = {(c, n): v for c in vars(d).values() if isinstance(c, type) for n, v in vars(c).items()}
assert before.keys() == after.keys() and all(before[k] is after[k] for k in before)
assert all(kl._KL_REGISTRY[k] is v for k, v in registry.items())
assert "torch._dynamo" not in sys.modules, "loading the compiler takes a second"
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_bits(torch):
    bits = laws.Bernoulli(logits=torch.tensor([-2.0, 0.0, 40.0]))
    assert torch.equal(bits.enumerate_support(), torch.tensor([[0.0] * 3, [1.0] * 3]))
    assert bits.expand((4, 3)).enumerate_support(expand=False).shape == (2, 1, 1)
    torch.testing.assert_close(bits.log_prob(bits.enumerate_support()).exp().sum(0), torch.ones(3))
    torch.testing.assert_close(bits.log_prob(torch.zeros(3))[2], torch.tensor(-40.0))
    with pytest.raises(NotImplementedError, match="bits have no derivative"):
        bits.rsample()
    with pytest.raises(ValueError, match="within the support"):
        laws.Bernoulli(logits=0.0, validate_args=True).log_prob(torch.tensor(0.5))
    torch.manual_seed(0)
    counts = bits.sample((10_000,)).sum(0)
    for count, probability in zip(counts.tolist(), bits.mean.tolist(), strict=True):
        assert scipy.stats.binomtest(int(count), 10_000, probability).pvalue > 1e-6


def test_concrete(torch, compiled):
    logits = torch.tensor([[0.3, -1.0, 2.0], [0.0, 1.0, 0.5]], requires_grad=True)
    relaxed = laws.Concrete(logits, 0.5)
    assert (relaxed.batch_shape, relaxed.event_shape) == ((2,), (3,))
    log_x = relaxed.rsample((4,))
    torch.testing.assert_close(log_x.logsumexp(-1), torch.zeros(4, 2), atol=1e-6, rtol=0)
    torch.testing.assert_close(relaxed.expand((5, 2)).log_prob(log_x[:1]), relaxed.log_prob(log_x[:1]).expand(5, 2))
    joint = torch.distributions.Independent(relaxed, 1)
    torch.testing.assert_close(joint.log_prob(log_x), relaxed.log_prob(log_x).sum(-1))
    expected = torch.distributions.relaxed_categorical.ExpRelaxedCategorical(torch.tensor(0.5), logits=logits)
    torch.testing.assert_close(relaxed.log_prob(log_x), expected.log_prob(log_x))
    with pytest.raises(NotImplementedError, match="no closed form of `entropy`"):
        relaxed.entropy()
    gradients = []
    for step in (function_of_simplex, compiled(function_of_simplex)):
        torch.manual_seed(0)
        gradients.append(torch.autograd.grad(step(logits), logits)[0])
    torch.testing.assert_close(*gradients)


def function_of_simplex(logits):
    relaxed = laws.Concrete(logits, 0.5)
    log_x = relaxed.rsample()
    return relaxed.log_prob(log_x).sum() + log_x.exp().square().sum()


def test_pairs_of_a_value_and_a_precision(torch):
    values = {"loc": [0.5, -1.0], "kappa": [1.0, 2.0], "concentration": [2.0, 3.0], "rate": [1.0, 4.0]}
    leaves = {name: torch.tensor(x, dtype=torch.float64, requires_grad=True) for name, x in values.items()}
    pairs = laws.NormalGamma(**leaves, validate_args=True)
    assert (pairs.batch_shape, pairs.event_shape, pairs.expand((3, 2)).rsample((5,)).shape) == (
        (2,),
        (2,),
        (5, 3, 2, 2),
    )
    torch.manual_seed(0)
    x = pairs.rsample((4,))
    torch.manual_seed(0)
    assert torch.equal(pairs.sample((4,)), x.detach())
    normal = torch.distributions.Normal(leaves["loc"], (leaves["kappa"] * x[..., 1]).rsqrt())
    gamma = torch.distributions.Gamma(leaves["concentration"], leaves["rate"])
    close(torch, pairs.log_prob(x), normal.log_prob(x[..., 0]) + gamma.log_prob(x[..., 1]))
    close(torch, pairs.mean[..., 1], gamma.mean)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(pairs.log_prob(x).sum(), list(leaves.values())))
    assert torch.equal(torch.distributions.kl_divergence(pairs, pairs), torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="within the support"):
        pairs.log_prob(torch.tensor([0.0, -1.0]))


def test_step_over_a_base(torch):
    step = laws.Step(torch.tensor([[-2.0], [0.5]]), laws.Normal(torch.tensor([0.0, 1.0, 2.0]), 2.0))
    assert (step.batch_shape, step.rsample((4,)).shape, step.expand((5, 2, 3)).mean.shape) == (
        (2, 3),
        (4, 2, 3),
        (5, 2, 3),
    )
    torch.testing.assert_close(step.cdf(step.base.loc), torch.sigmoid(-step.logits))
    assert laws.Step(torch.zeros(2, dtype=torch.bfloat16)).rsample().dtype == torch.bfloat16
    with pytest.raises(TypeError, match="`base` must be a symmetric distribution"):
        laws.Step(0.0, laws.Gamma(1.0, 1.0))
