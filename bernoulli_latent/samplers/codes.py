"""What can be done with single codes of a model: inverting, rounding, paths, completion, probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bernoulli_latent._arrays import Array, as_array, like_place, namespace
from bernoulli_latent._checks import as_real, check_choice, check_count, check_precision
from bernoulli_latent._random import key_from
from bernoulli_latent._threads import thread_count
from bernoulli_latent.bits import BitArray, bits_like, hamming_distance, read_bits, trusted_bits
from bernoulli_latent.errors import warn
from bernoulli_latent.latent.conditional import BURN_IN, ConditionalReport, draw_conditional
from bernoulli_latent.latent.inversion import METHODS, InversionReport, invert_signs
from bernoulli_latent.latent.orthant import log_probability
from bernoulli_latent.samplers.base import BitSampler
from bernoulli_latent.samplers.paths import SPACINGS, follow
from bernoulli_latent.samplers.rounding import Rounding

__all__ = ["CodeSampler", "refuse_impossible"]

INVERSIONS = (*METHODS, "posterior")

BLOCK = 1024
"""Codes inverted at a time."""


class CodeSampler(BitSampler[Rounding]):
    """Sampler whose model gives every code a set of normals that round to it."""

    precision: str

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
            - ``"posterior"``: a draw of `r` given the bits, by exact Hamiltonian trajectories [3]_: its margins vary as
              those of the model's own normals do, which makes paths between codes the most even;
            - ``"centroid"``: mean of the rows of set bits minus mean of the others [1]_: fast, not exact;
            - ``"least_squares"``: scores nearest to the signs; exact at full rank, but all margins are equal.
        rng : None, int, generator
            Randomness of ``"posterior"``; see :meth:`sample`.
        return_report : bool
            Also return an :class:`InversionReport`.

        Returns
        -------
        normals : array, shape (n, rank), float64
            Hyperplanes: unit normals, of which the first coordinate is that of the boundary vector. Thresholds:
            Gaussian vectors, by ``"posterior"`` as drawn, otherwise of a typical length as far as the signs allow.
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
        .. [3] Pakman and Paninski, "Exact Hamiltonian Monte Carlo for truncated multivariate Gaussians", J. Comput.
           Graph. Statist. 23, 2014.

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
        check_choice(method, "method", INVERSIONS)
        model, bits, key = self._model, self.read_codes(latents, "latents"), key_from(rng)
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
        normals = like_place(as_real(normals, "normals"), model.factor)
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
        spacing: str = "angle",
        rng: Any = None,
        packed: bool = False,
        threads: int | None = None,
    ) -> Array | BitArray:
        """Latents along the great circles between the normals of `source` and `target`.

        Parameters
        ----------
        source, target : array, shape (n, n_bits), or BitArray
            Ends of n paths.
        steps : int
            Points on each path, ends included; at least 2.
        method, rng
            Inversion, see :meth:`invert`.
        spacing : {"angle", "bits"}
            What changes by equal amounts from point to point:

            - ``"angle"``: the direction of the normal, exactly so if its ends are equally long, as all are without
              thresholds;
            - ``"bits"``: the code. Where the ends differ in d bits, point `k` differs from the source in
              ``k * d / (steps - 1)`` of them, rounded (halves up), those that change first on the great circle. Bits
              that change together take turns by their number.
        packed : bool
            Answer with a BitArray of ``steps * n`` rows, the points of a step side by side: row ``k * n + i`` is
            point `k` of path `i`. The unpacked bits are never held.
        threads : int, optional
            Threads that follow the paths; by default what the environment variable ``BERNOULLI_LATENT_THREADS``
            says, or 1. The answer does not depend on it.

        Returns
        -------
        array, shape (steps, n, n_bits), or BitArray
            In the form of the data; ``[0]`` is `source` and ``[-1]`` is `target`, exactly.

        Raises
        ------
        ValueError
            If the ends are no bits, of another width, or not equally many, or `steps`, `method`, `spacing` or
            `threads` is none of the above.

        Warns
        -----
        RepairWarning
            Of the inversion, see :meth:`invert`.

        Notes
        -----
        Both normals see the boundary on its positive side, hence so does the whole path. Without thresholds every bit
        changes at most once on it; behind a threshold a bit that the ends share may change and come back. Opposite
        normals, frequent behind thresholds at rank 1, have no great circle of their own: their path is straight.
        The price of the boundary's side: in the middle the boundary coordinate is on average up to sqrt(2) times
        that of a sample, so that bits with a large mean keep to it more often than in samples.

        Bits do not change at an even pace on the circle: at equal angles the largest of a path's steps is often twice
        the mean, and with equal margins one step changes all bits, so that the path shows nothing but its ends.
        ``spacing="bits"`` makes no step larger than ``ceil(d / (steps - 1))`` bits, with any `method`. Its points
        lie on the circle but for bits that the ends share, which never change, bits that change at the same place,
        and bits that the inversion got wrong: these change at the end where they are, or, wrong at both, half-way.

        With ``"angle"`` points between the ends are rounded in float32, or in float64 if that is the ``precision`` of
        the sampler. :meth:`round` works in float64, and may tell a bit apart whose score is zero to about 1e-6.

        References
        ----------
        .. [1] Fajtl et al., "Latent Bernoulli Autoencoder", ICML 2020, section 3.3.

        Examples
        --------
        >>> from bernoulli_latent import BernoulliMoments, HyperplaneSampler
        >>> sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_marginals([0.4, 0.5, 0.6, 0.7]))
        >>> sampler.interpolate([[0, 0, 1, 1]], [[1, 1, 1, 0]], steps=4, spacing="bits")[:, 0]
        array([[0, 0, 1, 1],
               [0, 1, 1, 1],
               [1, 1, 1, 1],
               [1, 1, 1, 0]], dtype=int8)
        """
        steps, threads = check_count(steps, "steps", least=2), thread_count(threads)
        check_choice(method, "method", INVERSIONS)
        check_choice(spacing, "spacing", SPACINGS)
        model, ends = self._model, (self.read_codes(source, "source"), self.read_codes(target, "target"))
        if len(ends[0]) != len(ends[1]):
            raise ValueError(
                f"`target` must have as many rows as `source`; got {len(ends[1])} rows, `source` has {len(ends[0])}"
            )
        n, width = ends[0].shape
        precision, key, words = check_precision(self.precision), key_from(rng), ends[0].words
        words = namespace(words).empty((steps, *words.shape), dtype=words.dtype, device=words.device)
        for block, parts, normals in _inverted_ends(model, ends, method, key):
            words[:, block, :] = follow(model, normals, parts, steps, spacing, precision, threads)
        bits = trusted_bits(words.reshape(steps * n, words.shape[2]), width)
        return bits if packed else self._form.write(bits).reshape(steps, n, width)

    def sample_given(
        self,
        latents: Any,
        known: Any,
        *,
        rng: Any = None,
        burn_in: int = BURN_IN,
        return_report: bool = False,
    ) -> Any:
        """Draw the bits that are not known, given those that are.

        Parameters
        ----------
        latents : array, shape (n, n_bits), or BitArray
            Codes; what stands at bits that are not known does not matter, but has to be bits.
        known : bool array, shape (n_bits,) or (n, n_bits)
            Which bits to keep, the same in all codes or in each.
        rng : None, int, generator
            Seed, see :meth:`sample`. Row `k` depends on the seed, its known bits and `k` alone.
        burn_in : int
            Trajectories from the start to the draw; several times the autocorrelation time that the report gives.
        return_report : bool
            Also return a ConditionalReport.

        Returns
        -------
        array, shape (n, n_bits)
            One draw for each row, in the form of the data, the known bits unchanged.
        report : ConditionalReport
            Only if asked for: autocorrelation times, and how many independent draws those returned are worth.

        Raises
        ------
        ValueError
            If `latents` or `known` have another width, or known bits form a pattern that the model does not have.

        References
        ----------
        .. [1] Pakman and Paninski, "Exact Hamiltonian Monte Carlo for truncated multivariate Gaussians", J. Comput.
           Graph. Statist. 23, 2014.

        Examples
        --------
        >>> import numpy as np
        >>> from bernoulli_latent import BernoulliMoments, DichotomizedGaussianSampler
        >>> phi = [[1.0, 0.8], [0.8, 1.0]]
        >>> moments = BernoulliMoments.from_marginals([0.5, 0.5], correlation=phi)
        >>> sampler = DichotomizedGaussianSampler().fit_moments(moments)
        >>> ones = np.ones((20_000, 2), dtype=int)
        >>> sampler.sample_given(ones, [True, False], rng=0).mean(axis=0).round(2)
        array([1. , 0.9])
        """
        model, bits, key = self._model, self.read_codes(latents, "latents"), key_from(rng)
        mask, burn_in = self.read_mask(known, len(bits)), check_count(burn_in, "burn_in")
        blocks = [slice(first, first + BLOCK) for first in range(0, max(len(bits), 1), BLOCK)]
        parts = [_complete(model, bits[block], mask[block, :], key, block.start, burn_in) for block in blocks]
        xp = namespace(model.factor)
        times, infeasible = (
            xp.concat([getattr(report, name) for _, report in parts]) for name in ("autocorrelation_time", "infeasible")
        )
        refuse_impossible(infeasible)
        drawn = self._form.write(BitArray.concatenate([part for part, _ in parts]))
        return (drawn, ConditionalReport(burn_in, 1, times, infeasible)) if return_report else drawn

    def log_prob(
        self,
        latents: Any,
        *,
        rng: Any = None,
        n_draws: int = 2048,
        return_error: bool = False,
    ) -> Any:
        r"""Log probability of codes under the fitted model, estimated.

        Parameters
        ----------
        latents : array, shape (n, n_bits), or BitArray
            Codes.
        rng : None, int, generator
            Seed, see :meth:`sample`.
        n_draws : int
            Particles for each code, a multiple of 8; the variance falls as one over their number.
        return_error : bool
            Also return the standard errors.

        Returns
        -------
        log_probability : array, shape (n,), float64
            Log of an unbiased estimate of the probability, by sequential Monte Carlo with separated variables;
            ``-inf`` for codes that the model does not have.
        standard_error : array, shape (n,)
            Of the log; only if asked for. Zero where impossibility is proved; above about 0.5 take more draws.

        Notes
        -----
        Each code is a computation of its own, the dearer the more bits: some two seconds for 200 bits and 15 for 600,
        on one core, with the default of particles.

        References
        ----------
        .. [1] Genz, "Numerical computation of multivariate normal probabilities", J. Comput. Graph. Statist. 1, 1992.
        .. [2] Ridgway, "Computation of Gaussian orthant probabilities in high dimension", Stat. Comput. 26, 2016.

        Examples
        --------
        >>> import numpy as np
        >>> from bernoulli_latent import BernoulliMoments, DichotomizedGaussianSampler
        >>> moments = BernoulliMoments.from_marginals([0.25, 0.5])
        >>> sampler = DichotomizedGaussianSampler().fit_moments(moments)
        >>> np.exp(sampler.log_prob([[1, 1], [0, 1]], rng=0)).round(3)
        array([0.125, 0.375])
        """
        logs, errors = self.log_mass(self.read_codes(latents, "latents"), None, key_from(rng), n_draws)
        return (logs, errors) if return_error else logs

    def log_mass(self, bits: BitArray, known: Array | None, key: int, n_draws: int) -> tuple[Array, Array]:
        """Log probabilities that the `known` bits, by default all, are as in `bits`, and their standard errors."""
        model, n_draws = self._model, _check_draws(n_draws)
        signs, impossible = model.signs(bits, known)
        logs, errors = log_probability(model.factor, signs, model.constant, key, n_draws=n_draws)
        xp = namespace(logs)
        return xp.where(impossible, -xp.inf, logs), xp.where(impossible, 0.0, errors)

    def completed(self, bits: BitArray, known: Array, key: int, first: int, burn_in: int) -> BitArray:
        """Possible codes from number `first` on with the bits that are not `known` drawn."""
        return _complete(self._model, bits, known, key, first, burn_in)[0]

    def read_mask(self, known: Any, n: int) -> Array:
        """Boolean mask (n, n_bits) in the library of the model."""
        given = as_array(known, "known")
        if given.dtype != namespace(given).bool:
            raise TypeError(f"`known` must be a boolean mask; got dtype {given.dtype}")
        mask = like_place(given, self._model.factor)
        width = self._model.n_bits
        if tuple(mask.shape) not in ((width,), (n, width)):
            raise ValueError(f"`known` must have shape ({width},) or ({n}, {width}); got {tuple(mask.shape)}")
        return namespace(mask).broadcast_to(mask, (n, width))

    def read_codes(self, latents: Any, name: str) -> BitArray:
        """Codes of the model's width, packed in its library and on its device."""
        bits = read_bits(latents, name, least=0)[0]
        if bits.n_bits != self._model.n_bits:
            raise ValueError(f"`{name}` must have {self._model.n_bits} bits like the data; got {bits.n_bits}")
        return bits_like(bits, self._model.factor)


