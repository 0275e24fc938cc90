"""Paths whose points are evenly spaced in bits."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bernoulli_latent import BernoulliMoments, BitArray, DichotomizedGaussianSampler, HyperplaneSampler, RepairWarning
from bernoulli_latent.samplers import codes, paths

FAMILIES = pytest.mark.parametrize("family", [HyperplaneSampler, DichotomizedGaussianSampler])
METHODS = pytest.mark.parametrize("method", ["perceptron", "posterior", "centroid", "least_squares"])
SIZES = st.tuples(st.integers(2, 20), st.integers(2, 12), st.integers(2, 13))


def fitted(family, n_bits, n_factors, rank, seed, precision="auto"):
    """Sampler of a low-rank law with a constant bit, a repeated bit and a complement."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((300, n_factors)) @ rng.standard_normal((n_factors, n_bits))
    y = scores + 0.3 * rng.standard_normal(n_bits) > 0
    y = np.column_stack([y[:, :1], np.ones(300, bool), y, ~y[:, 1]])
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return family(rank=rank, precision=precision).fit(y)


@pytest.fixture(scope="module", params=[HyperplaneSampler, DichotomizedGaussianSampler])
def ties(request):
    return fitted(request.param, 70, 12, 30, seed=1)


@METHODS
@pytest.mark.parametrize("steps", [2, 3, 6, 40])
@pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")
def test_points_are_evenly_spaced(ties, method, steps):
    source, target = ties.sample(12, rng=0), ties.sample(12, rng=1)
    source[0] = target[0]
    source[1, 1] = False  # what the model never does
    path = ties.interpolate(source, target, steps, method=method, rng=2, spacing="bits")
    distance = (source != target).sum(axis=1)
    expected = np.floor(np.arange(steps)[:, None] * distance / (steps - 1) + 0.5)
    np.testing.assert_array_equal((path != source).sum(axis=2), expected)
    np.testing.assert_array_equal((path != target).sum(axis=2), distance - expected)
    sizes = (path[1:] != path[:-1]).sum(axis=2)
    assert (sizes <= np.ceil(distance / (steps - 1))).all()
    np.testing.assert_array_equal(sizes.sum(axis=0), distance)


@FAMILIES
@settings(max_examples=40)
@given(size=SIZES, method=st.sampled_from(["perceptron", "posterior"]), seed=st.integers(0, 2**32 - 1))
def test_bits_change_in_the_order_of_the_great_circle(family, size, method, seed):
    sampler = fitted(family, *size, seed, "float64")
    ends = sampler.sample(2, rng=seed)
    assume((ends[0] != ends[1]).any())
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        _, report = sampler.invert(ends, method, rng=seed, return_report=True)
    assume(report.exact.all())
    differs = np.flatnonzero(ends[0] != ends[1])
    source, target = ends[:1], ends[1:]
    circle = sampler.interpolate(source, target, 3001, method=method, rng=seed)
    path = sampler.interpolate(source, target, len(differs) + 1, method=method, rng=seed, spacing="bits")
    check_order(path[:, 0, differs], circle[:, 0, differs])


def check_order(path, circle):
    """That bits which differ at the ends change in the same order, or together."""
    turn, when = ((bits == bits[-1]).argmax(axis=0) for bits in (path, circle))
    assert (np.diff(when[np.argsort(turn)]) >= 0).all()


def test_opposite_normals_have_straight_paths():
    """As in a model of one factor, which knows no other direction than back through zero."""
    sampler = fitted(DichotomizedGaussianSampler, 20, 3, 1, 0, "float64")
    source, target = sampler.sample(30, rng=0), sampler.sample(30, rng=1)
    start, end = sampler.invert(source), sampler.invert(target)
    assert (start * end < 0).any()
    way = np.linspace(0, 1, 500)[:, None, None]
    line = sampler.round(((1 - way) * start + way * end).reshape(-1, 1)).reshape(500, *source.shape)
    np.testing.assert_array_equal(sampler.interpolate(source, target, 500), line)
    path = sampler.interpolate(source, target, 24, spacing="bits")
    for k, differs in enumerate(source != target):
        check_order(path[:, k, differs], line[:, k, differs])


def test_bits_that_change_together_take_turns_by_their_number():
    rows = np.random.default_rng(0).uniform(-0.1, 0.1, (100, 100))
    correlation = (rows + rows.T) / 2 * (1 - np.eye(100)) / 2 + np.eye(100)
    moments = BernoulliMoments.from_marginals(np.full(100, 0.5), correlation=correlation)
    sampler = HyperplaneSampler().fit_moments(moments)
    source, target = sampler.sample(5, rng=0), sampler.sample(5, rng=1)
    with pytest.warns(RepairWarning, match="least squares"):
        path = sampler.interpolate(source, target, 2001, method="least_squares", spacing="bits")
    for bits, start, end in zip(path.swapaxes(0, 1), source, target, strict=True):
        when = (bits == end).argmax(axis=0)[start != end]
        assert (np.diff(when) > 0).all()


def test_pieces_and_threads_do_not_matter(ties, monkeypatch):
    source, target = ties.sample(20, rng=0), ties.sample(20, rng=1)

    def path(spacing, **options):
        return ties.interpolate(source, target, 7, method="posterior", rng=2, spacing=spacing, packed=True, **options)

    whole = {spacing: path(spacing) for spacing in paths.SPACINGS}
    monkeypatch.setattr(codes, "BLOCK", 6)
    monkeypatch.setattr(paths, "BLOCK_ENTRIES", 2 * 73)
    for spacing, expected in whole.items():
        assert path(spacing) == path(spacing, threads=3) == expected
    assert whole["bits"] != whole["angle"]
    first = ties.interpolate(source[:6], target[:6], 7, spacing="bits")
    np.testing.assert_array_equal(first, ties.interpolate(source, target, 7, spacing="bits")[:, :6])


@FAMILIES
def test_tensors_have_the_same_paths(torch, device, family, tmp_path):
    sampler = fitted(family, 70, 12, 30, seed=1)
    sampler.save(tmp_path / "sampler.npz")
    twin = family.load(tmp_path / "sampler.npz").to(device)
    ends = sampler.sample(9, rng=0), sampler.sample(9, rng=1)
    tensors = [torch.as_tensor(end, device=device) for end in ends]
    expected = sampler.interpolate(*ends, 12, spacing="bits")
    path = twin.interpolate(*tensors, 12, spacing="bits")
    assert isinstance(path, torch.Tensor)
    np.testing.assert_array_equal(path.cpu().numpy(), expected)
    packed = twin.interpolate(*tensors, 12, spacing="bits", packed=True)
    assert packed == BitArray.from_array(expected.reshape(-1, expected.shape[2]))


def test_no_paths(ties):
    none = ties.sample(0)
    assert ties.interpolate(none, none, 3, spacing="bits").shape == (3, 0, 73)


def test_unknown_spacing(ties):
    with pytest.raises(ValueError, match="`spacing` must be one of 'angle', 'bits'; got 'even'"):
        ties.interpolate(ties.sample(1, rng=0), ties.sample(1, rng=1), 3, spacing="even")
