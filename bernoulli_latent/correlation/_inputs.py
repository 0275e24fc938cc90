"""Arguments of `nearest_correlation`, read and checked."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, is_torch, namespace
from bernoulli_latent._checks import as_real, check_choice, check_symmetric, first_offence
from bernoulli_latent.correlation._problem import Problem, rounding_level, with_diagonal
from bernoulli_latent.correlation._spectrum import diagonal_matrix
from bernoulli_latent.correlation._weighted import WeightedState

__all__ = ["check_method", "check_start", "check_tolerance", "read_problem"]

METHODS = ("newton", "alternating", "clip", "shrink")


def read_problem(a: Array, diagonal: object, weights: object, fixed: object, min_eigenvalue: float | None) -> Problem:
    """Check the data of a repair and state it as a :class:`Problem`."""
    a = check_symmetric(a, "a")
    xp = namespace(a)
    variances = xp.ones_like(a[0]) if diagonal is None else _positive_vector(diagonal, "diagonal", a)
    _check_scale(a, variances)
    mask = None if fixed is None else _read_fixed(fixed, a)
    floor, slack = _read_floor(min_eigenvalue, a, variances, mask)
    element_weights = None if weights is None else _read_weights(weights, a)
    return Problem(a, floor * diagonal_matrix(variances), variances, element_weights, mask, slack)


def check_method(method: str, problem: Problem) -> None:
    """Refuse a method that cannot honour what the problem asks for."""
    check_choice(method, "method", METHODS)
    if method in ("newton", "alternating"):
        return
    if problem.fixed is not None and problem.fixed_row() is None:
        raise ValueError(
            f"`method={method!r}` cannot keep the entries of `fixed`, except one whole row; "
            "use 'newton' or 'alternating'"
        )
    if problem.weights is not None and (method == "shrink" or not problem.separable):
        raise ValueError(f"`method={method!r}` cannot use these `weights`; use 'newton' or 'alternating'")


def check_start(state: object, problem: Problem, method: str) -> object:
    """State of an earlier result, if it fits the problem and the method."""
    if state is None:
        return None
    if method in ("clip", "shrink"):
        raise ValueError(f"`start` is for the iterative methods; `method={method!r}` does not iterate")
    n = problem.a.shape[0]
    if not problem.separable:
        fits = isinstance(state, WeightedState) and state.multipliers.shape[0] == n
    else:
        shape = (n,) if problem.fixed is None else (n, n)
        fits = isinstance(state, tuple) and tuple(state[-1][0].shape) == shape
    if not fits:
        raise ValueError("`start` must come from a call with the same size, `fixed` and kind of `weights`")
    return state


def check_tolerance(tol: float | None, a: Array) -> float:
    """`tol`, or the default for the precision of `a`."""
    if tol is None:
        return 1e-7 if namespace(a).finfo(a.dtype).bits >= 64 else 1e-4
    if not tol > 0:
        raise ValueError(f"`tol` must be positive; got {tol}")
    return float(tol)


def _check_scale(a: Array, diagonal: Array) -> None:
    """Refuse entries so large that the diagonal would drown in their rounding."""
    xp = namespace(a)
    limit = float(xp.finfo(a.dtype).eps) ** -0.5 * float(xp.max(diagonal))
    offence = first_offence(xp.abs(a) > limit)
    if offence is not None:
        raise ValueError(
            f"`a` must have entries below {limit:.3g}, the precision's reach from its diagonal; "
            f"got {float(a[offence])} at index {offence}. Did you pass a covariance?"
        )


def _read_weights(weights: object, a: Array) -> Array:
    """Diagonal weights (n,) or element weights (n, n)."""
    if as_real(weights, "weights").ndim != 2:
        return _positive_vector(weights, "weights", a)
    matrix = _like(check_symmetric(weights, "weights"), "weights", a, a.shape)
    xp = namespace(matrix)
    offence = first_offence(matrix < 0)
    if offence is not None:
        raise ValueError(f"`weights` must not be negative; got {float(matrix[offence])} at index {offence}")
    if a.shape[0] > 1 and not bool(xp.any(with_diagonal(matrix, xp.zeros_like(a[0])) > 0)):
        raise ValueError("`weights` must not be zero for every pair")
    return matrix


def _read_fixed(fixed: object, a: Array) -> Array | None:
    """Mask of the entries to keep, its diagonal true; None where it asks for nothing off the diagonal."""
    from array_api_compat import device

    xp = namespace(a)
    mask = xp.asarray(fixed, device=device(a))
    if not xp.isdtype(mask.dtype, "bool"):
        raise TypeError(f"`fixed` must be a boolean mask; got dtype {mask.dtype}")
    if tuple(mask.shape) != tuple(a.shape):
        raise ValueError(f"`fixed` must have the shape of `a`, {tuple(a.shape)}; got {tuple(mask.shape)}")
    offence = first_offence(mask != mask.mT)
    if offence is not None:
        raise ValueError(f"`fixed` must be symmetric; got {bool(mask[offence])} at index {offence} only")
    mask = with_diagonal(mask, xp.zeros_like(mask[0]))
    return with_diagonal(mask, xp.ones_like(mask[0])) if bool(xp.any(mask)) else None


def _read_floor(min_eigenvalue: float | None, a: Array, diagonal: Array, mask: Array | None) -> tuple[float, float]:
    """Floor of the eigenvalues, as correlations, and how far below it rounding may leave a result."""
    if min_eigenvalue is not None and not 0 <= min_eigenvalue < 1:
        raise ValueError(f"`min_eigenvalue` must be in [0, 1); got {min_eigenvalue}")
    level = rounding_level(a)
    floor = level if min_eigenvalue is None else float(min_eigenvalue)
    if mask is not None:
        room = _room(a, diagonal, mask, 0.0 if min_eigenvalue is None else floor)
        floor = min(floor, room / 2) if min_eigenvalue is None else floor
    return floor, (floor if min_eigenvalue is None else level)


def _room(a: Array, diagonal: Array, mask: Array, floor: float) -> float:
    """Least of ``1 - |correlation|`` over the fixed entries, which must exceed `floor`."""
    xp = namespace(a)
    correlations = with_diagonal(xp.where(mask, xp.abs(a), 0), xp.zeros_like(diagonal))
    correlations = correlations / xp.sqrt(diagonal[:, None] * diagonal)
    offence = first_offence(1 - correlations <= floor)
    if offence is not None:
        raise ValueError(
            f"`fixed` must keep correlations below 1 - `min_eigenvalue` = {1 - floor:.6g}; "
            f"got {float(a[offence])} at index {offence}. Take constant or repeated variables out first."
        )
    return float(xp.min(1 - correlations))


def _positive_vector(x: object, name: str, a: Array) -> Array:
    vector = _like(as_real(x, name), name, a, (a.shape[0],))
    offence = first_offence(~(vector > 0))
    if offence is not None:
        raise ValueError(f"`{name}` must be positive; got {float(vector[offence])} at index {offence}")
    return vector


def _like(x: Array, name: str, a: Array, shape: tuple[int, ...]) -> Array:
    """`x` in the library, dtype and device of `a`, of the given shape."""
    from array_api_compat import device

    if tuple(x.shape) != tuple(shape):
        raise ValueError(f"`{name}` must have shape {tuple(shape)}; got {tuple(x.shape)}")
    if is_torch(x) and not is_torch(a):
        raise TypeError(f"`{name}` is a torch tensor, but `a` is a NumPy array; pass both in one library")
    return namespace(a).asarray(x, dtype=a.dtype, device=device(a))
