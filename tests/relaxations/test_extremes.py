"""Results and derivatives at extreme parameters and at the ends of supports, where forms may cancel or overflow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bernoulli_latent import (
    BinaryConcrete,
    HardConcrete,
    LogitNormal,
    OverlappingExponential,
    PowerFunction,
    SpikeExponential,
    StepLogistic,
    kl_divergence,
    monte_carlo_kl_divergence,
)


def gradients(torch, function, *values, dtype):
    leaves = [torch.tensor(x, dtype=dtype, requires_grad=True) for x in values]
    return torch.autograd.grad(function(*leaves).sum(), leaves)


@pytest.mark.parametrize(("z", "logits"), [(1e-6, 90.0), (1e-6, 700.0), (1e-30, 90.0), (0.0, 90.0)])
def test_score_of_a_rare_side_keeps_its_digits_in_single_precision(torch, z, logits):
    def function(z, logits):
        return StepLogistic(logits=logits).logcdf(z)

    single, double = (gradients(torch, function, z, logits, dtype=x)[1] for x in (torch.float32, torch.float64))
    assert float(single) == pytest.approx(float(double), rel=2e-4, abs=1e-36)


def test_jump_has_the_slope_of_the_right(torch):
    for logits in (-1e4, 0.0, 3.0):
        slope = gradients(torch, lambda z, a: StepLogistic(logits=a).logccdf(z), 0.0, logits, dtype=torch.float64)[0]
        assert float(slope) == -0.5


def test_power_functions_at_the_ends(torch):
    law = PowerFunction(logits=np.array([-1e4, 0.0, 3.0]), sharpness=5.0)
    ends = np.array([[0.0], [1.0]])
    for method, values in {
        "pdf": (math.inf, math.inf),
        "logpdf": (math.inf, math.inf),
        "cdf": (0, 1),
        "ccdf": (1, 0),
        "logcdf": (-math.inf, 0),
        "logccdf": (0, -math.inf),
    }.items():
        assert np.array_equal(getattr(law, method)(ends), np.broadcast_to(np.array(values)[:, None], (2, 3))), method
        for z in (0.0, 1.0):
            slopes = gradients(
                torch,
                lambda a, s, z=z, m=method: getattr(PowerFunction(logits=a, sharpness=s), m)(z),
                [-1e4, 0.0, 3.0],
                5.0,
                dtype=torch.float32,
            )
            assert all(torch.isfinite(slope).all() for slope in slopes), method


@pytest.mark.parametrize("sharpness", [2.0, 10.0, 1e3])
def test_divergence_of_power_functions_can_be_estimated(sharpness):
    """False alarms: one in a million."""
    p, q = PowerFunction(logits=1.0, sharpness=sharpness), PowerFunction(logits=0.0, sharpness=sharpness)
    value, error = monte_carlo_kl_divergence(p, q, 20_000, rng=0)
    bits = float(kl_divergence(StepLogistic(logits=1.0), StepLogistic(logits=0.0)))
    assert -5 * error < value < bits + 5 * error
    assert sharpness < 1e3 or abs(value - bits) < 5 * error + 0.01


def test_logit_of_a_power_function(torch):
    values = [torch.tensor(x, dtype=torch.float64) for x in ([-3.0, 0.2, 4.0], [0.3, -1.0, 2.0], [1.5, 10.0, 40.0])]
    leaves = [x.requires_grad_() for x in values]

    def draw(t, logits, sharpness):
        return PowerFunction(logits=logits, sharpness=sharpness).logit_law().icdf_logit(t)

    assert torch.autograd.gradcheck(draw, leaves)
    assert torch.autograd.gradgradcheck(draw, leaves)
    law = PowerFunction(logits=leaves[1], sharpness=leaves[2])
    y = draw(*leaves)
    torch.testing.assert_close(torch.sigmoid(y), law.icdf_logit(leaves[0]))
    inside = law.logpdf(torch.sigmoid(y[:2]).expand(1, 2)[..., None])[0].diagonal() + torch.nn.functional.logsigmoid(
        torch.stack([y[:2], -y[:2]])
    ).sum(0)
    torch.testing.assert_close(law.logit_law().logpdf(y)[:2], inside)


@pytest.mark.parametrize("sharpness", [1e3, 1e4, 1e6])
def test_median_of_overlapping_exponentials(torch, sharpness):
    assert OverlappingExponential(logits=0.0, sharpness=sharpness).icdf(0.5) == pytest.approx(0.5)
    law = OverlappingExponential(logits=torch.tensor(0.0), sharpness=sharpness)
    assert float(law.icdf(0.5)) == pytest.approx(0.5)


@pytest.mark.parametrize(("logits", "sharpness"), [(1e4, 1e3), (90.0, 1e3), (-700.0, 89.0), (0.5, 1e6)])
def test_divergence_of_overlapping_exponentials(torch, logits, sharpness):
    """That of the bits at large sharpness, and zero between equals."""

    def divergence(a, b):
        return kl_divergence(
            OverlappingExponential(logits=a, sharpness=sharpness), OverlappingExponential(logits=b, sharpness=sharpness)
        )

    for dtype in (torch.float32, torch.float64):
        a, b = (torch.tensor(x, dtype=dtype, requires_grad=True) for x in (logits, 0.25))
        itself = divergence(a, a)
        assert not any(bool(x) for x in (itself, *torch.autograd.grad(itself, a)))
        bits = kl_divergence(StepLogistic(logits=a), StepLogistic(logits=b))
        torch.testing.assert_close(divergence(a, b), bits, rtol=1e-4, atol=0)


def test_steep_spikes_in_single_precision(torch):
    def draw(t, logits):
        return SpikeExponential(logits=logits, sharpness=1e-3).icdf_logit(t)

    single, double = (gradients(torch, draw, -85.0, 90.0, dtype=x)[0] for x in (torch.float32, torch.float64))
    assert float(single) == pytest.approx(float(double), rel=1e-4, abs=0)


def test_noise_at_the_ends_does_not_poison_parameters(torch):
    def draw(loc, scale):
        return LogitNormal(loc=loc, scale=scale).icdf(torch.tensor([0.0, 0.5, 1.0], dtype=loc.dtype))

    loc, scale = gradients(torch, draw, 0.0, 1.0, dtype=torch.float32)
    assert (float(loc), float(scale)) == (0.25, 0.0)


def test_hard_concrete_beyond_the_range_of_single_precision(torch):
    for method in ("mean", "variance", "entropy"):
        slopes = gradients(
            torch,
            lambda a, t, low, high, m=method: getattr(HardConcrete(logits=a, temperature=t, low=low, high=high), m)(),
            *(-110.0, 1.5, -1000.0, 1.0001),
            dtype=torch.float32,
        )
        assert all(torch.isfinite(slope) for slope in slopes), method


@pytest.mark.parametrize("logits", [-700.0, 60.0, 700.0])
@pytest.mark.parametrize("temperature", [1e-3, 0.3, 1.0, 20.0])
def test_variances_of_hard_concrete_are_not_negative(to_library, logits, temperature):
    low, high = np.array([-2.0, -0.1], np.float32), np.array([1.0001, 3.0], np.float32)
    law = HardConcrete(logits=logits, temperature=temperature, low=to_library(low), high=to_library(high))
    assert (np.asarray(law.variance()) >= 0).all()


def test_uniform_binary_concrete_has_a_flat_density(torch):
    z = [1e-20, 1e-6, 0.3, 1 - 2.0**-24]
    slope = gradients(torch, lambda z: BinaryConcrete(logits=0.0, temperature=1.0).logpdf(z), z, dtype=torch.float32)[0]
    assert torch.equal(slope, torch.zeros(4))


def test_near_temperatures_keep_small_divergences(torch):
    values = {}
    for dtype in (torch.float32, torch.float64):
        temperatures = torch.tensor([1.0, 0.99999], dtype=torch.float32).to(dtype)
        p, q = (BinaryConcrete(logits=torch.tensor(-1e4, dtype=dtype), temperature=x) for x in temperatures)
        values[dtype] = float(kl_divergence(p, q))
    assert values[torch.float32] == pytest.approx(values[torch.float64], rel=1e-5)
