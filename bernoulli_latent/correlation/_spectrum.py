"""Eigenpairs of symmetric matrices in either precision, and their positive parts."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, is_torch, namespace

__all__ = [
    "cast",
    "diagonal_matrix",
    "eigenpairs",
    "factor",
    "plus_diagonal",
    "positive_projector",
    "shift_to_trace",
    "split",
]


def factor(eigenvalues: Array, eigenvectors: Array) -> Array:
    """Factor `f` (n, rank) of the positive semidefinite part: `f @ f.T` is the nearest such matrix."""
    xp = namespace(eigenvalues)
    first = int(xp.sum(xp.astype(eigenvalues <= 0, xp.int64)))
    return eigenvectors[:, first:] * xp.sqrt(eigenvalues[first:])


def diagonal_matrix(x: Array) -> Array:
    """Matrix with `x` on its diagonal."""
    from array_api_compat import device

    return namespace(x).eye(x.shape[0], dtype=x.dtype, device=device(x)) * x


def plus_diagonal(a: Array, x: Array) -> Array:
    """`a` with `x` added to its diagonal."""
    from array_api_compat import device

    xp = namespace(a)
    total, i = xp.asarray(a, copy=True), xp.arange(a.shape[0], device=device(a))
    total[i, i] += x
    return total


def cast(x: Array, like: Array) -> Array:
    """`x` in the dtype of `like`."""
    return namespace(x).astype(x, like.dtype, copy=False)


def eigenpairs(a: Array, single: bool) -> tuple[Array, Array]:
    """Eigenvalues in the dtype of `a`; the eigenvectors are left in single precision if that is what they have."""
    xp = namespace(a)
    if not single:
        return tuple(xp.linalg.eigh(a))
    a32 = xp.astype(a, xp.float32)
    if is_torch(a):
        values, vectors = xp.linalg.eigh(a32)
    else:
        from scipy.linalg import eigh  # NumPy's would work in double precision

        values, vectors = eigh(a32, driver="evd", check_finite=False, overwrite_a=True)
    return cast(values, a), vectors


def shift_to_trace(ascending: Array, trace: Array) -> Array:
    """The `c` for which the positive part of ``ascending + c`` sums to `trace`."""
    xp = namespace(ascending)
    values = xp.flip(ascending)
    counts = xp.astype(xp.cumulative_sum(xp.ones_like(values)), values.dtype)
    shifts = (trace - xp.cumulative_sum(values)) / counts
    return shifts[int(xp.count_nonzero(values + shifts > 0)) - 1]


def split(eigenvalues: Array, vectors: Array) -> tuple[Array, Array, Array]:
    """Eigenvectors of both signs, and the divided differences of the positive part between the two."""
    xp, values = namespace(eigenvalues), cast(eigenvalues, vectors)
    first = int(xp.sum(xp.astype(values <= 0, xp.int64)))
    weights = values[first:, None] / (values[first:, None] - values[None, :first])
    return vectors[:, :first], vectors[:, first:], weights


def positive_projector(negative: Array, positive: Array) -> Array:
    """Projector on the positive eigenvectors, from whichever of the two sets is smaller."""
    if positive.shape[1] <= negative.shape[1]:
        return positive @ positive.mT
    return plus_diagonal(-(negative @ negative.mT), 1)