def _invert_block(model: Rounding, bits: BitArray, method: str, key: int, first: int) -> tuple[Array, Array, Array]:
    """Normals of the codes from `first` on, their numbers of wrong bits, and which are infeasible."""
    signs, impossible = model.signs(bits)
    if method == "posterior":
        draws, report = draw_conditional(model.factor, signs, model.constant, key, first)
        normals, infeasible = model.normals(draws[0, ...]), report.infeasible
    else:
        points, infeasible = invert_signs(model.factor, signs, method)
        normals = model.normals(points, signs)
    wrong = hamming_distance(model.bits(model.scores(normals)), bits)
    return normals, wrong, infeasible | impossible


def _inverted_ends(
    model: Rounding, ends: Sequence[BitArray], method: str, key: int
) -> Iterator[tuple[slice, list[BitArray], list[Array]]]:
    """Some paths at a time, their ends and the normals of these; after the last a warning of what was not exact."""
    n, reports = len(ends[0]), []
    for first in range(0, max(n, 1), BLOCK):
        block = slice(first, first + BLOCK)
        parts = [end[block] for end in ends]
        inverted = [_invert_block(model, part, method, key, first + n * k) for k, part in enumerate(parts)]
        reports += [(wrong, infeasible) for _, wrong, infeasible in inverted]
        yield block, parts, [normals for normals, *_ in inverted]
    xp = namespace(model.factor)
    _warn_of_inversion(method, InversionReport(*(xp.concat(parts) for parts in zip(*reports, strict=True))))


