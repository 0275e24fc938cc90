"""Divergences of normal and logit-normal distributions against true values, and their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reference_tables import DTYPES, errors, rows
from scipy import integrate

from bernoulli_latent import LogitNormal, Normal, kl_divergence
from bernoulli_latent.divergences.gaussian import normal_normal
from bernoulli_latent.divergences.pairs import evaluate_pair

TABLE = "kl_normal_normal"
METHODS = ["kl", "kl by p_loc", "kl by q_loc", "kl by p_scale", "kl by q_scale"]
locations, scales = st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)


def divergence(p_loc, p_scale, q_loc, q_scale, kind=Normal):
    return kl_divergence(kind(loc=p_loc, scale=p_scale), kind(loc=q_loc, scale=q_scale))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_errors_are_a_few_units_in_the_last_place(method, dtype, to_library):
    inputs, value, rest, condition = rows(TABLE, method, DTYPES[dtype])
    p_loc, p_scale, q_loc, q_scale = (to_library(x.astype(DTYPES[dtype])) for x in inputs)
    by = method.partition(" by ")[2]
    formula = normal_normal.derivative(by) if by else normal_normal
    got = np.asarray(evaluate_pair(formula, Normal(loc=p_loc, scale=p_scale), Normal(loc=q_loc, scale=q_scale)))
    assert got.dtype == DTYPES[dtype]
    error = errors(got, value, rest, DTYPES[dtype])
    # Only the derivative by the last scale has terms of opposite sign; near-equal parameters condition none.
    allowed = 8 * np.maximum(1, condition) if by == "q_scale" else 8
    assert (error <= allowed).all(), inputs[:, np.argmax(error / allowed)]


@given(locations, scales, locations, scales)
def test_logit_normal_has_the_divergence_of_its_logit(p_loc, p_scale, q_loc, q_scale):
    parameters = p_loc, p_scale, q_loc, q_scale
    assert divergence(*parameters, kind=LogitNormal) == divergence(*parameters)


@given(locations, scales, locations, scales)
@example(0.0, 1.0, 5e-324, 1.0)
def test_divergence_is_not_negative_and_zero_only_between_equals(p_loc, p_scale, q_loc, q_scale):
    value = divergence(p_loc, p_scale, q_loc, q_scale)
    assert value >= 0
    assert divergence(p_loc, p_scale, p_loc, p_scale) == 0
    if abs(p_loc - q_loc) > 1e-100 or p_scale != q_scale:
        assert value > 0


@pytest.mark.parametrize("parameters", [(0.5, 1.25, -1.0, 2.0), (3.0, 0.25, 2.5, 0.125)])
def test_divergence_is_the_mean_of_the_log_ratio(parameters):
    p, q = Normal(loc=parameters[0], scale=parameters[1]), Normal(loc=parameters[2], scale=parameters[3])
    ends = p.icdf_logit(-60.0), p.icdf_logit(60.0)
    wanted = integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), *ends, epsabs=1e-12)[0]
    assert math.isclose(kl_divergence(p, q), wanted, rel_tol=1e-10)


def test_derivatives(torch):
    values = [[0.0, 0.5, -2.0, 1.0], [1.0, 1.5, 0.25, 0.75], [0.0, 0.75, 1.0, 1.0], [1.0, 1.0, 0.5, 3.0]]
    tensors = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    assert torch.autograd.gradcheck(divergence, tensors)
    assert torch.autograd.gradgradcheck(divergence, tensors)


def test_single_precision_has_no_nan(torch):
    size = torch.tensor([1e-30, 1e-8, 1.0, 1e8, 1e30])
    grid = torch.meshgrid(torch.cat([-size, size]), size, size, indexing="ij")
    loc, p_scale, q_scale = (x.clone().requires_grad_() for x in grid)
    value = divergence(loc, p_scale, 0.0, q_scale)
    gradients = torch.autograd.grad(value.sum(), [loc, p_scale, q_scale])
    assert not any(torch.isnan(x).any() for x in (value, *gradients))
    assert torch.isfinite(divergence(0.0, size, 0.0, torch.tensor(1e30))).all()


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_transforms_and_compilation(torch):
    tensors = [torch.tensor(v) for v in ([0.0, 0.5], [1.0, 1.5], [0.25, 0.5], [1.0, 3.0])]
    plain = divergence(*tensors)
    assert torch.equal(torch.vmap(divergence)(*tensors), plain)
    torch.testing.assert_close(torch.compile(divergence, fullgraph=True, backend="aot_eager")(*tensors), plain)
