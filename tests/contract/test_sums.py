"""Quadratures: taken at once for small arrays and node by node for large ones, with the same values and derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from bernoulli_latent import BinaryConcrete, Gamma, HardConcrete, LogitNormal, PowerFunction, SmoothStepLogistic
from bernoulli_latent._namespaces import numpy_functions

CASES = {
    Gamma: ({"concentration": 2.5, "rate": 1.5}, "icdf_logit", [-2.0, 0.5]),
    SmoothStepLogistic: ({"logits": 1.0, "sharpness": 3.0}, "logcdf", [-2.0, 0.5]),
    BinaryConcrete: ({"logits": 1.0, "temperature": 0.7}, "mean", None),
    HardConcrete: ({"logits": 1.0, "temperature": 0.7, "low": -0.1, "high": 1.1}, "mean", None),
    LogitNormal: ({"loc": 1.0, "scale": 3.0}, "mean", None),
    PowerFunction: ({"logits": 1.0, "sharpness": 3.0}, "entropy", None),
}
each_case = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


@each_case
def test_either_way_has_the_same_values(kind, to_library, monkeypatch):
    parameters, method, x = CASES[kind]
    law = kind(**{name: to_library(np.array([value, 1.1 * value])) for name, value in parameters.items()})
    arguments = [] if x is None else [to_library(np.array(x)[:, None])]
    at_once = np.asarray(getattr(law, method)(*arguments))
    never_at_once(monkeypatch)
    np.testing.assert_allclose(np.asarray(getattr(law, method)(*arguments)), at_once, rtol=1e-14)


@each_case
def test_either_way_has_the_same_derivatives(kind, torch, monkeypatch):
    parameters, method, x = CASES[kind]
    leaves = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in parameters.items()}
    arguments = [] if x is None else [torch.tensor(x, dtype=torch.float64)]

    def gradient():
        return torch.autograd.grad(getattr(kind(**leaves), method)(*arguments).sum(), list(leaves.values()))

    at_once = gradient()
    never_at_once(monkeypatch)
    torch.testing.assert_close(gradient(), at_once, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # raised by torch itself
def test_forward_mode_follows_the_declared_derivatives(torch):
    """Of a draw, whose derivative is a declared one alone, where no tensor requires a gradient."""
    concentration = torch.tensor([0.5, 3.0], dtype=torch.float64)
    leaf = concentration.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(Gamma(concentration=leaf, rate=1.0).sample(rng=0).sum(), leaf)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(concentration, torch.ones_like(concentration))
        draw = Gamma(concentration=dual, rate=1.0).sample(rng=0)
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(draw).tangent, wanted)


def never_at_once(monkeypatch):
    from bernoulli_latent._namespaces import torch_functions

    for module in (numpy_functions, torch_functions):
        monkeypatch.setattr(module, "AT_ONCE", 0)
