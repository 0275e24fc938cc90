"""Latent correlations of pairs of bits: round trips, bounds, rare bits, libraries, gradients, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.special import ndtri

from bernoulli_latent import bivariate_normal_cdf, tetrachoric_correlation
from bernoulli_latent.correlation.tetrachoric import tetrachoric_matrix

probabilities = st.floats(1e-6, 1 - 1e-6)


def correlation(p_i, p_j, p_ij):
    return float(tetrachoric_correlation(p_i, p_j, p_ij))


def slope(h, k, rho):
    """The density, by which an error in the correlation becomes one in the probability."""
    s = (1 - rho) * (1 + rho)
    return math.exp(-(h * h + k * k - 2 * rho * h * k) / (2 * s)) / (2 * math.pi * math.sqrt(s))


@given(probabilities, probabilities, st.floats(0, 1))
@example(0.5, 0.5, 1e-6)
@example(0.3, 0.30000000001, 0.999999)
def test_solves_the_equation(p_i, p_j, share):
    low, high = max(0.0, p_i + p_j - 1), min(p_i, p_j)
    p_ij = low + share * (high - low)
    rho = correlation(p_i, p_j, p_ij)
    assert -1 <= rho <= 1
    found = float(bivariate_normal_cdf(ndtri(p_i), ndtri(p_j), rho))
    rounding = 4e-16 * slope(ndtri(p_i), ndtri(p_j), rho) if abs(rho) < 1 else 1e-8
    assert found == pytest.approx(p_ij, rel=0, abs=1e-14 + rounding)


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-0.999, 0.999))
def test_round_trip(h, k, rho):
    p_i, p_j, p_ij = (float(bivariate_normal_cdf(*x)) for x in ((h, np.inf, 0), (np.inf, k, 0), (h, k, rho)))
    assume(slope(h, k, rho) > 1e-3)
    assert correlation(p_i, p_j, p_ij) == pytest.approx(rho, abs=1e-14 / slope(h, k, rho) + 1e-15)


@given(st.floats(0, 0.5))
def test_fair_bits_obey_the_arcsine_law(p_ij):
    """rho = sin(pi / 2 E[y_i y_j]) with E[y_i y_j] = 4 p_ij - 1."""
    assert correlation(0.5, 0.5, p_ij) == pytest.approx(math.sin(math.pi / 2 * (4 * p_ij - 1)), abs=4e-15)


@given(probabilities, probabilities, st.floats(0.01, 0.99))
def test_recoded_bits_turn_the_sign(p_i, p_j, share):
    """Within what the subtraction that recodes a bit leaves of the cells."""
    low, high = max(0.0, p_i + p_j - 1), min(p_i, p_j)
    p_ij = low + share * (high - low)
    rho = correlation(p_i, p_j, p_ij)
    assume(abs(rho) < 0.999 and slope(ndtri(p_i), ndtri(p_j), rho) > 1e-3)
    assert correlation(p_j, p_i, p_ij) == pytest.approx(rho, abs=1e-12)
    assert correlation(1 - p_i, p_j, p_j - p_ij) == pytest.approx(-rho, abs=1e-12)


@given(probabilities, probabilities)
def test_independent(p_i, p_j):
    assume(slope(ndtri(p_i), ndtri(p_j), 0.0) > 1e-3)
    assert correlation(p_i, p_j, p_i * p_j) == pytest.approx(0, abs=1e-12)


@given(st.floats(1e-300, 1, exclude_max=True), st.floats(1e-300, 1, exclude_max=True))
@example(0.7, 0.7)
@example(0.6, 0.7)
def test_exact_at_the_bounds(p_i, p_j):
    high = min(p_i, p_j)
    assert correlation(p_i, p_j, high) == 1
    for low in (max(0.0, p_i + p_j - 1), max(0.0, p_i - (1 - p_j))):
        assert low >= high or correlation(p_i, p_j, low) == -1


def test_exact_at_bounds_in_single_precision(to_library):
    p_i, p_j = to_library(np.float32([0.7, 0.7, 0.6])), to_library(np.float32([0.7, 0.4, 0.6]))
    p_ij = to_library(np.float32([0.4, 0.4, 0.2]))
    rho = tetrachoric_correlation(p_i, p_j, p_ij)
    assert rho.dtype == p_i.dtype
    assert rho.tolist() == [-1, 1, -1]


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_constant_bits_have_no_correlation(p, to_library):
    rho = tetrachoric_correlation(p, to_library([0.0, 0.3, 1.0]), to_library([0.0, 0.3 * p, p]))
    assert rho.tolist() == [0, 0, 0]


@pytest.mark.parametrize("p", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("rho", [-0.5, -0.05, 0.0, 0.3, 0.8, 0.99])
def test_rare_bits(p, rho):
    """Relative accuracy: the probabilities are far below the rounding of 1."""
    h, k = ndtri(p), ndtri(3 * p)
    p_ij = float(bivariate_normal_cdf(h, k, rho))
    if p_ij > 1e-30:
        sensitivity = p_ij / slope(h, k, rho)
        assert correlation(p, 3 * p, p_ij) == pytest.approx(rho, abs=1e-9 * sensitivity + 1e-13)
        found = float(bivariate_normal_cdf(h, k, correlation(p, 3 * p, p_ij)))
        assert found == pytest.approx(p_ij, rel=1e-10 + 4e-16 / sensitivity, abs=0)


@pytest.mark.parametrize("p_ij", [1e-4, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize(("p_i", "p_j"), [(0.3, 0.6), (0.6, 0.3), (0.3, 0.2)])
def test_rare_cells_of_ordinary_bits(p_i, p_j, p_ij):
    rho = correlation(p_i, p_j, p_ij)
    assert -1 < rho < -0.8
    assert float(bivariate_normal_cdf(ndtri(p_i), ndtri(p_j), rho)) == pytest.approx(p_ij, rel=1e-10, abs=0)


def test_grows_with_the_joint_probability():
    p_ij = np.linspace(0, 0.3, 2001)
    rho = tetrachoric_correlation(0.3, 0.4, p_ij)
    assert rho[0] == -1
    assert rho[-1] == 1
    assert (np.diff(rho[30:-10]) > 0).all()
    assert (np.diff(rho) >= 0).all()


def test_broadcasts_and_keeps_the_type(to_library):
    p = to_library(np.float32([0.2, 0.5, 0.9]))
    rho = tetrachoric_correlation(p[:, None], p[None, :], p[:, None] * p[None, :])
    assert type(rho) is type(p)
    assert rho.dtype == p.dtype
    np.testing.assert_allclose(rho, np.zeros((3, 3)), atol=1e-6)
    assert isinstance(tetrachoric_correlation(0.5, 0.5, 0.3), float)


def random_joint(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, n)
    loadings = rng.normal(size=(n, 3))
    rho = 0.8 * loadings @ loadings.T / np.outer(*[np.linalg.norm(loadings, axis=1)] * 2)
    joint = bivariate_normal_cdf(ndtri(p)[:, None], ndtri(p)[None, :], rho)
    np.fill_diagonal(joint, p)
    np.fill_diagonal(rho, 1)
    return p, joint, rho


def test_matrix(to_library):
    p, joint, rho = random_joint(40)
    found = tetrachoric_matrix(to_library(p), to_library(joint))
    assert type(found) is type(to_library(p))
    np.testing.assert_allclose(found, rho, atol=1e-12)
    single = tetrachoric_matrix(to_library(p.astype(np.float32)), to_library(joint.astype(np.float32)))
    assert str(single.dtype).endswith("float32")
    np.testing.assert_allclose(single, rho, atol=1e-3)


def test_gradients(torch, device):
    p, joint, _ = random_joint(6)
    i, j = np.tril_indices(6, -1)
    arguments = [torch.tensor(x, device=device, requires_grad=True) for x in (p[i], p[j], joint[i, j])]
    assert torch.autograd.gradcheck(tetrachoric_correlation, arguments)
    assert torch.autograd.gradgradcheck(tetrachoric_correlation, arguments, atol=1e-4, eps=1e-7)


def test_gradients_are_never_nan(torch, device):
    """Zero at constant bits and at the bounds, whatever they are multiplied with."""
    p_i, p_j, p_ij = (
        torch.tensor(x, dtype=torch.float64, device=device, requires_grad=True)
        for x in ([0, 1, 0.3, 0.2, 0.5], [0.4, 0.4, 0.5, 0.3, 0.5], [0, 0.4, 0.3, 0, 0.5])
    )
    rho = tetrachoric_correlation(p_i, p_j, p_ij)
    assert rho.tolist() == [0, 0, 1, -1, 1]
    first = torch.autograd.grad((1e9 * rho).sum(), (p_i, p_j, p_ij), create_graph=True)
    second = torch.autograd.grad(sum((1e9 * g).sum() for g in first), (p_i, p_j, p_ij), allow_unused=True)
    for gradient in (*first, *(g for g in second if g is not None)):
        np.testing.assert_array_equal(gradient.detach().cpu(), 0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (0.5, 0.5, 0.6),
            ValueError,
            r"(?s)`p_ij` must lie between .* got 1 outside.*index \(0,\): 0.6 not in \[0, 0.5\]",
        ),
        ((0.8, 0.7, 0.4), ValueError, r"(?s)got 1 outside.*0.4 not in \[0.5, 0.7\] for p_i = 0.8 and p_j = 0.7"),
        (([0.2, 1.2], 0.5, 0.1), ValueError, r"`p_i` must lie in \[0, 1\]; got 1.2 at index \(1,\)"),
        ((0.5, math.nan, 0.1), ValueError, r"`p_j` must lie in \[0, 1\]; got nan"),
        ((0.5, 0.5, -0.1), ValueError, r"`p_ij` must lie in \[0, 1\]; got -0.1"),
        (([0.5, 0.5], 0.5, [0.1] * 3), ValueError, "`p_i`, `p_j`, `p_ij` must have shapes that broadcast"),
        ((0.5, "b", 0.1), TypeError, "`p_j` must hold real numbers"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        tetrachoric_correlation(*arguments)


def test_all_offending_pairs_are_counted_and_the_worst_named(to_library):
    p_ij = np.full((4, 5), 0.1)
    p_ij[1, :] = 0.3
    p_ij[2, :] = 0.35
    p_ij[3, 4] = 0.45
    with pytest.raises(ValueError, match="got 11 outside") as caught:
        tetrachoric_correlation(0.25, 0.6, to_library(p_ij))
    lines = str(caught.value).splitlines()
    assert sum("not in" in line for line in lines) == 10
    assert "index (3, 4): 0.45 not in [0, 0.25]" in lines[1]


def test_rounding_beyond_the_bounds_is_accepted():
    assert correlation(0.3, 0.4, 0.3 + 1e-13) == 1
    assert correlation(0.8, 0.7, 0.5 - 1e-13) == -1
    with pytest.raises(ValueError, match="must lie between"):
        correlation(0.3, 0.4, 0.3 + 1e-11)


@pytest.mark.parametrize(
    ("p", "joint", "message"),
    [
        ([0.5, 0.5], [[0.5, 0.6], [0.6, 0.5]], r"(?s)`joint` must lie .* got 1 outside.*index \(1, 0\): 0.6"),
        ([0.5], [[0.5, 0.2], [0.2, 0.5]], r"`p` must have shape \(2,\)"),
        ([0.5, 1.5], [[0.5, 0.2], [0.2, 0.5]], r"`p` must lie in \[0, 1\]; got 1.5 at index \(1,\)"),
        ([0.5, 0.5], [[0.5, 0.2]], "`joint` must be a square matrix"),
        ([0.5, 0.5], [[0.5, math.nan], [0.2, 0.5]], "`joint` must be finite"),
    ],
)
def test_matrix_refuses(p, joint, message):
    with pytest.raises(ValueError, match=message):
        tetrachoric_matrix(np.array(p), np.array(joint))
