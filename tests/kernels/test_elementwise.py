"""Compiled programs: the bits of the twin, at every length and on lesser machines, and elementary functions."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bernoulli_latent import StepLogistic
from bernoulli_latent._formula import Formula
from bernoulli_latent._kernels import generic_elementwise, kernels
from bernoulli_latent._namespaces.trace import program_of

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
FUNCTIONS = {"exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sqrt": np.sqrt}
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def of_one(name):
    return Formula(lambda f, x: getattr(f, name)(x))


FORMULAS = {name: of_one(name) for name in (*FUNCTIONS, "sigmoid", "logit", "logistic_noise", "bernoulli_entropy")}
FORMULAS |= {name: of_one(name) for name in ("decay", "log1p_fraction", "log_sigmoid_slope")}
FORMULAS |= {"minimum": Formula(lambda f, x, y: f.minimum(x, y)), "power": Formula(lambda f, x: x**7 + x**0.5)}
FORMULAS |= {"draw": StepLogistic.icdf_logit, "truth": Formula(lambda f, x, y: f.where((x < y) | (x == 1), x, -y))}


def run(formula, operands, dtype, twin=None):
    module = twin or kernels("elementwise", np.empty(()))
    fixed = (None,) * len(operands)
    out = np.full(np.broadcast_shapes(*(np.shape(x) for x in operands)), 7, dtype)
    module.runner(program_of(formula, dtype, fixed), dtype)(operands, out)
    return out


def values(dtype, size):
    """Numbers of every size, and those that are none."""
    rng = np.random.default_rng(size)
    wide = rng.standard_normal(size) * 10.0 ** rng.uniform(-45, 40, size)
    near = rng.normal(scale=30, size=size)
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-40, 5e-324, 1e308, 710, -745])
    with np.errstate(over="ignore"):
        return np.concatenate([wide, near, special]).astype(dtype)


@pytest.mark.needs_jit
@each_dtype
@pytest.mark.parametrize("name", FORMULAS)
def test_twins_have_the_same_bits(name, dtype):
    formula = FORMULAS[name]
    operands = [values(dtype, 5000 + k) if k == 0 else values(dtype, 5000) for k in range(len(formula.arguments))]
    got, wanted = run(formula, operands, dtype), run(formula, operands, dtype, generic_elementwise)
    assert np.array_equal(got, wanted, equal_nan=True)
    assert np.array_equal(np.signbit(got)[~np.isnan(got)], np.signbit(wanted)[~np.isnan(got)])


@each_dtype
@pytest.mark.parametrize("name", FUNCTIONS)
def test_elementary_functions_are_those_of_numpy(name, dtype):
    """To 2.5 ulp, and to a subnormal number; logarithms of negative numbers are NaN."""
    x = values(dtype, 20_000)
    with np.errstate(all="ignore"):
        wanted, got = FUNCTIONS[name](x.astype(np.longdouble)), run(FORMULAS[name], [x], dtype)
        rounded = wanted.astype(dtype)
        unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1)))
        close = np.abs(got - wanted) <= 2.5 * unit
    assert (close | (got == rounded) | (np.isnan(got) & np.isnan(rounded))).all(), x[~close]


@each_dtype
def test_functions_of_an_interval_are_those_of_numpy(dtype):
    """To 2.5 ulp over their intervals, ends included: exp(-|x|), and log(1 + x) of what it gives."""
    x = np.concatenate([np.linspace(0, 800, 20_001), np.geomspace(1e-40, 1, 5000), [np.inf, np.nan]]).astype(dtype)
    decay = run(FORMULAS["decay"], [-x], dtype)
    assert np.array_equal(decay, run(FORMULAS["decay"], [x], dtype), equal_nan=True)
    for got, wanted in (
        (decay, np.exp(-x.astype(np.longdouble))),
        (run(FORMULAS["log1p_fraction"], [decay], dtype), np.log1p(decay.astype(np.longdouble))),
    ):
        unit = np.spacing(np.where(np.isnan(wanted), 1, wanted).astype(dtype))
        assert ((np.abs(got - wanted) <= 2.5 * unit) | (np.isnan(got) & np.isnan(wanted))).all()
    assert run(FORMULAS["log1p_fraction"], [np.ones(1, dtype)], dtype) == dtype.type(np.log(2))


@each_dtype
def test_logits_are_accurate_to_both_ends_and_in_the_middle(dtype):
    """To 2.5 ulp and what the rounding of 1 - u makes of the last digit."""
    epsilon = np.finfo(dtype).eps
    u = np.concatenate([np.linspace(0, 1, 30_001), 0.5 + np.geomspace(epsilon, 0.4, 999), np.geomspace(1e-45, 1, 5000)])
    u = u.astype(dtype)
    with np.errstate(divide="ignore"):
        exact = u.astype(np.longdouble)
        central = np.abs(exact - 0.5) < 0.25
        wanted = np.where(central, np.log1p((2 * exact - 1) / (1 - exact)), np.log(exact) - np.log1p(-exact))
    got, finite = run(FORMULAS["logit"], [u], dtype), np.isfinite(wanted)
    assert np.array_equal(got[~finite], wanted[~finite])
    errors = np.abs(got[finite] - wanted[finite]) / np.spacing(np.abs(wanted[finite]).astype(dtype))
    assert errors.max() <= 2.5
    assert np.isnan(run(FORMULAS["logit"], [np.array([-epsilon, 1 + epsilon, np.nan, np.inf], dtype)], dtype)).all()


@each_dtype
@given(data=st.data())
def test_any_numbers_agree_with_the_formula_in_numpy(dtype, data):
    from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS

    numbers = st.floats(-50, 50, width=32)
    t, logits = (data.draw(arrays.arrays(dtype, 9, elements=numbers)) for _ in range(2))
    wanted = StepLogistic.icdf_logit(NUMPY_FUNCTIONS, t.astype(float), logits.astype(float))
    np.testing.assert_allclose(run(StepLogistic.icdf_logit, [t, logits], dtype), wanted, rtol=8 * np.finfo(dtype).eps)


@each_dtype
@pytest.mark.parametrize("n", [1, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 1000])
def test_each_number_is_computed_alone(n, dtype):
    """Wherever it stands in an array of any length, and nothing beyond the array is touched."""
    x, y = np.abs(values(dtype, 1000)), values(dtype, 1000)
    whole = run(StepLogistic.icdf_logit, [x, y], dtype)
    part = np.full(n + 64, 7, dtype)
    program = program_of(StepLogistic.icdf_logit, dtype, (None, None))
    kernels("elementwise", part).runner(program, dtype)([x[5 : n + 5].copy(), y[5 : n + 5].copy()], part[:n])
    assert np.array_equal(part[:n], whole[5 : n + 5], equal_nan=True)
    assert (part[n:] == 7).all()


@each_dtype
def test_numbers_serve_as_arrays_do(dtype):
    x, logits = values(dtype, 100), dtype.type(0.3)
    wanted = run(StepLogistic.cdf, [x, np.full_like(x, logits)], dtype)
    assert np.array_equal(run(StepLogistic.cdf, [x, float(logits)], dtype), wanted, equal_nan=True)
    program = program_of(StepLogistic.cdf, dtype, (None, 1.0))
    out = np.empty_like(x)
    kernels("elementwise", out).runner(program, dtype)([x], out)
    assert np.array_equal(out, run(StepLogistic.cdf, [x, np.ones_like(x)], dtype), equal_nan=True)


DIGEST = """
import sys
sys.path.insert(0, {folder!r})
from test_elementwise import digest
print(digest())
"""


def digest():
    total = hashlib.sha256()
    for dtype in DTYPES:
        for name in ("logit", "expm1", "draw", "bernoulli_entropy"):
            operands = [values(dtype, 3000) for _ in FORMULAS[name].arguments]
            result = run(FORMULAS[name], operands, dtype)
            total.update(np.where(np.isnan(result), 0, result).tobytes())
    return total.hexdigest()


@pytest.mark.needs_jit
@pytest.mark.parametrize("target", [("x86-64", "+sse2"), ("haswell", "+avx2,+fma"), None], ids=["SSE", "AVX2", "none"])
def test_lesser_machines_give_the_same_bits(target, tmp_path):
    """Also those that have an instruction which would fuse roundings, and those without a compiler."""
    if target and not sys.platform.startswith("linux"):
        pytest.skip("targets are forced on Linux only")
    forced = {"NUMBA_CPU_NAME": target[0], "NUMBA_CPU_FEATURES": target[1]} if target else {"NUMBA_DISABLE_JIT": "1"}
    source = DIGEST.format(folder=os.path.dirname(__file__))
    environment = os.environ | forced | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True)
    assert answer.stdout.strip() == digest(), answer.stderr
