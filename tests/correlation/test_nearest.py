"""Nearest correlation matrix: published examples, laws of the projection, and every way to ask wrongly."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import RepairWarning, nearest_correlation
from bernoulli_latent.correlation._problem import rounding_level

HIGHAM = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
TRIDIAGONAL = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
ITERATIVE = ["newton", "alternating"]
METHODS = [*ITERATIVE, "clip", "shrink"]


def indefinite(n, seed, spread=1.0):
    """Random symmetric matrix with unit diagonal and entries of size `spread`."""
    a = np.random.default_rng(seed).normal(size=(n, n)) * spread
    a = (a + a.T) / 2
    np.fill_diagonal(a, 1)
    return a


def row_mask(n, row):
    mask = np.zeros((n, n), dtype=bool)
    mask[row] = mask[:, row] = True
    return mask


def sparse_mask(n):
    """Fixed entries beside the diagonal."""
    return np.eye(n, k=1, dtype=bool) | np.eye(n, k=-1, dtype=bool)


def with_small_fixed(a, mask):
    """`a` with its fixed entries scaled down, so that a correlation matrix keeps them."""
    a = np.where(mask, 0.3 * np.tanh(a), a)
    np.fill_diagonal(a, 1)
    return a


def dykstra(a, fixed=None, rounds=20_000):
    """Higham's algorithm as printed: slow and plain."""
    y, correction = a.copy(), np.zeros_like(a)
    fixed = np.eye(len(a), dtype=bool) if fixed is None else fixed | np.eye(len(a), dtype=bool)
    target = a - np.diag(np.diag(a)) + np.eye(len(a))
    for _ in range(rounds):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, 0)) @ vectors.T
        correction = x - r
        following = np.where(fixed, target, x)
        if np.max(np.abs(following - y)) < 1e-16:
            break
        y = following
    return y


def defect(a, x, weights, mask):
    """How far `x` is from optimal: no multipliers on `mask` make the gradient semidefinite and orthogonal to `x`."""
    gradient = np.where(mask, 0, weights**2 * (x - a))
    places = np.argwhere(np.triu(mask))
    units = np.zeros((len(places), *x.shape))
    for unit, (i, j) in zip(units, places, strict=True):
        unit[i, j] = unit[j, i] = 1
    columns = (units @ x).reshape(len(places), -1).T
    multipliers, *_ = np.linalg.lstsq(columns, -(gradient @ x).ravel())
    slack = gradient + np.tensordot(multipliers, units, 1)
    return max(frobenius(slack @ x), -np.linalg.eigvalsh(slack)[0]) / frobenius(gradient)


def frobenius(x):
    return float(np.linalg.norm(x))


def symmetric(n, upper):
    """Unit diagonal, and the entries above it row by row."""
    x = np.eye(n)
    x[np.triu_indices(n, 1)] = upper
    return x + np.triu(x, 1).T


matrices = st.builds(indefinite, st.integers(1, 12), st.integers(0, 2**32), st.floats(0.05, 3))


