"""Paths on the sphere between two hyperplane normals."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace

__all__ = ["angle", "crossings", "flip_ranks", "slerp_weights"]

OPPOSITE = 1e-14
"""Cosines that are nearer to -1 are not told from it."""


def slerp_weights(angle: Array, steps: int) -> Array:
    r"""Weights of the ends in the points of great circles.

    .. math:: z(t) = \frac{\sin((1 - t)\theta)\, z_0 + \sin(t \theta)\, z_1}{\sin\theta}

    Rounding takes the sign of a linear function of the normal, so the same weights lead from the scores of one end
    to those of the other.

    Parameters
    ----------
    angle : array, shape (n,)
        Angle :math:`\theta` between the unit normals, in [0, pi).
    steps : int
        Points on each path, ends included; at least 2.

    Returns
    -------
    array, shape (2, steps, n)
        Weights of :math:`z_0` and of :math:`z_1`.

    References
    ----------
    .. [1] Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> slerp_weights(np.array([np.pi / 2]), 3)[:, :, 0].round(3)
    array([[1.   , 0.707, 0.   ],
           [0.   , 0.707, 1.   ]])
    """
    xp = namespace(angle)
    t = xp.linspace(0, 1, steps, dtype=angle.dtype, device=angle.device)[:, None]
    straight = angle < 1e-8
    turn = xp.where(straight, 1.0, angle)
    forward = xp.where(straight, t, xp.sin(t * turn) / xp.sin(turn))
    return xp.stack([xp.flip(forward, axis=0), forward])


def angle(source: Array, target: Array) -> Array:
    """Angles between the rows of `source` and `target`, shape (n,).

    Zero, which stands for a straight path, where one of them is zero, or where they are opposite: then great circles
    lead from the one to the other in every direction, or in none.
    """
    xp = namespace(source)
    lengths = xp.linalg.vector_norm(source, axis=1) * xp.linalg.vector_norm(target, axis=1)
    cosine = xp.sum(source * target, axis=1) / xp.where(lengths > 0, lengths, 1.0)
    has_circle = (lengths > 0) & (cosine > OPPOSITE - 1)
    return xp.where(has_circle, xp.acos(xp.clip(cosine, -1.0, 1.0)), 0.0)


def crossings(source: Array, target: Array, threshold: Array, angle: Array) -> Array:
    r"""Where bits change on great circles: numbers in [0, 1] that grow with the angle.

    Behind a threshold :math:`c` a score is :math:`c` plus a linear function of the normal. With
    :math:`r \in [0, \infty]` from the source to the target, a great circle is a rational curve of degree two, and
    the score of a bit that is 1 at the target is, up to a positive factor,

    .. math:: m_1 r^2 + \frac{m_1 - m_0 - 2 c \sin^2(\theta / 2)}{\cos(\theta / 2)}\, r - m_0 .

    It has one positive root, of which :math:`r / (1 + r)` is returned. Without a threshold the order of the roots is
    that of :math:`m_0 / m_1`, whatever the angle.

    Parameters
    ----------
    source, target : array, shape (n, n_bits)
        Margins :math:`m_0` and :math:`m_1`: scores at the ends, times the sign of the bit at that end. Where one of
        them is negative, the bit is wrong at that end, and said to change there; where both are, in the middle.
    threshold : array, shape (n, n_bits)
        Part :math:`c` of the scores that does not depend on the normal, times the sign of the bit at the target.
    angle : array, shape (n,)
        Angle :math:`\theta` between the normals.

    Returns
    -------
    array, shape (n, n_bits), float32
        Rounded, so that margins which are equal but for rounding make bits change together.

    References
    ----------
    .. [1] Piegl and Tiller, "A menagerie of rational B-spline circles", IEEE Comput. Graph. Appl. 9, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> crossings(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]]), np.zeros((1, 2)), np.zeros(1))
    array([[0.5 , 0.75]], dtype=float32)
    """
    xp = namespace(source)
    half = angle[:, None] / 2
    bend = xp.where((source > 0) & (target > 0), threshold * xp.sin(half) ** 2, 0.0)
    source, target = (xp.clip(margin, min=0.0) for margin in (source, target))
    slope = (target - source) / 2 - bend
    source, target = xp.cos(half) * source, xp.cos(half) * target
    root = xp.abs(slope) + xp.sqrt(slope * slope + source * target)
    before, after = xp.where(slope >= 0, source, root), xp.where(slope >= 0, root, target)
    whole = before + after
    return xp.astype(xp.where(whole > 0, before / xp.where(whole > 0, whole, 1.0), 0.5), xp.float32)


def flip_ranks(places: Array, differs: Array) -> Array:
    """Turn (n, n_bits) at which each bit that `differs` changes, counted from 0; the others come last.

    Bits with equal `places` take turns by their number.
    """
    xp = namespace(places)
    order = xp.argsort(xp.where(differs, places, 2.0), axis=1, stable=True)
    return xp.argsort(order, axis=1, stable=False)
