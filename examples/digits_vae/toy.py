"""The posterior of one bit with a known optimum: observation 1, noise of deviation 1/2, prior 1/2."""

from __future__ import annotations

import torch

from bernoulli_latent import Logistic, StepLogistic, kl_divergence

__all__ = ["optimal_logit"]


def optimal_logit(steepness: float, n_steps: int, n_draws: int, seed: int) -> tuple[float, float]:
    """Logit at which the relaxed bound is largest, and its standard error, from pathwise gradients alone.

    The bound ``E log N(1; S(steepness z), 1/4) - KL`` has the derivative ``S(a) S(-a) (a* - a)``: each step gives an
    estimate of ``a*``, and moves there.
    """
    rng = torch.Generator().manual_seed(seed)
    logit, estimates = torch.tensor(0.0), []
    for step in range(1, n_steps + 1):
        logit = logit.detach().requires_grad_()
        posterior = StepLogistic(logits=logit)
        bit = torch.sigmoid(steepness * posterior.sample(n_draws, rng=rng))
        bound = (-2 * (1 - bit) ** 2).mean() - kl_divergence(posterior, Logistic(loc=0.0, scale=1.0))
        (slope,) = torch.autograd.grad(bound, logit)
        estimates.append(logit.detach() + slope / (torch.sigmoid(logit) * torch.sigmoid(-logit)).detach())
        logit = logit + (estimates[-1] - logit) / step**0.5
    settled = torch.stack(estimates[n_steps // 5 :])
    return float(settled.mean()), float(settled.std() / len(settled) ** 0.5)
