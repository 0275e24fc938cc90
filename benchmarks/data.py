"""Bits to measure on: latents of small autoencoders, collections of real binary data, and made-up ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import ROOT, SEED

__all__ = ["Bits", "collections", "feasible_moments", "gram_of", "halves", "latents", "repeated"]

Bits = np.ndarray[Any, np.dtype[np.bool_]]

LATENTS = ("mnist_200", "cifar10_600", "cifar10_1500")


def latents() -> Iterator[tuple[str, Bits]]:
    """Real latents by name, those that ``python -m benchmarks.latents`` has made."""
    for name in LATENTS:
        path = ROOT / "local" / f"latents_{name}.npy"
        if path.exists():
            yield name, np.load(path)
        else:
            dataset, _, bits = name.partition("_")
            command = f"python -m benchmarks.latents {dataset} --bits {bits} --data FOLDER"
            print(f"{path.name} is missing and left out; make it: {command}", file=sys.stderr)


def collections(folder: Path) -> Iterator[tuple[str, Bits]]:
    """Every set under ``binary/`` in `folder`, and the attributes of CelebA: files of packed rows."""
    for path in sorted((folder / "binary").glob("*.npz")):
        with np.load(path) as file:
            yield path.stem, np.unpackbits(file["bits"], axis=1)[:, : file["shape"][1]].astype(bool)
    path = folder / "celeba-attributes" / "celeba_attributes.npz"
    if path.exists():
        with np.load(path) as file:
            names = file["attr_names"]
            yield path.stem, np.unpackbits(file["attr"], axis=1)[:, : len(names)].astype(bool)


def halves(y: Bits) -> tuple[Bits, Bits]:
    """Rows split at random: one half to fit, one to judge by."""
    order = np.random.default_rng(SEED).permutation(len(y))
    return y[order[: len(y) // 2]], y[order[len(y) // 2 :]]


def repeated(y: Bits, n: int) -> Bits:
    """The rows of `y` over and over, up to `n`."""
    return np.resize(y, (n, y.shape[1]))


def feasible_moments(n_bits: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Moments that some Gaussian has exactly, of full rank: a few common factors and noise, mild means."""
    from bernoulli_latent import moments_from_gram

    loadings = np.random.default_rng(SEED).standard_normal((n_bits + 1, 8))
    loadings /= np.linalg.norm(loadings, axis=1, keepdims=True)
    gram = 0.5 * loadings @ loadings.T
    np.fill_diagonal(gram, 1.0)
    return np.asarray(moments_from_gram(gram))


def gram_of(y: Bits) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Gram matrix of the bits that neither are constant nor repeat another, the boundary first."""
    from bernoulli_latent import BernoulliMoments, gram_from_moments
    from bernoulli_latent.samplers.ties import find_ties

    M = BernoulliMoments.from_samples(y).matrix
    own = find_ties(M).representatives
    return np.asarray(gram_from_moments(M[np.ix_(own, own)]))
