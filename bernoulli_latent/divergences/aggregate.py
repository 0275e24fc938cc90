"""The aggregate posterior: the mixture of the posteriors of all rows, joint and for each dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, is_torch, namespace
from bernoulli_latent.divergences.monte_carlo import MonteCarloEstimate, mean_of_samples
from bernoulli_latent.relaxations.bernoulli import Bernoulli

__all__ = ["aggregate_logits", "information_of_bits", "log_densities"]

_PAIRS = 2**22
"""Pairs of a code and a row that are held at a time."""

_ENUMERATED = 12
"""Dimensions up to which all codes of bits are visited."""


def log_densities(posterior: Any, codes: Array, log_weights: Array) -> tuple[Array, Array]:
    """Logarithms of the joint density and of the product of the marginals, at draws of a code for each row.

    The logarithms of the weights of the rows in the mixture, ``log_weights``, may differ from one code to the next.
    """
    xp, n_rows = namespace(codes), posterior.shape[0]
    columns = [_column(posterior, k) for k in range(posterior.shape[1])]
    log_weights = xp.broadcast_to(xp.asarray(log_weights, dtype=codes.dtype, device=codes.device), (n_rows, n_rows))
    parts = [
        _mix(columns, codes[draw, rows], log_weights[rows])
        for draw in range(len(codes))
        for rows in _blocks(n_rows, n_rows)
    ]
    joint, product = (xp.concat(list(x)) for x in zip(*parts, strict=True))
    return joint, product


def log_masses(logits: Array, bits: Array) -> Array:
    """Logarithm of the probability of each row of `bits` in the mixture of the rows of `logits`."""
    ones, zeros = (Bernoulli(logits=logits).logpdf(bit) for bit in (1.0, 0.0))
    blocks = (bits[rows] @ ones.T + (1 - bits[rows]) @ zeros.T for rows in _blocks(len(bits), len(logits)))
    return namespace(bits).concat([_log_mean_exp(block) for block in blocks])


def aggregate_logits(logits: Array) -> Array:
    """Logit of the mean over the rows of the probabilities with these `logits`."""
    ones, zeros = (_log_mean_exp(Bernoulli(logits=logits).logpdf(bit).T) for bit in (1.0, 0.0))
    return ones - zeros


def information_of_bits(posterior: Any, n_samples: int, rng: Any) -> MonteCarloEstimate:
    """Index-code mutual information of Bernoulli posteriors: enumerated, or from `n_samples` codes for each row."""
    logits = posterior.logits
    if logits.shape[1] <= _ENUMERATED:
        masses = log_masses(logits, _all_bits(logits))
        entropy = -(namespace(masses).exp(masses) @ masses)
        return MonteCarloEstimate(entropy - posterior.entropy().sum(-1).mean(), 0 * _constant(entropy))
    bits = posterior.sample(n_samples, rng=rng)
    own = posterior.logpdf(bits).sum(-1).reshape(-1)
    gain = _constant(own) - log_masses(_constant(logits), bits.reshape(-1, logits.shape[1]))
    value, error = mean_of_samples(gain)
    # Zero, but with the gradient that the draw contributes, which is all of it; the mean is its control variate.
    score = (gain - value) * (own - _constant(own))
    return MonteCarloEstimate(value + score.sum() / (len(gain) - 1), error)


def _all_bits(like: Array) -> Array:
    bits = np.arange(2 ** like.shape[1])[:, None] >> np.arange(like.shape[1]) & 1
    return namespace(like).asarray(bits, dtype=like.dtype, device=like.device)


def _constant(x: Array) -> Array:
    return x.detach() if is_torch(x) else x


def _mix(columns: list[Any], codes: Array, log_weights: Array) -> tuple[Array, Array]:
    joint, product = log_weights, 0.0
    for k, law in enumerate(columns):
        each = law.logpdf(codes[:, k, None])
        joint, product = joint + each, product + _log_sum_exp(each + log_weights)
    return _log_sum_exp(joint), product


def _column(law: Any, k: int) -> Any:
    """The distributions of dimension `k` of all rows."""

    def part(x: Any) -> Any:
        return x if isinstance(x, float) else namespace(x).broadcast_to(x, law.shape)[:, k]

    return type(law)(**{name: part(x) for name, x in law.parameters.items()})


def _blocks(n_codes: int, n_rows: int) -> Iterator[slice]:
    size = max(1, _PAIRS // n_rows)
    return (slice(start, start + size) for start in range(0, n_codes, size))


def _log_sum_exp(x: Array) -> Array:
    xp = namespace(x)
    top = xp.max(_constant(x), axis=-1, keepdims=True)
    return top[..., 0] + xp.log(xp.sum(xp.exp(x - top), axis=-1))


def _log_mean_exp(x: Array) -> Array:
    return _log_sum_exp(x) - math.log(x.shape[-1])
