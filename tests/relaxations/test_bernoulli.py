"""The Bernoulli distribution: its values, its constructor, its noise; accuracy is in the tables of true values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from bernoulli_latent import Bernoulli, StepLogistic

logits = st.floats(-1e4, 1e4)


@given(logits)
@example(0.0)
def test_probabilities_of_both_values(a):
    bit = Bernoulli(logits=a)
    assert bit.pmf(0.0) + bit.pmf(1.0) == pytest.approx(1, abs=3e-16)
    assert bit.pmf(1.0) == bit.mean() == bit.ccdf(0.0) == Bernoulli(logits=-a).pmf(0.0)
    assert bit.logpmf(1.0) == bit.logpdf(1.0) == bit.logccdf(0.5)
    assert bit.variance() == pytest.approx(bit.pmf(0.0) * bit.pmf(1.0), rel=1e-14)


def test_other_values(to_library):
    bit = Bernoulli(logits=to_library(np.array(0.5)))
    x = to_library(np.array([-math.inf, -1.0, 0.0, 0.25, 1.0, 2.0, math.inf, math.nan]))
    low, high = float(bit.ccdf(0.0)), float(bit.cdf(0.0))
    for name, wanted in {
        "pmf": [0, 0, high, 0, low, 0, 0, math.nan],
        "cdf": [0, 0, high, high, 1, 1, 1, math.nan],
        "ccdf": [1, 1, low, low, 0, 0, 0, math.nan],
    }.items():
        np.testing.assert_array_equal(np.asarray(getattr(bit, name)(x)), wanted, name)
        log = "logpmf" if name == "pmf" else f"log{name}"
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(np.asarray(getattr(bit, log)(x)), np.log(wanted), rtol=1e-15, err_msg=log)


@given(st.floats(-700, 700), st.floats(-700, 700))
def test_quantile_is_the_side_of_the_relaxed_quantile(a, t):
    assert Bernoulli(logits=a).icdf_logit(t) == (t + a >= 0) == (StepLogistic(logits=a).icdf_logit(t) >= 0)


def test_quantiles_of_probabilities(to_library):
    bit = Bernoulli(logits=to_library(np.array(1.0)))
    u = to_library(np.array([0.0, 0.25, 0.3, 1.0, 1.5, math.nan]))
    np.testing.assert_array_equal(np.asarray(bit.icdf(u)), [0, 0, 1, 1, math.nan, math.nan])
    np.testing.assert_array_equal(np.asarray(bit.iccdf(u)), [1, 1, 1, 0, math.nan, math.nan])


@given(st.floats(1e-300, 1 - 1e-16))
def test_probability_of_one_goes_in_and_comes_out(p):
    bit = Bernoulli.from_probs(probs=p)
    assert bit.mean() == pytest.approx(p, rel=1e-15 * (1 + abs(bit.logits)))


@pytest.mark.parametrize("probs", [0.0, 1.0, -0.5, math.nan])
def test_probabilities_outside_are_refused(probs):
    with pytest.raises(ValueError, match="`probs` must be between 0 and 1; got"):
        Bernoulli.from_probs(probs=np.array([0.5, probs]))


@pytest.mark.parametrize("a", [-9.0, -1.0, 0.0, 3.0])
def test_samples_are_ones_as_often_as_they_should(a, to_library):
    """Binomial test at a false-alarm rate of 1e-6."""
    bits = np.asarray(Bernoulli(logits=to_library(np.array([a]))).sample(100_000, rng=1))
    assert set(np.unique(bits)) <= {0, 1}
    assert stats.binomtest(int(bits.sum()), bits.size, 1 / (1 + math.exp(-a))).pvalue > 1e-6


def test_derivatives_of_logarithms_but_not_of_samples(torch):
    a = torch.tensor([-90.0, -2.0, 0.5, 90.0], requires_grad=True)
    bit = Bernoulli(logits=a)
    assert not bit.sample(3, rng=0).requires_grad
    assert bit.sample(3, rng=0).dtype == torch.float32
    ones = torch.autograd.grad(bit.logpmf(torch.ones(4)).sum(), a)[0]
    torch.testing.assert_close(ones, torch.sigmoid(-a).detach())


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_transforms_and_compilation(torch):
    def function(x, a):
        return Bernoulli(logits=a).logpmf(x)

    x, a = torch.tensor([0.0, 1.0, 0.5]), torch.tensor([-1.0, 2.0, 3.0])
    plain = function(x, a)
    torch.testing.assert_close(torch.vmap(function)(x, a), plain)
    torch.testing.assert_close(torch.compile(function, fullgraph=True, backend="aot_eager")(x, a), plain)
    slope = torch.func.grad(lambda a: function(x[:2], a).sum())(a[:2])
    torch.testing.assert_close(slope, torch.sigmoid(a[:2] * (1 - 2 * x[:2])) * (2 * x[:2] - 1))
