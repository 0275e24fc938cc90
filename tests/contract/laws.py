"""The distributions that every law of the contract is stated for, with parameters to draw and sizes to respect."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import bernoulli_latent.relaxations as relaxations
from bernoulli_latent.relaxations.base import Continuous

__all__ = ["CONTINUOUS", "parameters", "typical"]

CONTINUOUS = [
    kind
    for kind in (getattr(relaxations, name) for name in relaxations.__all__)
    if isinstance(kind, type) and issubclass(kind, Continuous) and kind.domains
]


def typical(kind: type[Continuous], size: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Parameters from the typical range of their domains."""
    rng = np.random.default_rng(seed)
    return {name: _within(domain.typical, rng.random(size)) for name, domain in kind.domains.items()}


def parameters(kind: type[Continuous]) -> st.SearchStrategy[dict[str, float]]:
    """Strategy for parameters from the typical range of their domains."""
    return st.fixed_dictionaries(
        {
            name: st.floats(0, 1).map(lambda u, d=domain: float(_within(d.typical, u)))
            for name, domain in kind.domains.items()
        }
    )


def _within(ends: tuple[float, float], u):
    """Point of the interval at `u`, on a logarithmic scale if it is positive."""
    low, high = ends
    return low * (high / low) ** u if low > 0 else low + (high - low) * u
