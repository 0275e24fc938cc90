"""Relaxed Bernoulli variables and their kin."""

from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.step_logistic import StepLogistic

__all__ = ["Logistic", "StepLogistic"]
