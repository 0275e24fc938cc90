"""The compiled kernels against their generic twins on NumPy and torch, and the pieces of both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfcx

from bernoulli_latent._kernels import generic_bivariate
from bernoulli_latent._kernels.generic_wedge import GAUSS_LEGENDRE, RADIAL

ULP = 2.0**-52


def quantiles_and_correlations(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    h, k = rng.normal(size=(2, n)) * rng.choice([0.1, 1, 4], size=n)
    return h, k, np.tanh(rng.normal(size=n) * 3)


def tables_of_pairs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Marginals from ordinary to very rare, joint probabilities anywhere between the bounds, and on them."""
    rng = np.random.default_rng(seed)
    p, q = 10 ** (rng.uniform(-3, -0.01, (2, n)) * rng.choice([0.1, 1, 4], size=n))
    p, q = np.where(rng.random(n) < 0.4, 1 - p, p), np.where(rng.random(n) < 0.4, 1 - q, q)
    low, high = np.maximum(0, p + q - 1), np.minimum(p, q)
    share = np.where(rng.random(n) < 0.1, rng.integers(0, 2, n), rng.beta(0.5, 0.5, n))
    both = np.where(
        rng.random(n) < 0.5, np.clip(p * q * rng.uniform(0.5, 1.5, n), low, high), low + share * (high - low)
    )
    p[:5], both[:5] = 0, 0
    p[5:10], both[5:10] = 1, q[5:10]
    return p, q, both


@pytest.fixture(params=["numpy", "torch"])
def library(request):
    """A function into the library under test and one back; torch tensors go where the tests run."""
    if request.param == "numpy":
        return np.asarray, np.asarray
    torch, device = request.getfixturevalue("torch"), request.getfixturevalue("device")
    return lambda x: torch.tensor(x, device=device), lambda x: x.cpu().numpy()


@pytest.mark.needs_jit
def test_distribution_functions_agree(library):
    from bernoulli_latent._kernels import bivariate

    into, back = library
    arguments = quantiles_and_correlations(4000)
    generic = back(generic_bivariate.cdf(*map(into, arguments)))
    np.testing.assert_allclose(bivariate.cdf(*arguments), generic, rtol=2e-12, atol=4e-16)


@pytest.mark.needs_jit
def test_correlations_agree(library):
    """In the probability that they give; where that hardly depends on them they may differ."""
    from bernoulli_latent._kernels import bivariate

    into, back = library
    p, q, both = tables_of_pairs(4000)
    compiled = bivariate.correlation(p, q, both, ULP)
    generic = back(generic_bivariate.correlation(*map(into, (p, q, both)), ULP))
    ends = (compiled == 0) | (np.abs(compiled) == 1)
    assert ends.sum() > 100
    np.testing.assert_array_equal(generic[ends], compiled[ends])
    np.testing.assert_allclose(generic, compiled, atol=1e-7)
    assert np.quantile(np.abs(generic - compiled), 0.99) < 1e-12


@pytest.mark.needs_jit
@pytest.mark.parametrize("n", [1, 2, 3, 128, 129, 130, 300])
def test_matrix_is_made_of_pairs(n, library):
    from bernoulli_latent._kernels import bivariate

    into, back = library
    rng = np.random.default_rng(n)
    p = rng.uniform(0.05, 0.95, n)
    low, high = np.maximum(0, p[:, None] + p - 1), np.minimum(p[:, None], p)
    joint = low + (high - low) * rng.uniform(0, 1, (n, n))
    joint = np.tril(joint) + np.tril(joint, -1).T
    rho = bivariate.correlation_matrix(p, joint, ULP)
    i, j = np.tril_indices(n, -1)
    np.testing.assert_allclose(rho[i, j], bivariate.correlation(p[i], p[j], joint[i, j], ULP), atol=1e-12)
    np.testing.assert_array_equal(rho, rho.T)
    np.testing.assert_array_equal(np.diag(rho), 1)
    generic = back(generic_bivariate.correlation_matrix(into(p), into(joint), ULP))
    np.testing.assert_allclose(generic, rho, atol=1e-12)


@pytest.mark.needs_jit
def test_what_is_above_the_diagonal_is_not_read():
    from bernoulli_latent._kernels import bivariate

    p = np.array([0.2, 0.5, 0.7])
    joint = np.outer(p, p)
    spoilt = np.where(np.triu(np.ones((3, 3))) > 0, np.nan, joint)
    expected = bivariate.correlation_matrix(p, joint, ULP)
    np.testing.assert_array_equal(bivariate.correlation_matrix(p, spoilt, ULP), expected)
    np.testing.assert_allclose(generic_bivariate.correlation_matrix(p, spoilt, ULP), expected, atol=1e-15)


@pytest.mark.needs_jit
def test_a_pair_does_not_depend_on_its_neighbours():
    """But for the last digits: an easy pair takes further steps while a hard one of its chunk still moves."""
    from bernoulli_latent._kernels import bivariate

    p, q, both = tables_of_pairs(1000, seed=1)
    together = bivariate.correlation(p, q, both, ULP)
    alone = np.array(
        [bivariate.correlation(*x, ULP)[0] for x in zip(p[:, None], q[:, None], both[:, None], strict=True)]
    )
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-7)
    assert np.quantile(np.abs(alone - together), 0.99) < 1e-12


def test_radial_integral():
    """D(x) = 1 - x M(x): where it does not cancel, by the scaled complementary error function."""
    x = np.linspace(0, 4, 200)
    inverse = 1 / (5 + x)
    polynomial = np.polynomial.Polynomial(RADIAL)(inverse * (265 / 24) - 29 / 24)
    mills = np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2))
    np.testing.assert_allclose(polynomial * inverse**2, 1 - x * mills, rtol=1e-13)


def test_radial_integral_far_out():
    """Asymptotically 1 / x^2 - 3 / x^4 + 15 / x^6 - 105 / x^8 + ..."""
    x = np.linspace(30, 48, 50)
    inverse = 1 / (5 + x)
    polynomial = np.polynomial.Polynomial(RADIAL)(inverse * (265 / 24) - 29 / 24)
    y = x**-2
    series = y * (1 - y * (3 - y * (15 - y * (105 - y * (945 - y * 10395)))))
    np.testing.assert_allclose(polynomial * inverse**2, series, rtol=1e-12)


def test_gauss_legendre_rule_integrates_polynomials():
    nodes, weights = np.array(GAUSS_LEGENDRE).T
    for degree in range(0, 39, 2):
        assert weights @ nodes**degree == pytest.approx(2 / (degree + 1), rel=1e-15, abs=4e-16)
