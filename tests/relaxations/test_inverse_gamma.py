"""The inverse gamma distribution, mostly as the inverse of a gamma variable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from bernoulli_latent import Gamma, InverseGamma

FALSE_ALARM = 1e-6


@settings(max_examples=30)
@given(st.floats(0.01, 100), st.floats(0.1, 10), st.floats(-30, 30))
def test_inverse_of_a_gamma_variable(concentration, rate, t):
    variance = InverseGamma(concentration=concentration, rate=rate)
    precision = Gamma(concentration=concentration, rate=rate)
    x = variance.icdf_logit(t)
    assert x == 1 / precision.icdf_logit(-t)
    if math.isfinite(x):
        assert variance.logcdf(x) == precision.logccdf(1 / x)
        assert np.isclose(variance.logpdf(x), precision.logpdf(1 / x) - 2 * np.log(x), rtol=1e-12, atol=1e-11)


def test_edges_of_the_support(to_library):
    x = to_library(np.array([-1.0, 0.0, math.inf, math.nan]))
    law = InverseGamma(concentration=0.5, rate=2.0)
    assert np.array_equal(np.asarray(law.pdf(x)), [0, 0, 0, math.nan], equal_nan=True)
    assert np.array_equal(np.asarray(law.logpdf(x)), [-math.inf, -math.inf, -math.inf, math.nan], equal_nan=True)
    assert np.array_equal(np.asarray(law.cdf(x)), [0, 0, 1, math.nan], equal_nan=True)


def test_infinite_moments(to_library):
    law = InverseGamma(concentration=to_library(np.array([0.5, 1.5, 2.5])), rate=2.0)
    assert np.array_equal(np.asarray(law.mean()), [math.inf, 4.0, 2 / 1.5])
    assert np.allclose(np.asarray(law.variance()), [math.inf, math.inf, 4 / 1.5**2 / 0.5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_fit(dtype, to_library):
    law = InverseGamma(concentration=to_library(dtype(1.5)), rate=to_library(dtype(2.0)))
    draws = law.sample(5000, rng=5)
    assert np.asarray(draws).dtype == dtype
    assert kstest(np.asarray(law.cdf(draws), dtype=np.float64), "uniform").pvalue > FALSE_ALARM
    assert np.allclose(np.log(np.asarray(draws)), np.asarray(law.log_sample(5000, rng=5)), atol=1e-5)


@pytest.mark.parametrize("method", ["pdf", "logpdf", "logcdf", "icdf_logit"])
def test_gradients(method, torch):
    def value(x, concentration, rate):
        return getattr(InverseGamma(concentration=concentration, rate=rate), method)(x)

    columns = ([0.4, 0.4], [0.6, 4.0], [1.25, 1.0])
    inputs = tuple(torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns)
    assert torch.autograd.gradcheck(value, inputs, fast_mode=True)


def test_derivatives_of_extreme_quantiles_are_no_nan(torch):
    concentration = torch.tensor(0.01, dtype=torch.float32, requires_grad=True)
    for t in (-1e4, -1.0, 8.0):
        x = InverseGamma(concentration=concentration, rate=1.0).icdf_logit(t)
        (slope,) = torch.autograd.grad(x, concentration)
        assert not slope.isnan()
