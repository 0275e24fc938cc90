"""The bivariate normal distribution function: a table in 40 digits, laws, libraries, gradients, refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import ndtr

from bernoulli_latent import bivariate_normal_cdf

TABLE = Path(__file__).parent.parent / "reference" / "bivariate_normal.json"
limits = st.floats(-8, 8)
correlations = st.floats(-1, 1) | st.sampled_from([-1 + 1e-15, -1 + 1e-8, 1 - 1e-8, 1 - 1e-15])


def cdf(h, k, rho):
    return float(bivariate_normal_cdf(h, k, rho))


def density(h, k, rho):
    s = 1 - rho * rho
    return math.exp(-(h * h + k * k - 2 * rho * h * k) / (2 * s)) / (2 * math.pi * math.sqrt(s))


def test_table(to_library):
    """Against 40 digits: 1e-15 absolute, 1e-10 relative down to 1e-12 where the arguments' rounding allows it."""
    h, k, rho, expected = np.array(json.loads(TABLE.read_text())).T
    assert len(expected) > 300
    value = np.asarray(bivariate_normal_cdf(*map(to_library, (h, k, rho))).tolist())
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-15)
    # Opposite limits this close to -1: the last bit of rho moves the probability by several percent.
    forgiven = (h == -k) & (np.abs(rho + 1) < 1e-12)
    certain = (expected > 1e-12) & ~forgiven
    assert certain.sum() > 250
    np.testing.assert_allclose(value[certain], expected[certain], rtol=1e-10)


@given(limits, limits, correlations)
def test_symmetric(h, k, rho):
    assert cdf(h, k, rho) == pytest.approx(cdf(k, h, rho), rel=1e-12, abs=1e-30)


@given(limits, limits)
def test_independent(h, k):
    assert cdf(h, k, 0.0) == pytest.approx(ndtr(h) * ndtr(k), rel=1e-10, abs=1e-15)


@given(limits, limits, correlations)
@example(-1.0, 1.0, -1 + 1e-15)
def test_complements(h, k, rho):
    """Half-planes are made of two orthants, and the whole of four."""
    assert cdf(h, k, rho) + cdf(h, -k, -rho) == pytest.approx(ndtr(h), abs=2e-15)
    assert cdf(h, k, rho) - cdf(-h, -k, rho) == pytest.approx(ndtr(h) - ndtr(-k), abs=2e-15)


@given(limits, limits)
def test_perfectly_correlated(h, k):
    assert cdf(h, k, 1.0) == pytest.approx(ndtr(min(h, k)), abs=1e-15)
    assert cdf(h, k, -1.0) == pytest.approx(max(0.0, ndtr(h) - ndtr(-k)), abs=1e-15)


@given(limits, limits, correlations, correlations)
def test_grows_with_the_correlation(h, k, rho, other):
    assert cdf(h, k, min(rho, other)) <= cdf(h, k, max(rho, other)) + 1e-15


@given(correlations)
def test_sheppard(rho):
    assert cdf(0.0, 0.0, rho) == pytest.approx(0.25 + math.asin(rho) / (2 * math.pi), abs=1e-15)


@given(limits, limits, st.floats(-0.95, 0.95))
def test_plackett(h, k, rho):
    """The derivative in the correlation is the density."""
    step = 1e-4
    slope = (cdf(h, k, rho + step) - cdf(h, k, rho - step)) / (2 * step)
    assert slope == pytest.approx(density(h, k, rho), rel=2e-3, abs=1e-8)


@pytest.mark.parametrize("rho", [-1.0, -0.4, 0.0, 1.0])
def test_infinite_limits(rho, to_library):
    h, k = (
        to_library([math.inf, -math.inf, math.inf, -math.inf, 0.3]),
        to_library([0.7, 0.7, math.inf, math.inf, math.inf]),
    )
    np.testing.assert_allclose(bivariate_normal_cdf(h, k, rho), [ndtr(0.7), 0, 1, 0, ndtr(0.3)], atol=1e-15)


def test_broadcasts_and_keeps_the_type(to_library):
    h, k = to_library(np.zeros((3, 1), np.float32)), to_library(np.ones(4, np.float32))
    value = bivariate_normal_cdf(h, k, 0.5)
    assert type(value) is type(h)
    assert tuple(value.shape) == (3, 4)
    assert value.dtype == h.dtype
    np.testing.assert_allclose(value, cdf(0, 1, 0.5), rtol=1e-7)
    assert str(bivariate_normal_cdf(to_library([0, 1]), 0, 0.5).dtype).endswith("float64")
    assert str(bivariate_normal_cdf(to_library(np.zeros(2, np.float16)), 0, 0.5).dtype).endswith("float32")


