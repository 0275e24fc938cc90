"""Fixtures shared by all tests: array libraries, devices, and a Hypothesis profile without clocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("no_clock", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no_clock")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is about compiled kernels where none are compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1" and item.get_closest_marker("needs_jit"):
        pytest.skip("compiled kernels need the JIT")


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Torch, with one thread: two threads on a busy two-core machine are slower than one."""
    import torch

    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def device() -> str:
    """Torch device of the tests; ``BERNOULLI_LATENT_DEVICE=cuda`` runs them on a GPU."""
    return os.environ.get("BERNOULLI_LATENT_DEVICE", "cpu")


@pytest.fixture
def without_programs(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What has formulas evaluated by the functions of the library from then on, as those are that have no program."""
    return lambda: monkeypatch.setattr("bernoulli_latent._programs.runner", lambda *_: None)


@pytest.fixture(params=["numpy", "torch"])
def to_library(request: pytest.FixtureRequest):
    """Turn a NumPy array into an array of the library under test."""
    if request.param == "numpy":
        return np.asarray
    torch = request.getfixturevalue("torch")
    device = request.getfixturevalue("device")
    return lambda x: torch.as_tensor(np.asarray(x), device=device)
