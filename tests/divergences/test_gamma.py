"""Divergences of gamma, inverse gamma and normal-gamma distributions, and their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import DTYPES, errors, rows

from bernoulli_latent import Gamma, InverseGamma, NormalGamma, kl_divergence
from bernoulli_latent._evaluation import evaluate_whole
from bernoulli_latent.divergences.gamma import kl_gamma, kl_normal_gamma

TABLES = {"kl_gamma_gamma": kl_gamma, "kl_normal_gamma_normal_gamma": kl_normal_gamma}
CASES = [(table, "kl") for table in TABLES] + [("kl_gamma_gamma", f"kl by {name}") for name in kl_gamma.derivatives]
RELATIVE = {"float32": 1e-5, "float64": 1e-12}
positive = st.floats(1e-3, 1e4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("table", "method"), CASES)
def test_against_true_values(table, method, dtype, to_library):
    inputs, value, rest, condition = rows(table, method, DTYPES[dtype])
    form, by = TABLES[table], method.partition(" by ")[2]
    operands = [to_library(x.astype(DTYPES[dtype])) for x in inputs]
    got = np.asarray(evaluate_whole(form.derivative(by) if by else form, operands, operands[0]))
    error = errors(got, value, rest, DTYPES[dtype])
    assert (error <= 4 * np.maximum(1, condition)).all()
    if not by:
        assert (np.abs((got - value) - rest) <= RELATIVE[dtype] * value).all()


@settings(max_examples=40)
@given(positive, positive, positive, positive)
def test_not_negative_and_zero_for_equals(a, b, c, d):
    assert kl_divergence(Gamma(concentration=a, rate=b), Gamma(concentration=c, rate=d)) >= 0
    assert kl_divergence(Gamma(concentration=a, rate=b), Gamma(concentration=a, rate=b)) == 0


def test_inverses_have_the_same_divergence():
    p, q = ({"concentration": 3.5, "rate": 0.5}, {"concentration": 0.25, "rate": 8.0})
    assert kl_divergence(InverseGamma(**p), InverseGamma(**q)) == kl_divergence(Gamma(**p), Gamma(**q))


def test_extreme_parameters_are_finite():
    small, large = (Gamma(concentration=a, rate=1 / a) for a in (1e-30, 1e30))
    assert np.isfinite([kl_divergence(small, large), kl_divergence(large, small)]).all()


def pair(law, torch, p, q):
    parameters = (p, q) if law is NormalGamma else (p[2:], q[2:])
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for side in parameters for x in side]
    names = tuple(law(**dict(zip(law.domains, parameters[0], strict=True))).domains)

    def divergence(*tensors):
        sides = tensors[: len(names)], tensors[len(names) :]
        return kl_divergence(*(law(**dict(zip(names, side, strict=True))) for side in sides))

    return divergence, tuple(tensors)


@pytest.mark.parametrize(("law", "ratio"), [(Gamma, 1.001), (NormalGamma, 4.0)])
def test_derivatives(law, ratio, torch):
    divergence, tensors = pair(law, torch, (0.5, 2.0, 0.6, 3.0), (0.5 * ratio, 2 * ratio, 0.6 * ratio, 3.0))
    assert torch.autograd.gradcheck(divergence, tensors)
    assert torch.autograd.gradgradcheck(divergence, tensors)
