"""Newton's method on the dual: steps that cost nothing, steps that go far, and single precision on the way."""

import numpy as np
import pytest

from bernoulli_latent import BernoulliMoments, nearest_correlation
from bernoulli_latent.correlation import _dual, _newton
from bernoulli_latent.correlation._dual import DiagonalDual, MaskedDual
from bernoulli_latent.correlation.nearest_rows import nearest_rows
from bernoulli_latent.correlation.thresholds import correlation_from_moments
from bernoulli_latent.errors import RepairWarning


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
    seen, pairs = [], _dual.eigenpairs

    def counted(a, single):
        seen.extend([len(a)] * single)
        return pairs(a, single)

    monkeypatch.setattr(_dual, "eigenpairs", counted)
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


def uncoupled(coupling=0.0, n=60, alone=3):
    """Indefinite block, and variables that hardly know of it."""
    rng = np.random.default_rng(0)
    signs = np.triu(np.sign(rng.standard_normal((n + alone, n + alone))), 1)
    a = np.eye(n + alone) + 0.6 * (signs + signs.T)
    a[n:, :n], a[:n, n:], a[n:, n:] = coupling * signs[:n, n:].T, coupling * signs[:n, n:], np.eye(alone)
    return a


def pair(n, i, j):
    mask = np.zeros((n, n), dtype=bool)
    mask[i, j] = mask[j, i] = True
    return mask


@pytest.mark.parametrize("coupling", [0, 1e-12, 1e-8, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1])
@pytest.mark.parametrize("options", [{}, {"weights": np.r_[31.0, np.ones(62)]}, {"fixed": pair(63, 0, 1)}])
def test_weakly_coupled_variables_are_not_wiped_out(coupling, options):
    result = nearest_correlation(uncoupled(coupling), **options)
    assert result.converged
    assert result.eigendecompositions <= 14
    assert np.max(np.abs(result.matrix[60:, :60])) <= max(1e-9, 2 * coupling)


@pytest.mark.parametrize("large", [1.5, 100.0])
def test_one_pair_far_out_of_reach(large):
    result = nearest_correlation(np.array([[1, large, 0], [large, 1, 0], [0, 0, 1.0]]))
    assert result.converged
    np.testing.assert_allclose(result.matrix, [[1, 1, 0], [1, 1, 0], [0, 0, 1]], rtol=0, atol=1e-7)


def test_a_border_beside_an_independent_variable():
    a = np.eye(5)
    a[0, 1] = np.sin(0.999 * np.pi / 2)
    a[2, 3] = a[2, 4] = np.sin(0.9 * np.pi / 2)
    a[3, 4] = -np.sin(0.7 * np.pi / 2)
    result = nearest_correlation(np.maximum(a, a.T) + np.minimum(a, a.T) - np.eye(5), fixed=border(5))
    assert result.converged
    assert result.distance == pytest.approx(1.1169158, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [10, 60])
def test_entries_of_hundreds_come_down(n, seed):
    a = np.triu(300 * np.random.default_rng(100 + seed).standard_normal((n, n)), 1)
    result = nearest_correlation(a + a.T + np.eye(n))
    assert result.converged
    assert result.eigendecompositions <= 60


@pytest.mark.parametrize("seed", range(4))
def test_bits_of_all_degrees_of_rarity_keep_their_means(seed):
    rng = np.random.default_rng(seed)
    a = common_factors(60, seed)
    a[0, 1:] = a[1:, 0] = (1 - 10.0 ** -rng.uniform(0, 9, 59)) * rng.choice([-1, 1], 59)
    result = nearest_correlation(a, fixed=border(60))
    assert result.converged
    assert result.eigendecompositions <= 40


@pytest.mark.parametrize("size", [1e-50, 1e40])
@pytest.mark.parametrize("options", [{}, {"fixed": border(520)}])
def test_no_size_is_beyond_single_precision(size, options):
    a = common_factors(520, mean=1.0)
    plain = nearest_correlation(a, **options)
    by_weights = nearest_correlation(a, weights=np.full(520, size), **options)
    by_diagonal = nearest_correlation(a * size, diagonal=np.full(520, size), **options)
    np.testing.assert_allclose(by_weights.matrix, plain.matrix, rtol=0, atol=1e-6)
    np.testing.assert_allclose(by_diagonal.matrix / size, plain.matrix, rtol=0, atol=1e-6)
    assert by_weights.distance / size == pytest.approx(plain.distance)
    assert by_diagonal.min_eigenvalue_before / size == pytest.approx(plain.min_eigenvalue_before)


