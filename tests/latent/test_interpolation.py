"""Paths between latents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    DichotomizedGaussianSampler,
    HyperplaneSampler,
    moments_from_gram,
)
from bernoulli_latent.latent.interpolation import crossings, flip_ranks, slerp_weights


@pytest.mark.parametrize("method", ["perceptron", "posterior", "centroid"])
@pytest.mark.parametrize("steps", [2, 3, 9])
def test_ends_are_exact(sampler, latents, method, steps):
    path = sampler.interpolate(latents[:20], latents[20:40], steps, method=method, rng=0)
    assert path.shape == (steps, 20, 64)
    assert path.dtype == latents.dtype
    np.testing.assert_array_equal(path[0], latents[:20])
    np.testing.assert_array_equal(path[-1], latents[20:40])


@pytest.mark.parametrize("method", ["perceptron", "posterior"])
def test_points_are_the_rounded_normals_of_the_great_circle(sampler, latents, method):
    source, target = latents[:5], latents[5:10]
    normals = sampler.invert(np.concatenate([source, target]), method, rng=1)
    start, end = normals[:5], normals[5:]
    angle = np.arccos(np.sum(start * end, axis=1, keepdims=True))
    path = sampler.interpolate(source, target, 5, method=method, rng=1)
    for t, bits in zip(np.linspace(0, 1, 5), path, strict=True):
        point = np.sin((1 - t) * angle) * start + np.sin(t * angle) * end
        np.testing.assert_array_equal(sampler.round(point), bits)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_points_behind_thresholds_are_rounded_normals_too(precision):
    correlation = np.full((70, 70), 0.1) + 0.9 * np.eye(70)
    moments = BernoulliMoments.from_marginals(np.linspace(0.3, 0.7, 70), correlation=correlation)
    sampler = DichotomizedGaussianSampler(precision=precision).fit_moments(moments)
    latents = sampler.sample(10, rng=0)
    start, end = np.split(sampler.invert(latents), 2)
    lengths = np.linalg.norm(start, axis=1) * np.linalg.norm(end, axis=1)
    angle = np.arccos(np.sum(start * end, axis=1) / lengths)[:, None]
    path = sampler.interpolate(latents[:5], latents[5:], 5)
    for t, bits in zip(np.linspace(0, 1, 5)[1:-1], path[1:-1], strict=True):
        point = (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
        np.testing.assert_array_equal(sampler.round(point), bits)


def test_packed_paths_and_threads(sampler, latents):
    source, target = latents[:7], latents[7:14]
    path = sampler.interpolate(source, target, 5)
    packed = sampler.interpolate(source, target, 5, packed=True, threads=2)
    assert packed == BitArray.from_array(path.reshape(35, 64))
    assert BitArray.from_array(path[3]) == packed[21:28]
    with pytest.raises(ValueError, match="`threads` must be"):
        sampler.interpolate(source, target, 5, threads=0)


def test_no_paths(sampler, latents):
    assert sampler.interpolate(latents[:0], latents[:0], 4).shape == (4, 0, 64)


def test_bits_flip_once_on_the_way(sampler, latents):
    """Scores are a linear image of an arc shorter than half a circle: each changes its sign at most once."""
    path = sampler.interpolate(latents[:10], latents[10:20], 50)
    flips = (path[1:] != path[:-1]).sum(axis=0)
    np.testing.assert_array_equal(flips, latents[:10] != latents[10:20])


def test_points_between_posterior_draws_have_the_stated_law():
    """Middles are rounded sums of independent directions, each on the boundary's side of the sphere."""
    rows = np.random.default_rng(3).standard_normal((9, 6))
    M = moments_from_gram(rows @ rows.T)
    sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(M))
    n = 20_000
    source, target = sampler.sample(n, rng=1), sampler.sample(n, rng=2)
    middle = sampler.interpolate(source, target, 3, method="posterior", rng=3)[1]
    normals = np.random.default_rng(4).standard_normal((2, n, 6))
    normals[..., 0] = np.abs(normals[..., 0])
    simulated = sampler.round((normals / np.linalg.norm(normals, axis=2, keepdims=True)).sum(axis=0))
    expected, found = (
        BernoulliMoments.from_samples(bits).matrix[np.triu_indices(9, 1)] for bits in (simulated, middle)
    )
    # Difference of two samples in 36 moments: a largest z-score above 4.5 has probability 2.5e-4.
    z = (found - expected) / np.sqrt(2 * (1 - expected**2) / n)
    assert np.abs(z).max() < 4.5


@given(st.floats(0, 3.1), st.integers(2, 9))
def test_slerp_stays_on_the_sphere_at_an_even_pace(angle, steps):
    start = np.array([[1.0, 0.0]])
    end = np.array([[np.cos(angle), np.sin(angle)]])
    backward, forward = slerp_weights(np.array([angle]), steps)
    points = backward * start + forward * end
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(np.arctan2(points[:, 1], points[:, 0]), np.linspace(0, angle, steps), atol=1e-7)


def test_equal_ends_stay(sampler, latents):
    path = sampler.interpolate(latents[:3], latents[:3], 4)
    assert (path == latents[:3]).all()


margins = st.floats(0.01, 5)


@given(margins, margins, st.floats(-3, 3), st.floats(0.01, 3))
def test_bits_change_where_the_score_is_zero(source, target, threshold, angle):
    place = crossings(*(np.array([[x]]) for x in (source, target, threshold)), np.array([angle])).item()
    turned = 2 * np.arctan(np.tan(angle / 4) * (2 * place - 1))  # from the middle
    weights = np.sin([angle / 2 - turned, angle / 2 + turned]) / np.sin(angle)
    score = weights @ [-source - threshold, target - threshold] + threshold
    assert abs(score) < 1e-6 * (source + target + abs(threshold)) / np.cos(angle / 2)


@pytest.mark.parametrize("angle", [0, 1, np.pi])
@pytest.mark.parametrize("threshold", [-2.0, 0.0, 2.0])
def test_wrong_bits_change_at_the_end_where_they_are_wrong(angle, threshold):
    source, target = np.array([[-1.0, 1.0, -1.0, 0.0]]), np.array([[1.0, -1.0, -1.0, 0.0]])
    places = crossings(source, target, np.full((1, 4), threshold), np.array([angle]))
    np.testing.assert_array_equal(places, [[0, 1, 0.5, 0.5]])


def test_order_of_flips():
    places = np.array([[0.5, 0.25, 0.5, 0.75, 0.25]], np.float32)
    differs = np.array([[True, True, True, True, False]])
    np.testing.assert_array_equal(flip_ranks(places, differs), [[1, 0, 2, 3, 4]])
