"""What a structured sampler does once it has a model: draws, moments in closed form, files."""

from __future__ import annotations

import os
from dataclasses import replace
from math import inf
from typing import Any, Self

from bernoulli_latent._arrays import Array, namespace
from bernoulli_latent._checks import check_precision
from bernoulli_latent.bits import BitArray
from bernoulli_latent.errors import NotFittedError
from bernoulli_latent.form import Form
from bernoulli_latent.io import read_arrays, write_arrays
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import BitSource
from bernoulli_latent.samplers.integers import arithmetic
from bernoulli_latent.samplers.structured.arguments import bit_numbers
from bernoulli_latent.samplers.structured.model import StructuredModel
from bernoulli_latent.samplers.structured.report import LowRankReport

__all__ = ["StructuredSource"]

STRIP = 64
"""Rows of the matrix of moments that are computed at a time."""


class StructuredSource(BitSource):
    """Source of bits from a :class:`StructuredModel`."""

    def __init__(self, rank: int | None = None, *, precision: str = "auto") -> None:
        self.rank = rank
        self.precision = precision
        self._made: tuple[StructuredModel, Form, LowRankReport | None] | None = None

    @property
    def marginals(self) -> Array:
        """Probabilities of a 1, shape (n_bits,), exact."""
        return self._model.marginals

    @property
    def n_bits(self) -> int:
        """Number of bits."""
        return self._model.n_bits

    @property
    def report_(self) -> LowRankReport:
        """Report of the fit, with the arithmetic of draws."""
        report = self._found[2]
        if report is None:
            raise NotFittedError("this StructuredSampler was made from its parameters: there is no fit to report")
        return replace(report, precision=self._arithmetic)

    @property
    def int16_bias(self) -> float:
        """Bound on what draws in int16 change in any moment, of bits coded -1 and +1; infinite without factors."""
        return self._model.int16_bias

    def latent_correlation(self, i: Any, j: Any) -> Array:
        """Correlations of the Gaussian variables behind pairs of bits.

        Parameters
        ----------
        i, j : int or int array
            Numbers of bits, from 0 on; they broadcast against each other.

        Returns
        -------
        array
            Of the common shape, float64; 1 where `i` is `j`.
        """
        return self._model.latent_correlation(*self._pairs(i, j))

    def pair_moments(self, i: Any, j: Any) -> Array:
        r"""Second moments of pairs of bits coded as -1 and +1, in closed form.

        .. math:: E[y_i y_j] = 4 \Phi_2(g_i, g_j; R_{ij}) - 2 p_i - 2 p_j + 1

        Parameters
        ----------
        i, j : int or int array
            Numbers of bits, from 0 on; they broadcast against each other.

        Returns
        -------
        array
            Of the common shape, float64, accurate to 1e-14; 1 where `i` is `j`.

        Examples
        --------
        >>> from bernoulli_latent import StructuredSampler
        >>> sampler = StructuredSampler.exchangeable([0.5] * 1000, latent_correlation=0.5)
        >>> sampler.pair_moments(0, 999).round(12)  # 2 / pi arcsin(rho)
        np.float64(0.333333333333)
        """
        return self._model.pair_moments(*self._pairs(i, j))

    def model_moments(self, *, max_bits: int = 5000) -> BernoulliMoments:
        """All moments of the model, in closed form.

        Parameters
        ----------
        max_bits : int
            Most bits for which the matrix is formed; it takes 8 bytes for each pair.

        Raises
        ------
        ValueError
            If there are more bits.
        """
        n, model = self.n_bits, self._model
        if n > max_bits:
            raise ValueError(
                f"`max_bits` is {max_bits}, and the moments of {n} bits take {8e-9 * n * n:.3g} GB; for some pairs, "
                "call pair_moments(i, j), or raise max_bits"
            )
        xp, thresholds = namespace(model.thresholds), model.thresholds
        index = xp.arange(n, device=thresholds.device)
        M = xp.ones((n + 1, n + 1), dtype=xp.float64, device=thresholds.device)
        M[n, :n] = M[:n, n] = 2 * model.marginals - 1
        for first in range(0, n, STRIP):
            stop = min(first + STRIP, n)
            part = model.pair_moments(*xp.broadcast_arrays(index[first:stop][:, None], index[None, :stop]))
            M[first:stop, :stop] = part
            M[:stop, first:stop] = part.T
        moments = BernoulliMoments.from_matrix(M)
        moments.form = self._form
        return moments

    def to(self, device: Any) -> Self:
        """The same sampler as torch tensors on `device`."""
        model, form, report = self._found
        twin = type(self)(self.rank, precision=self.precision)
        twin._made = model.to(device), form.to(device), report
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sampler to a new .npz or .safetensors file, whole or not at all."""
        self._check_precision()
        model, form, _ = self._found
        report = None if self._found[2] is None else self.report_
        structure, arrays = model.as_arrays()
        values = {
            "parameters": {"rank": self.rank and int(self.rank), "precision": self.precision},
            "structure": structure,
            "form": form.as_dict(),
            "report": report and report.as_dict(),
        }
        write_arrays(path, type(self).__name__, arrays, values)

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
        arrays, values = read_arrays(path, cls.__name__)
        model, report = StructuredModel.from_arrays(values["structure"], arrays), values["report"]
        sampler = cls(**values["parameters"])
        sampler._made = (
            model.to("cpu") if values["form"]["library"] == "torch" else model,
            Form.from_dict(values["form"]),
            report and LowRankReport.from_dict(report),
        )
        return sampler

    def _draw(self, key: int, start: int, n: int) -> BitArray:
        return self._model.draw(key, start, n, self._arithmetic)

    @property
    def _arithmetic(self) -> str:
        """Arithmetic of the draws."""
        self._check_precision()
        return arithmetic(self.precision, self._model.int16_bias)

    def _check_precision(self) -> None:
        if check_precision(self.precision) == "int16" and self._model.int16_bias == inf:
            raise ValueError(
                "`precision` must be 'auto', 'float32' or 'float64' for this structure; got 'int16', which is for "
                "common factors"
            )

    @property
    def _form(self) -> Form:
        return self._found[1]

    @property
    def _model(self) -> StructuredModel:
        return self._found[0]

    @property
    def _found(self) -> tuple[StructuredModel, Form, LowRankReport | None]:
        if self._made is None:
            raise NotFittedError(
                "this StructuredSampler is not fitted; call `fit`, or make one by `factor`, `exchangeable`, `ar1` or "
                "`block`"
            )
        return self._made

    def _pairs(self, i: Any, j: Any) -> list[Array]:
        """Numbers of bits as integer arrays of one shape, where the model is."""
        xp, like = namespace(self._model.thresholds), self._model.thresholds
        pair = [bit_numbers(x, name, self.n_bits, like) for x, name in ((i, "i"), (j, "j"))]
        return list(xp.broadcast_arrays(*pair))

    def __repr__(self) -> str:
        rank = "" if self.rank is None else f"rank={self.rank}, "
        return f"{type(self).__name__}({rank}precision={self.precision!r})"
