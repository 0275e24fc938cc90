"""Relaxed Bernoulli variables and their kin."""

from bernoulli_latent.relaxations.bernoulli import Bernoulli
from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete
from bernoulli_latent.relaxations.concrete import Concrete
from bernoulli_latent.relaxations.gamma import Gamma
from bernoulli_latent.relaxations.hard_concrete import HardConcrete
from bernoulli_latent.relaxations.inverse_gamma import InverseGamma
from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.logit_normal import LogitNormal
from bernoulli_latent.relaxations.normal import Normal
from bernoulli_latent.relaxations.normal_gamma import NormalGamma
from bernoulli_latent.relaxations.overlapping_exponential import OverlappingExponential
from bernoulli_latent.relaxations.power_function import PowerFunction
from bernoulli_latent.relaxations.smooth_step_logistic import SmoothStepLogistic
from bernoulli_latent.relaxations.spike_exponential import SpikeExponential
from bernoulli_latent.relaxations.step import Step
from bernoulli_latent.relaxations.step_logistic import StepLogistic

__all__ = [
    "Bernoulli",
    "BinaryConcrete",
    "Concrete",
    "Gamma",
    "HardConcrete",
    "InverseGamma",
    "Logistic",
    "LogitNormal",
    "Normal",
    "NormalGamma",
    "OverlappingExponential",
    "PowerFunction",
    "SmoothStepLogistic",
    "SpikeExponential",
    "Step",
    "StepLogistic",
]
