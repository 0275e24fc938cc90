"""Relaxed Bernoulli variables for torch: distributions, gradient estimators, layers, and moments over processes.

The classes are those of `bernoulli_latent.relaxations` in the interface of ``torch.distributions``. Importing changes
nothing in torch but to register their divergences, which ``torch.distributions.kl_divergence`` then finds.
"""

from bernoulli_latent.torch import kl as kl
from bernoulli_latent.torch.bernoulli import Bernoulli
from bernoulli_latent.torch.concrete import BinaryConcrete, Concrete, HardConcrete
from bernoulli_latent.torch.distributed import all_reduce_moments
from bernoulli_latent.torch.distributions import LawDistribution
from bernoulli_latent.torch.estimators import arm, disarm, reinforce_leave_one_out
from bernoulli_latent.torch.gamma import Gamma, InverseGamma, NormalGamma
from bernoulli_latent.torch.layers import BernoulliBottleneck, StraightThroughSign
from bernoulli_latent.torch.logistic import Logistic, SmoothStepLogistic, StepLogistic
from bernoulli_latent.torch.normal import LogitNormal, Normal
from bernoulli_latent.torch.smoothing import OverlappingExponential, PowerFunction, SpikeExponential
from bernoulli_latent.torch.step import Step
from bernoulli_latent.torch.straight_through import (
    gumbel_rao,
    logits_given_bits,
    straight_through_bernoulli,
    straight_through_gumbel,
    straight_through_sign,
)

__all__ = [
    "Bernoulli",
    "BernoulliBottleneck",
    "BinaryConcrete",
    "Concrete",
    "Gamma",
    "HardConcrete",
    "InverseGamma",
    "LawDistribution",
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
    "StraightThroughSign",
    "all_reduce_moments",
    "arm",
    "disarm",
    "gumbel_rao",
    "logits_given_bits",
    "reinforce_leave_one_out",
    "straight_through_bernoulli",
    "straight_through_gumbel",
    "straight_through_sign",
]
