"""Common factors from data: exact thresholds, and loadings that come nearest to the moments of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from bernoulli_latent._arrays import Array, from_host, namespace, special, to_host
from bernoulli_latent.bits import BitArray, hamming_distance
from bernoulli_latent.correlation.joint import second_moment
from bernoulli_latent.correlation.tetrachoric import tetrachoric_correlation
from bernoulli_latent.samplers.integers import arithmetic
from bernoulli_latent.samplers.report import MomentErrors
from bernoulli_latent.samplers.structured.minres import minimum_residual, regress
from bernoulli_latent.samplers.structured.model import Copies, StructuredModel
from bernoulli_latent.samplers.structured.report import LowRankReport
from bernoulli_latent.samplers.structured.structures import Factors

__all__ = ["fit_low_rank"]

ANCHORS = 2048
"""Bits whose pairs are all kept while they are fitted: two matrices of float64 of this size."""

COMPARED = 2048
"""Bits among which the moments of all pairs are compared in the end."""

STRIP = 256
"""Bits whose pairs with all anchors, or with all compared bits, are held at a time."""

TURNED = 2**11
"""Samples unpacked at a time while the data are turned round."""


def fit_low_rank(
    bits: BitArray, rank: int, anchors: int = ANCHORS, precision: str = "auto"
) -> tuple[StructuredModel, LowRankReport]:
    """Model with `rank` factors for some samples, and what became of their moments."""
    columns = _Columns(_turned(bits), bits.n_samples)
    copies, own = _find_copies(columns)
    variables = columns if copies is None else columns.some(own)
    loadings, sweeps = _fit_loadings(variables, rank, anchors)
    p = variables.marginals
    model = StructuredModel(special(p).ndtri(p), Factors(loadings), copies)
    return model, _report(columns, variables, model, min(anchors, len(variables)), sweeps, precision)


@dataclass(frozen=True)
class _Columns:
    """Data turned round: one row of packed samples for each bit."""

    words: BitArray
    n_samples: int

    def __len__(self) -> int:
        return len(self.words)

    def some(self, rows: Array) -> _Columns:
        return _Columns(self.words[rows], self.n_samples)

    @cached_property
    def counts(self) -> Array:
        """Samples in which each bit is set."""
        empty = BitArray(self.words.words[:1] ^ self.words.words[:1], self.words.n_bits)
        return hamming_distance(self.words, empty)

    @cached_property
    def marginals(self) -> Array:
        return namespace(self.counts).astype(self.counts, namespace(self.counts).float64) / self.n_samples

    def joint(self, others: _Columns) -> Array:
        """Share of samples that have both bits set, for all pairs."""
        xp = namespace(self.counts)
        different = hamming_distance(self.words, others.words, pairwise=True)
        both = (self.counts[:, None] + others.counts[None, :] - different) // 2
        return xp.astype(both, xp.float64) / self.n_samples


def _turned(bits: BitArray) -> BitArray:
    words = namespace(bits.words).zeros(
        (bits.n_bits, -(-len(bits) // 64)), dtype=bits.words.dtype, device=bits.words.device
    )
    for row in range(0, len(bits), TURNED):
        part = BitArray.from_array(bits[row : row + TURNED].to_array("bool").T).words
        words[:, row // 64 : row // 64 + part.shape[1]] = part
    return BitArray(words, len(bits))


def _find_copies(columns: _Columns) -> tuple[Copies | None, Array]:
    """Bits that repeat an earlier one or its complement, and the first bit of each kind; no copies if there are none.

    Of a bit and its complement the one that is 0 in the first sample is compared, by a digest of 128 bits.
    """
    words, like = to_host(columns.words.words).view(np.uint64), columns.words.words
    ones = (words[:, 0] & np.uint64(1)).astype(bool)
    every = to_host(BitArray.from_array(np.ones((1, columns.n_samples), bool)).words)[0]
    seen: dict[bytes, int] = {}
    first = [
        seen.setdefault(blake2b(row ^ every if one else row, digest_size=16).digest(), bit)
        for bit, (row, one) in enumerate(zip(words, ones, strict=True))
    ]
    own, index = np.unique(first, return_inverse=True)
    if len(own) == len(words):
        return None, own
    return Copies(from_host(index, like), from_host(ones ^ ones[own][index], like)), from_host(own, like)


def _fit_loadings(columns: _Columns, rank: int, anchors: int) -> tuple[Array, int]:
    """Loadings of all variables: of the anchors among each other, then of the others to the anchors."""
    chosen, others = _chosen(columns, anchors, seed=0)
    some = columns.some(chosen)
    xp, n = namespace(some.counts), len(some)
    matrix = {"dtype": xp.float64, "device": some.counts.device}
    correlation, weights = xp.empty((n, n), **matrix), xp.empty((n, n), **matrix)
    for first in range(0, n, STRIP):
        rows = xp.arange(first, min(first + STRIP, n), device=some.counts.device)
        correlation[rows, :], weights[rows, :] = _targets(some.some(rows), some)
    itself = xp.arange(n, device=some.counts.device)
    weights[itself, itself] = 0.0
    fit = minimum_residual(correlation, weights, rank)
    loadings = xp.empty((len(columns), rank), **matrix)
    loadings[chosen, :] = fit.loadings
    for first in range(0, others.shape[0], STRIP):
        rows = others[first : first + STRIP]
        loadings[rows, :] = regress(*_targets(columns.some(rows), some), fit.loadings)
    return loadings, fit.sweeps


def _targets(columns: _Columns, others: _Columns) -> tuple[Array, Array]:
    r"""Tetrachoric correlations of all pairs, and what an error of each counts in the moment.

    The weight is the square of :math:`4 (p_{ij} - p_i p_j) / r_{ij}`, the slope of the moment between no correlation
    and the one wanted, or at none of the density of the pair: it stays finite where a cell of the pair is empty.
    """
    xp = namespace(columns.counts)
    p, q, joint = columns.marginals[:, None], others.marginals[None, :], columns.joint(others)
    correlation = tetrachoric_correlation(p, q, joint)
    g, h = special(p).ndtri(p), special(q).ndtri(q)
    none = xp.exp(-(g * g + h * h) / 2) / (2 * np.pi)
    weak = xp.abs(correlation) < 1e-6
    slope = xp.where(weak, none, (joint - p * q) / xp.where(weak, xp.ones_like(none), correlation))
    return correlation, (4 * slope) ** 2


def _chosen(columns: _Columns, count: int, seed: int) -> tuple[Array, Array]:
    """So many rows at random, or all, in order; and the others."""
    order = np.random.default_rng(seed).permutation(len(columns))
    parts = np.sort(order[:count]), np.sort(order[count:])
    return from_host(parts[0], columns.words.words), from_host(parts[1], columns.words.words)


def _report(
    columns: _Columns, variables: _Columns, model: StructuredModel, anchors: int, sweeps: int, precision: str
) -> LowRankReport:
    xp = namespace(columns.counts)
    constants, own_constants = (
        int(xp.count_nonzero((x.counts == 0) | (x.counts == x.n_samples))) for x in (columns, variables)
    )
    assert isinstance(model.structure, Factors)
    length = xp.linalg.vector_norm(model.structure.loadings, axis=1)
    compared = _chosen(columns, COMPARED, seed=1)[0]
    return LowRankReport(
        n_bits=len(columns),
        n_samples=columns.n_samples,
        constant_bits=constants,
        tied_bits=(len(columns) - constants) - (len(variables) - own_constants),
        rank=int(model.structure.loadings.shape[1]),
        anchors=anchors,
        sweeps=sweeps,
        heywood_bits=int(xp.count_nonzero(length > 1 - 1e-9)),
        compared_bits=int(compared.shape[0]),
        errors=_errors(columns, model, compared),
        precision=arithmetic(precision, model.int16_bias),
        int16_bias=model.int16_bias,
    )


def _errors(columns: _Columns, model: StructuredModel, compared: Array) -> MomentErrors:
    """Errors of all means and of the pairs of the `compared` bits."""
    xp, n = namespace(columns.counts), len(columns)
    mean = 2 * xp.abs(model.marginals - columns.marginals)
    worst, squares, count = 0.0, 0.0, len(compared) * (len(compared) - 1) // 2
    for first in range(0, len(compared), STRIP):
        i, j = compared[first : first + STRIP][:, None], compared[None, first:]
        p, q = columns.marginals[i], columns.marginals[j]
        moments = second_moment(p, q, columns.some(i[:, 0]).joint(columns.some(j[0, :])))
        error = xp.where(i < j, xp.abs(model.pair_moments(*xp.broadcast_arrays(i, j)) - moments), 0.0)
        worst, squares = max(worst, float(xp.max(error))), squares + float(xp.sum(error * error))
    all_squares = 2 * float(xp.sum(mean * mean)) + squares / max(count, 1) * n * (n - 1)
    return MomentErrors(
        mean_max=float(xp.max(mean)),
        mean_rms=float(xp.mean(mean * mean)) ** 0.5,
        pair_max=worst,
        pair_rms=(squares / max(count, 1)) ** 0.5,
        distance=all_squares**0.5,
    )
