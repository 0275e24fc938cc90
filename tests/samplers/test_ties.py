"""Groups of bits that always agree or differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import BernoulliMoments
from bernoulli_latent.samplers.ties import find_ties


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12))
def test_ties_are_found_and_expand_to_the_whole(columns):
    rng = np.random.default_rng(0)
    base = np.c_[np.ones(64, bool), rng.integers(0, 2, (64, 3)).astype(bool)]
    y = np.stack([base[:, group] ^ flip for group, flip in columns], axis=1)
    M = BernoulliMoments.from_samples(y).matrix
    ties = find_ties(M)
    assert len(ties.representatives) == len({group for group, _ in columns} | {0})
    own = ties.representatives
    np.testing.assert_array_equal(ties.expand(M[np.ix_(own, own)]), M)
    assert ties.multiplicity.sum() == len(columns)


def test_torch_agrees(torch, device):
    y = np.random.default_rng(1).integers(0, 2, (9, 4))
    y = np.c_[y, y[:, 1], 1 - y[:, 2], np.ones(9, int)]
    M = BernoulliMoments.from_samples(y).matrix
    mine, theirs = find_ties(M), find_ties(torch.tensor(M, device=device))
    for name in ("representatives", "index", "flip", "multiplicity"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name).cpu().numpy())


def test_ties_that_contradict_each_other_are_refused():
    M = np.eye(5)
    M[0, 2] = M[2, 0] = M[2, 3] = M[3, 2] = 1
    with pytest.raises(ValueError, match=r"do not agree elsewhere: the second moment at index \(0, 3\) is 0, .* by 1"):
        find_ties(M)


def test_chains_of_ties_end_at_one_representative():
    M = np.eye(4)
    M[0, 1] = M[1, 0] = M[1, 2] = M[2, 1] = -1 + 0.9e-9
    M[0, 2] = M[2, 0] = 1 - 1.8e-9
    ties = find_ties(M, 1e-9)
    assert ties.representatives.tolist() == [3, 0]
    assert ties.index.tolist() == [1, 1, 1]
    assert ties.flip.tolist() == [False, True, False]
