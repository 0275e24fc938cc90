"""The normal distribution: what is particular to it beside the table of true values and the laws of the contract."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bernoulli_latent import Normal
from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS
from bernoulli_latent.testing import MpmathFunctions

STANDARD = Normal(loc=0.0, scale=1.0)
EPSILON = 2.0**-52
noise = st.floats(-1e12, 1e12)


@given(noise)
@example(0.0)
@example(1e-9)
@example(1.5e-8)
@example(-745.2)
@example(1e300)
def test_the_logit_of_the_distribution_function_inverts_the_quantile(t):
    assert abs(STANDARD.cdf_logit(STANDARD.icdf_logit(t)) - t) <= 16 * EPSILON * abs(t) + 1e-323


@given(noise)
def test_quantiles_are_antisymmetric(t):
    assert STANDARD.icdf_logit(-t) == -STANDARD.icdf_logit(t)


@given(st.floats(-1e4, 1e4), st.floats(-50, 50), st.floats(0.01, 100))
def test_reflection_exchanges_the_tails(x, loc, scale):
    law, mirrored = Normal(loc=loc, scale=scale), Normal(loc=-loc, scale=scale)
    assert law.logcdf(x) == mirrored.logccdf(-x)
    assert law.cdf(x) == mirrored.ccdf(-x)


def test_ends_and_middle_of_the_quantile(to_library):
    got = STANDARD.icdf(to_library(np.array([0.0, 0.5, 1.0])))
    assert got.tolist() == [-math.inf, 0.0, math.inf]


def test_noise_too_unlikely_for_a_probability_follows_the_tail(to_library):
    """Far left log(cdf(z)) = -z^2/2 - log(-z) - log(2 pi)/2 + O(1/z^2)."""
    z = np.asarray(STANDARD.icdf_logit(to_library(np.array([-1e4, -1e8]))))
    np.testing.assert_allclose(-(z**2) / 2 - np.log(-z) - math.log(2 * math.pi) / 2, [-1e4, -1e8], rtol=1e-8)


def test_density_does_not_underflow_before_the_quotient():
    narrow = Normal(loc=0.0, scale=1e-250)
    assert 0 < narrow.pdf(45e-250) < math.inf
    np.testing.assert_allclose(math.log(narrow.pdf(45e-250)), narrow.logpdf(45e-250), rtol=1e-13)


@pytest.mark.parametrize("name", ["inverse_mills", "log_ndtr", "logit_ndtr"])
def test_declared_derivatives_are_those_of_many_digits(name):
    f = MpmathFunctions(60)
    for x in (-1e6, -31.0, -29.0, -4.0, -0.5, 0.25, 3.0, 20.0):
        true = f.context.diff(lambda y: getattr(f, name)(y), f.context.mpf(x))
        got = getattr(NUMPY_FUNCTIONS, name).func.derivative("x")(NUMPY_FUNCTIONS, np.float64(x))
        assert abs(got - float(true)) <= 1e-6 * abs(float(true)), x


def test_gradients_are_finite_in_single_precision(torch, device):
    x = torch.tensor([-1e18, -1e4, -40.0, 0.0, 40.0, 1e4, 1e18], device=device, requires_grad=True)
    parameters = {
        name: torch.tensor(value, device=device, requires_grad=True) for name, value in (("loc", 0.5), ("scale", 2.0))
    }
    law = Normal(**parameters)
    for name in ("pdf", "logpdf", "cdf", "logcdf", "ccdf", "logccdf", "icdf_logit"):
        value = getattr(law, name)(x)
        gradients = torch.autograd.grad(value.sum(), [x, *parameters.values()])
        assert torch.isfinite(value).all(), name
        assert all(torch.isfinite(g).all() for g in gradients), name


def test_second_derivatives_far_left(torch):
    """The curvature of log_ndtr tends to -1; direct evaluation loses its sign in single precision."""
    x = torch.tensor([-1e2, -1e3, -1e5], requires_grad=True)
    slope = torch.autograd.grad(STANDARD.logcdf(x).sum(), x, create_graph=True)[0]
    curvature = torch.autograd.grad(slope.sum(), x)[0]
    torch.testing.assert_close(curvature, torch.full((3,), -1.0), rtol=0, atol=3e-4)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_gradients_inside_compiled_transforms(torch):
    """There the quantile is differentiated through its iteration."""
    t = torch.tensor([-200.0, -3.0, -1e-3, 1e-6, 0.5, 30.0])
    slope = torch.func.vmap(torch.func.grad(STANDARD.icdf_logit))
    torch.testing.assert_close(torch.compile(slope, fullgraph=True, backend="aot_eager")(t), slope(t))
