"""Samplers that round a Gaussian vector: drawing, inverting, interpolating, keeping."""

from __future__ import annotations

import os
import warnings
from abc import abstractmethod
from typing import Any, Self

from bernoulli_latent._arrays import Array, from_host, is_torch, namespace, to_host
from bernoulli_latent._checks import as_real, check_count
from bernoulli_latent._random import key_from
from bernoulli_latent.bits import BitArray, hamming_distance, read_bits
from bernoulli_latent.errors import RepairWarning
from bernoulli_latent.latent.interpolation import slerp
from bernoulli_latent.latent.inversion import METHODS, InversionReport, invert_signs
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.base import BitSampler
from bernoulli_latent.samplers.files import read_sampler, write_sampler
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

__all__ = ["GaussianRoundingSampler"]

BLOCK = 1024
"""Codes inverted at a time."""


class GaussianRoundingSampler(BitSampler[Rounding]):
    """Sampler whose model is a :class:`Rounding` of a Gaussian vector."""

    precision: str

    @abstractmethod
    def _parameters(self) -> dict[str, Any]:
        """Arguments that make an equal, unfitted sampler."""

    def _draw(self, model: Rounding, key: int, start: int, n: int) -> BitArray:
        return model.draw(key, start, n, self.precision)

    def model_moments(self) -> BernoulliMoments:
        """Moments that the fitted model truly has, in closed form by the arcsine law."""
        moments = self._model.moments()
        moments.form = self.moments_.form
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
        blocks = range(0, len(bits), BLOCK)
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
        xp = namespace(normals)
        scores = normals @ model.factor.T
        cosine = xp.clip(xp.sum(normals[:n, :] * normals[n:, :], axis=1), -1.0, 1.0)
        points = slerp(scores[:n, :], scores[n:, :], xp.acos(cosine), steps)
        path = [model.bits(point * xp.where(point[:, :1] >= 0, 1.0, -1.0)) for point in points]
        path[0], path[-1] = ends
        return namespace(self._form.like).stack([self._form.write(bits) for bits in path])

    def _read(self, latents: Any, name: str) -> BitArray:
        """Codes of the model's width, packed in its library and on its device."""
        bits = read_bits(latents, name)[0]
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
        twin._built = model.to(device), report
        twin._moments = self.moments_.to(device)
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
        write_sampler(path, type(self).__name__, self._parameters(), model, self.moments_, self._form, report)

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
        sampler._built, sampler._moments = (model, report), moments
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
        warnings.warn(
            "least squares gives every bit the same margin, so a path between two codes flips all its bits in one "
            "step; prefer method='perceptron' or 'posterior' for interpolation",
            RepairWarning,
            stacklevel=3,
        )
    elif method != "centroid" and bool((~report.exact).any()):
        warnings.warn(f"inversion is not exact: {report}", RepairWarning, stacklevel=3)


def _contradicts_ties(ties: Ties, bits: BitArray) -> Array:
    """Codes in which bits that are tied in the model disagree, shape (n,)."""
    unpacked = bits.to_array("bool") ^ ties.flip[None, :]
    xp = namespace(unpacked)
    ones = xp.ones((len(bits), 1), dtype=xp.bool, device=unpacked.device)
    own = xp.concat([ones, xp.take(unpacked, ties.representatives[1:], axis=1)], axis=1)
    return xp.any(xp.take(own, ties.index, axis=1) != unpacked, axis=1)
