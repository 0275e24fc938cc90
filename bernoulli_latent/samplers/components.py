"""Fitted samplers side by side, and the mixture that they make in proportion to their rows."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, namespace, to_host
from bernoulli_latent._kernels import kernels
from bernoulli_latent.bits import BitArray
from bernoulli_latent.form import Form
from bernoulli_latent.latent.bernoulli_mixture import BernoulliMixture
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import BitSource
from bernoulli_latent.samplers.codes import refuse_impossible
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.groups import Label
from bernoulli_latent.samplers.report import FitReport

__all__ = ["ComponentStream", "Components", "component_key"]


@dataclass(frozen=True)
class Components:
    """Samplers fitted to rows of the same data.

    Attributes
    ----------
    samplers : dict of label to sampler
        At least one, each fitted to counts.
    """

    samplers: dict[Label, GaussianRoundingSampler]

    @property
    def first(self) -> GaussianRoundingSampler:
        """The first of the samplers, as good as any to read codes."""
        return next(iter(self.samplers.values()))

    @property
    def form(self) -> Form:
        """Form of the data."""
        return self.first._form

    def read(self, latents: Any) -> BitArray:
        """Codes of the data's width, packed in its library and on its device."""
        return self.first.read_codes(latents, "latents")

    @cached_property
    def shares(self) -> np.ndarray[Any, Any]:
        """Share of the rows in each component, float64."""
        sizes = np.array([report.n_samples for report in self.reports().values()], dtype=np.float64)
        return sizes / np.sum(sizes)

    @cached_property
    def moments(self) -> BernoulliMoments:
        """Moments of all rows."""
        return reduce(operator.add, (sampler.moments_ for sampler in self.samplers.values()))

    def model_moments(self) -> BernoulliMoments:
        """Mean of the samplers' model moments, weighted by their shares."""
        parts = zip(self.shares, self.samplers.values(), strict=True)
        matrix = reduce(operator.add, (share * sampler.model_moments().matrix for share, sampler in parts))
        moments = BernoulliMoments.from_matrix(matrix)
        moments.form = self.form
        return moments

    def reports(self) -> dict[Label, FitReport]:
        """Report of each fit."""
        return {name: sampler.report_ for name, sampler in self.samplers.items()}

    def independent(self) -> BernoulliMixture:
        """Mixture of independent bits that has the components' sizes and counts of ones."""
        marginals = [sampler.moments_.marginals for sampler in self.samplers.values()]
        sizes = from_host(self.shares * self.moments.n_samples, marginals[0])
        return BernoulliMixture.from_counts(sizes, sizes[:, None] * namespace(sizes).stack(marginals))

    def draw(self, key: int, start: int, n: int) -> BitArray:
        """Samples `start` to ``start + n`` of the stream `key` of the mixture."""
        places = self.places(key, start, n)
        xp, n_bits = namespace(places), self.moments.n_bits
        integer = xp.int64 if is_torch(places) else xp.uint64
        words = xp.empty((n, -(-n_bits // 64)), dtype=integer, device=places.device)
        for place, sampler in enumerate(self.samplers.values()):
            rows = xp.nonzero(places == place)[0]
            words[rows, :] = sampler.draw_rows(component_key(key, place), start + rows).words
        return BitArray(words, n_bits)

    def log_masses(self, bits: BitArray, known: Array | None, key: int, n_draws: int) -> tuple[Array, Array]:
        """Log probability of each component (K,) together with the `known` bits (n,), and its standard error."""
        keys = [component_key(key, len(self.samplers) + place) for place in range(len(self.samplers))]
        parts = [s.log_mass(bits, known, k, n_draws) for s, k in zip(self.samplers.values(), keys, strict=True)]
        xp = namespace(parts[0][0])
        logs, errors = (xp.stack(part) for part in zip(*parts, strict=True))
        return logs + from_host(np.log(self.shares), logs)[:, None], errors

    def completed(self, bits: BitArray, known: Array, key: int, n_draws: int, burn_in: int) -> BitArray:
        """Codes with the bits that are not `known` drawn, each by a component drawn given its known bits."""
        logs, _ = self.log_masses(bits, known, key, n_draws)
        refuse_impossible(namespace(logs).all(namespace(logs).isinf(logs), axis=0))
        words, chosen = namespace(logs).asarray(bits.words, copy=True), self._chosen(logs, key)
        for place, sampler in enumerate(self.samplers.values()):
            rows = from_host(np.flatnonzero(chosen == place), words)
            if rows.shape[0]:
                whole = sampler.completed(bits, known, component_key(key, place), 0, burn_in)
                words[rows, :] = whole.words[rows, :]
        return BitArray(words, bits.n_bits)

    def _chosen(self, logs: Array, key: int) -> np.ndarray[Any, Any]:
        """Component of each row, with the probabilities that `logs` (K, n) give up to a factor."""
        from scipy.special import ndtr

        host = to_host(logs)
        cumulative = np.cumsum(np.exp(host - np.max(host, axis=0)), axis=0)
        normals = kernels("sampling", np.empty(0)).normals(key, 0, host.shape[1], 1, "float64")[:, 0]
        chosen: np.ndarray[Any, Any] = np.sum(cumulative < ndtr(normals) * cumulative[-1], axis=0)
        return chosen

    def stream(self, name: Label) -> ComponentStream:
        """What the component `name` contributes to the streams of the mixture."""
        names = list(self.samplers)
        if name not in names:
            known = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
            raise ValueError(f"`component` must be one of {known}; got {name!r}")
        return ComponentStream(self.samplers[name], names.index(name))

    def places(self, key: int, start: int, n: int) -> Array:
        """Which component each of these samples comes from: where its normal falls among quantiles.

        Normals are alike to the last bit in all libraries, so that the choice is, too.
        """
        from scipy.special import ndtri

        like = self.form.like
        quantiles = from_host(ndtri(np.cumsum(self.shares)[:-1]), like)
        normals = kernels("sampling", like).normals(key, start, n, 1, "float64", like)
        return namespace(quantiles).searchsorted(quantiles, normals[:, 0], side="right")

    def to(self, device: Any) -> Components:
        """The same samplers as torch tensors on `device`."""
        return Components({name: sampler.to(device) for name, sampler in self.samplers.items()})


class ComponentStream(BitSource):
    """The sampler at `place` of a mixture, drawing what it contributes to the mixture's streams."""

    def __init__(self, sampler: GaussianRoundingSampler, place: int) -> None:
        self.sampler, self.place = sampler, place

    @property
    def _form(self) -> Form:
        return self.sampler._form

    def _draw(self, key: int, start: int, n: int) -> BitArray:
        return self.sampler._draw(component_key(key, self.place), start, n)


def component_key(key: int, place: int) -> int:
    """Key of the component at `place` within the stream `key` of the mixture."""
    return int(np.random.SeedSequence(key, spawn_key=(place,)).generate_state(1, np.uint64)[0])
