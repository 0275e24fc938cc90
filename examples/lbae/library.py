"""What the library does in this example: fit, sample, invert, interpolate, edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bernoulli_latent import (
    AttributeEditor,
    BernoulliMoments,
    BitArray,
    DichotomizedGaussianSampler,
    HyperplaneSampler,
    MixtureSampler,
    hamming_distance,
)
from examples.lbae.codes import Codes

__all__ = ["EDITS", "FAMILIES", "edit", "fit"]

ROWS_PER_CLUSTER = 1500
"""On average; moments of fewer rows are mostly noise."""

FAMILIES: dict[str, Callable[[Codes, int], Any]] = {
    "independent": lambda codes, seed: DichotomizedGaussianSampler().fit_moments(
        BernoulliMoments.from_marginals(codes.bits.mean())
    ),
    "hyperplane_paper": lambda codes, seed: HyperplaneSampler(repair="clip").fit(codes.bits),
    "hyperplane": lambda codes, seed: HyperplaneSampler().fit(codes.bits),
    "dichotomized_gaussian": lambda codes, seed: DichotomizedGaussianSampler().fit(codes.bits),
    "mixture_by_class": lambda codes, seed: MixtureSampler("dichotomized_gaussian").fit(codes.bits, codes.labels),
    "mixture_by_cluster": lambda codes, seed: MixtureSampler("dichotomized_gaussian").fit(
        codes.bits, n_components=max(len(codes.bits) // ROWS_PER_CLUSTER, 2), rng=seed
    ),
}
"""Samplers of codes, by name; each has ``sample``, and all but the mixtures ``invert`` and ``interpolate``."""

EDITS: dict[str, dict[str, Any]] = {
    "plain": {},
    "contrast": {"contrast": True},
    "propagated": {"contrast": True, "propagate": True},
}
"""Ways to give an attribute: set the bits that images with it agree on; only those whose means are not as in all
images; these, with all other bits drawn given them."""


def fit(family: str, codes: Codes, seed: int = 0) -> Any:
    """Sampler of the `family`, fitted to codes."""
    if family not in FAMILIES:
        raise ValueError(f"`family` must be one of {', '.join(FAMILIES)}; got {family!r}")
    if family == "mixture_by_class" and codes.labels is None:
        raise ValueError(f"`family` 'mixture_by_class' needs labels, which images of {codes.source!r} do not have")
    return FAMILIES[family](codes, seed)


def edit(
    sampler: Any, codes: Codes, bits: BitArray, name: str, how: str, *, seed: int = 0, **choice: Any
) -> tuple[BitArray, np.ndarray[Any, Any]]:
    """`bits` given the attribute `name` in one of EDITS, and how many of each row changed."""
    if how not in EDITS:
        raise ValueError(f"`how` must be one of {', '.join(EDITS)}; got {how!r}")
    editor = AttributeEditor(sampler).fit(codes.bits, codes.column(name), [name])
    edited = editor.edit(bits, name, **EDITS[how], **choice, rng=seed)
    return edited, hamming_distance(bits, edited)
