"""Samplers that round a Gaussian vector: building the model, drawing from it, keeping it."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Self

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_choice, check_count, check_positive, check_precision
from bernoulli_latent.bits import BitArray
from bernoulli_latent.correlation.bounds import check_pairs
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.codes import CodeSampler
from bernoulli_latent.samplers.files import read_sampler, write_sampler
from bernoulli_latent.samplers.integers import arithmetic
from bernoulli_latent.samplers.repair import Repaired, repair_gram
from bernoulli_latent.samplers.report import FitReport, matrix_errors
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties, find_ties

__all__ = ["GaussianRoundingSampler"]


class GaussianRoundingSampler(CodeSampler):
    """Sampler whose model is a :class:`Rounding` of a Gaussian vector.

    A subclass names its `repairs`, says what Gram matrix the moments ask for (:meth:`_target`), how its entries are
    weighted (:meth:`_weights`), and what model repaired rows make (:meth:`_rounding`).
    """

    repairs: ClassVar[tuple[str, ...]]
    tie_tolerance: ClassVar[float]
    _built_with: dict[str, Any]

    def __init__(
        self, repair: str = "nearest", rank: int | None = None, *, precision: str = "auto", tol: float = 1e-6
    ) -> None:
        self.repair = repair
        self.rank = rank
        self.precision = precision
        self.tol = tol

    @abstractmethod
    def _target(self, M: Array) -> Array:
        """Gram matrix that the moments `M` of varying, untied bits ask for; the boundary is first in `M`."""

    @abstractmethod
    def _weights(self, ties: Ties) -> Array:
        """Weight of each row; the error of an entry counts by the product of two."""

    @abstractmethod
    def _rounding(self, M: Array, rows: Array, ties: Ties) -> Rounding:
        """Model of the repaired unit `rows`."""

    def _parameters(self) -> dict[str, Any]:
        """Arguments that make an equal, unfitted sampler."""
        rank = None if self.rank is None else check_count(self.rank, "rank", least=1)
        return {"repair": self.repair, "rank": rank, "precision": self.precision, "tol": float(self.tol)}

    def _check_parameters(self) -> None:
        check_choice(self.repair, "repair", self.repairs)
        if self.rank is not None:
            check_count(self.rank, "rank", least=1)
        check_precision(self.precision)
        check_positive(self.tol, "tol")

    def _build(self, moments: BernoulliMoments) -> tuple[Rounding, FitReport]:
        self._check_parameters()
        M = moments.matrix
        check_pairs(M)
        xp = namespace(M)
        ties = find_ties(M, self.tie_tolerance)
        own = ties.representatives
        reduced = xp.take(xp.take(M, own, axis=0), own, axis=1)
        target = self._target(reduced)
        repaired = repair_gram(reduced, target, self._weights(ties), self.repair, self.rank, self.tol)
        model = self._rounding(reduced, repaired.rows, ties)
        self._built_with = self._parameters()
        return model, _report(self._parameters(), moments, M, model, repaired)

    @property
    def report_(self) -> FitReport:
        """Report of the fit: what was found, what was changed, what that cost, and the arithmetic of draws."""
        return replace(super().report_, precision=self._arithmetic)

    @property
    def _arithmetic(self) -> str:
        """Arithmetic of draws."""
        return arithmetic(check_precision(self.precision), self._fitted()[1].int16_bias)

    def _draw(self, key: int, start: int, n: int) -> BitArray:
        return self._model.draw(key, start, n, self._arithmetic)

    def draw_rows(self, key: int, rows: Array) -> BitArray:
        """Samples of the stream `key` whose numbers are the int64 `rows`, in any order, packed."""
        return self._model.draw_rows(key, rows, self._arithmetic)

    def model_moments(self) -> BernoulliMoments:
        """Moments that the fitted model truly has, in closed form."""
        moments = self._model.moments()
        moments.form = self._requested.form
        return moments

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
        model, report = self._model, self.report_
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


def _report(
    parameters: dict[str, Any], moments: BernoulliMoments, M: Array, model: Rounding, repaired: Repaired
) -> FitReport:
    ties, eigenvalues, achieved = model.ties, repaired.eigenvalues, model.moment_matrix()
    int16_bias = matrix_errors(model.in_integers().moment_matrix() - achieved).largest
    constant = int(namespace(ties.index).count_nonzero(ties.index == 0))
    return FitReport(
        n_bits=model.n_bits,
        n_samples=moments.n_samples,
        constant_bits=constant,
        tied_bits=model.n_bits - constant - (int(ties.representatives.shape[0]) - 1),
        smallest_eigenvalue=float(eigenvalues[0]) if eigenvalues.shape[0] else 1.0,
        negative_eigenvalues=int(namespace(eigenvalues).count_nonzero(eigenvalues < 0)),
        repair=parameters["repair"],
        repair_distance=repaired.distance,
        rank=model.rank,
        errors=matrix_errors(achieved - M),
        precision=arithmetic(parameters["precision"], int16_bias),
        int16_bias=int16_bias,
    )
