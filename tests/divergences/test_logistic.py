"""Divergences of logistic and binary Concrete distributions against true values, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reference_tables import DTYPES, errors, rows

from bernoulli_latent import Logistic, kl_divergence
from bernoulli_latent._evaluation import common_shape, evaluate, like_operands
from bernoulli_latent.divergences import logistic
from bernoulli_latent.relaxations.binary_concrete import BinaryConcrete
from bernoulli_latent.relaxations.concrete import Concrete

TABLE = "kl_logistic_logistic"
RELATIVE = {"float32": 2e-6, "float64": 2e-15}
ABSOLUTE = {"float32": 1e-6, "float64": 3e-14}
STANDARD = {
    "equal scales": logistic.standard_divergence,
    "equal scales by x": logistic.standard_divergence.derivative("x"),
}

locations = st.floats(-1e3, 1e3)
scales = st.floats(1e-3, 1e3)


def divergence_of(inputs):
    p_loc, p_scale, q_loc, q_scale = inputs
    return kl_divergence(Logistic(loc=p_loc, scale=p_scale), Logistic(loc=q_loc, scale=q_scale))


def divergence_of_concrete(inputs):
    p_logits, p_temperature, q_logits, q_temperature = inputs
    return kl_divergence(
        BinaryConcrete(logits=p_logits, temperature=p_temperature),
        BinaryConcrete(logits=q_logits, temperature=q_temperature),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", STANDARD)
def test_closed_form_has_errors_of_a_few_units_in_the_last_place(method, dtype, to_library):
    inputs, value, rest, _ = rows(TABLE, method, DTYPES[dtype])
    operands = [to_library(inputs[0].astype(DTYPES[dtype]))]
    got = evaluate(STANDARD[method], operands, like_operands(operands), common_shape(operands))
    assert errors(np.asarray(got), value, rest, DTYPES[dtype]).max() <= 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("method", "function"), [("different scales", divergence_of), ("temperatures", divergence_of_concrete)]
)
def test_relative_errors_are_small_however_small_the_divergence(method, function, dtype, to_library):
    inputs, value, rest, _ = rows(TABLE, method, DTYPES[dtype])
    got = np.asarray(function([to_library(x.astype(DTYPES[dtype])) for x in inputs]))
    assert got.dtype == DTYPES[dtype]
    assert (np.abs((got - value) - rest) <= RELATIVE[dtype] * value).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "sign"), [("p_loc", 1), ("p_scale", 1), ("q_loc", -1), ("q_scale", 1)])
def test_derivatives_by_all_parameters(name, sign, dtype, torch):
    inputs, value, rest, _ = rows(TABLE, f"different scales by {name.replace('q_loc', 'p_loc')}", DTYPES[dtype])
    leaves = [torch.tensor(x.astype(DTYPES[dtype]), requires_grad=True) for x in inputs]
    place = ["p_loc", "p_scale", "q_loc", "q_scale"].index(name)
    (got,) = torch.autograd.grad(divergence_of(leaves).sum(), leaves[place])
    unit = np.maximum(np.abs(value), 1 / inputs[1 if name == "p_scale" else 3])
    assert (np.abs(sign * got.numpy() - value - rest) <= ABSOLUTE[dtype] * unit).all()


@given(locations, scales, locations, scales)
@example(1e4, 1e-3, -1e4, 1e3)
@example(1e4, 1e3, -1e4, 1e-3)
def test_positive_and_zero_only_between_equals(p_loc, p_scale, q_loc, q_scale):
    inputs = [np.array(x) for x in (p_loc, p_scale, q_loc, q_scale)]
    value = divergence_of(inputs)
    assert np.isfinite(value)
    assert (value == 0) if (p_loc, p_scale) == (q_loc, q_scale) else (value >= 0)
    assert divergence_of([inputs[0], inputs[1], inputs[0].copy(), inputs[1].copy()]) == 0


@given(locations, scales, locations, scales)
def test_logits_of_binary_concrete_variables_are_logistic(p_logits, p_temperature, q_logits, q_temperature):
    p = BinaryConcrete(logits=np.array(p_logits), temperature=np.array(p_temperature))
    q = BinaryConcrete(logits=np.array(q_logits), temperature=np.array(q_temperature))
    reach = 1 + abs(p_logits * q_temperature / p_temperature) + abs(q_logits)
    assert abs(kl_divergence(p, q) - kl_divergence(p.logit_law(), q.logit_law())) <= 1e-14 * reach


@given(locations, locations, scales)
def test_structural_equality_only_changes_the_rounding(p_loc, q_loc, scale):
    closed, integral = (
        divergence_of([p_loc, scale, q_loc, scale]),
        divergence_of([p_loc, np.array(scale), q_loc, scale]),
    )
    assert abs(closed - integral) <= 4e-15 * closed
    array = np.array([scale])
    assert abs(divergence_of([p_loc, array, q_loc, array])[0] - closed) <= 4e-15 * closed


def test_equal_temperatures_do_not_matter():
    values = [divergence_of_concrete([2.0, t, 1.0, t]) for t in (1e-3, 0.5, 1e3)]
    assert values == [divergence_of([2.0, 1.0, 1.0, 1.0])] * 3


def test_gradients_of_gradients(torch):
    parameters = [[1.0, 0.3], [2.0, 0.2], [1.0, -0.5], [2.0, 1.1]]
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in parameters]
    shared = [leaves[0], leaves[2], leaves[1]]
    for function, points in [
        (lambda *x: divergence_of(x), leaves),
        (lambda a, b, s: divergence_of([a, s, b, s]), shared),
    ]:
        assert torch.autograd.gradcheck(function, points, fast_mode=True)
        assert torch.autograd.gradgradcheck(function, points, fast_mode=True)
    assert torch.autograd.gradcheck(lambda *x: divergence_of_concrete(x), leaves, fast_mode=True)


def test_far_apart_in_single_precision(torch):
    leaves = [
        torch.tensor(x, requires_grad=True)
        for x in ([1e4, -1e4, 3.0], [1e-3, 1e3, 1.0], [-1e4, 1e4, 3.0], [1e3, 1e-3, 1.0])
    ]
    for function in (divergence_of, divergence_of_concrete):
        value = function(leaves)
        gradients = torch.autograd.grad(value.sum(), leaves)
        assert all(torch.isfinite(x).all() for x in (value, *gradients))


def test_transforms_of_torch(torch):
    leaves = [torch.tensor(x) for x in ([1.0, -2.0], [0.5, 2.0], [0.0, 0.5], [1.0, 1.0])]
    expected = divergence_of(leaves)
    assert torch.allclose(torch.func.vmap(lambda *x: divergence_of(x))(*leaves), expected)
    slope = torch.func.vmap(torch.func.grad(lambda *x: divergence_of(x)))(*leaves)
    leaf = leaves[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(divergence_of([leaf, *leaves[1:]]).sum(), leaf)
    assert torch.allclose(slope, gradient)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_compiled_whole(torch):
    loc, scale = torch.tensor([1.0, -2.0], requires_grad=True), torch.tensor([0.5, 2.0])
    plain = divergence_of([loc, scale, 0.0, 1.0])
    compiled = torch.compile(divergence_of, fullgraph=True, backend="aot_eager")([loc, scale, 0.0, 1.0])
    assert torch.allclose(compiled, plain)
    assert torch.allclose(*(torch.autograd.grad(x.sum(), loc)[0] for x in (compiled, plain)))


def test_nan_parameters_are_refused_and_shapes_broadcast():
    with pytest.raises(ValueError, match="`loc` must be finite"):
        divergence_of([np.nan, 1.0, 0.0, 1.0])
    assert divergence_of([np.zeros(3), np.ones((2, 1)), 0.0, 2.0]).shape == (2, 3)


def test_concrete_variables_have_no_closed_form():
    law = Concrete(logits=np.zeros(3), temperature=0.5)
    with pytest.raises(NotImplementedError, match="no bound for relaxed samples"):
        kl_divergence(law, law)
