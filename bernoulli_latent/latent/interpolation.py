"""Paths on the sphere between two hyperplane normals."""

from __future__ import annotations

from collections.abc import Iterator

from bernoulli_latent._arrays import Array, namespace

__all__ = ["angle", "slerp"]


def slerp(source: Array, target: Array, angle: Array, steps: int) -> Iterator[Array]:
    r"""Points of the great circles from `source` to `target`, or any linear images of them.

    .. math:: z(t) = \frac{\sin((1 - t)\theta)\, z_0 + \sin(t \theta)\, z_1}{\sin\theta}

    Since rounding takes the sign of a linear function of the normal, the ends are projected once and the path is
    followed among the scores.

    Parameters
    ----------
    source, target : array, shape (n, m)
        Ends, such as the scores of the unit normals.
    angle : array, shape (n,)
        Angle :math:`\theta` between the unit normals, in [0, pi).
    steps : int
        Points on each path, ends included; at least 2.

    Yields
    ------
    array, shape (n, m)
        One point of every path.

    References
    ----------
    .. [1] Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    >>> [point.round(3).tolist() for point in slerp(x, y, np.array([np.pi / 2]), 3)]
    [[[1.0, 0.0]], [[0.707, 0.707]], [[0.0, 1.0]]]
    """
    xp = namespace(source)
    straight = angle < 1e-8
    scale = xp.sin(xp.where(straight, 1.0, angle))
    for step in range(steps):
        t = step / (steps - 1)
        backward = xp.where(straight, 1 - t, xp.sin((1 - t) * angle) / scale)
        forward = xp.where(straight, t, xp.sin(t * angle) / scale)
        yield backward[:, None] * source + forward[:, None] * target


def angle(source: Array, target: Array) -> Array:
    """Angles between the rows of `source` and `target`, shape (n,); zero where one of them is zero."""
    xp = namespace(source)
    lengths = xp.linalg.vector_norm(source, axis=1) * xp.linalg.vector_norm(target, axis=1)
    cosine = xp.sum(source * target, axis=1) / xp.where(lengths > 0, lengths, 1.0)
    return xp.where(lengths > 0, xp.acos(xp.clip(cosine, -1.0, 1.0)), 0.0)