class TestPublished:
    @pytest.mark.parametrize("method", ITERATIVE)
    def test_higham_2002(self, method):
        """By hand: the matrix is singular at ``y = 2 x^2 - 1``, and the distance is least at ``4 x^3 = x + 1``."""
        result = nearest_correlation(HIGHAM, method=method, tol=1e-13)
        x = max(np.roots([4, 0, -1, -1]).real)
        y = 2 * x**2 - 1
        np.testing.assert_allclose(result.matrix, [[1, x, y], [x, 1, x], [y, x, 1]], rtol=0, atol=1e-12)
        assert result.distance == pytest.approx(np.sqrt(4 * (1 - x) ** 2 + 2 * y**2), abs=1e-12)
        assert result.min_eigenvalue_before == pytest.approx(1 - np.sqrt(2), abs=1e-15)
        assert result.converged

    @pytest.mark.parametrize("method", ITERATIVE)
    def test_nag_g02aa(self, method):
        """The example of the NAG Library's g02aa, results as printed in its manual (Mark 30.3)."""
        a, b, c = -0.8084124981489, 0.1915875018502, 0.1067750490255
        expected = [[1, a, b, c], [a, 1, -0.6562326948064, b], [b, -0.6562326948064, 1, a], [c, b, a, 1]]
        result = nearest_correlation(TRIDIAGONAL, method=method, tol=1e-14)
        np.testing.assert_allclose(result.matrix, expected, rtol=0, atol=1e-12)
        assert result.distance == pytest.approx(2.134, abs=5e-4)

    @pytest.mark.parametrize("method", ITERATIVE)
    def test_nag_g02as(self, method):
        """The example of g02as: two pairs fixed, eigenvalues of at least 0.04; Higham and Strabic (2016)."""
        a = symmetric(5, [-0.0991, 0.5665, -0.5653, -0.3441, -0.4273, 0.8474, 0.4975, -0.1837, -0.0585, -0.2713])
        x = symmetric(5, [-0.0991, 0.5116, -0.4019, -0.2257, -0.3498, 0.6170, 0.3305, -0.2656, -0.1179, -0.2713])
        mask = symmetric(5, [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]) == 1
        result = nearest_correlation(a, method=method, fixed=mask, min_eigenvalue=0.04, tol=1e-10)
        np.testing.assert_allclose(result.matrix, x, rtol=0, atol=5.1e-5)
        assert np.all(result.matrix[mask] == a[mask])
        assert result.distance == pytest.approx(0.5310, abs=5e-5)
        eigenvalues = [0.0400, 0.5664, 0.9973, 1.2377, 2.1587]
        np.testing.assert_allclose(np.linalg.eigvalsh(result.matrix), eigenvalues, rtol=0, atol=5.1e-5)

    def test_nag_g02aj(self):
        """The example of g02aj: pairs weighted one by one, most of them with zero."""
        weights = symmetric(4, [1, 0, 0, 0.15, 0.15, 0])
        np.fill_diagonal(weights, 0)
        result = nearest_correlation(TRIDIAGONAL, weights=weights, min_eigenvalue=0.04, tol=1e-10)
        assert frobenius(weights * (result.matrix - TRIDIAGONAL)) == pytest.approx(0.0572, abs=5e-5)

    @pytest.mark.parametrize("method", ITERATIVE)
    @pytest.mark.parametrize("seed", range(3))
    def test_agrees_with_plain_dykstra(self, method, seed):
        a = indefinite(5, seed)
        result = nearest_correlation(a, method=method, tol=1e-13, min_eigenvalue=1e-15)
        np.testing.assert_allclose(result.matrix, dykstra(a), rtol=0, atol=2e-13)

    @pytest.mark.parametrize("method", ITERATIVE)
    def test_fixed_agrees_with_plain_dykstra(self, method):
        mask = sparse_mask(6)
        a = with_small_fixed(indefinite(6, 0), mask)
        result = nearest_correlation(a, method=method, fixed=mask, tol=1e-13)
        np.testing.assert_allclose(result.matrix, dykstra(a, mask), rtol=0, atol=1e-11)


