"""Rows divided into named groups, and the merging of groups too small to be fitted."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, to_host
from bernoulli_latent.bits import BitArray
from bernoulli_latent.form import Form
from bernoulli_latent.latent.expectation_maximisation import fit_bernoulli_mixture
from bernoulli_latent.moments import BernoulliMoments

__all__ = ["Label", "Merger", "divide", "group_moments", "merge_small"]

Label: TypeAlias = int | str
"""Name of a group."""

MOST_CLUSTERS = 10
"""Number of clusters up to which the BIC is compared if none is asked for."""


class Merger(NamedTuple):
    """A group that was given up.

    Attributes
    ----------
    label : int or str
        Its name.
    size : int
        How many rows it had.
    into : int or str or None
        The group that took them; None if there were none.
    """

    label: Label
    size: int
    into: Label | None


def divide(
    bits: BitArray, labels: Any, n_components: int | Iterable[int] | None, rng: Any
) -> tuple[tuple[Label, ...], Array, dict[int, float]]:
    """Names of groups, the place among them of each row, and the BIC if they were searched for."""
    if labels is not None and n_components is not None:
        raise ValueError("give one of `labels`, `n_components`; with `labels` there are no clusters to be found")
    if labels is not None:
        return *_read_labels(labels, bits), {}
    counts = range(1, min(MOST_CLUSTERS, len(bits)) + 1) if n_components is None else n_components
    fit = fit_bernoulli_mixture(bits, counts, rng=rng)
    return tuple(range(fit.mixture.n_components)), fit.mixture.assign(bits), fit.bic


def _read_labels(labels: Any, like: BitArray) -> tuple[tuple[Label, ...], Array]:
    """Sorted names of the groups, and the place among them of each row's label, where the bits `like` live."""
    array = to_host(labels) if is_torch(labels) else np.asarray(labels)
    if array.shape != (len(like),):
        raise ValueError(
            f"`labels` must have shape ({len(like)},), one label for each row of `y`; got shape {array.shape}"
        )
    known = [_check_label(label, row) for row, label in enumerate(array.tolist())]
    names = tuple(sorted(set(known), key=lambda label: (isinstance(label, str), label)))
    place = {label: k for k, label in enumerate(names)}
    return names, from_host(np.array([place[label] for label in known]), like.words)


def _check_label(label: Hashable, row: int) -> Label:
    if isinstance(label, str):
        return label
    try:
        return operator.index(label)  # type: ignore[arg-type]
    except TypeError:
        slip = "; is a label missing?" if label is None or isinstance(label, float) else ""
        raise TypeError(f"`labels` must hold integers or strings; got {label!r} at index {row}{slip}") from None


def group_moments(bits: BitArray, names: tuple[Label, ...], place: Array, form: Form) -> dict[Label, BernoulliMoments]:
    """Moments, in the `form` of the data, of each group that has rows; `place` says where in `names` a row belongs."""
    groups = {}
    for k, name in enumerate(names):
        rows = bits[place == k]
        if len(rows) > 0:
            groups[name] = BernoulliMoments.from_samples(rows)
            groups[name].form = form
    return groups


def merge_small(
    groups: dict[Label, BernoulliMoments], min_size: int
) -> tuple[dict[Label, BernoulliMoments], tuple[Merger, ...]]:
    """Groups of at least `min_size` rows; smaller ones are merged, smallest first, into those of nearest means."""
    groups, mergers = dict(groups), []
    means = {name: to_host(moments.mean) for name, moments in groups.items()}
    while len(groups) > 1:
        smallest = min(groups, key=lambda name: _size(groups[name]))
        if _size(groups[smallest]) >= min_size:
            break
        moments, mean = groups.pop(smallest), means.pop(smallest)
        distances = np.linalg.norm(np.stack(list(means.values())) - mean, axis=1)
        nearest = list(means)[int(np.argmin(distances))]
        groups[nearest] = groups[nearest] + moments
        means[nearest] = to_host(groups[nearest].mean)
        mergers.append(Merger(smallest, _size(moments), nearest))
    return groups, tuple(mergers)


def _size(moments: BernoulliMoments) -> int:
    return int(moments.n_samples or 0)
