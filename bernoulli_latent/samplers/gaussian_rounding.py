"""Samplers that round a Gaussian vector: drawing, inverting, interpolating, keeping."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any, ClassVar, Self

from bernoulli_latent._arrays import Array, from_host, is_torch, namespace, to_host
from bernoulli_latent._checks import as_real, check_count
from bernoulli_latent._random import key_from
from bernoulli_latent.bits import BitArray, hamming_distance, read_bits
from bernoulli_latent.correlation.bounds import check_pairs
from bernoulli_latent.errors import warn
from bernoulli_latent.latent.interpolation import angle, slerp
from bernoulli_latent.latent.inversion import METHODS, InversionReport, invert_signs
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import BitSampler
from bernoulli_latent.samplers.files import read_sampler, write_sampler
from bernoulli_latent.samplers.repair import repair_gram
from bernoulli_latent.samplers.report import FitReport, moment_errors
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties, find_ties

__all__ = ["GaussianRoundingSampler"]

NOTICED = 1e-6
"""Largest error of a moment that is not worth a warning."""

BLOCK = 1024
"""Codes inverted at a time."""


class GaussianRoundingSampler(BitSampler[Rounding]):
    """Sampler whose model is a :class:`Rounding` of a Gaussian vector.

    A subclass names its `repairs`, says what Gram matrix the moments ask for (:meth:`_target`), how its entries are
    weighted (:meth:`_weights`), and what model repaired rows make (:meth:`_rounding`).
    """

    repairs: ClassVar[tuple[str, ...]]
    tie_tolerance: ClassVar[float]
    _built_with: dict[str, Any]

    def __init__(self, repair: str = "nearest", rank: int | None = None, *, precision: str = "float32") -> None:
        self.repair = repair
        self.rank = rank
        self.precision = precision

    @abstractmethod
    def _target(self, M: Array) -> Array:
        """Gram matrix for the moments `M` of varying, untied bits, the boundary first."""

    @abstractmethod
    def _weights(self, ties: Ties) -> Array:
        """Weight of each row; the error of an entry counts by the product of two."""

    @abstractmethod
    def _rounding(self, M: Array, rows: Array, ties: Ties) -> Rounding:
        """Model of the repaired unit `rows`."""

    def _parameters(self) -> dict[str, Any]:
        """Arguments that make an equal, unfitted sampler."""
        rank = None if self.rank is None else check_count(self.rank, "rank", least=1)
        return {"repair": self.repair, "rank": rank, "precision": self.precision}

    def _check_parameters(self) -> None:
        if self.repair not in self.repairs:
            raise ValueError(f"`repair` must be one of {', '.join(map(repr, self.repairs))}; got {self.repair!r}")
        if self.rank is not None:
            check_count(self.rank, "rank", least=1)
        self._check_precision()

    def _check_precision(self) -> str:
        if self.precision not in ("float32", "float64"):
            raise ValueError(f"`precision` must be 'float32' or 'float64'; got {self.precision!r}")
        return self.precision

    def _build(self, moments: BernoulliMoments) -> tuple[Rounding, FitReport]:
        self._check_parameters()
        M = moments.matrix
        check_pairs(M)
        xp = namespace(M)
        ties = find_ties(M, self.tie_tolerance)
        own = ties.representatives
        reduced = xp.take(xp.take(M, own, axis=0), own, axis=1)
        target = self._target(reduced)
        eigenvalues = xp.linalg.eigvalsh(target)
        repaired = repair_gram(reduced, target, self._weights(ties), self.repair, self.rank)
        model = self._rounding(reduced, repaired.rows, ties)
        self._built_with = self._parameters()
        report = _report(self.repair, moments, model, eigenvalues, repaired.distance)
        _warn_of_errors(report)
        return model, report

    def _draw(self, key: int, start: int, n: int) -> BitArray:
        return self._model.draw(key, start, n, self._check_precision())

    def model_moments(self) -> BernoulliMoments:
        """Moments that the fitted model truly has, in closed form by the arcsine law."""
        moments = self._model.moments()
        moments.form = self._requested.form
        return moments

    def invert(
        self,
        latents: Any,
        method: str = "perceptron",
        *,
        rng: Any = None,
        return_report: bool = False,
    ) -> Any:
        r"""Hyperplane normals that round to the given latents.

        Parameters
        ----------
        latents : array, shape (n, n_bits), or BitArray
            Codes.
        method : {"perceptron", "posterior", "centroid", "least_squares"}
            - ``"perceptron"``: a normal on the right side of every row (relaxation form, [2]_);
            - ``"posterior"``: a draw of `r` given the bits, by Gibbs sampling: its margins vary as those of the
              model's own normals do, which makes paths between codes the most even;
            - ``"centroid"``: mean of the rows of set bits minus mean of the others [1]_: fast, not exact;
            - ``"least_squares"``: scores nearest to the signs; exact at full rank, but all margins are equal.
        rng : None, int, generator
            Randomness of ``"posterior"``; see :meth:`sample`.
        return_report : bool
            Also return an :class:`InversionReport`.

        Returns
        -------
        normals : array, shape (n, rank), float64
            Unit normals. The first coordinate is that of the boundary vector.
        report : InversionReport
            Only if asked for.

        Raises
        ------
        ValueError
            If `latents` are no bits, or of another width, or `method` is unknown.

        Warns
        -----
        RepairWarning
            If ``"perceptron"`` or ``"posterior"`` could not give back every bit, with the number of codes; no
            normal can if the report calls the code infeasible. Also if ``"least_squares"`` is used.

        References
        ----------
        .. [1] Fajtl et al., "Latent Bernoulli Autoencoder", ICML 2020, section 3.3.
        .. [2] Motzkin and Schoenberg, "The relaxation method for linear inequalities", Canad. J. Math. 6, 1954.

        Examples
        --------
        >>> import warnings
        >>> import numpy as np
        >>> from bernoulli_latent import HyperplaneSampler
        >>> y = np.random.default_rng(0).integers(0, 2, (1000, 8))
        >>> with warnings.catch_warnings(action="ignore"):
        ...     sampler = HyperplaneSampler().fit(y)
        >>> normals = sampler.invert(y[:5])
        >>> bool((sampler.round(normals) == y[:5]).all())
        True
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
        model, bits, key = self._model, self._read(latents, "latents"), key_from(rng)
        blocks = range(0, max(len(bits), 1), BLOCK)
        parts = [_invert_block(model, bits[first : first + BLOCK], method, key, first) for first in blocks]
        xp = namespace(model.factor)
        normals, wrong, infeasible = (xp.concat(part) for part in zip(*parts, strict=True))
        report = InversionReport(wrong, infeasible)
        _warn_of_inversion(method, report)
        return (normals, report) if return_report else normals

    def round(self, normals: Any) -> Array:
        """Latents to which hyperplane normals round: signs of the scores, the boundary's made positive.

        Parameters
        ----------
        normals : array, shape (n, rank)
            Finite, of any length; sign(0) is +1.

        Returns
        -------
        array, shape (n, n_bits)
            In the form of the data.
        """
        model = self._model
        normals = self._to_model(as_real(normals, "normals"))
        if normals.ndim != 2 or normals.shape[1] != model.rank:
            raise ValueError(f"`normals` must have shape (n, {model.rank}); got shape {tuple(normals.shape)}")
        return self._form.write(model.bits(model.scores(namespace(normals).astype(normals, model.factor.dtype))))

    def interpolate(
        self,
        source: Any,
        target: Any,
        steps: int,
        *,
        method: str = "perceptron",
        rng: Any = None,
    ) -> Array:
        """Latents along the great circles between the normals of `source` and `target`.

        Parameters
        ----------
        source, target : array, shape (n, n_bits), or BitArray
            Ends of n paths.
        steps : int
            Points on each path, ends included; at least 2.
        method, rng
            Inversion, see :meth:`invert`.

        Returns
        -------
        array, shape (steps, n, n_bits)
            In the form of the data; ``[0]`` is `source` and ``[-1]`` is `target`, exactly.

        Notes
        -----
        Both normals see the boundary on its positive side, hence so does the whole path, and every bit changes at
        most once on it. The price: in the middle the boundary coordinate is on average up to sqrt(2) times that
        of a sample, so that bits with a large mean keep to it more often than in samples.

        References
        ----------
        .. [1] Fajtl et al., "Latent Bernoulli Autoencoder", ICML 2020, section 3.3.
        """
        steps = check_count(steps, "steps", least=2)
        model, ends = self._model, (self._read(source, "source"), self._read(target, "target"))
        if len(ends[0]) != len(ends[1]):
            raise ValueError(
                f"`target` must have as many rows as `source`; got {len(ends[1])} rows, `source` has {len(ends[0])}"
            )
        both = BitArray.concatenate(ends)
        normals = self.invert(both, method, rng=rng)
        n = len(ends[0])
        projected = model.projected(normals)
        points = slerp(projected[:n, :], projected[n:, :], angle(normals[:n, :], normals[n:, :]), steps)
        path = [model.bits(model.oriented(point)) for point in points]
        path[0], path[-1] = ends
        return namespace(self._form.like).stack([self._form.write(bits) for bits in path])

    def _read(self, latents: Any, name: str) -> BitArray:
        """Codes of the model's width, packed in its library and on its device."""
        bits = read_bits(latents, name, least=0)[0]
        if bits.n_bits != self._model.n_bits:
            raise ValueError(f"`{name}` must have {self._model.n_bits} bits like the data; got {bits.n_bits}")
        return BitArray(self._to_model(bits.words), bits.n_bits)

    def _to_model(self, x: Array) -> Array:
        """`x` in the library and on the device of the model; words keep their bits."""
        factor = self._model.factor
        if is_torch(x) and is_torch(factor):
            return x.to(factor.device)
        host = to_host(x)
        if is_torch(factor):
            return from_host(host.view("int64") if host.dtype == "uint64" else host, factor)
        return host.view("uint64") if host.dtype == "int64" else host

    def to(self, device: Any) -> Self:
        """The same fitted sampler as torch tensors on `device`."""
        model, report = self._fitted()
        twin = type(self)(**self._parameters())
        twin._built, twin._built_with = (model.to(device), report), self._built_with
        twin._moments = self._requested.to(device)
        twin._moments.form = self._form.to(device)
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
        model, report = self._fitted()
        write_sampler(
            path,
            type(self).__name__,
            self._built_with | {"precision": self.precision},
            model,
            self._requested,
            self._form,
            report,
        )

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
        parameters, model, moments, report = read_sampler(path, cls.__name__)
        sampler = cls(**parameters)
        sampler._built, sampler._built_with, sampler._moments = (model, report), parameters, moments
        return sampler

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._parameters().items())
        return f"{type(self).__name__}({arguments})"


