"""Divergences of SmoothStepLogistic against true values, its neighbours, and other quadratures."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import DTYPES, TABLES, errors, rows
from scipy.integrate import quad

from bernoulli_latent import Bernoulli, Logistic, SmoothStepLogistic, StepLogistic, kl_divergence
from bernoulli_latent._evaluation import evaluate, like_operands
from bernoulli_latent.divergences.smooth_step import of_any_sharpness, of_equal_sharpness
from bernoulli_latent.relaxations.smooth_bits import mean_information

NOISE = Logistic(loc=0.0, scale=1.0)
LOGITS = st.floats(-8, 8)
SHARPNESS = st.floats(-2, 6).map(lambda x: 10**x)


FAIR, PAIR = (f"kl_smooth_step_logistic_{other}" for other in ("logistic", "smooth_step_logistic"))
FORMULAS = {(FAIR, "kl"): mean_information, (PAIR, "equal"): of_equal_sharpness, (PAIR, "any"): of_any_sharpness}
METHODS = [(table, method) for table in (FAIR, PAIR) for method in json.loads((TABLES / f"{table}.json").read_text())]
LIMITS = {"float32": 12, "float64": 80}
"""Ulp: sums over a hundred nodes, with exponential functions of logits of hundreds."""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("table", "method"), METHODS)
def test_true_values(table, method, dtype, to_library):
    inputs, value, rest, condition = rows(table, method, DTYPES[dtype])
    name, _, by = method.partition(" by ")
    formula = FORMULAS[table, name].derivative(by) if by else FORMULAS[table, name]
    operands = [to_library(x.astype(DTYPES[dtype])) for x in inputs]
    error = errors(np.asarray(evaluate_at(formula, operands)), value, rest, DTYPES[dtype])
    assert np.max(error / np.maximum(1, condition)) <= LIMITS[dtype]


def evaluate_at(formula, operands):
    return evaluate(formula, operands, like_operands(operands), tuple(operands[0].shape))


def definition(p, q):
    def integrand(x):
        return float(p.pdf(x) * (p.logpdf(x) - q.logpdf(x)) + p.pdf(-x) * (p.logpdf(-x) - q.logpdf(-x)))

    ends = sorted({0.0, 60.0, *(k / p.sharpness for k in (1, 10) if k < 60 * p.sharpness)})
    return sum(quad(integrand, *pair, epsabs=1e-12, epsrel=1e-12)[0] for pair in pairwise(ends))


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 3.0, 40.0])
@pytest.mark.parametrize(("logits", "other"), [(1.0, -0.5), (-4.0, 3.0), (7.0, 6.0)])
def test_definition(logits, other, sharpness):
    p, q = (SmoothStepLogistic(logits=a, sharpness=sharpness) for a in (logits, other))
    assert kl_divergence(p, NOISE) == pytest.approx(definition(p, NOISE), rel=1e-9)
    assert kl_divergence(p, q) == pytest.approx(definition(p, q), rel=1e-9)


@settings(max_examples=40)
@given(st.floats(-700, 700), st.floats(-700, 700), SHARPNESS)
def test_both_quadratures_agree(logits, other, sharpness):
    pair = [np.float64(x) for x in (logits, sharpness, other)]
    wide, wide_slope = (
        evaluate_at(formula, [*pair, np.float64(sharpness)])
        for formula in (of_any_sharpness, of_any_sharpness.derivative("q_logits"))
    )
    assert evaluate_at(of_equal_sharpness, pair) == pytest.approx(wide, rel=1e-12, abs=1e-290)
    slope = evaluate_at(of_equal_sharpness.derivative("q_logits"), pair)
    assert slope == pytest.approx(wide_slope, rel=1e-12, abs=1e-290)


@settings(max_examples=50)
@given(LOGITS, LOGITS, SHARPNESS)
def test_data_processing(logits, other, sharpness):
    """The sign alone tells at most what the value tells, and that at most what the bit tells."""
    p, q = (SmoothStepLogistic(logits=a, sharpness=sharpness) for a in (logits, other))
    signs = [Bernoulli(logits=d.logccdf(0.0) - d.logcdf(0.0)) for d in (p, q)]
    hard = kl_divergence(StepLogistic(logits=logits), StepLogistic(logits=other))
    slack = 1 + 1e-12, 1e-14 * (abs(logits) + abs(other))
    assert 0 <= kl_divergence(p, q) <= hard * slack[0] + slack[1]
    assert kl_divergence(*signs) <= kl_divergence(p, q) * slack[0] + slack[1]
    assert kl_divergence(p, p) == 0


def test_limits():
    p, q = (SmoothStepLogistic(logits=a, sharpness=1e9) for a in (3.0, -1.0))
    hard = StepLogistic(logits=3.0), StepLogistic(logits=-1.0)
    assert kl_divergence(p, q) == pytest.approx(kl_divergence(*hard), rel=1e-8)
    assert kl_divergence(p, NOISE) == pytest.approx(kl_divergence(hard[0], NOISE), rel=1e-8)


def test_different_sharpness():
    p, q = SmoothStepLogistic(logits=2.0, sharpness=3.0), SmoothStepLogistic(logits=-1.0, sharpness=0.5)
    assert kl_divergence(p, q) == pytest.approx(definition(p, q), rel=1e-9)


def test_other_logistic_laws_have_no_form():
    with pytest.raises(NotImplementedError, match=r"Logistic\(loc=0.0, scale=1.0\)"):
        kl_divergence(SmoothStepLogistic(logits=0.0, sharpness=1.0), Logistic(loc=1.0, scale=1.0))


def test_gradients(torch):
    logits = torch.tensor([0.3, -2.0], dtype=torch.float64, requires_grad=True)
    sharpness = torch.tensor([0.7, 12.0], dtype=torch.float64, requires_grad=True)

    def to_noise(a, b):
        return kl_divergence(SmoothStepLogistic(logits=a, sharpness=b), NOISE)

    def equal(a, b):
        return kl_divergence(SmoothStepLogistic(logits=a, sharpness=b), SmoothStepLogistic(logits=0.5 - a, sharpness=b))

    def different(a, b):
        p = SmoothStepLogistic(logits=a, sharpness=b)
        return kl_divergence(p, SmoothStepLogistic(logits=0.5 - a, sharpness=3 * b))

    for divergence in (to_noise, equal, different):
        assert torch.autograd.gradcheck(divergence, (logits, sharpness), fast_mode=True)
    for divergence in (to_noise, equal, different):
        assert torch.autograd.gradgradcheck(divergence, (logits, sharpness), fast_mode=True)


def test_gradients_at_extremes_are_finite(torch):
    logits = torch.tensor([-1e4, -90.0, 0.0, 90.0, 1e4], requires_grad=True)
    for sharpness in (0.01, 1.0, 1e6):
        p = SmoothStepLogistic(logits=logits, sharpness=sharpness)
        for q in (
            NOISE,
            SmoothStepLogistic(logits=1.0, sharpness=sharpness),
            SmoothStepLogistic(logits=1.0, sharpness=2.0),
        ):
            value = kl_divergence(p, q)
            (gradient,) = torch.autograd.grad(value.sum(), logits)
            assert torch.isfinite(value).all()
            assert torch.isfinite(gradient).all()
