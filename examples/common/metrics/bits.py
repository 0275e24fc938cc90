"""Generated bits against encoded ones, and what interpolations do to bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from bernoulli_latent import BernoulliMoments, BitArray

__all__ = ["dead_bits", "step_statistics", "third_order_agreement"]

Bits = np.ndarray[Any, np.dtype[Any]]

CHUNK = 256
"""Triples at a time: their products over all rows fit in memory."""


def dead_bits(bits: Bits | BitArray) -> int:
    """How many bits are the same in all rows of (n, n_bits), in any coding.

    Examples
    --------
    >>> dead_bits(np.array([[0, 1, 1], [0, 0, 1]]))
    2
    """
    return len(BernoulliMoments.from_samples(bits).constant_bits)


def third_order_agreement(
    y: Bits | BitArray, z: Bits | BitArray, rng: np.random.Generator | int = 0, n_triples: int = 10_000
) -> dict[str, float]:
    """Agreement of central third moments over random triples of different bits.

    The first two moments, which samplers are fitted to, play no part in them.

    Parameters
    ----------
    y, z : bits, shapes (n, n_bits) and (m, n_bits)
        Data and samples, in any coding; moments are of {-1, +1}.
    rng : Generator or seed
    n_triples : int
        How many triples, with replacement.

    Returns
    -------
    dict
        "correlation" of the two sets' moments over the triples (NaN if those of a set are all the same), "rms" of their
        difference, and "scale", the rms of the moments of `y`.
    """
    rng = np.random.default_rng(rng)
    first, second = _centred(y), _centred(z)
    if first.shape[1] != second.shape[1] or first.shape[1] < 3:
        raise ValueError(f"`y` and `z` must have the same number of bits, 3 or more; got {y.shape} and {z.shape}")
    n_bits = first.shape[1]
    triples = np.array([sorted(rng.choice(n_bits, 3, replace=False)) for _ in range(n_triples)])
    a, b = _third_moments(first, triples), _third_moments(second, triples)
    varied = np.ptp(a) > 0 and np.ptp(b) > 0
    return {
        "correlation": float(np.corrcoef(a, b)[0, 1]) if varied else float("nan"),
        "rms": float(np.sqrt(np.mean((a - b) ** 2))),
        "scale": float(np.sqrt(np.mean(a**2))),
    }


def _centred(bits: Bits | BitArray) -> Bits:
    packed = bits if isinstance(bits, BitArray) else BitArray.from_array(bits)
    signs = packed.to_array(values="pm1", dtype=np.float32)
    return signs - signs.mean(axis=0)


def _third_moments(centred: Bits, triples: Bits) -> Bits:
    parts = np.array_split(triples, -(-len(triples) // CHUNK))
    products = (centred[:, i] * centred[:, j] * centred[:, k] for i, j, k in (part.T for part in parts))
    return np.concatenate([product.mean(axis=0, dtype=np.float64) for product in products])


def step_statistics(path: Bits) -> dict[str, float]:
    """Sizes of the steps of interpolations, as fractions of the Hamming distance of their ends.

    A path that flips all bits in one step shows real codes only, and has the best Frechet distance: these numbers
    belong beside it.

    Parameters
    ----------
    path : bits, shape (steps, n, n_bits)
        `n` paths, ends included, in any coding; paths whose ends agree do not count.

    Returns
    -------
    dict
        "largest_step", averaged over paths; "worst_step", the largest of all; "mean_step", which is at least
        1 / (steps - 1); "still_steps", the share of steps that change nothing.

    Raises
    ------
    ValueError
        If there is no step, or no path whose ends differ.

    Examples
    --------
    >>> step_statistics(np.array([[[0, 0]], [[0, 0]], [[0, 1]], [[1, 1]]]))["still_steps"]
    0.3333333333333333
    """
    path = np.asarray(path)
    if path.ndim != 3 or len(path) < 2:
        raise ValueError(f"`path` must have shape (steps, n, n_bits) with 2 steps or more; got {path.shape}")
    distance = np.count_nonzero(path[0] != path[-1], axis=-1)
    if not distance.any():
        raise ValueError("`path` must have ends that differ; all are the same")
    steps = np.count_nonzero(path[1:] != path[:-1], axis=-1)[:, distance > 0] / distance[distance > 0]
    return {
        "largest_step": float(steps.max(axis=0).mean()),
        "worst_step": float(steps.max()),
        "mean_step": float(steps.mean()),
        "still_steps": float((steps == 0).mean()),
    }
