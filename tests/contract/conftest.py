"""The libraries of the contract: those of all tests, and NumPy by way of compiled programs."""

from __future__ import annotations

import numpy as np
import pytest

from bernoulli_latent import _programs


@pytest.fixture(params=["numpy", "compiled", "torch"])
def to_library(request: pytest.FixtureRequest, monkeypatch):
    """Turn a NumPy array into an array of the library under test."""
    if request.param == "compiled":
        monkeypatch.setattr(_programs, "SMALL", 2)
    if request.param != "torch":
        return np.asarray
    torch, device = request.getfixturevalue("torch"), request.getfixturevalue("device")
    return lambda x: torch.as_tensor(np.asarray(x), device=device)
