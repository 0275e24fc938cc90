"""Mixtures of a law and its mirror image weighted by a bit: divergences by the log ratio of the two densities.

They are means of a logarithm, which cancels where it is small everywhere: there the mean of the likelihood ratio
less 1, which is 0, is added, and no term is negative. A large ratio has its mass where rules for the mean have no
nodes, so then it is left out.
"""

from __future__ import annotations

from typing import Any

from bernoulli_latent._namespaces.bernoulli_functions import cumulant, sigmoid_difference

__all__ = ["divergence", "information"]


def information(f: Any, logits: Any, ratio: Any, small: Any) -> Any:
    """Integrand of the mutual information of value and bit, where `ratio` is `small` or not.

    `ratio` is the logarithm of the density of the law that is drawn from over that of its mirror image.
    """
    zero, one = -cumulant(f, logits, -ratio), -cumulant(f, -logits, -ratio)
    return f.sigmoid(-logits) * _surprise(f, zero, small) + f.sigmoid(logits) * _surprise(f, one, small)


def divergence(f: Any, p_logits: Any, q_logits: Any, ratio: Any, small: Any) -> Any:
    """Integrand of the divergence between two mixtures of the same laws, where `ratio` is `small` or not."""
    small = small | (f.abs(p_logits - q_logits) < 1)
    zero, one = _log_ratio(f, p_logits, q_logits, -ratio), _log_ratio(f, p_logits, q_logits, ratio)
    return f.sigmoid(-p_logits) * _surprise(f, zero, small) + f.sigmoid(p_logits) * _surprise(f, one, small)


def _surprise(f: Any, log_ratio: Any, small: Any) -> Any:
    return f.where(small, f.expm1mx(-f.where(small, log_ratio, 0.0)), log_ratio)


def _log_ratio(f: Any, p_logits: Any, q_logits: Any, ratio: Any) -> Any:
    """Logarithm of the density of one mixture over that of the other, by the law of the two that is denser."""
    side = -f.side(ratio)
    p, q, depth = side * p_logits, side * q_logits, side * ratio
    first, second = cumulant(f, p, depth), cumulant(f, q, depth)
    near = (f.abs(first - second) < 0.5) & (second > -f.max_exponent)
    excess = sigmoid_difference(f, p, q) * f.expm1(depth) * f.exp(-f.where(near, second, 0.0))
    return f.where(near, f.log1p(f.where(near, excess, 0.0)), first - second)
