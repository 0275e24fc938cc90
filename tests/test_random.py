"""From ``rng`` to keys."""

import numpy as np
import pytest

from bernoulli_latent._random import key_from


def test_same_seed_same_key():
    expected = int(np.random.default_rng(5).integers(2**64, dtype=np.uint64))
    assert key_from(5) == key_from(np.int32(5)) == key_from(np.random.default_rng(5)) == expected
    assert key_from(np.random.SeedSequence(5)) == expected
    assert 0 <= key_from(None) < 2**64
    assert key_from(None) != key_from(None)


def test_generators_advance(torch):
    for rng in (np.random.default_rng(0), torch.Generator().manual_seed(0)):
        keys = {key_from(rng) for _ in range(100)}
        assert len(keys) == 100
        # Some of 100 keys of 64 bits have the highest bit set, and some have not: all but once in 2^99.
        assert len({key >> 63 for key in keys}) == 2
        assert len({key & 1 for key in keys}) == 2


@pytest.mark.parametrize(("rng", "error"), [(-1, ValueError), (1.5, TypeError), (np.random.RandomState(0), TypeError)])
def test_what_is_no_rng(rng, error):
    with pytest.raises(error, match="`rng` must be"):
        key_from(rng)
