"""Relaxed Bernoulli variables for torch: distributions, gradient estimators, a layer, and moments over processes."""

from bernoulli_latent.torch.distributions import Logistic, StepLogistic
from bernoulli_latent.torch.kl import kl_of_laws

__all__ = ["Logistic", "StepLogistic"]
