"""BinaryConcrete: its logit, its moments by both of their forms, and derivatives where numbers run out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bernoulli_latent import BinaryConcrete, Logistic
from bernoulli_latent.testing import MpmathFunctions

logits = st.floats(-12, 12)
temperatures = st.floats(0.05, 20)


def concrete(a, s):
    return BinaryConcrete(logits=a, temperature=s)


@given(logits, temperatures)
def test_mean_by_duality(a, s):
    assert concrete(a, s).mean() == pytest.approx(concrete(a / s, 1 / s).mean(), abs=2e-15)


@settings(max_examples=30)
@given(logits, temperatures)
def test_mirror_image(a, s):
    one, other = concrete(a, s), concrete(-a, s)
    assert one.mean() + other.mean() == pytest.approx(1, abs=2e-15)
    assert one.variance() == pytest.approx(other.variance(), rel=1e-14)
    assert one.entropy() == pytest.approx(other.entropy(), abs=1e-13 * (1 + abs(a)) / min(s, 1))


@given(st.floats(-30, 30).filter(lambda a: abs(a) > 0.1))
def test_mean_at_temperature_one_is_in_closed_form(a):
    f = MpmathFunctions(50)
    x = f.context.mpf(a)
    closed = (1 + (f.sinh(x) - x) / (f.cosh(x) - 1)) / 2
    assert abs(concrete(a, 1.0).mean() - float(closed)) <= 2e-15


@pytest.mark.parametrize("a", [0.0, 0.3, -5.0, 40.0])
def test_limits_of_the_moments(a):
    cold, hot = concrete(a, 1e-9), concrete(a, 1e9)
    p = 1 / (1 + math.exp(-a))
    assert cold.mean() == pytest.approx(p, rel=1e-8)
    assert cold.variance() == pytest.approx(p * (1 - p), rel=1e-8, abs=1e-9 * p)
    assert hot.mean() == pytest.approx(0.5, rel=1e-7)
    assert hot.variance() == pytest.approx(math.pi**2 / 48 * 1e-18, rel=1e-12)


def test_uniform_law():
    z = np.array([0.0, 1e-20, 0.3, 1.0])
    uniform = concrete(0.0, 1.0)
    np.testing.assert_allclose(uniform.pdf(z), 1, rtol=1e-15)
    np.testing.assert_allclose(uniform.cdf(z), z, rtol=1e-15)
    assert uniform.variance() == pytest.approx(1 / 12, rel=1e-14)
    assert uniform.entropy() == pytest.approx(0, abs=1e-15)


@given(logits, temperatures, st.floats(-30, 30))
def test_densities_at_the_logit(a, s, y):
    law = concrete(a, s)
    by_logit_law = law.logit_law().logpdf(y) + abs(y) + 2 * math.log1p(math.exp(-abs(y)))
    assert law.logpdf_at_logit(y) == pytest.approx(by_logit_law, rel=1e-12, abs=1e-12)
    if abs(y) < 5:
        z = 1 / (1 + math.exp(-y))
        assert law.logpdf(z) == pytest.approx(law.logpdf_at_logit(y), rel=1e-11, abs=1e-11)


def test_logit_law_keeps_what_the_value_loses():
    law = BinaryConcrete(logits=np.float32(6), temperature=np.float32(0.1))
    assert isinstance(law.logit_law(), Logistic)
    y = law.logit_law().sample(1000, rng=0)
    assert np.mean(1 / (1 + np.exp(-y)) == 1) > 0.9
    assert np.isfinite(law.logpdf_at_logit(y)).all()
    assert y.dtype == np.float32


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0])
def test_density_at_the_ends_is_its_limit(s):
    law = concrete(0.7, s)
    wanted = {0.5: (math.inf, math.inf), 1.0: (math.exp(-0.7), math.exp(0.7)), 2.0: (0, 0)}[s]
    np.testing.assert_allclose(law.pdf(np.array([0.0, 1.0])), wanted, rtol=1e-15)
    if s >= 1:
        near = law.pdf(np.array([1e-12, 1 - 1e-12]))
        np.testing.assert_allclose(near, wanted, atol=1e-10, rtol=1e-10)


def grid(torch, dtype):
    a = torch.tensor([0.0, 1e-3, -2.0, 30.0, -100.0, 1e4, -1e4], dtype=dtype)
    s = torch.tensor([1e-3, 0.1, 1.0, 7.0, 1e3], dtype=dtype)
    t = torch.tensor([0.0, -1.5, 16.0, -80.0, 1e4], dtype=dtype)
    return [x.reshape(-1).clone().requires_grad_() for x in torch.meshgrid(t, a, s, indexing="ij")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_are_finite(torch, dtype):
    """Logits to 1e4 and temperatures from 1e-3 to 1e3: the logit, its density, the value and its distribution."""
    t, a, s = grid(torch, getattr(torch, dtype))
    law = concrete(a, s)
    y, z = law.logit_law().icdf_logit(t), law.icdf_logit(t)
    values = [y, z, law.logit_law().logpdf(y), law.logpdf_at_logit(y), law.cdf(z.detach()), law.ccdf(z.detach())]
    values += [law.mean(), law.variance(), law.entropy(), law.icdf(torch.sigmoid(t.detach()))]
    for value in values:
        assert torch.isfinite(value).all()
        for gradient in torch.autograd.grad(value.sum(), (t, a, s), retain_graph=True, allow_unused=True):
            assert gradient is None or torch.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_moves_with_the_logits_wherever_numbers_allow(torch, dtype):
    t, a, s = grid(torch, getattr(torch, dtype))
    slope = torch.autograd.grad(concrete(a, s).icdf_logit(t).sum(), a)[0]
    y = ((t + a) / s).detach().double().abs()
    log_slope = -y - 2 * torch.log1p(torch.exp(-y)) - torch.log(s.detach().double())
    representable = log_slope > math.log(torch.finfo(t.dtype).smallest_normal)
    assert representable.sum() > 30
    assert (slope[representable] > 0).all()


@pytest.mark.parametrize("name", ["mean", "variance", "entropy"])
def test_derivatives_of_the_moments(name, torch):
    a, s = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in ([0.0, -2.0, 1.5], [0.7, 2.5, 1.0]))
    function = lambda a, s: getattr(concrete(a, s), name)()  # noqa: E731
    assert torch.autograd.gradcheck(function, (a, s), fast_mode=True)
    if name != "variance":  # which takes long
        assert torch.autograd.gradgradcheck(function, (a, s), fast_mode=True)


def test_derivatives_of_the_density_at_the_logit(torch):
    y, a, s = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in ([-9.0, 2.0], [1.0, -3.0], [0.3, 4.0]))
    function = lambda y, a, s: concrete(a, s).logpdf_at_logit(y)  # noqa: E731
    assert torch.autograd.gradcheck(function, (y, a, s))
    assert torch.autograd.gradgradcheck(function, (y, a, s))


def test_pathwise_derivative_of_the_mean(torch):
    """The mean derivative of samples is that of `mean`; a z-test with a false-alarm rate of 1e-6."""
    a, s = torch.tensor([0.8, -1.5]).double().requires_grad_(), torch.tensor([0.4, 2.0]).double().requires_grad_()
    law = concrete(a.expand(200_000, 2), s.expand(200_000, 2))
    wanted = torch.autograd.grad(concrete(a, s).mean().sum(), (a, s))
    for parameter, true in zip((law.logits, law.temperature), wanted, strict=True):
        slope = torch.autograd.grad(law.sample(rng=3).sum(), parameter)[0]
        assert (abs(slope.mean(0) - true) <= 5.2 * slope.std(0) / math.sqrt(len(slope))).all()


def test_moments_follow_samples_far_from_the_middle():
    """z-tests of mean, variance and entropy; false-alarm rate 1e-6 in all."""
    law = concrete(np.array([-3.0, 0.5, 2.0, 1.0]), np.array([0.3, 0.9, 1.1, 12.0]))
    y = law.logit_law().sample(200_000, rng=1)
    z = 1 / (1 + np.exp(-y))
    for sample, true in (
        (z, law.mean()),
        ((z - law.mean()) ** 2, law.variance()),
        (-law.logpdf_at_logit(y), law.entropy()),
    ):
        assert (abs(sample.mean(0) - true) <= 5.6 * sample.std(0) / math.sqrt(len(y))).all()
