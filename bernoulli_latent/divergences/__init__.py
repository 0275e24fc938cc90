"""Divergences between distributions: exact where a closed form exists, by quadrature with a stated error elsewhere."""

from bernoulli_latent.divergences import bernoulli, gamma, gaussian, logistic, smooth_step  # noqa: F401  (their rules)
from bernoulli_latent.divergences.decomposition import ElboDecomposition, elbo_decomposition
from bernoulli_latent.divergences.monte_carlo import MonteCarloEstimate, monte_carlo_kl_divergence
from bernoulli_latent.divergences.pairs import kl_divergence, register_kl

__all__ = [
    "ElboDecomposition",
    "MonteCarloEstimate",
    "elbo_decomposition",
    "kl_divergence",
    "monte_carlo_kl_divergence",
    "register_kl",
]
