"""Divergences of bits and of the mixtures that they weight: true values, laws and derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reference_tables import DTYPES, errors, rows

from bernoulli_latent import (
    Bernoulli,
    Logistic,
    Normal,
    OverlappingExponential,
    PowerFunction,
    SpikeExponential,
    Step,
    StepLogistic,
    kl_divergence,
)

logits = st.floats(-1e4, 1e4)
moderate = st.floats(-30, 30)
sharpnesses = st.floats(1e-3, 1e3)


def overlapping(a, sharpness, b):
    return kl_divergence(
        OverlappingExponential(logits=a, sharpness=sharpness), OverlappingExponential(logits=b, sharpness=sharpness)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [Bernoulli, StepLogistic])
def test_bits_have_errors_of_a_few_units_in_the_last_place(kind, dtype, to_library):
    inputs, value, rest, _ = rows("kl_bernoulli_bernoulli", "kl", DTYPES[dtype])
    p, q = (kind(logits=to_library(x.astype(DTYPES[dtype]))) for x in inputs)
    assert errors(np.asarray(kl_divergence(p, q)), value, rest, DTYPES[dtype]).max() <= 12


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("place", [0, 1])
def test_derivatives_of_bits_have_errors_of_a_few_units_in_the_last_place(place, dtype, torch):
    name = "kl by p_logits" if place == 0 else "kl by q_logits"
    inputs, value, rest, _ = rows("kl_bernoulli_bernoulli", name, DTYPES[dtype])
    leaves = [torch.tensor(x.astype(DTYPES[dtype]), requires_grad=True) for x in inputs]
    total = kl_divergence(Bernoulli(logits=leaves[0]), Bernoulli(logits=leaves[1])).sum()
    got = torch.autograd.grad(total, leaves[place])[0].numpy()
    assert errors(got, value, rest, DTYPES[dtype]).max() <= 4


@pytest.mark.parametrize(("dtype", "relative", "absolute"), [("float32", 3e-5, 3e-11), ("float64", 1e-12, 1e-15)])
def test_overlapping_exponentials_have_small_errors(dtype, relative, absolute, to_library):
    inputs, value, _, _ = rows("kl_overlapping_overlapping", "kl", DTYPES[dtype])
    got = np.asarray(overlapping(*(to_library(x.astype(DTYPES[dtype])) for x in inputs)))
    assert got.dtype == DTYPES[dtype]
    np.testing.assert_allclose(got, value, rtol=relative, atol=absolute)


@given(logits, logits)
@example(0.0, 5e-324)
@example(1e4, -1e4)
def test_positive_and_zero_between_equals(a, b):
    value = kl_divergence(Bernoulli(logits=a), Bernoulli(logits=b))
    assert 0 <= value < math.inf
    assert kl_divergence(Bernoulli(logits=a), Bernoulli(logits=a)) == 0
    assert kl_divergence(Bernoulli(logits=-a), Bernoulli(logits=-b)) == pytest.approx(value, rel=1e-14)


@given(moderate, sharpnesses, moderate)
def test_relaxation_by_overlapping_parts_loses_divergence(a, sharpness, b):
    bits = kl_divergence(Bernoulli(logits=a), Bernoulli(logits=b))
    relaxed = overlapping(a, sharpness, b)
    assert 0 <= relaxed <= bits * (1 + 1e-11) + 1e-300
    assert overlapping(a, sharpness, a) == 0


@given(moderate, moderate)
def test_relaxation_by_disjoint_parts_loses_nothing(a, b):
    bits = kl_divergence(Bernoulli(logits=a), Bernoulli(logits=b))
    base = Normal(loc=1.0, scale=2.0)
    assert kl_divergence(StepLogistic(logits=a), StepLogistic(logits=b)) == bits
    assert kl_divergence(Step(base=base, logits=a), Step(base=base, logits=b)) == bits
    assert kl_divergence(SpikeExponential(logits=a, sharpness=3.0), SpikeExponential(logits=b, sharpness=3.0)) == bits
    assert overlapping(a, 1e3, b) == pytest.approx(bits, rel=1e-12) or max(abs(a), abs(b)) > 1


@given(logits)
def test_from_the_base_is_that_from_a_fair_coin(a):
    fair = kl_divergence(Bernoulli(logits=a), Bernoulli(logits=0.0))
    assert kl_divergence(StepLogistic(logits=a), Logistic(loc=0.0, scale=1.0)) == fair
    assert kl_divergence(Step(base=Normal(loc=3.0, scale=1.0), logits=a), Normal(loc=3.0, scale=1.0)) == fair


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (StepLogistic(logits=1.0), Logistic(loc=0.5, scale=1.0)),
        (StepLogistic(logits=1.0), Logistic(loc=0.0, scale=np.array([1.0, 2.0]))),
        (Step(logits=1.0), Step(base=Normal(loc=0.0, scale=1.0), logits=1.0)),
        (Step(logits=1.0), Normal(loc=0.0, scale=1.0)),
        (SpikeExponential(logits=0.0, sharpness=1.0), SpikeExponential(logits=0.0, sharpness=2.0)),
        (OverlappingExponential(logits=0.0, sharpness=1.0), OverlappingExponential(logits=0.0, sharpness=2.0)),
        (PowerFunction(logits=0.0, sharpness=2.0), PowerFunction(logits=0.0, sharpness=2.0)),
    ],
)
def test_pairs_without_a_form_say_what_to_do(p, q):
    with pytest.raises(NotImplementedError, match=r"KL\(.*monte_carlo_kl_divergence"):
        kl_divergence(p, q)


def test_derivatives_in_torch(torch):
    a = torch.tensor([-9.0, 3.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([8.0, 2.5], dtype=torch.float64, requires_grad=True)
    sharpness = torch.tensor([0.25, 9.0], dtype=torch.float64, requires_grad=True)

    def bits(a, b):
        return kl_divergence(Bernoulli(logits=a), Bernoulli(logits=b))

    for function, arguments in ((bits, (a, b)), (overlapping, (a, sharpness, b))):
        assert torch.autograd.gradcheck(function, arguments, atol=1e-7, rtol=1e-5)
        assert torch.autograd.gradgradcheck(function, arguments, atol=1e-6, rtol=1e-4, fast_mode=True)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_transforms_and_compilation(torch):
    prior = Logistic(loc=0.0, scale=1.0)
    kl_divergence(StepLogistic(logits=0.0), prior)  # loads the rules, which the compiler cannot

    def function(a):
        return kl_divergence(StepLogistic(logits=a), prior)

    a = torch.tensor([-90.0, -1.0, 0.5, 30.0], requires_grad=True)
    value = function(a)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")(a)
    torch.testing.assert_close(compiled, value)
    torch.testing.assert_close(torch.vmap(function)(a), value)
    wanted = (a * torch.sigmoid(a) * torch.sigmoid(-a)).detach()
    torch.testing.assert_close(torch.autograd.grad(compiled.sum(), a)[0], wanted)
    torch.testing.assert_close(torch.func.grad(lambda a: function(a).sum())(a.detach()), wanted)


def test_unseen_parameters_must_be_one_object(torch):
    def shared(a, sharpness):
        return overlapping(a, sharpness, 0.0)

    def apart(a, sharpness):
        p = SpikeExponential(logits=a, sharpness=sharpness)
        return kl_divergence(p, SpikeExponential(logits=0.0, sharpness=sharpness + 0))

    a, sharpness = torch.zeros(3), torch.ones(3)
    assert torch.equal(torch.vmap(shared)(a, sharpness), torch.zeros(3))
    with pytest.raises(NotImplementedError, match="one object"):
        torch.vmap(apart)(a, sharpness)
