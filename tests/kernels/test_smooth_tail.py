"""The compiled sum over nodes against the formula that it replaces."""

from __future__ import annotations

import numpy as np
import pytest

from bernoulli_latent import SmoothStepLogistic
from bernoulli_latent._namespaces.numpy_functions import _LOOPS
from bernoulli_latent._namespaces.numpy_functions import NUMPY_FUNCTIONS as f
from bernoulli_latent.relaxations.smooth_tail import tail_sum


def arguments(n, sharpness):
    x = np.abs(np.random.default_rng(1).logistic(size=n)) * 3
    near, decay = np.exp(-x), np.exp(-sharpness * x)
    faint = sharpness * (1 + x) <= 1
    return near, decay, np.where(faint, 1 - decay, 2.0), np.where(faint, decay, -2.0), np.float64(sharpness)


@pytest.mark.needs_jit
@pytest.mark.parametrize("sharpness", [0.01, 0.4, 1.0, 7.0, 1e6])
def test_the_sum_is_that_of_the_formula(sharpness):
    given = arguments(5001, sharpness)
    np.testing.assert_allclose(_LOOPS[tail_sum](*given), tail_sum.function(f, *given), rtol=2e-15)


@pytest.mark.needs_jit
def test_a_slope_may_be_common_to_the_block():
    near, decay, constant, _, sharpness = arguments(5001, 3.0)
    given = near, decay, constant, np.float64(0.0), sharpness
    np.testing.assert_allclose(_LOOPS[tail_sum](*given), tail_sum.function(f, *given), rtol=2e-15)


@pytest.mark.needs_jit
def test_small_blocks_and_many_sharpnesses_are_left_to_the_formula():
    near, decay, constant, slope, sharpness = arguments(5001, 3.0)
    assert _LOOPS[tail_sum](near, decay, constant, slope, np.full(5001, sharpness)) is None
    assert _LOOPS[tail_sum](*(x[:100] for x in (near, decay, constant, slope)), sharpness) is None


def test_values_do_not_depend_on_the_size_of_the_array():
    z = np.random.default_rng(2).logistic(size=5001) * 5
    law = SmoothStepLogistic(logits=0.7, sharpness=0.6)
    many = SmoothStepLogistic(logits=0.7, sharpness=np.full(5001, 0.6))
    np.testing.assert_allclose(law.cdf(z), many.cdf(z), rtol=4e-15)
    assert np.isnan(law.cdf(np.full(5001, np.nan))).all()
