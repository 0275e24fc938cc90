"""Frechet bounds and triangle inequalities against a search over all distributions of three bits."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from bernoulli_latent import BernoulliMoments


def is_possible(M):
    """Whether some distribution of bits has the bordered moments `M`, by linear programming."""
    outcomes = np.array(list(itertools.product([-1, 1], repeat=len(M) - 1)))
    bordered = np.c_[outcomes, np.ones(len(outcomes))]
    upper = np.triu_indices(len(M))
    products = np.einsum("ki,kj->kij", bordered, bordered)[:, *upper]
    return linprog(np.zeros(len(outcomes)), A_eq=products.T, b_eq=M[upper]).status == 0


@given(arrays(float, 6, elements=st.integers(-10, 10).map(lambda k: k / 10)))
def test_three_bits_are_feasible_exactly_if_some_distribution_exists(entries):
    M = np.eye(4)
    M[np.triu_indices(4, 1)] = entries
    M = M + M.T - np.eye(4)
    report = BernoulliMoments.from_matrix(M).check_feasible()
    assert report.feasible == is_possible(M)


@given(arrays(np.int8, st.tuples(st.integers(1, 20), st.integers(1, 6)), elements=st.integers(0, 1)))
def test_moments_of_samples_are_feasible(y):
    assert BernoulliMoments.from_samples(y).check_feasible().feasible


def test_offending_pairs_are_named_worst_first():
    joint = np.array([[0.9, 0.7, 0.2], [0.7, 0.9, 0.45], [0.2, 0.45, 0.5]])
    report = BernoulliMoments.from_marginals([0.9, 0.9, 0.5], joint=joint).check_feasible()
    assert not report.feasible
    assert [(pair.i, pair.j) for pair in report.pairs] == [(0, 2), (0, 1)]
    worst = report.pairs[0]
    np.testing.assert_allclose([worst.joint, worst.low, worst.high, worst.excess], [0.2, 0.4, 0.5, 0.2], atol=1e-12)
    assert "bits (0, 2): P(both 1) = 0.2 not in [0.4, 0.5]" in str(report)


def test_offending_triple_is_named():
    phi = np.full((4, 4), -0.5) + 1.5 * np.eye(4)
    phi[3, :3] = phi[:3, 3] = 0
    report = BernoulliMoments.from_marginals(np.full(4, 0.5), correlation=phi).check_feasible()
    assert report.n_pairs == 0
    assert [(t.i, t.j, t.k) for t in report.triples] == [(0, 1, 2)]
    np.testing.assert_allclose(report.triples[0].excess, 0.5)


def test_all_are_counted_and_a_thousand_listed():
    p = np.full(100, 0.5)
    joint = np.full((100, 100), 0.6)
    np.fill_diagonal(joint, 0.5)
    report = BernoulliMoments.from_marginals(p, joint=joint).check_feasible()
    assert report.n_pairs == 100 * 99 // 2
    assert len(report.pairs) == 1000


def test_torch_agrees(torch, device):
    M = np.array([[1, 0.9, 0.8], [0.9, 1, -0.5], [0.8, -0.5, 1]])
    report = BernoulliMoments.from_matrix(torch.tensor(M, device=device)).check_feasible()
    assert report == BernoulliMoments.from_matrix(M).check_feasible()