@pytest.mark.parametrize(("method", "left"), [("newton", 1e-4), ("alternating", 0.1)])
def test_the_residual_is_that_of_the_worst_row(method, left):
    """A few variables with small targets beside many others: a mean over rows would hide their errors."""
    a, tol = common_factors(200, mean=0.3), 1e-3
    a[0, 1:4] = a[1:4, 0] = np.sqrt(1 - left)
    exact = nearest_rows(a, method="newton", weights=np.ones(200), border=True, tol=1e-9).rows[1:4, 1:]
    rows = nearest_rows(a, method=method, weights=np.ones(200), border=True, tol=tol).rows[1:4, 1:]
    np.testing.assert_allclose(rows @ rows.T / left, exact @ exact.T / left, rtol=0, atol=10 * tol)


def test_rows_of_nothing_get_axes_of_their_own():
    from bernoulli_latent.correlation._problem import directions

    rows = directions(np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rows @ rows.T, np.eye(3), rtol=0, atol=1e-15)


def test_rows_refuse_what_the_matrix_refuses():
    a = common_factors(5)
    with pytest.raises(ValueError, match="`method` must be one of"):
        nearest_rows(a, method="higham", weights=np.ones(5), border=False, tol=1e-5)
    with pytest.raises(ValueError, match="`tol` must be positive"):
        nearest_rows(a, method="newton", weights=np.ones(5), border=False, tol=0.0)


def rare_bits(n=100, n_samples=16_000):
    """Latent correlations of bits with common factors, of which some are 1 a few times, and one just twice."""
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((n_samples, 6)) @ rng.standard_normal((6, n)) + rng.standard_normal((n_samples, n))
    ones = n_samples * 10.0 ** -rng.uniform(0.1, 3.5, n)
    ones[0] = 2
    bits = scores.argsort(axis=0).argsort(axis=0) < ones
    M = BernoulliMoments.from_samples(bits).matrix
    order = np.r_[n, :n]
    return correlation_from_moments(M[np.ix_(order, order)])


@pytest.mark.parametrize("tol", [1e-4, 1e-5, 1e-6, 1e-7])
@pytest.mark.parametrize("make", [common_factors, rare_bits, uncoupled], ids=lambda make: make.__name__)
def test_single_precision_ends_where_its_rounding_begins(monkeypatch, count_single, make, tol):
    a = make(n=100)
    double = nearest_correlation(a, tol=tol)
    monkeypatch.setattr(_newton, "LARGE", 2)
    mixed = nearest_correlation(a, tol=tol)
    assert len(count_single) >= 3
    assert mixed.converged
    assert mixed.eigendecompositions <= double.eigendecompositions + 4
    assert mixed.distance == pytest.approx(double.distance, rel=1e-6)


@pytest.mark.parametrize("n", [60, 200])
@pytest.mark.parametrize("which", [0, 1])
def test_rounding_is_measured(which, n):
    dual = duals(common_factors(n))[which]
    single, double = (dual.evaluate(dual.start(), single) for single in (True, False))
    error = dual._residual(single.gradient - double.gradient)
    assert 0.2 * dual.rounding(single) <= error <= 5 * dual.rounding(single)
    assert dual.rounding(double) <= 1e-12


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("precision", "tol"), [("float64", 1e-16), ("float32", 1e-8)])
@pytest.mark.parametrize("fixed", [False, True])
def test_steps_end_where_rounding_hides_any_descent(precision, tol, fixed, seed):
    a = common_factors(200, seed, mean=2.0).astype(precision)
    with pytest.warns(RepairWarning, match="above `tol`"):
        result = nearest_correlation(a, tol=tol, fixed=border(200) if fixed else None)
    assert result.iterations <= 20
    assert result.residual <= 1000 * np.finfo(precision).eps


def test_shrink_multiplies_entries():
    a = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])
    assert nearest_correlation(a, method="shrink").matrix[0, 2] == 0
