"""Unbiased estimators against exact gradients by enumeration; straight-through ones against their definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from bernoulli_latent.torch import (
    arm,
    disarm,
    gumbel_rao,
    logits_given_bits,
    reinforce_leave_one_out,
    straight_through_bernoulli,
    straight_through_gumbel,
    straight_through_sign,
)

FALSE_ALARM = 1e-6
LOGITS = [-1.5, 0.3, 2.0]
ESTIMATORS = [arm, disarm, reinforce_leave_one_out, lambda *a: reinforce_leave_one_out(*a, n_samples=5)]
STRAIGHT_THROUGH = [straight_through_bernoulli, straight_through_gumbel, gumbel_rao]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=["arm", "disarm", "reinforce_2", "reinforce_5"])
each_straight_through = pytest.mark.parametrize("draw", STRAIGHT_THROUGH, ids=lambda draw: draw.__name__)


def loss(bits):
    """A function of three bits with all interactions."""
    first, second, third = bits.unbind(-1)
    return (1 + first - 2 * second + third) ** 2 + 3 * first * second * third


def expectation(torch, logits):
    codes = torch.tensor(list(product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    return (loss(codes) * torch.exp(torch.nn.functional.logsigmoid((2 * codes - 1) * logits).sum(-1))).sum()


def assert_mean(samples, expected):
    """z-test of each column; the false-alarm rate is that of all together."""
    samples = np.atleast_2d(np.asarray(samples, float).T).T
    error = samples.std(axis=0) / len(samples) ** 0.5
    z = np.abs(samples.mean(axis=0) - np.asarray(expected)) / error
    assert z.max() < scipy.stats.norm.isf(FALSE_ALARM / 2 / samples.shape[1])


def draws(torch, estimator, n_samples=100_000):
    """Losses and gradients, one row for each draw."""
    torch.manual_seed(0)
    logits = torch.tensor(LOGITS, dtype=torch.float64).expand(n_samples, 3).clone().requires_grad_()
    losses = estimator(loss, logits)
    losses.sum().backward()
    return losses.detach(), logits.grad


@each_estimator
def test_loss_and_gradient_are_unbiased(torch, estimator):
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    exact = expectation(torch, logits)
    (gradient,) = torch.autograd.grad(exact, logits)
    losses, estimates = draws(torch, estimator)
    assert_mean(losses, exact.detach())
    assert_mean(estimates, gradient)


def test_disarm_has_the_smaller_variance(torch):
    assert (draws(torch, disarm)[1].var(0) < draws(torch, arm)[1].var(0)).all()


@each_estimator
def test_weights_of_the_loss_have_their_own_gradient(torch, estimator):
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    logits = torch.zeros(5, 3, dtype=torch.float64)
    losses = estimator(lambda bits: weight**2 * loss(bits), logits)
    (gradient,) = torch.autograd.grad(losses.sum(), weight)
    torch.testing.assert_close(gradient, 2 * losses.detach().sum())


@each_estimator
def test_weights_of_codes_scale_their_gradient(torch, estimator):
    gradients = []
    for weights in (torch.ones(4), torch.tensor([1.0, 2.0, 0.0, -1.0])):
        torch.manual_seed(5)
        logits = torch.zeros(4, 3, requires_grad=True)
        (estimator(loss, logits) * weights).sum().backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(gradients[1], gradients[0] * weights[:, None])


@each_estimator
def test_extreme_logits(torch, estimator):
    logits = torch.tensor([-1e4, 0.0, 1e4], requires_grad=True)
    estimator(loss, logits).backward()
    assert torch.isfinite(logits.grad).all()


def test_certain_bits_have_no_gradient(torch):
    for estimator in (disarm, reinforce_leave_one_out):
        logits = torch.tensor([-1e4, 0.0, 1e4], requires_grad=True)
        estimator(loss, logits).backward()
        assert logits.grad[0] == logits.grad[2] == 0


@each_estimator
def test_loss_of_another_shape(torch, estimator):
    with pytest.raises(ValueError, match=r"`loss` must return one number for each code, shape \(4,\); got \(\)"):
        estimator(lambda bits: bits.sum(), torch.zeros(4, 3))


def test_one_sample_has_no_others(torch):
    with pytest.raises(ValueError, match="`n_samples` must be at least 2"):
        reinforce_leave_one_out(loss, torch.zeros(3), n_samples=1)


@each_estimator
def test_estimators_compile(torch, compiled, estimator):
    results = []
    for function in (estimator, compiled(estimator)):
        torch.manual_seed(0)
        logits = torch.zeros(4, 3, requires_grad=True)
        function(loss, logits).sum().backward()
        results.append(logits.grad)
    torch.testing.assert_close(*results)


def test_sign(torch):
    x = torch.tensor([-2.0, -0.0, 0.0, 3.0], requires_grad=True)
    signs = straight_through_sign(x)
    assert signs.tolist() == [-1, 1, 1, 1]
    signs.backward(torch.arange(4.0))
    assert x.grad.tolist() == [0, 1, 2, 3]


@each_straight_through
def test_bits_have_their_probabilities(torch, draw):
    torch.manual_seed(0)
    logits = torch.tensor(LOGITS, dtype=torch.float64).expand(100_000, 3)
    bits = draw(logits)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert_mean(bits, torch.sigmoid(logits[0]))


@each_straight_through
def test_bits_keep_shape_and_dtype(torch, draw):
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        logits = torch.zeros(2, 1, 3, dtype=dtype, requires_grad=True)
        bits = draw(logits)
        assert (bits.shape, bits.dtype) == (logits.shape, dtype)
        assert ((bits == 0) | (bits == 1)).all()
        bits.sum().backward()
        assert (logits.grad > 0).all()


@each_straight_through
def test_bits_obey_their_generator(torch, draw):
    first, second = (draw(torch.zeros(50), rng=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)


@each_straight_through
def test_straight_through_compiles_and_maps(torch, compiled, draw):
    logits = torch.tensor(LOGITS, dtype=torch.float64)
    gradients = []
    for function in (draw, compiled(draw)):
        torch.manual_seed(0)
        leaf = logits.clone().requires_grad_()
        function(leaf).sum().backward()
        gradients.append(leaf.grad)
    torch.manual_seed(0)
    torch.testing.assert_close(*gradients)
    torch.testing.assert_close(torch.func.grad(lambda a: draw(a).sum())(logits), gradients[0])
    assert torch.vmap(draw, randomness="different")(logits).shape == (3,)


def test_gradient_of_straight_through_bernoulli(torch):
    logits = torch.tensor([-80.0, -30.0, 0.0, 30.0, 80.0], requires_grad=True)
    straight_through_bernoulli(logits).sum().backward()
    size = logits.detach().abs().double()
    torch.testing.assert_close(logits.grad.double(), torch.exp(-size) / (1 + torch.exp(-size)) ** 2, rtol=1e-6, atol=0)


def test_gradient_of_straight_through_gumbel(torch):
    temperature = 0.4
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    straight_through_gumbel(logits, temperature).sum().backward()
    torch.manual_seed(0)
    noisy = logits.detach() + torch.logit(torch.rand(3, dtype=torch.float64) + 2.0**-54)
    relaxed = torch.sigmoid(noisy / temperature)
    torch.testing.assert_close(logits.grad, relaxed * (1 - relaxed) / temperature)


@pytest.mark.parametrize("bit", [0.0, 1.0])
def test_gumbel_rao_averages_over_the_noise_of_its_bits(torch, bit):
    temperature, location = 0.5, 0.7
    logits = torch.tensor([location], dtype=torch.float64).expand(4000).clone().requires_grad_()
    torch.manual_seed(0)
    bits = gumbel_rao(logits, temperature, n_samples=50)
    bits.sum().backward()
    noise = scipy.stats.logistic(location)
    low, high = (0, np.inf) if bit else (-np.inf, 0)

    def slope(x):
        return scipy.special.expit(x / temperature) * scipy.special.expit(-x / temperature) / temperature

    exact = scipy.integrate.quad(lambda x: slope(x) * noise.pdf(x), low, high)[0] / (noise.cdf(high) - noise.cdf(low))
    assert_mean(logits.grad[bits == bit], exact)


def test_gumbel_rao_has_the_smaller_variance(torch):
    variances = []
    for draw in (straight_through_gumbel, gumbel_rao):
        logits = torch.zeros(4000, requires_grad=True)
        draw(logits, 0.5).sum().backward()
        variances.append(float(logits.grad.var()))
    assert variances[1] < variances[0] / 5


@pytest.mark.parametrize("bit", [0.0, 1.0])
@pytest.mark.parametrize("location", [-3.0, 0.2, 4.0])
def test_conditional_noise_follows_its_law(torch, bit, location):
    """The logistic variable cut at zero; false alarms: one in a million for each pair."""
    torch.manual_seed(0)
    logits = torch.tensor(location, dtype=torch.float64)
    noisy = logits_given_bits(torch.full((5000,), bit, dtype=torch.float64), logits)
    law = scipy.stats.logistic(location)
    levels = law.sf(noisy) / law.sf(0) if bit else law.cdf(noisy) / law.cdf(0)
    assert ((noisy >= 0) == bool(bit)).all()
    assert scipy.stats.kstest(levels, "uniform").pvalue > FALSE_ALARM


def test_conditional_noise_of_extreme_logits(torch):
    logits = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], requires_grad=True)
    for bit in (0.0, 1.0):
        noisy = logits_given_bits(torch.full((1000, 1), bit), logits)
        (gradient,) = torch.autograd.grad(noisy.sum(), logits)
        assert torch.isfinite(noisy).all()
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("draw", [straight_through_gumbel, gumbel_rao])
def test_temperatures_are_positive(torch, draw):
    with pytest.raises(ValueError, match="`temperature` must be positive"):
        draw(torch.zeros(2), -1.0)


def test_gradient_of_conditional_noise(torch):
    def draw(logits):
        return logits_given_bits(torch.tensor([0.0, 1.0, 1.0]), logits, rng=torch.Generator().manual_seed(2))

    assert torch.autograd.gradcheck(draw, torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True))
