"""Mixtures of samplers: one for each class, or for each cluster found."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from bernoulli_latent._arrays import Array, from_host, namespace
from bernoulli_latent._checks import check_choice, check_count
from bernoulli_latent._random import key_from
from bernoulli_latent.bits import BitArray, read_bits
from bernoulli_latent.errors import NotFittedError
from bernoulli_latent.form import Form
from bernoulli_latent.latent.conditional import BURN_IN
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import BitSource
from bernoulli_latent.samplers.choice import FAMILIES, Family
from bernoulli_latent.samplers.components import Components
from bernoulli_latent.samplers.gaussian_rounding import GaussianRoundingSampler
from bernoulli_latent.samplers.groups import Label, Merger, divide, group_moments, merge_small
from bernoulli_latent.samplers.mixture_files import read_mixture, write_mixture
from bernoulli_latent.samplers.mixture_report import MixtureReport, warn_of_mixture
from bernoulli_latent.samplers.report import moment_errors

__all__ = ["MixtureSampler"]


class _Fitted(NamedTuple):
    """What a fit leaves; the arguments are those it was made with."""

    components: Components
    arguments: dict[str, Any]
    report: MixtureReport


class MixtureSampler(BitSource):
    r"""Correlated bits from a mixture of samplers, one for each class or cluster of the data.

    .. math:: P(y) = \sum_k w_k P_k(y)

    Given labels, a sampler is fitted to the rows of each class. Without labels, clusters are found first, as the
    components of a mixture of independent bits.

    Parameters
    ----------
    family : {"hyperplane", "dichotomized_gaussian"}
        Family of the components.
    min_size : int
        Components with fewer rows are merged, smallest first, into the one whose mean is nearest; at least 1.
    **parameters
        Arguments of the components, such as ``repair``, ``rank`` and ``precision``.

    Attributes
    ----------
    labels_ : tuple of int or str
        Names of the components: the sorted labels, or numbers of clusters.
    components_ : tuple of samplers
        The components, fitted.
    weights_ : array, shape (n_components,), float64
        Shares of the rows.
    report_ : MixtureReport
        Size and report of each component, errors of the mixture's moments, components merged, and BIC.
    moments_ : BernoulliMoments
        Moments of all rows.

    Notes
    -----
    Which component row `k` of a stream comes from depends on the seed and `k`; it is row `k` of that one's own stream.

    References
    ----------
    .. [1] McLachlan and Peel, "Finite Mixture Models", Wiley 2000.
    .. [2] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020: the components.

    Examples
    --------
    >>> import numpy as np
    >>> generator = np.random.default_rng(0)
    >>> y = generator.random((600, 4)) < np.repeat([[0.2, 0.3, 0.4, 0.5], [0.9, 0.8, 0.7, 0.6]], 300, axis=0)
    >>> sampler = MixtureSampler("dichotomized_gaussian").fit(y, labels=["rest"] * 300 + ["spike"] * 300)
    >>> sampler.labels_, sampler.weights_
    (('rest', 'spike'), array([0.5, 0.5]))
    >>> sampler.sample(2, rng=0, component="spike", values="01").shape
    (2, 4)
    """

    _fit: _Fitted | None = None

    def __init__(self, family: Family = "hyperplane", *, min_size: int = 20, **parameters: Any) -> None:
        self.family = family
        self.min_size = min_size
        self.parameters = parameters

    def fit(
        self,
        y: Any,
        labels: Any = None,
        n_components: int | Iterable[int] | None = None,
        *,
        rng: Any = None,
        values: str = "auto",
    ) -> Self:
        """Fit to the rows of `y`, forgetting any earlier fit.

        Parameters
        ----------
        y : array, shape (n_samples, n_bits), or BitArray
            Bits as bool, {0, 1} or {-1, +1} in any real dtype, NumPy or torch; at least two rows.
        labels : array of int or str, shape (n_samples,), optional
            Class of each row.
        n_components : int or iterable of int, optional
            Without labels, the number of clusters, or several of which the one with the smallest BIC is taken; by
            default 1 to 10. Each row then belongs to the cluster most probable for it. For other settings, cluster with
            :func:`bernoulli_latent.latent.expectation_maximisation.fit_bernoulli_mixture`, and pass labels.
        rng : None, int or generator
            Randomness of the clustering; see :meth:`sample`.
        values : {"auto", "01", "pm1", "bool"}
            Coding; ``"auto"`` reads it from the data.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If `y` is not such an array, `labels` do not fit it, or both `labels` and `n_components` are given.

        Warns
        -----
        RepairWarning
            If components were merged, the moments of a component could not be met, or the clustering did not
            converge; ``report_`` has the amounts.
        """
        least, family = check_count(self.min_size, "min_size", least=1), self._check_family()
        bits, coding = read_bits(y, "y", values)
        if len(bits) < 2:
            raise ValueError("`y` must have at least 2 rows; got 1, which makes every bit constant")
        names, place, bic = divide(bits, labels, n_components, rng)
        groups = group_moments(bits, names, place, Form.of(y, coding))
        empty = tuple(Merger(name, 0, None) for name in names if name not in groups)
        kept, mergers = merge_small(groups, least)
        components = Components({name: family(**self.parameters).quietly_fitted(m) for name, m in kept.items()})
        errors = moment_errors(components.model_moments(), components.moments)
        report = MixtureReport(components.reports(), errors, empty + mergers, bic)
        chosen = family(**self.parameters)._parameters()
        arguments = {name: chosen[name] for name in self.parameters} | {"family": self.family, "min_size": least}
        self._fit = _Fitted(components, arguments, report)
        warn_of_mixture(report)
        return self

    def sample(
        self,
        n: int,
        *,
        rng: Any = None,
        start: int = 0,
        values: str | None = None,
        packed: bool = False,
        threads: int | None = None,
        component: Label | None = None,
    ) -> Array | BitArray:
        """Draw bits.

        Parameters
        ----------
        n, rng, start, values, packed, threads
            See :meth:`HyperplaneSampler.sample`: sample `k` depends on the seed and `k` alone.
        component : int or str, optional
            Draw from this one of ``labels_`` alone. Sample `k` is that of the mixture wherever it is of this component.

        Returns
        -------
        array, shape (n, n_bits), or BitArray
            In the library and on the device of the data.

        Raises
        ------
        ValueError
            If `n` or `start` is negative, `values` unknown, `threads` not positive, or there is no such `component`.
        """
        options = {"rng": rng, "start": start, "values": values, "packed": packed, "threads": threads}
        if component is None:
            return super().sample(n, **options)
        return self._fitted.components.stream(component).sample(n, **options)

    def model_moments(self) -> BernoulliMoments:
        """Moments that the fitted mixture truly has: the weighted mean of those of its components."""
        return self._fitted.components.model_moments()

    def responsibilities(self, y: Any) -> Array:
        """Probability of each component given the bits, taken as independent within each component.

        Parameters
        ----------
        y : array, shape (n, n_bits), or BitArray
            Bits in any coding, in the library and on the device of the data.

        Returns
        -------
        array, shape (n, n_components), float64
            Rows have sum 1; columns are ordered as ``labels_``.

        Raises
        ------
        TypeError
            If `y` is in another library or on another device than the data.
        ValueError
            If `y` holds no bits, or has another number of them.

        Notes
        -----
        The posterior under the mixture of independent bits that has the components' sizes and counts of ones, see
        :meth:`bernoulli_latent.latent.bernoulli_mixture.BernoulliMixture.from_counts`, whether clusters were found or
        labels given. The correlations within a component are left out: they would need its orthant probabilities.
        """
        return self._fitted.components.independent().responsibilities(y)

    def log_prob(self, latents: Any, *, rng: Any = None, n_draws: int = 2048, return_error: bool = False) -> Any:
        r"""Log probability of codes under the fitted mixture, :math:`\log \sum_k w_k P_k(y)`, estimated.

        Parameters
        ----------
        latents : array, shape (n, n_bits), or BitArray
            Codes.
        rng, n_draws, return_error
            See :meth:`HyperplaneSampler.log_prob`; the cost grows with the number of components.

        Returns
        -------
        log_probability : array, shape (n,), float64
            ``-inf`` for codes that no component has.
        standard_error : array, shape (n,)
            Of the log; only if asked for.
        """
        components = self._fitted.components
        logs, errors = components.log_masses(components.read(latents), None, key_from(rng), n_draws)
        xp = namespace(logs)
        largest = xp.max(logs, axis=0)
        largest = xp.where(xp.isinf(largest), xp.zeros_like(largest), largest)
        parts = xp.exp(logs - largest)
        total = xp.sum(parts, axis=0)
        spread = xp.sqrt(xp.sum((parts * xp.where(parts > 0, errors, 0.0)) ** 2, axis=0))
        logs = xp.where(total > 0, largest + xp.log(xp.where(total > 0, total, 1.0)), -xp.inf)
        return (logs, spread / xp.where(total > 0, total, 1.0)) if return_error else logs

    def sample_given(
        self, latents: Any, known: Any, *, rng: Any = None, n_draws: int = 256, burn_in: int = BURN_IN
    ) -> Array:
        """Draw the bits that are not known, given those that are.

        Parameters
        ----------
        latents, known, rng, burn_in
            See :meth:`HyperplaneSampler.sample_given`.
        n_draws : int
            Particles for the probability of the known bits in each component, by which the component is drawn.

        Returns
        -------
        array, shape (n, n_bits)
            In the form of the data, the known bits unchanged.

        Raises
        ------
        ValueError
            If `latents` or `known` have another width, or known bits form a pattern that no component has.
        """
        components = self._fitted.components
        bits = components.read(latents)
        mask = components.first.read_mask(known, len(bits))
        return self._form.write(components.completed(bits, mask, key_from(rng), n_draws, burn_in))

    @property
    def labels_(self) -> tuple[Label, ...]:
        """Names of the components."""
        return tuple(self._fitted.components.samplers)

    @property
    def components_(self) -> tuple[GaussianRoundingSampler, ...]:
        """The fitted components."""
        return tuple(self._fitted.components.samplers.values())

    @property
    def weights_(self) -> Array:
        """Share of the rows in each component, shape (n_components,), float64."""
        return from_host(self._fitted.components.shares.copy(), self._form.like)

    @property
    def report_(self) -> MixtureReport:
        """Report of the fit."""
        return self._fitted.report

    @property
    def moments_(self) -> BernoulliMoments:
        """Moments of all rows."""
        return self._fitted.components.moments.copy()

    @property
    def _fitted(self) -> _Fitted:
        if self._fit is None:
            raise NotFittedError("this MixtureSampler is not fitted; call `fit` first")
        return self._fit

    @property
    def _form(self) -> Form:
        return self._fitted.components.form

    def _check_family(self) -> type[GaussianRoundingSampler]:
        check_choice(self.family, "family", FAMILIES)
        FAMILIES[self.family](**self.parameters)._check_parameters()
        return FAMILIES[self.family]

    def _draw(self, key: int, start: int, n: int) -> BitArray:
        return self._fitted.components.draw(key, start, n)

    def to(self, device: Any) -> Self:
        """The same fitted sampler as torch tensors on `device`."""
        twin = type(self)(self.family, min_size=self.min_size, **self.parameters)
        twin._fit = self._fitted._replace(components=self._fitted.components.to(device))
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted sampler to a new .npz or .safetensors file, whole or not at all.

        Raises
        ------
        NotFittedError
            If nothing is fitted.
        ValueError
            If the suffix is another one.
        """
        fitted = self._fitted
        values = {"arguments": fitted.arguments, "labels": self.labels_, "report": fitted.report.as_dict()}
        write_mixture(path, self.components_, values)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a sampler that :meth:`save` wrote; it draws the same bits.

        Raises
        ------
        FileNotFoundError
            If there is no file.
        ValueError
            If the file is damaged, foreign, or of a newer version. Nothing in it is executed.
        """
        samplers, values = read_mixture(path)
        components = Components(dict(zip(values["labels"], samplers, strict=True)))
        sampler = cls(**values["arguments"])
        report = MixtureReport.from_dict(components.reports(), values["report"])
        sampler._fit = _Fitted(components, values["arguments"], report)
        return sampler

    def __repr__(self) -> str:
        arguments = {"min_size": self.min_size, **self.parameters}
        return f"MixtureSampler({self.family!r}, {', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
