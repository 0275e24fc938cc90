"""The mixtures on [0, 1] that a bit weights: what is particular to each, beside the tables and the contract."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bernoulli_latent import OverlappingExponential, PowerFunction, SpikeExponential, kl_divergence
from bernoulli_latent.relaxations.bernoulli import Bernoulli

logits = st.floats(-40, 40)
noise = st.floats(-36, 36)
SHARPNESS = {
    SpikeExponential: st.floats(1e-3, 1e3),
    OverlappingExponential: st.floats(1e-3, 1e3),
    PowerFunction: st.floats(1.001, 1e3),
}
each_law = pytest.mark.parametrize("kind", SHARPNESS, ids=lambda kind: kind.__name__)
mirrored_laws = pytest.mark.parametrize("kind", [OverlappingExponential, PowerFunction], ids=lambda kind: kind.__name__)
EPSILON = 2.0**-52


@each_law
@settings(max_examples=300)
@given(logits, noise, st.data())
def test_round_trip_from_either_tail(kind, a, t, data):
    """The probability of the quantile is that of the noise, times what rounding of the value is worth."""
    law = kind(logits=a, sharpness=data.draw(SHARPNESS[kind]))
    z = law.icdf_logit(t)
    if not 1e-300 < z < 1 - 1e-6:
        return
    slack = 64 * EPSILON * (1 + abs(t) + abs(a) + law.sharpness)
    slack += 4 * EPSILON * z * law.pdf(z) * (1 / law.cdf(z) + 1 / law.ccdf(z))
    assert law.logcdf(z) - law.logccdf(z) == pytest.approx(t, rel=slack, abs=slack)


@mirrored_laws
@given(logits, noise, st.data())
def test_reflection(kind, a, t, data):
    sharpness = data.draw(SHARPNESS[kind])
    law, mirrored = kind(logits=a, sharpness=sharpness), kind(logits=-a, sharpness=sharpness)
    assert law.icdf_logit(t) + mirrored.icdf_logit(-t) == pytest.approx(1, abs=1e-13 * max(1, sharpness))
    assert law.cdf(0.25) == pytest.approx(mirrored.ccdf(0.75), rel=1e-13)
    assert law.mean() + mirrored.mean() == pytest.approx(1, rel=1e-15)
    assert law.entropy() == pytest.approx(mirrored.entropy(), rel=1e-9, abs=1e-9)


@each_law
@pytest.mark.parametrize("a", [-3.0, 0.0, 8.0])
@pytest.mark.parametrize("sharpness", [1.25, 6.0])
def test_moments_and_entropy_are_those_of_the_quantiles(kind, a, sharpness):
    law = kind(logits=a, sharpness=sharpness)

    t = np.linspace(-34, 34, 20_001) + 1e-3
    z, weight = law.icdf_logit(t), (t[1] - t[0]) / (2 + 2 * np.cosh(t))
    assert law.mean() == pytest.approx((weight * z).sum(), abs=1e-5)
    assert law.variance() == pytest.approx((weight * (z - law.mean()) ** 2).sum(), abs=1e-5)
    surprise = -law.logpdf(z)
    if kind is not SpikeExponential:
        mirrored = kind(logits=-a, sharpness=sharpness)
        surprise = np.where(z < 0.5, surprise, -mirrored.logpdf(mirrored.icdf_logit(-t)))
    assert law.entropy() == pytest.approx((weight * surprise).sum(), abs=5e-3 if kind is SpikeExponential else 1e-4)


@each_law
def test_sharp_parts_leave_the_entropy_of_the_bit(kind):
    """The entropy is that of the bit and of the part drawn from, once the parts do not overlap."""
    a, sharpness = 1.0, 1e3
    law, half = kind(logits=a, sharpness=sharpness), kind(logits=-1e4, sharpness=sharpness)
    parts = (1 / (1 + math.exp(-a)) if kind is SpikeExponential else 1) * (
        1 - math.log(sharpness) if kind is not PowerFunction else half.entropy()
    )
    slack = 0.005 if kind is PowerFunction else 1e-12
    assert law.entropy() == pytest.approx(parts + Bernoulli(logits=a).entropy(), abs=slack)


@given(logits, st.floats(1e-3, 1e3))
def test_atom_of_the_spike(a, sharpness):
    law, bit = SpikeExponential(logits=a, sharpness=sharpness), Bernoulli(logits=a)
    assert law.pdf(0.0) == bit.pmf(0.0) == law.cdf(0.0)
    assert law.logcdf(0.0) == pytest.approx(bit.logpmf(0.0), rel=1e-15)
    assert law.icdf_logit(-a) == 0
    assert law.icdf_logit(-a - 1) == 0
    assert law.icdf_logit(-a + 1) > 0


@each_law
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_are_finite(kind, dtype, torch):
    a, t, sharpness = (
        x.ravel().to(getattr(torch, dtype))
        for x in torch.meshgrid(
            torch.tensor([-1e4, -700.0, -90.0, -17.0, 0.0, 1e-6, 17.0, 90.0, 700.0, 1e4]),
            torch.tensor([-1e4, -700.0, -90.0, -17.0, -1e-6, 0.0, 17.0, 90.0, 700.0, 1e4]),
            torch.tensor([1.001, 8.0, 95.0, 1e3]),
            indexing="ij",
        )
    )
    leaves = [x.requires_grad_() for x in (t, a, sharpness)]
    z = kind(logits=a, sharpness=sharpness).icdf_logit(t)
    assert ((z >= 0) & (z <= 1)).all()
    assert all(torch.isfinite(x).all() for x in torch.autograd.grad(z.sum(), leaves))


def test_divergence_from_the_uniform_law_is_minus_the_entropy():
    """OverlappingExponential tends to the uniform law as its sharpness vanishes."""
    law = OverlappingExponential(logits=1.0, sharpness=1e-2)
    assert -1e-4 < law.entropy() < 0
    assert kl_divergence(law, OverlappingExponential(logits=1.0, sharpness=1e-2)) == 0


def test_sharpness_of_powers_is_above_one():
    with pytest.raises(ValueError, match="`sharpness` must be above 1 and finite; got 1"):
        PowerFunction(logits=0.0, sharpness=1.0)


def _log_of(z, rest):
    return np.where(z < 0.5, np.log(z), np.log1p(-np.minimum(rest, 0.5)))


def test_newton_steps_suffice():
    """Where the two parts meet the logarithm of the distribution function has a kink as sharp as the law."""
    rng = np.random.default_rng(0)
    a, sharpness = rng.uniform(-6, 6, 50_000), 10 ** rng.uniform(0.01, 3, 50_000)
    t = -a + rng.laplace(size=50_000) * 0.3
    law = PowerFunction(logits=a, sharpness=sharpness)
    z, rest = law.icdf_logit(t), PowerFunction(logits=-a, sharpness=sharpness).icdf_logit(-t)
    seen = (z > 1e-300) & (rest > 1e-300)
    a, t, sharpness, z, rest = (x[seen] for x in (a, t, sharpness, z, rest))
    left, right = _log_of(z, rest), _log_of(rest, z)
    below = np.exp(left / sharpness) / (1 + np.exp(a)) - np.expm1(right / sharpness) / (1 + np.exp(-a))
    assert np.abs(below * (1 + np.exp(-t)) - 1).max() < 1e-11
