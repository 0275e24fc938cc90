"""Divergences between distributions: exact where a closed form exists, by quadrature with a stated error elsewhere."""

from bernoulli_latent.divergences.pairs import kl_divergence, register_kl

__all__ = ["kl_divergence", "register_kl"]
