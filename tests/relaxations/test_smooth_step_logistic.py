"""SmoothStepLogistic against closed forms, its limits and itself; true values are in the tables of the contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import kstest

from bernoulli_latent import Logistic, SmoothStepLogistic, StepLogistic
from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS as f
from bernoulli_latent.relaxations.smooth_tail import blur, contrast

EPSILON = np.finfo(float).eps
LOGITS = st.one_of(st.floats(-20, 20), st.floats(-1e4, 1e4))
SHARPNESS = st.floats(-2, 6).map(lambda x: 10**x)
SIZES = np.array([0.0, 1e-9, 0.01, 0.3, 1.0, 2.5, 8.0, 30.0])


def closed_form(x, sharpness):
    """Contrast times S(-x) for an integer sharpness, as a sum of logarithms."""
    slope = f.sigmoid_slope(x)
    halves = 4 * np.cos((2 * np.arange(sharpness // 2)[:, None] + 1) * np.pi / (2 * sharpness)) ** 2
    return sharpness % 2 * slope / sharpness - 2 / sharpness * (np.log1p(-halves * slope) / halves).sum(axis=0)


@pytest.mark.parametrize("sharpness", range(1, 9))
def test_closed_form_for_integers(sharpness):
    expected = closed_form(SIZES, sharpness) / f.sigmoid(-SIZES)
    got = contrast(f, SIZES, np.float64(sharpness))
    assert np.allclose(got, expected, rtol=1e-14 + sharpness * 1e-15, atol=0)


@pytest.mark.parametrize("sharpness", [0.01, 0.3, 0.5, 2.5, 40.0])
def test_duality(sharpness):
    left = f.sigmoid(-SIZES) * contrast(f, SIZES, np.float64(sharpness))
    inverse = f.sigmoid(-sharpness * SIZES) * contrast(f, sharpness * SIZES, np.float64(1 / sharpness))
    right = f.sigmoid(-SIZES) * f.tanh_half(sharpness * SIZES) + f.sigmoid(-sharpness * SIZES) - inverse
    assert np.allclose(left, right, rtol=1e-13, atol=3e-16)


@pytest.mark.parametrize("function", [contrast, blur])
def test_derivatives_of_contrast_and_blur(torch, function):
    from bernoulli_latent._namespaces.torch_functions import FUNCTIONS

    x = torch.tensor([0.0, 0.1, 0.4, 2.0, 6.0], dtype=torch.float64, requires_grad=True)
    sharpness = torch.tensor([0.3, 0.9, 1.7, 4.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *a: function(FUNCTIONS[torch.float64], *a), (x, sharpness))
    assert torch.autograd.gradgradcheck(
        lambda *a: function(FUNCTIONS[torch.float64], *a), (x, sharpness), fast_mode=True
    )


@given(LOGITS, SHARPNESS)
def test_contrast_and_blur_add_up(x, sharpness):
    x, sharpness = np.float64(abs(x)), np.float64(sharpness)
    assert contrast(f, x, sharpness) + blur(f, x, sharpness) == pytest.approx(1, abs=4 * EPSILON)


@given(LOGITS, SHARPNESS, st.floats(-700, 0), st.sampled_from([-1, 1]))
def test_round_trip_in_both_tails(logits, sharpness, power, side):
    law = SmoothStepLogistic(logits=logits, sharpness=sharpness)
    probability = np.exp(power - 0.7)
    inverse, forward = (law.icdf, law.cdf) if side < 0 else (law.iccdf, law.ccdf)
    z = inverse(probability)
    steep = sharpness if sharpness * abs(z) < 40 + abs(logits) else 0
    # The logit of the probability is rounded too.
    scale = 1 + abs(z) * (1 + steep) + abs(power)
    assert abs(forward(z) - probability) <= 8 * EPSILON * probability * scale


@given(LOGITS, SHARPNESS, st.floats(-500, 500), st.floats(0, 10))
def test_monotone(logits, sharpness, t, step):
    law = SmoothStepLogistic(logits=logits, sharpness=sharpness)
    low, high = law.icdf_logit(t), law.icdf_logit(t + step)
    assert low <= high + 8 * EPSILON * abs(high)


@given(LOGITS, SHARPNESS, st.floats(-100, 100))
def test_mirror(logits, sharpness, z):
    law, mirrored = (SmoothStepLogistic(logits=a, sharpness=sharpness) for a in (logits, -logits))
    assert law.cdf(z) == mirrored.ccdf(-z)
    assert law.logpdf(z) == mirrored.logpdf(-z)
    assert law.cdf(z) + law.ccdf(z) == pytest.approx(1, abs=8 * EPSILON)


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_limit_of_a_sharp_step(logits, t):
    smooth, hard = SmoothStepLogistic(logits=logits, sharpness=1e12), StepLogistic(logits=logits)
    assert smooth.icdf_logit(t) == pytest.approx(hard.icdf_logit(t), rel=1e-6, abs=1e-9)
    assert smooth.mean() == pytest.approx(hard.mean(), rel=1e-12)
    assert smooth.entropy() == pytest.approx(hard.entropy(), rel=1e-11)


@pytest.mark.parametrize(("logits", "sharpness"), [(0.0, 3.0), (2.0, 0.2), (-3.0, 7.0)])
def test_moments_by_integration(logits, sharpness):
    law = SmoothStepLogistic(logits=logits, sharpness=sharpness)
    moment = {k: quad(lambda x, k=k: float(x**k * law.pdf(x)), -60, 60, points=[0], limit=200)[0] for k in (1, 2)}
    assert law.mean() == pytest.approx(moment[1], abs=1e-7)
    assert law.variance() == pytest.approx(moment[2] - moment[1] ** 2, rel=1e-7)
    entropy = quad(lambda x: float(-law.pdf(x) * law.logpdf(x)), -60, 60, points=[0], limit=200)[0]
    assert law.entropy() == pytest.approx(entropy, rel=1e-7)


LAWS = [(0.5, 0.3), (-2.0, 1.0), (3.0, 20.0)]


@pytest.mark.parametrize(("logits", "sharpness"), [*LAWS, (-0.7, 1e6), (30.0, 0.05)])
def test_samples_follow_the_law(logits, sharpness, to_library):
    """False alarm with probability 1e-6 each, at a fixed seed."""
    law = SmoothStepLogistic(logits=to_library(np.float64(logits)), sharpness=sharpness)
    sample = np.asarray(law.sample(50_000, rng=3))
    reference = SmoothStepLogistic(logits=logits, sharpness=sharpness)
    assert kstest(sample, reference.cdf).pvalue > 1e-6


@pytest.mark.parametrize(("logits", "sharpness"), LAWS)
def test_gradients_of_samples_are_unbiased(torch, logits, sharpness):
    """Each within 5 standard errors, at a fixed seed: false alarm with probability 6e-7 each."""
    one = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (logits, sharpness)]
    own = [x.detach().expand(40_000).clone().requires_grad_() for x in one]
    sample = SmoothStepLogistic(logits=own[0], sharpness=own[1]).sample(rng=5)
    slopes = torch.autograd.grad(SmoothStepLogistic(logits=one[0], sharpness=one[1]).mean(), one)
    for values, exact in ((sample, slopes), (sample.tanh(), slopes_of_mean_tanh(logits, sharpness))):
        gradients = torch.autograd.grad(values.sum(), own, retain_graph=True)
        for gradient, slope in zip(gradients, exact, strict=True):
            assert abs(gradient.mean() - slope) < 5 * gradient.std() / 200


def slopes_of_mean_tanh(logits, sharpness):
    """By integration of the derivatives of the density."""

    def by_logits(z):
        return 2 * f.sigmoid_slope(logits) * f.sigmoid_slope(z) * f.tanh_half(sharpness * z) * np.tanh(z)

    def by_sharpness(z):
        return 2 * f.tanh_half(logits) * f.sigmoid_slope(z) * f.sigmoid_slope(sharpness * z) * z * np.tanh(z)

    return [2 * quad(lambda z, part=part: float(part(z)), 0, 60, limit=200)[0] for part in (by_logits, by_sharpness)]


@pytest.mark.parametrize(("logits", "sharpness"), LAWS)
def test_pathwise_gradient_is_that_of_the_mean(torch, logits, sharpness):
    """The midpoint rule over uniform noise has an error far below the tolerance."""
    u = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000
    parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (logits, sharpness)]
    law = SmoothStepLogistic(logits=parameters[0], sharpness=parameters[1])
    pathwise = torch.autograd.grad(law.icdf(u).mean(), parameters)
    exact = torch.autograd.grad(law.mean(), parameters)
    assert torch.allclose(torch.stack(pathwise), torch.stack(exact), rtol=2e-3, atol=1e-5)


def arguments(torch):
    return [
        torch.tensor(x, dtype=torch.float64, requires_grad=True)
        for x in ([-3.0, -0.4, 0.7], [1.0, -0.7, -4.0], [0.4, 2.0, 7.0])
    ]


@pytest.mark.parametrize("method", ["logpdf", "cdf", "ccdf", "logcdf", "logccdf", "icdf_logit"])
def test_gradients(torch, method):
    def value(x, logits, sharpness):
        return getattr(SmoothStepLogistic(logits=logits, sharpness=sharpness), method)(x)

    assert torch.autograd.gradcheck(value, arguments(torch))
    assert torch.autograd.gradgradcheck(value, arguments(torch), fast_mode=True)


def test_derivative_by_logits_stays_below_two():
    logits, t = np.meshgrid(np.linspace(-100, 100, 41), np.linspace(-200, 200, 81))
    for sharpness in (0.01, 1.0, 50.0, 1e6):
        slope = SmoothStepLogistic(logits=logits, sharpness=sharpness).icdf_logit.derivative("logits")(t)
        assert (slope >= 0).all()
        assert (slope <= 2).all()


def test_values_that_are_not_finite():
    law = SmoothStepLogistic(logits=1.0, sharpness=2.0)
    assert law.icdf([0.0, 1.0]).tolist() == [-np.inf, np.inf]
    assert law.cdf([-np.inf, np.inf]).tolist() == [0, 1]
    assert law.logcdf([-np.inf, np.inf]).tolist() == [-np.inf, 0]
    assert law.pdf([-np.inf, np.inf]).tolist() == [0, 0]
    assert np.isnan([law.icdf([-0.1, 1.1, np.nan]), law.cdf([np.nan] * 3), law.logccdf([np.nan] * 3)]).all()


@pytest.mark.parametrize("method", ["logcdf", "icdf_logit"])
def test_transforms_and_compilation(torch, method):
    def total(x, logits, sharpness):
        return getattr(SmoothStepLogistic(logits=logits, sharpness=sharpness), method)(x).sum()

    x, logits, sharpness = (v.detach() for v in arguments(torch))
    direct = torch.func.grad(total, argnums=(1, 2))(x, logits, sharpness)
    mapped = torch.func.vmap(torch.func.grad(total, argnums=(1, 2)))(x, logits, sharpness)
    assert torch.allclose(torch.stack(direct), torch.stack(mapped), rtol=1e-12)


def test_sharpness_must_be_positive():
    with pytest.raises(ValueError, match="`sharpness` must be positive"):
        SmoothStepLogistic(logits=0.0, sharpness=0.0)


def test_a_blunt_step_is_logistic():
    z = np.linspace(-40, 40, 9)
    law, base = SmoothStepLogistic(logits=5.0, sharpness=1e-300), Logistic(loc=0.0, scale=1.0)
    assert np.allclose(law.logcdf(z), base.logcdf(z), rtol=1e-15)
    assert np.allclose(law.icdf_logit(z), z, rtol=1e-15)
