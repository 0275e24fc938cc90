"""Newton's method on the dual: steps that cost nothing, steps that go far, and single precision on the way."""

import numpy as np
import pytest

from bernoulli_latent import nearest_correlation
from bernoulli_latent.correlation import _dual, _newton
from bernoulli_latent.correlation._dual import DiagonalDual, MaskedDual
from bernoulli_latent.correlation.nearest_rows import nearest_rows


def common_factors(n, seed=0, mean=0.0):
    """Indefinite matrix like those of real bits: a few factors, noise, and a border of means."""
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((n, 6))
    loadings /= np.linalg.norm(loadings, axis=1, keepdims=True)
    noise = rng.standard_normal((n, n)) / np.sqrt(n)
    a = 0.9 * loadings @ loadings.T + 0.3 * (noise + noise.T)
    a[0, 1:] = a[1:, 0] = np.tanh(mean * rng.standard_normal(n - 1))
    np.fill_diagonal(a, 1)
    return np.clip(a, -1, 1)


def duals(a):
    ones, b = np.ones(len(a)), a.copy()
    mask = np.eye(len(a), dtype=bool) | (np.abs(np.subtract.outer(np.arange(len(a)), np.arange(len(a)))) == 1)
    return [DiagonalDual(b, ones, ones), MaskedDual(b, np.where(mask, b / 4 + 0.75 * np.eye(len(a)), 0), mask, ones)]


def border(n):
    first = np.arange(n) == 0
    return first[:, None] | first[None, :]


@pytest.fixture
def count_single(monkeypatch):
    """Sizes of the eigendecompositions in single precision."""
    seen, pairs = [], _dual._eigenpairs

    def counted(a, single):
        seen.extend([len(a)] * single)
        return pairs(a, single)

    monkeypatch.setattr(_dual, "_eigenpairs", counted)
    return seen


@pytest.mark.parametrize("which", [0, 1])
def test_recentred_is_least_along_the_identity(which):
    dual = duals(common_factors(30))[which]
    point = dual.evaluate(dual.start())
    moved = dual.recentred(point)
    again = dual.evaluate(moved.multipliers)
    assert again.value == pytest.approx(moved.value, rel=1e-12)
    np.testing.assert_allclose(again.gradient, moved.gradient, rtol=0, atol=1e-12)
    assert np.sum(moved.gradient * dual.identity) == pytest.approx(0, abs=1e-10)
    assert moved.value < min(
        point.value, *(dual.evaluate(moved.multipliers + h * dual.identity).value for h in (1, -1))
    )


def test_small_targets_take_few_steps():
    a = common_factors(60, seed=2, mean=4.0)
    a[0, 1:] = a[1:, 0] = np.clip(a[0, 1:], -1 + 1e-9, 1 - 1e-9)
    result = nearest_correlation(a, fixed=border(60))
    assert 1 - np.max(np.abs(a[0, 1:])) < 1e-6
    assert result.eigendecompositions <= 20
    assert np.all(result.matrix[0] == a[0])


@pytest.mark.parametrize("options", [{}, {"weights": np.r_[260.0, np.ones(519)]}, {"fixed": border(520)}])
def test_single_precision_leaves_no_trace(monkeypatch, count_single, options):
    a = common_factors(520, mean=1.0)
    mixed = nearest_correlation(a, **options)
    assert 1 <= len(count_single) < mixed.eigendecompositions - 1
    monkeypatch.setattr(_newton, "LARGE", 1000)
    double = nearest_correlation(a, **options)
    assert mixed.residual <= 1e-7
    assert mixed.eigendecompositions <= double.eigendecompositions + 1
    np.testing.assert_allclose(mixed.matrix, double.matrix, rtol=0, atol=1e-5)
    assert mixed.distance == pytest.approx(double.distance, rel=1e-9)
    np.linalg.cholesky(mixed.matrix)


def test_a_loose_tolerance_stays_in_single_precision(count_single):
    result = nearest_correlation(common_factors(520), tol=1e-4)
    assert len(count_single) == result.eigendecompositions - 1
    assert result.converged
    assert np.all(np.diag(result.matrix) == 1)
    np.linalg.cholesky(result.matrix)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_torch_takes_the_same_way(torch, count_single, precision):
    a = common_factors(520)
    result = nearest_correlation(torch.tensor(a, dtype=getattr(torch, precision)), tol=1e-4)
    assert bool(count_single) == (precision == "float64")
    assert result.matrix.dtype == getattr(torch, precision)
    np.testing.assert_allclose(result.matrix.numpy(), nearest_correlation(a).matrix, rtol=0, atol=1e-3)


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("method", ["newton", "alternating", "clip", "shrink"])
def test_rows_are_those_of_the_matrix(method, fixed):
    a, weights = common_factors(12, mean=0.5), np.arange(1.0, 13.0)
    rows = nearest_rows(a, method=method, weights=weights, border=fixed, tol=1e-9)
    options = {"weights": weights, "tol": 1e-9} if method in ("newton", "alternating") else {}
    matrix = nearest_correlation(a, method=method, fixed=border(12) if fixed else None, **options).matrix
    np.testing.assert_allclose(rows.rows @ rows.rows.T, matrix, rtol=0, atol=1e-12)
    np.testing.assert_allclose(rows.eigenvalues, np.linalg.eigvalsh(a), rtol=0, atol=1e-12)
    if fixed:
        assert np.all(rows.rows[:, 0] == matrix[0])


def test_rows_of_a_correlation_matrix_are_exact():
    a = np.array([[1.0, 0.5], [0.5, 1.0]])
    rows = nearest_rows(a, method="newton", weights=np.array([3.0, 1.0]), border=True, tol=1e-5).rows
    np.testing.assert_allclose(rows @ rows.T, a, rtol=0, atol=1e-13)