def test_numbers_give_a_number():
    assert isinstance(bivariate_normal_cdf(0, 0.0, 0.5), float)
    assert bivariate_normal_cdf(np.zeros((0, 2)), 0.0, 0.5).shape == (0, 2)


def test_any_memory_layout():
    h = np.linspace(-2, 2, 24).reshape(4, 6)
    expected = [[cdf(x, 0.3, -0.6) for x in row] for row in h]
    np.testing.assert_allclose(bivariate_normal_cdf(np.asfortranarray(h), 0.3, -0.6), expected, rtol=1e-15)
    np.testing.assert_allclose(bivariate_normal_cdf(h[::-1, ::2], 0.3, -0.6), np.array(expected)[::-1, ::2], rtol=1e-15)


def test_gradients(torch, device):
    rng = np.random.default_rng(0)
    arguments = [*rng.normal(size=(2, 8)), rng.uniform(-0.97, 0.97, 8)]
    h, k, rho = (torch.tensor(x, device=device, requires_grad=True) for x in arguments)
    assert torch.autograd.gradcheck(bivariate_normal_cdf, (h, k, rho))
    assert torch.autograd.gradgradcheck(bivariate_normal_cdf, (h, k, rho))
    assert torch.autograd.gradcheck(bivariate_normal_cdf, (h[:, None], k[:2], rho[0]))


def test_gradients_at_the_edge_are_numbers(torch, device):
    h = torch.tensor([-math.inf, math.inf, 0.5, 0.5, 0.5], dtype=torch.float64, device=device, requires_grad=True)
    rho = torch.tensor([0.3, -0.3, 1.0, -1.0, 1.0], dtype=torch.float64, device=device, requires_grad=True)
    k = torch.tensor([math.inf, math.inf, 0.7, 0.7, 0.2], dtype=torch.float64, device=device)
    bivariate_normal_cdf(h, k, rho).sum().backward()
    normal_density = math.exp(-0.125) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(h.grad.cpu(), [0, 0, normal_density, normal_density, 0], atol=1e-15)
    np.testing.assert_allclose(rho.grad.cpu(), 0, atol=1e-15)


def test_float32_gradients(torch, device):
    h = torch.zeros(2, device=device, requires_grad=True)
    bivariate_normal_cdf(h, 0.0, 0.0).sum().backward()
    assert h.grad.dtype == torch.float32
    np.testing.assert_allclose(h.grad.cpu(), 0.5 / math.sqrt(2 * math.pi), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.0, math.nan], 0, 0), ValueError, r"`h` must not be NaN; got nan at index \(1,\)"),
        ((0, math.nan, 0), ValueError, r"`k` must not be NaN"),
        ((0, 0, [[0.5, 1.5]]), ValueError, r"`rho` must lie in \[-1, 1\]; got 1.5 at index \(0, 1\)"),
        ((0, 0, math.nan), ValueError, "`rho` must lie in"),
        (
            ([0, 1], [0, 1, 2], 0),
            ValueError,
            r"`h`, `k`, `rho` must have shapes that broadcast; got \(2,\), \(3,\), \(\)",
        ),
        (("a", 0, 0), TypeError, "`h` must hold real numbers"),
        ((0, 1j, 0), TypeError, "`k` must hold real numbers"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        bivariate_normal_cdf(*arguments)


def test_libraries_do_not_mix(torch):
    with pytest.raises(TypeError, match="`h` must be a number or a tensor on cpu like `k`; got ndarray"):
        bivariate_normal_cdf(np.zeros(2), torch.zeros(2), 0.0)
    with pytest.raises(ValueError, match=r"`rho` must lie in \[-1, 1\]; got 2.0"):
        bivariate_normal_cdf(torch.zeros(2), 0.0, torch.tensor([0.0, 2.0], requires_grad=True))
    with pytest.raises(TypeError, match="`k` must hold real numbers"):
        bivariate_normal_cdf(torch.zeros(2), torch.zeros(2, dtype=torch.complex64), 0.0)
    with pytest.raises(ValueError, match="must have shapes that broadcast"):
        bivariate_normal_cdf(torch.zeros(2), torch.zeros(3), 0.0)


def test_never_below_zero(to_library):
    h = np.random.default_rng(0).standard_normal(10_000) * 3
    probability = bivariate_normal_cdf(to_library(h), to_library(-h), to_library(-np.ones_like(h)))
    assert float(probability.min()) >= 0
    assert float(probability.max()) < 1e-15
