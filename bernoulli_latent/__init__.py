"""Correlated binary vectors and relaxed Bernoulli variables.

Public names load on first use, so importing the package loads NumPy alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bernoulli_latent._version import __version__

if TYPE_CHECKING:
    from bernoulli_latent.bits import BitArray as BitArray
    from bernoulli_latent.bits import hamming_distance as hamming_distance
    from bernoulli_latent.correlation.arcsine import gram_from_moments as gram_from_moments
    from bernoulli_latent.correlation.arcsine import moments_from_gram as moments_from_gram
    from bernoulli_latent.correlation.nearest import RepairResult as RepairResult
    from bernoulli_latent.correlation.nearest import nearest_correlation as nearest_correlation
    from bernoulli_latent.correlation.tetrachoric import bivariate_normal_cdf as bivariate_normal_cdf
    from bernoulli_latent.correlation.tetrachoric import tetrachoric_correlation as tetrachoric_correlation
    from bernoulli_latent.divergences.decomposition import ElboDecomposition as ElboDecomposition
    from bernoulli_latent.divergences.decomposition import elbo_decomposition as elbo_decomposition
    from bernoulli_latent.divergences.monte_carlo import MonteCarloEstimate as MonteCarloEstimate
    from bernoulli_latent.divergences.monte_carlo import monte_carlo_kl_divergence as monte_carlo_kl_divergence
    from bernoulli_latent.divergences.pairs import kl_divergence as kl_divergence
    from bernoulli_latent.divergences.pairs import register_kl as register_kl
    from bernoulli_latent.errors import NotFittedError as NotFittedError
    from bernoulli_latent.errors import RepairWarning as RepairWarning
    from bernoulli_latent.latent.attributes import AttributeEditor as AttributeEditor
    from bernoulli_latent.moments import BernoulliMoments as BernoulliMoments
    from bernoulli_latent.relaxations.bernoulli import Bernoulli as Bernoulli
    from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete as BinaryConcrete
    from bernoulli_latent.relaxations.concrete import Concrete as Concrete
    from bernoulli_latent.relaxations.gamma import Gamma as Gamma
    from bernoulli_latent.relaxations.hard_concrete import HardConcrete as HardConcrete
    from bernoulli_latent.relaxations.inverse_gamma import InverseGamma as InverseGamma
    from bernoulli_latent.relaxations.logistic import Logistic as Logistic
    from bernoulli_latent.relaxations.logit_normal import LogitNormal as LogitNormal
    from bernoulli_latent.relaxations.normal import Normal as Normal
    from bernoulli_latent.relaxations.normal_gamma import NormalGamma as NormalGamma
    from bernoulli_latent.relaxations.overlapping_exponential import OverlappingExponential as OverlappingExponential
    from bernoulli_latent.relaxations.power_function import PowerFunction as PowerFunction
    from bernoulli_latent.relaxations.smooth_step_logistic import SmoothStepLogistic as SmoothStepLogistic
    from bernoulli_latent.relaxations.spike_exponential import SpikeExponential as SpikeExponential
    from bernoulli_latent.relaxations.step import Step as Step
    from bernoulli_latent.relaxations.step_logistic import StepLogistic as StepLogistic
    from bernoulli_latent.samplers.choice import fit_sampler as fit_sampler
    from bernoulli_latent.samplers.dichotomized_gaussian import (
        DichotomizedGaussianSampler as DichotomizedGaussianSampler,
    )
    from bernoulli_latent.samplers.files import load_sampler as load_sampler
    from bernoulli_latent.samplers.hyperplane import HyperplaneSampler as HyperplaneSampler
    from bernoulli_latent.samplers.mixture import MixtureSampler as MixtureSampler
    from bernoulli_latent.samplers.structured import StructuredSampler as StructuredSampler
    from bernoulli_latent.versions import citation as citation
    from bernoulli_latent.versions import show_versions as show_versions

_HOMES = {
    "AttributeEditor": "latent.attributes",
    "Bernoulli": "relaxations.bernoulli",
    "BernoulliMoments": "moments",
    "BinaryConcrete": "relaxations.binary_concrete",
    "BitArray": "bits",
    "Concrete": "relaxations.concrete",
    "DichotomizedGaussianSampler": "samplers.dichotomized_gaussian",
    "ElboDecomposition": "divergences.decomposition",
    "HardConcrete": "relaxations.hard_concrete",
    "Gamma": "relaxations.gamma",
    "HyperplaneSampler": "samplers.hyperplane",
    "InverseGamma": "relaxations.inverse_gamma",
    "Logistic": "relaxations.logistic",
    "LogitNormal": "relaxations.logit_normal",
    "MixtureSampler": "samplers.mixture",
    "MonteCarloEstimate": "divergences.monte_carlo",
    "Normal": "relaxations.normal",
    "NormalGamma": "relaxations.normal_gamma",
    "NotFittedError": "errors",
    "OverlappingExponential": "relaxations.overlapping_exponential",
    "PowerFunction": "relaxations.power_function",
    "RepairResult": "correlation.nearest",
    "RepairWarning": "errors",
    "SmoothStepLogistic": "relaxations.smooth_step_logistic",
    "SpikeExponential": "relaxations.spike_exponential",
    "Step": "relaxations.step",
    "StepLogistic": "relaxations.step_logistic",
    "StructuredSampler": "samplers.structured",
    "bivariate_normal_cdf": "correlation.tetrachoric",
    "citation": "versions",
    "elbo_decomposition": "divergences.decomposition",
    "fit_sampler": "samplers.choice",
    "gram_from_moments": "correlation.arcsine",
    "hamming_distance": "bits",
    "kl_divergence": "divergences.pairs",
    "load_sampler": "samplers.files",
    "moments_from_gram": "correlation.arcsine",
    "monte_carlo_kl_divergence": "divergences.monte_carlo",
    "nearest_correlation": "correlation.nearest",
    "register_kl": "divergences.pairs",
    "show_versions": "versions",
    "tetrachoric_correlation": "correlation.tetrachoric",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
