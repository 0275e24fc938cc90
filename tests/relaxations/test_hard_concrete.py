"""HardConcrete: its atoms, its moments on both sides of temperature 1, and derivatives that end at the atoms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bernoulli_latent import BinaryConcrete, HardConcrete

logits = st.floats(-12, 12)
temperatures = st.floats(0.05, 20)


def hard(a, s, low=-0.1, high=1.1):
    return HardConcrete(logits=a, temperature=s, low=low, high=high)


@given(logits, temperatures, st.floats(-2, -0.01), st.floats(1.01, 3))
def test_atoms_are_the_jumps_of_the_distribution_function(a, s, low, high):
    law = hard(a, s, low, high)
    assert law.mass_at_zero() == law.cdf(0.0) == law.pdf(0.0)
    assert law.mass_at_one() == law.pdf(1.0)
    assert law.ccdf(np.nextafter(1.0, 0)) == pytest.approx(law.mass_at_one(), rel=1e-11)
    assert law.cdf(1.0) == 1
    assert law.l0_norm() == pytest.approx(law.ccdf(0.0), rel=1e-15)
    assert law.mass_at_zero() + law.l0_norm() == pytest.approx(1, abs=1e-15)


@given(logits, temperatures, st.floats(-40, 40), st.floats(-2, -0.01), st.floats(1.01, 3))
def test_sample_is_the_clipped_stretched_binary_concrete_one(a, s, t, low, high):
    z = BinaryConcrete(logits=a, temperature=s).icdf_logit(t)
    assert hard(a, s, low, high).icdf_logit(t) == pytest.approx(
        np.clip(low + (high - low) * z, 0, 1), abs=1e-15 * (high - low)
    )


@settings(max_examples=30)
@given(logits, temperatures)
def test_mirror_image(a, s):
    one, other = hard(a, s, -0.25, 1.5), hard(-a, s, -0.5, 1.25)
    assert one.mass_at_zero() == pytest.approx(other.mass_at_one(), rel=1e-13)
    assert one.mean() + other.mean() == pytest.approx(1, abs=4e-15)
    assert one.variance() == pytest.approx(other.variance(), rel=1e-12)
    assert one.entropy() == pytest.approx(other.entropy(), abs=1e-13 * (1 + abs(a)))


@pytest.mark.parametrize("a", [0.0, -3.0, 9.0])
def test_moments_are_continuous_where_their_form_changes(a):
    """The forms for temperatures up to 1 and above share nothing but the rule."""
    below, above = hard(a, 1.0), hard(a, 1 + 2.0**-52)
    for name in ("mean", "variance", "entropy"):
        assert getattr(below, name)() == pytest.approx(getattr(above, name)(), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("s", [0.3, 3.0])
def test_barely_stretched_is_binary_concrete(s):
    law, plain = hard(0.7, s, -1e-9, 1 + 1e-9), BinaryConcrete(logits=0.7, temperature=s)
    assert law.mean() == pytest.approx(plain.mean(), abs=1e-8)
    assert law.variance() == pytest.approx(plain.variance(), abs=1e-8)
    assert law.cdf(0.25) == pytest.approx(plain.cdf(0.25), abs=1e-8)


def test_defaults_are_those_of_the_paper():
    law = HardConcrete(logits=0.0, temperature=2 / 3)
    assert (law.low, law.high) == (-0.1, 1.1)
    assert law.l0_norm() == pytest.approx(1 / (1 + math.exp(2 / 3 * math.log(0.1 / 1.1))), rel=1e-15)


@pytest.mark.parametrize(("name", "bad"), [("low", 0.0), ("high", 1.0), ("temperature", 0.0)])
def test_parameters_outside(name, bad):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        HardConcrete(**{"logits": 0.0, "temperature": 1.0, name: bad})


def test_derivative_of_a_sample_ends_where_it_is_clipped(torch):
    a = torch.zeros(2001, requires_grad=True)
    x = hard(a, 0.5).icdf_logit(torch.linspace(-10, 10, 2001))
    slope = torch.autograd.grad(x.sum(), a)[0]
    inside = (x > 0) & (x < 1)
    assert 0 < inside.sum() < 2001
    assert torch.equal(slope > 0, inside)


def test_pathwise_derivatives_are_those_of_the_mean(torch):
    """z-tests by every parameter; false-alarm rate 1e-6."""
    values = [torch.tensor(x).double().requires_grad_() for x in ([0.8, -1.5], [0.4, 2.0], [-0.1, -0.3], [1.1, 1.2])]
    many = [x.detach().expand(200_000, 2).requires_grad_() for x in values]
    slopes = torch.autograd.grad(hard(*many).sample(rng=3).sum(), many)
    for slope, true in zip(slopes, torch.autograd.grad(hard(*values).mean().sum(), values), strict=True):
        assert (abs(slope.mean(0) - true) <= 5.4 * slope.std(0) / math.sqrt(len(slope))).all()


def test_moments_follow_samples():
    """z-tests of mean, variance and entropy; false-alarm rate 1e-6 in all."""
    law = hard(np.array([-3.0, 0.5, 2.0, 1.0]), np.array([0.3, 0.9, 1.1, 12.0]))
    x = law.sample(200_000, rng=1)
    for sample, true in ((x, law.mean()), ((x - law.mean()) ** 2, law.variance()), (-law.logpdf(x), law.entropy())):
        assert (abs(sample.mean(0) - true) <= 5.6 * sample.std(0) / math.sqrt(len(x))).all()


def test_atoms_follow_samples():
    """Binomial counts of zeros and ones, as z-tests with a false-alarm rate of 1e-6."""
    law = hard(np.array([-1.0, 0.5, 1.0]), np.array([0.3, 0.9, 3.0]))
    x = law.sample(200_000, rng=2)
    for value, mass in ((0, law.mass_at_zero()), (1, law.mass_at_one())):
        assert (abs((x == value).mean(0) - mass) <= 5.3 * np.sqrt(mass * (1 - mass) / len(x)) + 1e-5).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_are_finite(torch, dtype):
    a, s, t = (
        x.reshape(-1).clone().requires_grad_()
        for x in torch.meshgrid(
            torch.tensor([0.0, -2.0, 100.0, 1e4, -1e4], dtype=getattr(torch, dtype)),
            torch.tensor([1e-3, 0.1, 1.0, 7.0, 1e3], dtype=getattr(torch, dtype)),
            torch.tensor([0.0, 16.0, -80.0, 1e4], dtype=getattr(torch, dtype)),
            indexing="ij",
        )
    )
    law = hard(a, s)
    x = law.icdf_logit(t)
    values = [x, law.logpdf(x), law.cdf(x.detach()), law.logcdf(x), law.mass_at_zero(), law.l0_norm()]
    values += [law.mean(), law.variance(), law.entropy()]
    for value in values:
        assert torch.isfinite(value).all()
        for gradient in torch.autograd.grad(value.sum(), (t, a, s), retain_graph=True, allow_unused=True):
            assert gradient is None or torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["mean", "variance", "entropy", "mass_at_zero", "mass_at_one", "l0_norm"])
def test_derivatives_of_the_moments(name, torch):
    values = [torch.tensor(x).double().requires_grad_() for x in ([0.5, -2.0], [1.0, 2.5], [-0.1, -0.3], [1.1, 1.2])]
    function = lambda *values: getattr(hard(*values), name)()  # noqa: E731
    assert torch.autograd.gradcheck(function, values, fast_mode=True)
    if name not in ("variance", "entropy"):  # which take a minute
        assert torch.autograd.gradgradcheck(function, values, fast_mode=True)
