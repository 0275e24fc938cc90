"""The libraries of the contract: those of all tests, each with and without programs."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(params=["numpy", "torch", "numpy without programs", "torch without programs"])
def to_library(request: pytest.FixtureRequest):
    """Turn a NumPy array into an array of the library under test."""
    if request.param.endswith("without programs"):
        request.getfixturevalue("without_programs")()
    if request.param.startswith("numpy"):
        return np.asarray
    torch, device = request.getfixturevalue("torch"), request.getfixturevalue("device")
    return lambda x: torch.as_tensor(np.asarray(x), device=device)
