"""What samplers of bits have in common: drawing in the data's form, and fitting in one go or in a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar

from bernoulli_latent._arrays import Array, namespace, on_host
from bernoulli_latent._checks import check_count
from bernoulli_latent._kernels import compiles_for
from bernoulli_latent._kernels.generic_sampling import check_request
from bernoulli_latent._random import key_from
from bernoulli_latent._threads import in_parallel, thread_count
from bernoulli_latent.bits import LEVELS, BitArray, trusted_bits
from bernoulli_latent.errors import NotFittedError
from bernoulli_latent.form import Form
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.report import FitReport, warn_of_errors

__all__ = ["BitSampler", "BitSource", "sample_moments"]

ENTRIES = 2**26
"""Bits held packed at a time, 8 MiB, unless a few blocks of rows have more."""

GRAIN = 64
"""Rows that the kernels compute side by side: threads share whole blocks."""

FEW = 4 * GRAIN
"""Rows that are drawn together however many bits they have."""

Model = TypeVar("Model")


class BitSource(ABC):
    """Endless streams of bits, one for each key, in the form of the data."""

    @property
    @abstractmethod
    def _form(self) -> Form:
        """Form of the answers."""

    @abstractmethod
    def _draw(self, key: int, start: int, n: int) -> BitArray:
        """Samples `start` to `start + n` of the stream `key`."""

    def sample(
        self,
        n: int,
        *,
        rng: Any = None,
        start: int = 0,
        values: str | None = None,
        packed: bool = False,
        threads: int | None = None,
    ) -> Array | BitArray:
        """Draw bits.

        Parameters
        ----------
        n : int
            Number of samples, at least 0.
        rng : None, int, numpy.random.Generator, numpy.random.SeedSequence or torch.Generator
            Seed, or a generator that supplies one and advances. Sample `k` depends on the seed and `k` alone.
        start : int
            First sample of the stream to draw, so that several calls, or workers, share one stream:
            ``sample(n, rng=s)`` equals the samples of ``sample(m, rng=s)`` and ``sample(n - m, rng=s, start=m)``.
        values : {"01", "pm1", "bool"}, optional
            Coding of the answer; by default that of the data, with its dtype.
        packed : bool
            Answer with a BitArray; the unpacked bits are never held.
        threads : int, optional
            Threads to share the rows, at least 1; by default what the environment variable
            ``BERNOULLI_LATENT_THREADS`` says, or 1. The bits are the same for any number.

        Returns
        -------
        array, shape (n, n_bits), or BitArray
            In the library and on the device of the data.

        Raises
        ------
        ValueError
            If `n` or `start` is negative, `values` unknown or `threads` not positive.
        """
        n, start = check_count(n, "n"), check_count(start, "start")
        if values is not None and values not in LEVELS:
            raise ValueError(f"`values` must be one of {', '.join(map(repr, LEVELS))} or None; got {values!r}")
        check_request(key := key_from(rng), start, n)
        form, threads = self._form, thread_count(threads)
        threads = threads if compiles_for(form.like) else 1
        if threads == 1 and (packed or n <= FEW):
            bits = self._draw(key, start, n)
            return bits if packed else form.write(bits, values)
        none = self._draw(key, start, 0)  # fits, if that is left to do, and in this thread
        like = none.words if packed else form.write(none, values)
        answer = namespace(like).empty((n, like.shape[1]), dtype=like.dtype, device=like.device)
        size = max(ENTRIES // none.n_bits // GRAIN * GRAIN, FEW) if on_host(like) else max(n, 1)

        def fill(first: int, last: int) -> None:
            for row in range(first, last, size):
                stop = min(row + size, last)
                bits = self._draw(key, start + row, stop - row)
                if packed:
                    answer[row:stop, :] = bits.words
                else:
                    form.write(bits, values, out=answer[row:stop, :])

        in_parallel(fill, n, threads, GRAIN)
        return trusted_bits(answer, none.n_bits) if packed else answer


def sample_moments(y: Any, values: str) -> BernoulliMoments:
    """Moments of at least two rows."""
    moments = BernoulliMoments.from_samples(y, values)
    if moments.n_samples == 1:
        raise ValueError("`y` must have at least 2 rows; got 1, which makes every bit constant")
    return moments


class BitSampler(BitSource, Generic[Model]):
    """Sampler fitted to the moments of bits.

    A subclass says how a model comes from moments (:meth:`_build`) and how bits come from it (:meth:`_draw`).
    """

    _moments: BernoulliMoments | None = None
    _built: tuple[Model, FitReport] | None = None

    @abstractmethod
    def _build(self, moments: BernoulliMoments) -> tuple[Model, FitReport]:
        """Model of the `moments`, and the report of how well it meets them."""

    def fit(self, y: Any, *, values: str = "auto") -> Self:
        """Fit to the rows of `y`, forgetting any earlier fit.

        Parameters
        ----------
        y : array, shape (n_samples, n_bits), or BitArray
            Bits as bool, {0, 1} or {-1, +1} in any real dtype, NumPy, torch or dask; at least two rows.
        values : {"auto", "01", "pm1", "bool"}
            Coding; ``"auto"`` reads it from the data.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `y` is not such an array.

        Warns
        -----
        RepairWarning
            If the moments of `y` could not be met; ``report_`` has the amounts.
        """
        return self._adopt(sample_moments(y, values))

    def fit_moments(self, moments: BernoulliMoments) -> Self:
        """Fit to `moments`, of which a copy is kept.

        Raises
        ------
        TypeError
            If `moments` is not a BernoulliMoments.
        ValueError
            If pairs of bits lie outside the Frechet bounds: no binary distribution has such moments.
        """
        if not isinstance(moments, BernoulliMoments):
            raise TypeError(
                f"`moments` must be a BernoulliMoments; got {type(moments).__name__}. "
                "Use fit(y) for samples, or BernoulliMoments.from_marginals / from_matrix for numbers."
            )
        return self._adopt(moments.copy())

    def quietly_fitted(self, moments: BernoulliMoments) -> Self:
        """Fit to `moments` without a word about what could not be met; ``report_`` has it."""
        return self._adopt(moments.copy(), quiet=True)

    def compared(self, alternatives: dict[str, FitReport]) -> Self:
        """Keep the reports of other families beside that of this fit."""
        model, report = self._fitted()
        self._built = model, replace(report, alternatives=alternatives)
        return self

    def partial_fit(self, y: Any, *, values: str = "auto") -> Self:
        """Add the rows of `y` to what was fitted; the model is rebuilt when it is next needed."""
        streamed = BernoulliMoments() if self._moments is None else self._moments
        self._moments = streamed.update(y, values)
        self._built = None
        return self

    def _adopt(self, moments: BernoulliMoments, quiet: bool = False) -> Self:
        self._built = self._build(moments)
        self._moments = moments
        if not quiet:
            warn_of_errors(self._built[1])
        return self

    def _fitted(self) -> tuple[Model, FitReport]:
        if self._built is None:
            self._adopt(self._requested)
        assert self._built is not None
        return self._built

    @property
    def _model(self) -> Model:
        return self._fitted()[0]

    @property
    def report_(self) -> FitReport:
        """Report of the fit: what was found, what was changed, and what that cost."""
        return self._fitted()[1]

    @property
    def moments_(self) -> BernoulliMoments:
        """Copy of the moments fitted."""
        return self._requested.copy()

    @property
    def _requested(self) -> BernoulliMoments:
        if self._moments is None:
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted; call `fit`, `partial_fit` or `fit_moments` first"
            )
        return self._moments

    @property
    def _form(self) -> Form:
        return self._requested.form or Form.default(self._requested.matrix)
