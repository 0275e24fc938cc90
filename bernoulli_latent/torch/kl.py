"""Divergences of `bernoulli_latent.kl_divergence` behind ``torch.distributions.kl_divergence``."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.distributions.kl import register_kl

from bernoulli_latent.divergences.pairs import kl_divergence
from bernoulli_latent.torch.distributions import LawDistribution

__all__ = ["kl_of_laws"]


@register_kl(LawDistribution, LawDistribution)  # type: ignore[no-untyped-call,untyped-decorator]
def kl_of_laws(p: LawDistribution, q: LawDistribution) -> Tensor:
    """Divergence of `q` from `p`, by the rule that `bernoulli_latent.kl_divergence` has for their laws."""
    numbers = all(isinstance(x, float) for x in p.core_as_given.parameters.values())
    divergence: Tensor = kl_divergence(p.core if numbers else p.core_as_given, q.core_as_given)
    return divergence.expand(np.broadcast_shapes(p.batch_shape, q.batch_shape))
