"""What distributions take: shapes, seeds, arrays that share memory, tensors without data; and what they refuse."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from bernoulli_latent import Concrete, NormalGamma, StepLogistic


@pytest.mark.parametrize("part", [np.s_[::-1], np.s_[:]])
def test_out_may_share_memory_with_values(part):
    law, x = StepLogistic(logits=1.0), np.linspace(-2, 2, 20_000)
    wanted = law.cdf(x[part])
    assert np.array_equal(law.cdf(x[part], out=x), wanted)


def test_shapes_may_be_integers_of_numpy():
    assert StepLogistic(logits=1.0).sample(np.int64(3), rng=0).shape == (3,)
    assert Concrete(logits=np.zeros(2), temperature=1.0).sample(np.int32(3), rng=0).shape == (3, 2)
    pairs = NormalGamma(loc=0.0, kappa=1.0, concentration=1.0, rate=1.0)
    assert pairs.sample(np.int64(3), rng=0).value.shape == (3,)


def test_what_is_no_source_of_randomness_is_refused():
    with pytest.raises(TypeError, match="`rng` must be None"):
        StepLogistic(logits=1.0).sample(2, rng="seed")
    with pytest.raises(ValueError, match="`rng` must be a non-negative seed; got -1"):
        StepLogistic(logits=1.0).sample(2, rng=-1)


def test_a_generator_of_torch_serves_arrays(torch):
    draws = [StepLogistic(logits=1.0).sample(2, rng=torch.Generator().manual_seed(0)) for _ in range(2)]
    assert np.array_equal(*draws)


def test_methods_can_be_sent_to_other_processes():
    method = StepLogistic(logits=np.array([1.0, 2.0])).icdf
    assert np.array_equal(pickle.loads(pickle.dumps(method))(0.3), method(0.3))


def test_parameters_stay():
    law = StepLogistic(logits=1.0)
    with pytest.raises(AttributeError, match="immutable"):
        law.logits = 2.0
    with pytest.raises(AttributeError, match="immutable"):
        del law.logits


def test_tensors_without_data(torch):
    assert StepLogistic(logits=torch.empty(3, device="meta")).cdf(0.0).shape == (3,)
