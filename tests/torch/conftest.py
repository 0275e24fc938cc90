"""Every class of distributions, with parameters that have a shape."""

from __future__ import annotations

import warnings

import pytest

PARAMETERS = {
    "BinaryConcrete": {"logits": [0.3, -1.0, 2.0], "temperature": [0.5, 1.0, 2.0]},
    "Gamma": {"concentration": [0.7, 2.0, 5.0], "rate": [0.5, 1.0, 2.0]},
    "InverseGamma": {"concentration": [2.5, 3.0, 5.0], "rate": [0.5, 1.0, 2.0]},
    "HardConcrete": {
        "logits": [0.3, -0.2, 0.0],
        "temperature": [1.0, 1.2, 1.5],
        "low": [-0.1, -0.1, -0.01],
        "high": [1.1, 1.1, 1.01],
    },
    "Logistic": {"loc": [0.3, -2.0, 5.0], "scale": [0.5, 1.0, 2.0]},
    "LogitNormal": {"loc": [0.3, -1.0, 2.0], "scale": [0.5, 1.0, 3.0]},
    "Normal": {"loc": [0.3, -2.0, 5.0], "scale": [0.5, 1.0, 2.0]},
    "OverlappingExponential": {"logits": [0.3, -1.0, 2.0], "sharpness": [1.5, 3.0, 5.0]},
    "PowerFunction": {"logits": [0.3, -1.0, 0.5], "sharpness": [1.5, 2.0, 3.0]},
    "SmoothStepLogistic": {"logits": [0.7, -2.0, 4.0], "sharpness": [0.5, 3.0, 20.0]},
    "SpikeExponential": {"logits": [4.0, 3.0, 5.0], "sharpness": [1.5, 3.0, 5.0]},
    "Step": {"logits": [0.7, -2.0, 4.0]},
    "StepLogistic": {"logits": [0.7, -2.0, 4.0]},
}


@pytest.fixture(scope="session")
def parameters():
    """Parameters of each class by its name."""
    return PARAMETERS


@pytest.fixture(params=sorted(PARAMETERS))
def make(request, torch, device):
    """Maker of distributions of one class, in a dtype, with some arguments replaced."""
    import bernoulli_latent.torch as laws

    kind = getattr(laws, request.param)

    def make(dtype=torch.float64, **arguments):
        values = {name: torch.tensor(x, dtype=dtype, device=device) for name, x in PARAMETERS[request.param].items()}
        return kind(**(values | arguments))

    return make


@pytest.fixture
def compiled(torch):
    """``torch.compile`` of a whole graph, without a warning that torch's own compiler causes."""
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*should not be instantiated", DeprecationWarning)
        yield lambda function: torch.compile(function, fullgraph=True, backend="eager")
