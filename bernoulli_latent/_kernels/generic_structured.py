"""Draws of dichotomized Gaussian vectors with a structure, for every array library.

Bit ``i`` of a sample is the sign of ``thresholds[i] + z[i]``. The normals stand in the table of ``generic_sampling``:
the d that bits share in columns 0 to d - 1, and from the next multiple of four on one column for each bit, so that
the noise of a bit depends on the key, the row and the bit alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from bernoulli_latent._arrays import Array, is_torch, namespace, on_host
from bernoulli_latent._kernels.generic_packing import full_precision, pack_bits
from bernoulli_latent._kernels.generic_sampling import check_request, is_integer, normals_of, real_name, rounded

__all__ = ["NEVER", "check_groups", "check_model", "draw_chain", "draw_factors", "draw_groups", "first_column"]

Scores: TypeAlias = Callable[[slice, Array], Array]
"""From some bits and their own normals to their scores, less the thresholds."""

Block: TypeAlias = Callable[[Array, Array], Scores]
"""From the numbers of some rows, and the factors of their whole block, to the scores."""

NEVER = -(2**30)
"""Threshold, among integers, of a bit that is never set: scores without it are smaller, and the sum stays in range."""

CHUNK = 1024
"""Bits computed at a time, a multiple of 64."""


def first_column(n_factors: int) -> int:
    """Column of the table in which the noise of bit 0 stands: groups of columns are drawn whole."""
    return -(-n_factors // 4) * 4


def check_model(thresholds: Array, *vectors: Array) -> None:
    """Refuse what would make a kernel read beyond its arrays."""
    for vector in vectors:
        if vector.shape[0] != thresholds.shape[0] or thresholds.shape[0] == 0:
            raise ValueError(
                f"a model must have one row for each of {thresholds.shape[0]} bits; got {vector.shape[0]} rows"
            )


def check_groups(groups: Array, mixing: Array) -> None:
    """Refuse groups that `mixing` does not have."""
    first, last = int(groups.min()), int(groups.max())
    if not 0 <= first <= last < mixing.shape[0]:
        raise ValueError(f"`groups` must be in [0, {mixing.shape[0]}); got {first} to {last}")


def draw_factors(key: int, start: int, n: int, thresholds: Array, noise: Array, loadings: Array) -> Array:
    """Packed bits of rows ``start`` to ``start + n`` of the signs of ``thresholds + noise * e + loadings @ f``.

    A score of rounding size may get another sign than in the compiled twin, or on another device, unless the loadings
    are of integers.
    """
    check_model(thresholds, noise, loadings)
    xp, exact = namespace(loadings), is_integer(loadings)

    def block(rows: Array, factors: Array) -> Scores:
        if not exact:
            return lambda bits, e: noise[bits] * e + _at(factors @ loadings[bits, :].T, rows)
        own = xp.astype(rounded(_at(factors, rows)), xp.float64)
        return lambda bits, e: xp.trunc(noise[bits] * e) + own @ xp.astype(loadings[bits, :], xp.float64).T

    return _draw(key, start, n, thresholds, noise, loadings.shape[1], block)


def draw_groups(key: int, start: int, n: int, thresholds: Array, noise: Array, groups: Array, mixing: Array) -> Array:
    """The same for the signs of ``thresholds + noise * e + (mixing @ f)[groups]``."""
    check_model(thresholds, noise, groups)
    check_groups(groups, mixing)

    def block(rows: Array, factors: Array) -> Scores:
        common = _at(factors @ mixing.T, rows)
        return lambda bits, e: noise[bits] * e + namespace(e).take(common, groups[bits], axis=1)

    return _draw(key, start, n, thresholds, noise, mixing.shape[1], block)


def draw_chain(key: int, start: int, n: int, thresholds: Array, noise: Array, loss: Array, gain: Array) -> Array:
    r"""The same for the signs of ``thresholds + z``, where `z` and a state `s` follow each other along the bits.

    .. math:: z_i = s_i + \Delta_i, \qquad s_{i+1} = s_i + \mathrm{gain}_i \Delta_i, \qquad
       \Delta_i = \mathrm{noise}_i e_i - \mathrm{loss}_i s_i, \qquad s_0 = 0

    Written with the loss, and not with the part of the state that is kept: next to 1 that would be rounded away.
    """
    check_model(thresholds, noise, loss, gain)
    xp = namespace(thresholds)

    def block(rows: Array, factors: Array) -> Scores:
        state = xp.zeros((rows.shape[0], 1), dtype=thresholds.dtype, **_place(thresholds))

        def scores(bits: slice, e: Array) -> Array:
            nonlocal state
            states = _scan(gain[bits] * loss[bits], gain[bits] * noise[bits] * e, state, xp)
            before, state = xp.concat([state, states[:, :-1]], axis=1), states[:, -1:]
            return before + (noise[bits] * e - loss[bits] * before)

        return scores

    return _draw(key, start, n, thresholds, noise, 0, block)


def _scan(lost: Array, added: Array, state: Array, xp: Any) -> Array:
    """All states ``s <- s + (added[:, i] - lost[i] * s)`` from `state` on, by doubling (Hillis and Steele 1986)."""
    added = xp.concat([state + (added[:, :1] - lost[0] * state), added[:, 1:]], axis=1)
    width = 1
    while width < lost.shape[0]:
        before = added[:, :-width]
        added = xp.concat([added[:, :width], before + (added[:, width:] - lost[width:] * before)], axis=1)
        lost = xp.concat([lost[:width], lost[width:] + lost[:-width] - lost[width:] * lost[:-width]])
        width *= 2
    return added


def _draw(key: int, start: int, n: int, thresholds: Array, noise: Array, n_factors: int, block: Block) -> Array:
    """Packed bits, computed for aligned blocks of rows and chunks of bits."""
    check_request(key, start, n)
    xp, n_bits, size = namespace(thresholds), thresholds.shape[0], 256 if on_host(thresholds) else 4096
    rows, integer = start + xp.arange(n, dtype=xp.int64, **_place(thresholds)), _word(thresholds)
    words = xp.zeros((n, -(-n_bits // 64)), dtype=integer, **_place(thresholds))
    stop = 0
    while stop < n:
        begin, stop = stop, min(stop + size - (start + stop) % size, n)
        own = rows[begin:stop]
        with full_precision(thresholds):
            latent = block(own, _factors(key, own, n_factors, size, noise))
        for first in range(0, n_bits, CHUNK):
            bits = slice(first, min(first + CHUNK, n_bits))
            e = normals_of(key, own, bits.stop - first, real_name(noise.dtype), first_column(n_factors) + first)
            with full_precision(thresholds):
                scores = thresholds[bits] + latent(bits, e)
            words[begin:stop, first // 64 : -(-bits.stop // 64)] = pack_bits(scores >= 0)
    return words


def _factors(key: int, rows: Array, n_factors: int, size: int, like: Array) -> Array:
    """Factors of `rows` at their place in a block: a product may round differently in another shape."""
    factors = namespace(like).zeros((size, n_factors), dtype=like.dtype, **_place(like))
    if n_factors:
        factors[rows % size, :] = normals_of(key, rows, n_factors, real_name(like.dtype))
    return factors


def _at(block: Array, rows: Array) -> Array:
    """What belongs to `rows` in a block."""
    return block[rows % block.shape[0], :]


def _word(like: Array) -> Any:
    return namespace(like).int64 if is_torch(like) else namespace(like).uint64


def _place(like: Array) -> dict[str, Any]:
    return {"device": like.device} if is_torch(like) else {}
