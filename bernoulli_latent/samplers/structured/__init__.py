"""Dichotomized Gaussian vectors whose latent correlations have a structure: any number of bits, no matrix of pairs."""

from bernoulli_latent.samplers.structured.report import LowRankReport
from bernoulli_latent.samplers.structured.sampler import StructuredSampler

__all__ = ["LowRankReport", "StructuredSampler"]
