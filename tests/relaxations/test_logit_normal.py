"""The logit-normal distribution: its quadratures, edges and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from bernoulli_latent import LogitNormal, Normal

EPSILON = 2.0**-52
locations, scales = st.floats(-50, 50), st.floats(0.01, 100)


@settings(max_examples=30)
@given(locations, scales)
def test_the_mean_of_the_mirror_image_is_the_complement(loc, scale):
    law, mirrored = LogitNormal(loc=loc, scale=scale), LogitNormal(loc=-loc, scale=scale)
    assert abs(law.mean() + mirrored.mean() - 1) <= 8 * EPSILON
    assert law.variance() == mirrored.variance()
    assert abs(law.entropy() - mirrored.entropy()) <= 64 * EPSILON * (8 + abs(loc) + scale)


@settings(max_examples=30)
@given(st.floats(-700, 50), scales)
def test_the_tilt_is_an_identity_of_the_mean(loc, scale):
    """E S(Y) = exp(loc + scale^2 / 2) E S(Y') with the location -loc - scale^2; the value uses it in the left tail."""
    exponent = loc + scale**2 / 2
    if abs(exponent) < 600:
        tilted = LogitNormal(loc=-loc - scale**2, scale=scale).mean()
        np.testing.assert_allclose(
            LogitNormal(loc=loc, scale=scale).mean(),
            math.exp(exponent) * tilted,
            rtol=1e-14 + 16 * EPSILON * (abs(loc) + scale**2),
            atol=1e-300,
        )


@settings(max_examples=30)
@given(locations, scales)
def test_variance_lies_between_nothing_and_that_of_a_bit(loc, scale):
    law = LogitNormal(loc=loc, scale=scale)
    mean = law.mean()
    assert 0 < law.variance() <= mean * (1 - mean) + 8 * EPSILON


@pytest.mark.parametrize(("loc", "scale"), [(0.5, 1.999999), (0.5, 2.000001), (-3.0, 0.7), (4.0, 9.0)])
def test_moments_are_integrals_over_the_density(loc, scale):
    law = LogitNormal(loc=loc, scale=scale)
    logits = law.logit_law()

    def moment(of_logit):
        ends = loc - 9 * scale, loc + 9 * scale
        return integrate.quad(lambda y: of_logit(y) * logits.pdf(y), *ends, epsabs=1e-11, limit=200, points=(0, loc))[0]

    assert abs(moment(special.expit) - law.mean()) <= 1e-10
    assert abs(moment(lambda y: (special.expit(y) - law.mean()) ** 2) - law.variance()) <= 1e-10
    log_slope = moment(lambda y: special.log_expit(y) + special.log_expit(-y))
    assert abs(logits.entropy() + log_slope - law.entropy()) <= 1e-9


@pytest.mark.parametrize("name", ["mean", "variance", "entropy"])
def test_the_quadratures_meet(name):
    below, above = (getattr(LogitNormal(loc=0.75, scale=2.0 + step), name)() for step in (-(2.0**-50), 0.0))
    assert abs(below - above) <= 32 * EPSILON


@given(locations, scales, st.floats(-40, 40))
def test_the_law_of_the_logit(loc, scale, t):
    law = LogitNormal(loc=loc, scale=scale)
    assert isinstance(law.logit_law(), Normal)
    y = law.logit_law().icdf_logit(t)
    np.testing.assert_allclose(law.icdf_logit(t), special.expit(y), rtol=8 * EPSILON, atol=1e-300)


def test_ends_of_the_support(to_library):
    law, ends = LogitNormal(loc=0.5, scale=2.0), to_library(np.array([0.0, 1.0]))
    wanted = {
        "pdf": [0, 0],
        "logpdf": [-math.inf, -math.inf],
        "cdf": [0, 1],
        "logcdf": [-math.inf, 0],
        "ccdf": [1, 0],
        "logccdf": [0, -math.inf],
    }
    assert {name: getattr(law, name)(ends).tolist() for name in wanted} == wanted


def test_moments_and_gradients_are_finite_for_extreme_parameters(torch):
    extreme = torch.tensor([1e-30, 1e-5, 1.0, 1e5, 1e30])
    pairs = torch.meshgrid(torch.cat([-extreme, extreme]), extreme, indexing="ij")
    parameters = [x.clone().requires_grad_() for x in pairs]
    law = LogitNormal(loc=parameters[0], scale=parameters[1])
    for name in ("mean", "variance", "entropy"):
        value = getattr(law, name)()
        for x in (value, *torch.autograd.grad(value.sum(), parameters)):
            assert torch.isfinite(x).all(), name


def test_gradients_at_the_ends_of_the_support_are_finite(torch):
    x = torch.tensor([0.0, 1.0])
    loc, scale = (torch.tensor(value, requires_grad=True) for value in (0.5, 2.0))
    law = LogitNormal(loc=loc, scale=scale)
    for name in ("pdf", "cdf", "ccdf"):
        gradients = torch.autograd.grad(getattr(law, name)(x).sum(), [loc, scale])
        assert all(torch.isfinite(g) for g in gradients), name


@pytest.mark.parametrize("name", ["mean", "variance", "entropy"])
def test_derivatives_of_moments(torch, name):
    """In every regime: either quadrature, tilted or not, and at the centre of symmetry."""
    pairs = [(0.0, 0.5), (0.0, 3.0), (1.5, 1.0), (-3.0, 1.0), (-4.0, 2.5), (6.0, 2.5), (-1.0, 2.5)]
    tensors = [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in zip(*pairs, strict=True)]

    def function(loc, scale):
        return getattr(LogitNormal(loc=loc, scale=scale), name)()

    assert torch.autograd.gradcheck(function, tensors, atol=1e-8, fast_mode=True)
    assert torch.autograd.gradgradcheck(function, tensors, atol=1e-7, fast_mode=True)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_moments_under_transforms_and_compilation(torch):
    loc, scale = torch.tensor([-2.0, 0.5, 3.0]), torch.tensor([0.25, 1.0, 4.0])

    def mean(loc, scale):
        return LogitNormal(loc=loc, scale=scale).mean()

    plain = mean(loc, scale)
    torch.testing.assert_close(torch.vmap(mean)(loc, scale), plain)
    torch.testing.assert_close(torch.compile(mean, fullgraph=True, backend="aot_eager")(loc, scale), plain)
    slope = torch.func.vmap(torch.func.grad(mean))(loc, scale)
    torch.testing.assert_close(slope, LogitNormal(loc=loc, scale=scale).mean.derivative("loc")())
