"""The arcsine law: moments of signs of Gaussian variables, and back."""

from __future__ import annotations

import math

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_square, first_offence

__all__ = ["gram_from_moments", "moments_from_gram"]


def gram_from_moments(M: Array) -> Array:
    r"""Correlation matrix of the Gaussian vector whose signs have the second moments `M`.

    .. math:: H_{ij} = \cos\bigl(\tfrac{\pi}{2} (1 - M_{ij})\bigr) = \sin\bigl(\tfrac{\pi}{2} M_{ij}\bigr)

    Parameters
    ----------
    M : array, shape (n, n)
        Second moments of {-1, +1} variables, each in [-1, 1], or beyond by rounding, 16 units in the last place.
        Bordered by the means, its last row and column stand for a constant +1.

    Returns
    -------
    array, shape (n, n)
        The Gram matrix `H`. It need not be positive semidefinite: see :func:`nearest_correlation`.

    Raises
    ------
    ValueError
        If `M` is not square or has an entry outside [-1, 1].

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020, section 3.
    .. [2] Sheppard, "On the application of the theory of error to cases of normal distribution and normal
       correlation", Phil. Trans. R. Soc. A 192, 1899.

    Examples
    --------
    >>> import numpy as np
    >>> gram_from_moments(np.array([[1.0, 1 / 3], [1 / 3, 1.0]])).round(12)
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    M = check_square(M, "M")
    xp = namespace(M)
    offence = first_offence(~(xp.abs(M) <= 1 + 16 * xp.finfo(M.dtype).eps))
    if offence is not None:
        raise ValueError(
            f"`M` must lie in [-1, 1]; got {float(M[offence])} at index {offence}. "
            "Moments are those of bits coded as -1 and +1."
        )
    return xp.sin((math.pi / 2) * xp.clip(M, -1.0, 1.0))


def moments_from_gram(H: Array) -> Array:
    r"""Second moments of the signs of a zero-mean Gaussian vector with covariance `H`.

    .. math:: M_{ij} = \frac{2}{\pi} \arcsin\frac{H_{ij}}{\sqrt{H_{ii} H_{jj}}}

    Parameters
    ----------
    H : array, shape (n, n)
        Covariance or correlation matrix with a positive diagonal. Entries may exceed the diagonal's bound by
        rounding, 16 units in the last place, and no more.

    Returns
    -------
    array, shape (n, n)
        Moments in [-1, 1]; the diagonal is exactly 1.

    Raises
    ------
    ValueError
        If `H` is not square, its diagonal is not positive, or a correlation lies outside [-1, 1].

    References
    ----------
    .. [1] Sheppard 1899, see :func:`gram_from_moments`.

    Examples
    --------
    >>> import numpy as np
    >>> moments_from_gram(np.array([[4.0, 1.0], [1.0, 1.0]])).round(12)
    array([[1.        , 0.33333333],
           [0.33333333, 1.        ]])
    """
    H = check_square(H, "H")
    xp = namespace(H)
    variance = xp.linalg.diagonal(H)
    offence = first_offence(~(variance > 0))
    if offence is not None:
        raise ValueError(f"`H` must have a positive diagonal; got {float(variance[offence])} at index {offence}")
    deviation = xp.sqrt(variance)
    correlation = H / (deviation[:, None] * deviation[None, :])
    offence = first_offence(~(xp.abs(correlation) <= 1 + 16 * xp.finfo(H.dtype).eps))
    if offence is not None:
        raise ValueError(
            f"`H` must be a covariance; got correlation {float(correlation[offence])} at index {offence}. "
            "Repair it first, see nearest_correlation."
        )
    moments = (2 / math.pi) * xp.asin(xp.clip(correlation, -1.0, 1.0))
    return xp.where(xp.eye(H.shape[0], dtype=xp.bool, device=H.device) != 0, xp.ones_like(H), moments)
