"""The normal-gamma distribution: its two steps, moments, samples and derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest, t

from bernoulli_latent import Normal, NormalGamma

FALSE_ALARM = 1e-6
SCORE = 4.9
"""Standard errors that a normal variable exceeds with the probability `FALSE_ALARM`."""

PARAMETERS = {"loc": -1.0, "kappa": 0.5, "concentration": 3.0, "rate": 4.0}


def law(to_library, dtype=np.float64, **changes):
    return NormalGamma(**{name: to_library(dtype(x)) for name, x in (PARAMETERS | changes).items()})


def test_density_is_the_product_of_its_steps(to_library):
    x, precision = (to_library(np.array(values)) for values in ([-3.0, 0.0, 8.0], [0.1, 2.0, 5.0]))
    joint = law(to_library)
    value = Normal(loc=joint.loc, scale=(joint.kappa * precision) ** -0.5)
    steps = value.logpdf(x) + joint.precision_law().logpdf(precision)
    assert np.allclose(np.asarray(joint.logpdf(x, precision)), np.asarray(steps), rtol=1e-14)
    assert np.allclose(np.asarray(joint.pdf(x, precision)), np.exp(np.asarray(steps)), rtol=1e-13)


def test_impossible_precisions_and_nan(to_library):
    precision = to_library(np.array([-1.0, 0.0, math.inf, math.nan]))
    assert np.array_equal(np.asarray(law(to_library).pdf(0.0, precision)), [0, 0, 0, math.nan], equal_nan=True)
    assert np.array_equal(np.asarray(law(to_library).logpdf(0.0, precision))[:3], [-math.inf] * 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_fit(dtype, to_library):
    joint = law(to_library, dtype)
    x, precision = joint.sample(5000, rng=6)
    assert np.asarray(x).dtype == np.asarray(precision).dtype == dtype
    student = t(6, loc=-1.0, scale=math.sqrt(4.0 / 0.5 / 3.0))
    assert kstest(np.asarray(x), student.cdf).pvalue > FALSE_ALARM
    assert kstest(np.asarray(joint.precision_law().cdf(precision)), "uniform").pvalue > FALSE_ALARM
    score = (np.asarray(x) + 1) * np.sqrt(0.5 * np.asarray(precision))
    assert kstest(score, "norm").pvalue > FALSE_ALARM
    assert abs(np.corrcoef(score, np.asarray(precision))[0, 1]) < SCORE / math.sqrt(5000)


def test_moments(to_library):
    joint = law(to_library, concentration=np.array([0.4, 0.8, 3.0]))
    assert np.array_equal(np.asarray(joint.mean().value), [math.nan, -1, -1], equal_nan=True)
    assert np.allclose(np.asarray(joint.mean().precision), [0.1, 0.2, 0.75])
    assert np.allclose(np.asarray(joint.variance().value), [math.inf, math.inf, 4.0])
    assert np.allclose(np.asarray(joint.variance().precision), [0.025, 0.05, 0.1875])


def test_first_rows_do_not_depend_on_their_number(to_library):
    joint = law(to_library, loc=np.array([0.0, 2.0]))
    for many, few in zip(joint.sample(9, rng=7), joint.sample(4, rng=7), strict=True):
        assert many.shape == (9, 2)
        assert np.array_equal(np.asarray(many)[:4], np.asarray(few))


def test_derivatives_of_samples_have_the_derivative_of_the_mean(torch):
    """E x^2 = loc^2 + rate / (kappa (concentration - 1))."""
    parameters = {
        name: torch.full((5000,), x, dtype=torch.float64, requires_grad=True) for name, x in PARAMETERS.items()
    }
    x, _ = NormalGamma(**parameters).sample(rng=8)
    slopes = torch.autograd.grad((x**2).sum(), [*parameters.values()])
    for slope, wanted in zip(slopes, (-2.0, -8.0, -2.0, 1.0), strict=True):
        values = slope.numpy()
        assert abs(values.mean() - wanted) < SCORE * values.std() / math.sqrt(len(values))


def test_gradients(torch):
    def value(*inputs):
        return NormalGamma(**dict(zip(PARAMETERS, inputs[2:], strict=True))).logpdf(*inputs[:2])

    inputs = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.3, 1.7, *PARAMETERS.values()))
    assert torch.autograd.gradcheck(value, inputs)
    assert torch.autograd.gradgradcheck(value, inputs)