class TestLaws:
    @pytest.mark.parametrize("method", METHODS)
    @given(a=matrices)
    def test_is_a_correlation_matrix(self, method, a):
        x = nearest_correlation(a, method=method).matrix
        assert np.all(np.diag(x) == 1)
        assert np.all(x == x.T)
        np.linalg.cholesky(x)

    @pytest.mark.parametrize("method", METHODS)
    @given(a=matrices)
    def test_is_idempotent_to_the_bit(self, method, a):
        x = nearest_correlation(a, method=method).matrix
        again = nearest_correlation(x, method=method)
        assert np.all(again.matrix == x)
        assert again.matrix is not x
        assert (again.distance, again.iterations, again.converged) == (0, 0, True)

    @given(a=matrices, seed=st.integers(0, 2**32))
    def test_permutes_with_its_input(self, a, seed):
        order = np.random.default_rng(seed).permutation(len(a))
        x = nearest_correlation(a, tol=1e-12).matrix
        y = nearest_correlation(a[np.ix_(order, order)], tol=1e-12).matrix
        np.testing.assert_allclose(y, x[np.ix_(order, order)], rtol=0, atol=1e-9)

    @given(a=matrices)
    def test_is_never_farther_than_the_cheap_repairs(self, a):
        nearest = nearest_correlation(a, tol=1e-12).distance
        for method in ("clip", "shrink"):
            assert nearest <= nearest_correlation(a, method=method).distance + 1e-9

    @pytest.mark.parametrize("method", ITERATIVE)
    @given(a=matrices)
    def test_multipliers_prove_optimality(self, method, a):
        """Karush, Kuhn and Tucker: ``x - a - diag(y)`` is semidefinite and orthogonal to ``x``."""
        result = nearest_correlation(a, method=method, tol=1e-11, min_eigenvalue=0.0)
        if result.iterations == 0:
            return
        multipliers = result.state[-1][0]
        slack = result.matrix - a - np.diag(multipliers)
        scale = frobenius(a) + frobenius(multipliers)
        assert np.linalg.eigvalsh(slack)[0] >= -1e-8 * scale
        assert abs(np.sum(slack * result.matrix)) <= 1e-8 * scale * len(a)

    @given(a=matrices)
    def test_duality_gap_closes(self, a):
        result = nearest_correlation(a, tol=1e-12, min_eigenvalue=0.0)
        if result.state is None:
            return
        multipliers = result.state[-1][0]
        values = np.linalg.eigvalsh(a + np.diag(multipliers))
        bound = (frobenius(a) ** 2 - np.sum(np.maximum(values, 0) ** 2)) / 2 + np.sum(multipliers)
        assert result.distance**2 / 2 == pytest.approx(bound, abs=1e-9 * frobenius(a) ** 2)

    @given(a=matrices, floor=st.floats(1e-6, 0.5))
    @pytest.mark.parametrize("method", METHODS)
    def test_reaches_the_floor(self, method, a, floor):
        x = nearest_correlation(a, method=method, min_eigenvalue=floor).matrix
        assert np.linalg.eigvalsh(x)[0] >= floor - 1e-13

    @given(a=matrices, seed=st.integers(0, 2**32))
    @pytest.mark.parametrize("method", METHODS)
    def test_prescribed_diagonal(self, method, a, seed):
        diagonal = np.random.default_rng(seed).uniform(0.01, 3, len(a))
        x = nearest_correlation(a, method=method, diagonal=diagonal).matrix
        assert np.all(np.diag(x) == diagonal)
        np.linalg.cholesky(x)

    def test_diagonal_of_the_input_is_ignored_by_the_minimiser(self):
        a = indefinite(6, 3)
        x = nearest_correlation(a, tol=1e-13).matrix
        y = nearest_correlation(a + np.diag(np.arange(6.0)), tol=1e-13).matrix
        np.testing.assert_allclose(x, y, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("leading", [0.0, 0.9])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_cholesky_succeeds_on_large_matrices(self, dtype, leading):
        a = leading + (1 - leading) * indefinite(300, 0, 0.3)
        x = nearest_correlation(a.astype(dtype), tol=1e-3).matrix
        assert x.dtype == dtype
        np.linalg.cholesky(x)

    def test_few_eigendecompositions(self):
        result = nearest_correlation(indefinite(150, 0, 0.3), tol=1e-10)
        assert result.eigendecompositions <= 9


class TestWeights:
    @given(a=matrices, seed=st.integers(0, 2**32))
    def test_diagonal_weights_prove_optimality(self, a, seed):
        weights = np.random.default_rng(seed).uniform(0.2, 20, len(a))
        result = nearest_correlation(a, weights=weights, tol=1e-11, min_eigenvalue=0.0)
        if result.iterations == 0:
            return
        products = np.sqrt(np.outer(weights, weights))
        multipliers = result.state[-1][0] * np.max(weights)  # they are those of weights up to 1
        slack = products * (result.matrix - a) - np.diag(multipliers)
        scaled = products * result.matrix
        scale = frobenius(products * a) + frobenius(multipliers)
        assert np.linalg.eigvalsh(slack)[0] >= -1e-8 * scale
        assert abs(np.sum(slack * scaled)) <= 1e-7 * scale * frobenius(scaled)

    def test_outer_product_of_diagonal_weights_is_recognised(self):
        a = indefinite(8, 1)
        weights = np.random.default_rng(1).uniform(0.1, 10, 8)
        by_vector = nearest_correlation(a, weights=weights, tol=1e-12)
        by_matrix = nearest_correlation(a, weights=np.sqrt(np.outer(weights, weights)), tol=1e-12)
        np.testing.assert_allclose(by_matrix.matrix, by_vector.matrix, rtol=0, atol=1e-10)
        assert by_matrix.distance == pytest.approx(by_vector.distance, rel=1e-10)
        assert by_matrix.iterations == by_vector.iterations

    @pytest.mark.parametrize("fixed", [None, sparse_mask(8)])
    def test_element_weights_find_the_weighted_minimum(self, fixed):
        a = with_small_fixed(indefinite(8, 2), sparse_mask(8))
        weights = np.random.default_rng(2).uniform(0.3, 3, (8, 8))
        weights = weights + weights.T
        shifted = a + np.diag(np.arange(8.0))
        result = nearest_correlation(shifted, weights=weights, fixed=fixed, tol=1e-10, max_iter=5000)
        assert result.distance == pytest.approx(frobenius(weights * (result.matrix - shifted)))
        mask = np.eye(8, dtype=bool) if fixed is None else fixed | np.eye(8, dtype=bool)
        assert defect(a, result.matrix, weights, mask) <= 1e-6

    def test_nearly_diagonal_element_weights_agree_with_newton(self):
        a = indefinite(7, 5)
        weights = np.ones((7, 7))
        weights[0, 1] = weights[1, 0] = 1 + 1e-9
        slow = nearest_correlation(a, weights=weights, tol=1e-11, max_iter=5000)
        fast = nearest_correlation(a, tol=1e-12)
        assert slow.iterations > fast.iterations
        np.testing.assert_allclose(slow.matrix, fast.matrix, rtol=0, atol=1e-7)

    def test_zero_weights_free_the_entry(self):
        weights = np.ones((3, 3))
        weights[0, 2] = weights[2, 0] = 0
        a = np.array([[1, 0.6, -1.0], [0.6, 1, 0.6], [-1.0, 0.6, 1]])
        result = nearest_correlation(a, weights=weights)
        assert result.distance <= 1e-5


class TestFixed:
    @pytest.mark.parametrize("method", METHODS)
    @given(a=matrices, seed=st.integers(0, 2**32))
    def test_row_is_kept_to_the_bit(self, method, a, seed):
        n = len(a)
        row = seed % n
        a[row] = a[:, row] = 0.95 * np.tanh(a[row])
        a[row, row] = 1
        x = nearest_correlation(a, method=method, fixed=row_mask(n, row)).matrix
        assert np.all(x[row] == a[row])
        assert np.all(np.diag(x) == 1)
        np.linalg.cholesky(x)

    @pytest.mark.parametrize("method", METHODS)
    def test_row_and_floor_together(self, method):
        a = indefinite(8, 6)
        a[0] = a[:, 0] = 0.6 * np.tanh(a[0])
        a[0, 0] = 1
        x = nearest_correlation(a, method=method, fixed=row_mask(8, 0), min_eigenvalue=0.2).matrix
        assert np.linalg.eigvalsh(x)[0] >= 0.2 - 1e-13

    def test_nearly_constant_variable_in_single_precision(self):
        a = with_small_fixed(indefinite(5, 1), row_mask(5, 4)).astype(np.float32)
        a[0, 4] = a[4, 0] = 1 - 1e-6
        x = nearest_correlation(a, fixed=row_mask(5, 4)).matrix
        assert np.all(x[4] == a[4])
        assert np.linalg.eigvalsh(x.astype(float))[0] >= 0

    @pytest.mark.parametrize("method", ITERATIVE)
    @pytest.mark.parametrize("n", [3, 10, 40])
    def test_mask_is_kept_to_the_bit(self, method, n):
        mask = sparse_mask(n)
        a = with_small_fixed(indefinite(n, n), mask)
        result = nearest_correlation(a, method=method, fixed=mask)
        assert result.converged
        assert np.all(result.matrix[mask] == a[mask])
        np.linalg.cholesky(result.matrix)

    def test_row_by_reduction_equals_row_by_multipliers(self):
        from bernoulli_latent.correlation._dual import MaskedDual
        from bernoulli_latent.correlation._newton import newton

        a = indefinite(6, 4)
        a[-1] = a[:, -1] = 0.5 * np.tanh(a[-1])
        a[-1, -1] = 1
        mask = row_mask(6, 5) | np.eye(6, dtype=bool)
        dual = MaskedDual(a, a, mask, np.ones(6))
        points = newton(dual, dual.evaluate(dual.start()))
        point = next(p for p in points if p.residual < 1e-12)
        x = point.factor() @ point.factor().T
        np.testing.assert_allclose(
            nearest_correlation(a, fixed=row_mask(6, 5), tol=1e-13).matrix, x, rtol=0, atol=1e-10
        )

    def test_diagonal_mask_asks_for_nothing(self):
        a = indefinite(4, 0)
        x = nearest_correlation(a, fixed=np.eye(4, dtype=bool)).matrix
        assert np.all(x == nearest_correlation(a).matrix)

    def test_impossible_entries_are_reported(self):
        a = np.array([[1, 0.9, -0.9, 0.0], [0.9, 1, 0.9, 0.0], [-0.9, 0.9, 1, 0.5], [0.0, 0.0, 0.5, 1]])
        mask = np.zeros((4, 4), dtype=bool)
        mask[:3, :3] = True
        with pytest.warns(RepairWarning, match="`fixed` entries are off by up to"):
            result = nearest_correlation(a, fixed=mask, max_iter=30)
        assert not result.converged
        assert result.residual > 0.1
        assert np.all(np.diag(result.matrix) == 1)
        assert np.linalg.eigvalsh(result.matrix)[0] >= -1e-12


class TestRunning:
    @pytest.mark.parametrize(
        "options", [{}, {"method": "alternating"}, {"weights": 1 + np.eye(9, k=3) + np.eye(9, k=-3)}]
    )
    def test_resumed_equals_uninterrupted(self, options):
        a = indefinite(9, 7)
        whole = nearest_correlation(a, **options)
        with pytest.warns(RepairWarning, match="stopped after 2 iterations"):
            part = nearest_correlation(a, max_iter=2, **options)
        rest = nearest_correlation(a, start=part, **options)
        assert not part.converged
        assert rest.converged
        np.testing.assert_allclose(rest.matrix, whole.matrix, rtol=0, atol=1e-10)
        assert rest.iterations == whole.iterations

    def test_callback_sees_every_iteration(self):
        seen = []
        result = nearest_correlation(indefinite(9, 7), callback=lambda i, info: seen.append((i, info["residual"])))
        assert [i for i, _ in seen] == list(range(1, result.iterations + 1))
        assert seen[-1][1] == result.residual

    def test_interrupt_passes_through(self):
        def stop(iteration, info):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            nearest_correlation(indefinite(9, 7), callback=stop)

    def test_hopeless_tolerance_ends_with_a_warning(self):
        with pytest.warns(RepairWarning, match="above `tol` = 1e-30"):
            result = nearest_correlation(indefinite(30, 7), tol=1e-30)
        assert result.iterations < 20
        assert result.residual < 1e-13

    def test_anderson_beats_plain_projections(self):
        a = 0.9 + 0.1 * indefinite(60, 0, 0.5)
        result = nearest_correlation(a, method="alternating")
        y, gradient, plain = np.zeros(60), np.ones(60), 0
        while np.max(np.abs(gradient)) > 1e-7:
            values, vectors = np.linalg.eigh(a + np.diag(y))
            gradient = vectors**2 @ np.maximum(values, 0) - 1
            y, plain = y - gradient, plain + 1
        assert result.eigendecompositions < plain / 2


class TestLibraries:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("fixed", [None, row_mask(10, 9)])
    def test_same_answer_in_library_and_dtype(self, to_library, method, dtype, fixed):
        a = with_small_fixed(indefinite(10, 3), row_mask(10, 9)).astype(dtype)
        given_a = to_library(a)
        result = nearest_correlation(given_a, method=method, fixed=None if fixed is None else to_library(fixed))
        assert type(result.matrix) is type(given_a)
        assert result.matrix.dtype == given_a.dtype
        expected = nearest_correlation(a.astype("float64"), method=method, fixed=fixed).matrix
        atol = 1e-3 if dtype == "float32" else 1e-10
        np.testing.assert_allclose(np.asarray(result.matrix.tolist()), expected, rtol=0, atol=atol)

    @pytest.mark.parametrize("method", ITERATIVE)
    def test_masks_and_weights_in_every_library(self, to_library, method):
        mask = sparse_mask(8)
        a = with_small_fixed(indefinite(8, 3), mask)
        weights = np.arange(1.0, 9.0)
        elements = 1 + (np.add.outer(weights, weights) % 3)
        for options in ({"fixed": mask}, {"weights": weights}, {"weights": elements}):
            x = nearest_correlation(to_library(a), method=method, **{k: to_library(v) for k, v in options.items()})
            y = nearest_correlation(a, method=method, **options)
            np.testing.assert_allclose(np.asarray(x.matrix.tolist()), y.matrix, rtol=0, atol=1e-6)

    def test_torch_takes_numpy_options_and_drops_gradients(self, torch):
        a = torch.tensor(indefinite(5, 0), requires_grad=True)
        result = nearest_correlation(a, weights=np.ones(5), fixed=np.eye(5, dtype=bool))
        assert not result.matrix.requires_grad

    def test_integers_and_half_precision(self, torch):
        assert nearest_correlation(HIGHAM.astype(int)).matrix.dtype == np.float64
        assert nearest_correlation(HIGHAM.astype(np.float16)).matrix.dtype == np.float32
        assert nearest_correlation(torch.tensor(HIGHAM, dtype=torch.bfloat16)).matrix.dtype == torch.float32

    @pytest.mark.parametrize("method", METHODS)
    def test_one_and_two_variables(self, to_library, method):
        assert nearest_correlation(to_library([[7.0]]), method=method).matrix.tolist() == [[1.0]]
        assert nearest_correlation(to_library([[7.0]]), weights=to_library([[0.0]])).matrix.tolist() == [[1.0]]
        x = nearest_correlation(to_library([[1.0, 3.0], [3.0, 1.0]]), method=method).matrix.tolist()
        assert x[0][1] == pytest.approx(1, abs=1e-6)


RANDOM = indefinite(4, 0)
ERRORS = [
    (np.ones((2, 3)), {}, ValueError, "`a` must be a square matrix"),
    (np.array([[1.0, np.nan], [np.nan, 1.0]]), {}, ValueError, "`a` must be finite"),
    (np.array([[1.0, 0.5], [0.4, 1.0]]), {}, ValueError, r"`a` must be symmetric.*\(0, 1\)"),
    (np.array([[1.0, 1e9], [1e9, 1.0]]), {}, ValueError, "`a` must have entries below.*covariance"),
    (HIGHAM, {"method": "higham"}, ValueError, "`method` must be one of 'newton'"),
    (HIGHAM, {"weights": np.ones(2)}, ValueError, r"`weights` must have shape \(3,\); got \(2,\)"),
    (HIGHAM, {"weights": np.ones((2, 2))}, ValueError, r"`weights` must have shape \(3, 3\)"),
    (HIGHAM, {"weights": [1, 0, 1]}, ValueError, r"`weights` must be positive; got 0.0 at index \(1,\)"),
    (HIGHAM, {"weights": -np.ones((3, 3))}, ValueError, "`weights` must not be negative"),
    (HIGHAM, {"weights": np.eye(3)}, ValueError, "`weights` must not be zero for every pair"),
    (HIGHAM, {"weights": np.arange(9.0).reshape(3, 3)}, ValueError, "`weights` must be symmetric"),
    (HIGHAM, {"weights": np.ones(3), "method": "shrink"}, ValueError, "'shrink'` cannot use these `weights`"),
    (
        indefinite(4, 0),
        {"weights": indefinite(4, 0) ** 2, "method": "clip"},
        ValueError,
        "'clip'` cannot use these `weights`",
    ),
    (HIGHAM, {"diagonal": [1, -1, 1]}, ValueError, r"`diagonal` must be positive; got -1.0 at index \(1,\)"),
    (HIGHAM, {"fixed": np.ones((3, 3))}, TypeError, "`fixed` must be a boolean mask"),
    (HIGHAM, {"fixed": np.ones((2, 2), bool)}, ValueError, "`fixed` must have the shape of `a`"),
    (HIGHAM, {"fixed": np.eye(3, k=1, dtype=bool)}, ValueError, "`fixed` must be symmetric"),
    (HIGHAM, {"fixed": row_mask(3, 0)}, ValueError, r"`fixed` must keep correlations below 1.*\(0, 1\)"),
    (HIGHAM / 2, {"fixed": sparse_mask(3), "min_eigenvalue": 0.6}, ValueError, "`fixed` must keep corr"),
    (indefinite(4, 0) / 9, {"fixed": sparse_mask(4), "method": "clip"}, ValueError, "cannot keep the entries"),
    (HIGHAM, {"min_eigenvalue": -0.1}, ValueError, r"`min_eigenvalue` must be in \[0, 1\)"),
    (HIGHAM, {"min_eigenvalue": 1.0}, ValueError, r"`min_eigenvalue` must be in \[0, 1\)"),
    (HIGHAM, {"tol": 0.0}, ValueError, "`tol` must be positive"),
    (HIGHAM, {"tol": float("nan")}, ValueError, "`tol` must be positive"),
    (HIGHAM, {"max_iter": 0}, ValueError, "`max_iter` must be at least 1"),
    (HIGHAM, {"max_iter": 1.5}, TypeError, "`max_iter` must be an integer"),
]


@pytest.mark.parametrize(("a", "options", "error", "message"), ERRORS)
def test_errors_name_the_argument(a, options, error, message):
    with pytest.raises(error, match=message):
        nearest_correlation(a, **options)


def test_start_must_fit():
    earlier = nearest_correlation(indefinite(4, 0))
    with pytest.raises(ValueError, match="`start` must come from"):
        nearest_correlation(indefinite(5, 0), start=earlier)
    with pytest.raises(ValueError, match="`start` is for the iterative methods"):
        nearest_correlation(indefinite(4, 0), start=earlier, method="clip")


def test_default_floor_is_small():
    assert rounding_level(np.eye(1500)) < 1e-13
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nearest_correlation(HIGHAM, min_eigenvalue=1e-12)