def _warn_of_inversion(method: str, report: InversionReport) -> None:
    if method == "least_squares":
        warn(
            "least squares gives every bit the same margin, so a path between two codes flips all its bits in one "
            "step; prefer method='perceptron' or 'posterior' for interpolation"
        )
    elif method != "centroid" and bool((~report.exact).any()):
        warn(f"inversion is not exact: {report}")


def _check_draws(n_draws: int) -> int:
    if check_count(n_draws, "n_draws", least=8) % 8:
        raise ValueError(f"`n_draws` must be a multiple of 8; got {n_draws}")
    return n_draws


def _complete(
    model: Rounding, bits: BitArray, mask: Array, key: int, first: int, burn_in: int
) -> tuple[BitArray, ConditionalReport]:
    """Codes with the bits outside of `mask` drawn, and how; impossible patterns count as infeasible."""
    signs, impossible = model.signs(bits, mask)
    draws, report = draw_conditional(model.factor, signs, model.constant, key, first, burn_in=burn_in)
    drawn = model.bits(draws[0, ...] @ model.factor.T)
    keep = BitArray.from_array(mask).words
    mixed = BitArray((bits.words & keep) | (drawn.words & ~keep), bits.n_bits)
    return mixed, replace(report, infeasible=report.infeasible | impossible)


def refuse_impossible(infeasible: Array) -> None:
    """Refuse known bits that the model cannot have, with the numbers of their rows."""
    rows = namespace(infeasible).nonzero(infeasible)[0]
    if rows.shape[0]:
        listed = ", ".join(str(int(k)) for k in rows[:10]) + (", ..." if rows.shape[0] > 10 else "")
        raise ValueError(
            "the `known` bits of `latents` must be possible in the model; "
            f"those of {rows.shape[0]} rows are not: {listed}"
        )
