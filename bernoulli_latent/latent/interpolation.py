"""Paths on the sphere between two hyperplane normals."""

from __future__ import annotations

from bernoulli_latent._arrays import Array, namespace

__all__ = ["angle", "slerp_weights"]


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
    """Angles between the rows of `source` and `target`, shape (n,); zero where one of them is zero."""
    xp = namespace(source)
    lengths = xp.linalg.vector_norm(source, axis=1) * xp.linalg.vector_norm(target, axis=1)
    cosine = xp.sum(source * target, axis=1) / xp.where(lengths > 0, lengths, 1.0)
    return xp.where(lengths > 0, xp.acos(xp.clip(cosine, -1.0, 1.0)), 0.0)