def _invert_block(model: Rounding, bits: BitArray, method: str, key: int, first: int) -> tuple[Array, Array, Array]:
    """Normals of the codes from `first` on, their numbers of wrong bits, and which are infeasible."""
    normals, infeasible = invert_signs(model.factor, model.signs(bits), method, key, first)
    wrong = hamming_distance(model.bits(model.scores(normals)), bits)
    return normals, wrong, infeasible | _contradicts_ties(model.ties, bits)


def _warn_of_inversion(method: str, report: InversionReport) -> None:
    if method == "least_squares":
        warn(
            "least squares gives every bit the same margin, so a path between two codes flips all its bits in one "
            "step; prefer method='perceptron' or 'posterior' for interpolation"
        )
    elif method != "centroid" and bool((~report.exact).any()):
        warn(f"inversion is not exact: {report}")


def _contradicts_ties(ties: Ties, bits: BitArray) -> Array:
    """Codes in which bits that are tied in the model disagree, shape (n,)."""
    unpacked = bits.to_array("bool") ^ ties.flip[None, :]
    xp = namespace(unpacked)
    ones = xp.ones((len(bits), 1), dtype=xp.bool, device=unpacked.device)
    own = xp.concat([ones, xp.take(unpacked, ties.representatives[1:], axis=1)], axis=1)
    return xp.any(xp.take(own, ties.index, axis=1) != unpacked, axis=1)


def _report(repair: str, moments: BernoulliMoments, model: Rounding, eigenvalues: Array, distance: float) -> FitReport:
    ties = model.ties
    constant = int(namespace(ties.index).count_nonzero(ties.index == 0))
    return FitReport(
        n_bits=model.n_bits,
        n_samples=moments.n_samples,
        constant_bits=constant,
        tied_bits=model.n_bits - constant - (int(ties.representatives.shape[0]) - 1),
        smallest_eigenvalue=float(eigenvalues[0]),
        negative_eigenvalues=int(namespace(eigenvalues).count_nonzero(eigenvalues < 0)),
        repair=repair,
        repair_distance=distance,
        rank=model.rank,
        errors=moment_errors(model.moments(), moments),
    )


def _warn_of_errors(report: FitReport) -> None:
    errors = report.errors
    if max(errors.mean_max, errors.pair_max) > NOTICED:
        warn(
            f"the moments could not be met (smallest eigenvalue {report.smallest_eigenvalue:.3g}); the model's differ "
            f"by at most {errors.mean_max:.3g} (rms {errors.mean_rms:.3g}) in the means and {errors.pair_max:.3g} "
            f"(rms {errors.pair_rms:.3g}) in the pairs, for bits coded -1 and +1; see report_"
        )
