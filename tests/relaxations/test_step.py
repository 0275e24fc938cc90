"""Step: over the logistic distribution it is StepLogistic, and other bases are its images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import Gamma, Logistic, Normal, Step, StepLogistic
from bernoulli_latent.testing import MpmathFunctions

logits = st.floats(-50, 50)
STANDARD = Normal(loc=0.0, scale=1.0)
METHODS = ("pdf", "logpdf", "cdf", "logcdf", "ccdf", "logccdf", "icdf_logit")
EPSILON = 2.0**-52


@pytest.mark.parametrize("name", METHODS)
@given(logits, st.floats(-100, 100))
def test_over_the_logistic_distribution_is_step_logistic(name, a, z):
    got, wanted = getattr(Step(logits=a), name)(z), getattr(StepLogistic(logits=a), name)(z)
    assert got == pytest.approx(wanted, rel=8 * EPSILON)


@given(logits)
def test_moments_over_the_logistic_distribution_are_those_of_step_logistic(a):
    for name in ("mean", "variance", "entropy"):
        got, wanted = getattr(Step(logits=a), name)(), getattr(StepLogistic(logits=a), name)()
        assert got == pytest.approx(wanted, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("a", [-40.0, -1.0, 0.0, 3.0])
@pytest.mark.parametrize("z", [-30.0, -2.0, -1e-9, 1e-12, 0.5, 8.0, 36.0])
def test_over_the_normal_distribution(z, a):
    f = MpmathFunctions(400)
    mp, law = f.context, Step(base=STANDARD, logits=a)
    low, high = 1 / (1 + mp.exp(mp.mpf(a))), 1 / (1 + mp.exp(-mp.mpf(a)))
    left = 2 * low * mp.ncdf(z) if z < 0 else low + high * (1 - 2 * mp.ncdf(-z))
    right = 2 * high * mp.ncdf(-z) if z >= 0 else high + low * (1 - 2 * mp.ncdf(z))
    condition = 1 + z * z
    assert float(law.cdf(z) / left - 1) == pytest.approx(0, abs=8 * EPSILON * condition)
    assert float(law.ccdf(z) / right - 1) == pytest.approx(0, abs=8 * EPSILON * condition)
    assert float(law.logcdf(z) / mp.log(left) - 1) == pytest.approx(0, abs=8 * EPSILON * condition)
    assert float(law.pdf(z) / (2 * (high if z >= 0 else low) * mp.npdf(z)) - 1) == pytest.approx(0, abs=1e-12)


@given(logits, st.floats(-30, 30))
def test_quantile_over_the_normal_distribution_inverts(a, t):
    law = Step(base=Normal(loc=2.0, scale=0.5), logits=a)
    z = law.icdf_logit(t)
    if abs(t + a) > 1e-6:
        assert (z >= 2) == (t + a >= 0)
    if abs(z - 2) > 1e-6:
        assert law.logcdf(z) - law.logccdf(z) == pytest.approx(t, rel=1e-8, abs=1e-8)


def test_moments_over_the_normal_distribution():
    a, tau = np.array([-3.0, 0.0, 1.0, 40.0]), np.tanh(np.array([-1.5, 0.0, 0.5, 20.0]))
    law = Step(base=Normal(loc=5.0, scale=3.0), logits=a)
    np.testing.assert_allclose(law.mean(), 5 + 3 * math.sqrt(2 / math.pi) * tau, rtol=1e-13)
    np.testing.assert_allclose(law.variance(), 9 * (1 - 2 / math.pi * tau**2), rtol=1e-12)
    np.testing.assert_allclose(law.entropy()[3], math.log(3 / 2) + (1 + math.log(2 * math.pi)) / 2, rtol=1e-14)


def test_parameters_broadcast_and_keep_their_dtype(to_library):
    scale, a = to_library(np.ones((2, 1), np.float32)), to_library(np.zeros(3, np.float32))
    law = Step(base=Normal(loc=0.0, scale=scale), logits=a)
    assert tuple(law.shape) == (2, 3)
    assert tuple(law.sample(4, rng=0).shape) == (4, 2, 3)
    assert law.mean().dtype == law.cdf(0.5).dtype == a.dtype
    assert tuple(law.mean().shape) == (2, 3)
    assert "Normal" in repr(law)


@pytest.mark.parametrize("base", [Gamma(concentration=1.0, rate=1.0), StepLogistic(logits=1.0), 3.0])
def test_other_bases_are_refused(base):
    with pytest.raises(TypeError, match="`base` must be a symmetric distribution"):
        Step(base=base, logits=0.0)


def test_number_of_values_is_checked():
    with pytest.raises(TypeError, match=r"`cdf` takes 1 values \('z',\); got 2"):
        Step(logits=0.0).cdf(1.0, 2.0)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_derivatives_by_the_parameters_of_the_base(torch):
    def draw(t, a, loc, scale):
        return Step(base=Normal(loc=loc, scale=scale), logits=a).icdf_logit(t)

    def density(z, a, loc, scale):
        return Step(base=Normal(loc=loc, scale=scale), logits=a).logcdf(z)

    values = [torch.tensor(x, dtype=torch.float64) for x in ([-2.0, 0.5], [1.0, 0.25], [0.0, 0.25], [1.0, 2.0])]
    leaves = [x.requires_grad_() for x in values]
    for function in (draw, density):
        assert torch.autograd.gradcheck(function, leaves)
        assert torch.autograd.gradgradcheck(function, leaves, fast_mode=True)
        compiled = torch.compile(function, fullgraph=True, backend="eager")  # the contract has the other stages
        torch.testing.assert_close(compiled(*leaves), function(*leaves))
        plain = [x.detach() for x in leaves]
        torch.testing.assert_close(torch.vmap(function)(*plain), function(*plain))


def test_over_the_logistic_distribution_shifted():
    base = Logistic(loc=3.0, scale=2.0)
    assert Step(base=base, logits=1.0).icdf_logit(0.5) == 3 + 2 * StepLogistic(logits=1.0).icdf_logit(0.5)
