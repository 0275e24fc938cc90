"""The gamma distribution: edges, laws, samples in log space and their derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, polygamma
from scipy.stats import kstest

from bernoulli_latent import Gamma
from bernoulli_latent.testing import MpmathFunctions

FALSE_ALARM = 1e-6
SCORE = 4.9
"""Standard errors that a normal variable exceeds with the probability `FALSE_ALARM`."""

SHAPES = [0.01, 0.5, 1.0, 3.5, 200.0]


def law(concentration, rate=1.0):
    return Gamma(concentration=concentration, rate=rate)


@pytest.mark.parametrize(("shape", "density"), [(0.5, math.inf), (1.0, 2.0), (1.5, 0.0)])
def test_edges_of_the_support(shape, density, to_library):
    x = to_library(np.array([-1.0, 0.0, math.inf, math.nan]))
    assert np.array_equal(np.asarray(law(shape, 2.0).pdf(x)), [0, density, 0, math.nan], equal_nan=True)
    assert np.array_equal(np.asarray(law(shape, 2.0).cdf(x)), [0, 0, 1, math.nan], equal_nan=True)
    with np.errstate(divide="ignore"):
        assert np.allclose(np.asarray(law(shape, 2.0).logpdf(x))[1], np.log(density))


def test_parameters_outside_their_domains():
    with pytest.raises(ValueError, match="`concentration` must be positive"):
        law(0.0)
    with pytest.raises(ValueError, match="`rate` must be positive"):
        law(1.0, np.array([1.0, -1.0]))


@settings(max_examples=30)
@given(st.floats(-6, 8), st.floats(-40, 40))
def test_quantile_inverts_the_nearer_tail(log_shape, t):
    noise = law(math.exp(log_shape))
    x = noise.icdf_logit(t)
    if x > 1e-300:
        log_odds = noise.logcdf(x) if t < 0 else noise.logccdf(x)
        wanted = -np.logaddexp(0, abs(t))
        assert abs(log_odds - wanted) <= 1e-13 * (1 + abs(wanted) + x * np.exp(noise.logpdf(x) - wanted))


@settings(max_examples=30)
@given(st.floats(-6, 8), st.floats(-3, 3), st.floats(-9, 9))
def test_tails_are_complements(log_shape, score, log_rate):
    shape, rate = math.exp(log_shape), math.exp(log_rate)
    x = shape * math.exp(score / math.sqrt(shape)) / rate
    assert abs(law(shape, rate).cdf(x) + law(shape, rate).ccdf(x) - 1) < 1e-15
    assert np.isclose(np.exp(law(shape, rate).logcdf(x)), law(shape, rate).cdf(x), rtol=1e-12)


def uniform_of(log_x, shape):
    """The distribution function at ``exp(log_x)``; where that underflows, the first term of its series."""
    log_x = np.asarray(log_x, dtype=np.float64)
    return np.where(log_x < -50, np.exp(shape * log_x - gammaln(shape + 1)), law(shape).cdf(np.exp(log_x)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_samples_fit(shape, dtype, to_library):
    draws = law(to_library(dtype(shape)), to_library(dtype(2.0))).log_sample(5000, rng=1)
    assert np.asarray(draws).dtype == dtype
    assert kstest(uniform_of(np.asarray(draws) + math.log(2.0), float(dtype(shape))), "uniform").pvalue > FALSE_ALARM


def test_logarithms_of_samples_are_finite(to_library):
    draws = np.asarray(law(to_library(np.float32(1e-3))).log_sample(10000, rng=2))
    assert np.isfinite(draws).all()
    assert draws.min() < -1000


def test_first_rows_do_not_depend_on_their_number(to_library):
    noise = law(to_library(np.array([0.3, 4.0])))
    assert np.array_equal(np.asarray(noise.sample(9, rng=3))[:4], np.asarray(noise.sample(4, rng=3)))
    assert np.allclose(np.log(np.asarray(noise.sample(4, rng=3))), np.asarray(noise.log_sample(4, rng=3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_of_samples_have_the_derivative_of_the_mean(shape, dtype, torch):
    """E log x = digamma(a) - log b, and E x = a / b."""
    concentration = torch.full((4000,), shape, dtype=getattr(torch, dtype.__name__), requires_grad=True)
    log_x = law(concentration).log_sample(rng=4)
    (slope,) = torch.autograd.grad(log_x.sum(), concentration, retain_graph=True)
    (rise,) = torch.autograd.grad(log_x.exp().sum(), concentration)
    for found, wanted in ((slope, polygamma(1, shape)), (rise, 1.0)):
        values = np.asarray(found, dtype=np.float64)
        assert abs(values.mean() - wanted) < SCORE * values.std() / math.sqrt(len(values)) + 1e-5 * wanted


@pytest.mark.parametrize("method", ["pdf", "logpdf", "cdf", "ccdf", "logcdf", "logccdf", "icdf_logit"])
def test_gradients(method, torch):
    def value(x, concentration, rate):
        return getattr(law(concentration, rate), method)(x)

    columns = ([0.1, 1.3, 3.0, 7.0], [0.3, 0.6, 4.0, 4.0], [1.25, 1.0, 0.5, 2.0])
    inputs = tuple(torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns)
    assert torch.autograd.gradcheck(value, inputs, fast_mode=True)


@pytest.mark.parametrize("method", ["logpdf", "logcdf", "icdf_logit"])
def test_second_derivatives(method, torch):
    def value(x, concentration):
        return getattr(law(concentration), method)(x)

    inputs = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, 0.6))
    assert torch.autograd.gradgradcheck(value, inputs)


def test_vmap(torch):
    x = torch.tensor([0.2, 1.0, 5.0], dtype=torch.float64)
    slopes = torch.func.vmap(torch.func.grad(lambda x: law(2.5, 0.5).logcdf(x)))(x)
    assert torch.allclose(slopes, (law(2.5, 0.5).logpdf(x) - law(2.5, 0.5).logcdf(x)).exp())


def test_formulas_in_many_digits():
    f = MpmathFunctions(30)
    mp = f.context
    for a, x in ((0.25, 0.2), (0.25, 2.5), (2.5, 1.0), (9.0, 20.0)):
        lower = Gamma.cdf(f, mp.mpf(x), mp.mpf(a), mp.mpf(1))
        assert abs(lower - mp.gammainc(a, 0, x, regularized=True)) < 1e-25
        assert abs(Gamma.entropy(f, mp.mpf(a), mp.mpf(1)) - (a + mp.loggamma(a) + (1 - a) * mp.digamma(a))) < 1e-25


@pytest.mark.parametrize(("name", "x", "by_x"), [("logccdf", 1e6, -19.990001034), ("logcdf", 1e-3, 9999979.98)])
def test_slopes_of_far_tails_in_single_precision(torch, name, x, by_x):
    """Where the logarithm of the tail is in the millions, differences of such logarithms have no digits."""
    point = torch.tensor(x, requires_grad=True)
    value = getattr(Gamma(concentration=torch.tensor(1e4), rate=20.0), name)(point)
    (slope,) = torch.autograd.grad(value, point)
    assert float(slope) == pytest.approx(by_x, rel=1e-6)
