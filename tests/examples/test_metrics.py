"""Metrics against closed forms, hand-made cases and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from bernoulli_latent import BitArray
from examples.common.metrics import (
    dead_bits,
    frechet_distance,
    kernel_distance,
    nearest_neighbour_distance,
    precision_recall_density_coverage,
    psnr,
    ssim,
    step_statistics,
    third_order_agreement,
)


def with_moments(mean, root, n, rng):
    """Features whose sample mean and covariance, `root` times its transpose, are met exactly."""
    rows = rng.normal(size=(n, len(mean)))
    rows -= rows.mean(axis=0)
    return rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T @ np.asarray(root).T + mean


class TestFrechetDistance:
    def test_independent_features(self):
        rng = np.random.default_rng(0)
        a = with_moments([0, 1, 2], np.diag([1.0, 2, 3]), 50, rng)
        b = with_moments([1, 1, 0], np.diag([2.0, 2, 0.5]), 60, rng)
        assert frechet_distance(a, b) == pytest.approx(1 + 4 + 1 + 0 + 2.5**2, rel=1e-12)

    @settings(max_examples=25)
    @given(st.integers(0, 10_000))
    def test_any_covariances(self, seed):
        rng = np.random.default_rng(seed)
        roots = rng.normal(size=(2, 4, 4))
        first, second = (root @ root.T for root in roots)
        a, b = (with_moments(np.zeros(4), root, 30, rng) for root in roots)
        expected = np.trace(first + second - 2 * sqrtm(first @ second).real)
        assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert frechet_distance(b, a) == pytest.approx(frechet_distance(a, b), rel=1e-9)
        assert frechet_distance(a + 3, b + 3) == pytest.approx(frechet_distance(a, b), rel=1e-9, abs=1e-9)
        assert frechet_distance(2 * a, 2 * b) == pytest.approx(4 * frechet_distance(a, b), rel=1e-9)

    def test_fewer_rows_than_features(self):
        a = np.random.default_rng(0).normal(size=(5, 20))
        assert frechet_distance(a, a) == pytest.approx(0, abs=1e-12)
        assert frechet_distance(a, a + 1) == pytest.approx(20)

    @pytest.mark.parametrize(
        ("a", "b", "message"),
        [
            (np.zeros((3, 2)), np.zeros((3, 4)), r"must have shapes \(n, d\) and \(m, d\)"),
            (np.zeros((1, 2)), np.zeros((3, 2)), "2 rows or more"),
            (np.zeros(3), np.zeros(3), "must have shapes"),
            (np.full((3, 2), np.nan), np.zeros((3, 2)), "must be finite"),
        ],
    )
    def test_wrong_features(self, a, b, message):
        for distance in (frechet_distance, kernel_distance, nearest_neighbour_distance):
            with pytest.raises(ValueError, match=message):
                distance(a, b)


class TestKernelDistance:
    def test_by_hand(self):
        """Of 0, 1 and 0, 2: one and one between different rows, four pairs of 1, 1, 1 and 27 across."""
        assert kernel_distance(np.array([[0.0], [1]]), np.array([[0.0], [2]]), subsets=1) == 1 + 1 - 2 * 7.5

    def test_about_nothing_between_equal_laws(self):
        """Within five standard errors, over independent pairs of sets."""
        rng = np.random.default_rng(0)
        values = [kernel_distance(*rng.normal(size=(2, 100, 5)), 1, 100, rng) for _ in range(100)]
        assert abs(np.mean(values)) < 5 * np.std(values) / 10
        assert min(values) < 0 < max(values)

    def test_subsets_are_drawn_by_the_generator(self):
        a, b = np.random.default_rng(0).normal(size=(2, 50, 3))
        assert kernel_distance(a, b, 3, 10, 1) == kernel_distance(a, b, 3, 10, np.random.default_rng(1))
        assert kernel_distance(a, b, 3, 10, 1) != kernel_distance(a, b, 3, 10, 2)


class TestPrecisionRecallDensityCoverage:
    REAL = np.array([0.0, 1, 3, 7, 100, 101])[:, None]
    FAKE = np.array([0.5, 5, 5.5, 20, 20.5])[:, None]

    def test_by_hand(self):
        """Balls of radius 1, 1, 2, 4, 1, 1 and 4.5, 0.5, 0.5, 0.5, 0.5: 0.5 lies in two, 5 in two, 5.5 in one."""
        values = precision_recall_density_coverage(self.REAL, self.FAKE, k=1)
        assert values == pytest.approx({"precision": 3 / 5, "recall": 3 / 6, "density": 1.0, "coverage": 4 / 6})

    def test_density_is_a_share_of_k(self):
        """Balls of radius 3, 2, 3, 6, 93, 94: 0.5 lies in three of them, each other fake in two."""
        values = precision_recall_density_coverage(self.REAL, self.FAKE, k=2)
        assert values["density"] == pytest.approx((3 + 2 + 2 + 2 + 2) / 5 / 2)

    def test_roles(self):
        there = precision_recall_density_coverage(self.REAL, self.FAKE, k=2)
        back = precision_recall_density_coverage(self.FAKE, self.REAL, k=2)
        assert there["precision"] == back["recall"]
        assert there["recall"] == back["precision"]

    def test_the_same_set(self):
        rows = np.random.default_rng(0).normal(size=(300, 4))
        values = precision_recall_density_coverage(rows, rows)
        assert values["precision"] == values["recall"] == values["coverage"] == 1

    def test_more_distances_than_one_piece(self, monkeypatch):
        rng = np.random.default_rng(0)
        real, fake = rng.normal(size=(700, 3)), 1.2 * rng.normal(size=(500, 3))
        whole = precision_recall_density_coverage(real, fake)
        monkeypatch.setattr("examples.common.metrics.distances.CHUNK_MIB", 0.1)
        assert precision_recall_density_coverage(real, fake) == whole

    def test_too_few_rows(self):
        with pytest.raises(ValueError, match="`real` and `fake` must have more than k = 5 rows; got 6 and 5"):
            precision_recall_density_coverage(self.REAL, self.FAKE)


def test_nearest_neighbour_distance():
    distance = nearest_neighbour_distance(np.array([[0.0, 0], [3, 4], [9, 9]]), np.array([[0.0, 0], [9, 8]]))
    np.testing.assert_allclose(distance, [0, 5, 1])


class TestPictures:
    IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)

    def test_the_same_images(self):
        assert ssim(self.IMAGES, self.IMAGES) == pytest.approx(1)
        assert psnr(self.IMAGES, self.IMAGES) == math.inf

    def test_flat_images(self):
        """Without variance only the means and the first constant, (255 / 100)^2, are left."""
        a, b = np.full((2, 32, 32, 1), 100, np.uint8), np.full((2, 32, 32, 1), 150, np.uint8)
        assert psnr(a, b) == pytest.approx(20 * math.log10(255 / 50))
        assert ssim(a, b) == pytest.approx((2 * 100 * 150 + 2.55**2) / (100**2 + 150**2 + 2.55**2), rel=1e-9)

    def test_the_mean_is_over_images(self):
        a = np.zeros((2, 8, 8, 1), np.uint8)
        b = a + np.array([1, 100], np.uint8)[:, None, None, None]
        assert psnr(a, b) == pytest.approx((20 * math.log10(255) + 20 * math.log10(2.55)) / 2)

    def test_noise_costs_similarity(self):
        noisy = np.clip(self.IMAGES + np.random.default_rng(1).normal(0, 20, self.IMAGES.shape), 0, 255)
        assert 0.5 < ssim(self.IMAGES, noisy.astype(np.uint8)) < 0.99

    @pytest.mark.parametrize("score", [psnr, ssim])
    def test_other_images(self, score):
        with pytest.raises(ValueError, match="both must be uint8 images of one shape"):
            score(self.IMAGES, self.IMAGES[:2])
        with pytest.raises(ValueError, match="got float64"):
            score(self.IMAGES / 255, self.IMAGES)


class TestBits:
    def test_dead_bits(self):
        bits = np.random.default_rng(0).random((100, 5)) < 0.5
        bits[:, [1, 3]] = [True, False]
        assert dead_bits(bits) == dead_bits(2.0 * bits - 1) == dead_bits(BitArray.from_array(bits)) == 2

    def test_third_moments_of_parities(self):
        """The third bit is the exclusive or of the others: pairs know nothing of it, the triple's moment is 1."""
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, (20_000, 3))
        y[:, 2] = 1 - (y[:, 0] ^ y[:, 1])
        z = rng.integers(0, 2, (20_000, 3))
        values = third_order_agreement(y, z, n_triples=10)
        assert values["scale"] == pytest.approx(1, abs=0.05)
        assert values["rms"] == pytest.approx(1, abs=0.05)
        assert math.isnan(third_order_agreement(y, y, n_triples=10)["correlation"])

    def test_third_moments_of_the_same_law(self):
        rng = np.random.default_rng(0)

        def draw(n):
            """Skewed bits with one common cause, which has third moments."""
            cause = rng.random((n, 1)) < 0.2
            return rng.random((n, 12)) < np.where(cause, np.linspace(0.3, 0.9, 12), 0.05)

        y, z, independent = draw(20_000), draw(20_000), draw(20_000)
        for column in independent.T:
            rng.shuffle(column)
        same, apart = (
            third_order_agreement(y, z, 1, 500),
            third_order_agreement(BitArray.from_array(y), independent, 1, 500),
        )
        assert same["correlation"] > 0.95 > 0.5 > apart["correlation"]
        assert same["rms"] < 0.2 * apart["rms"]
        assert apart["rms"] == pytest.approx(apart["scale"], rel=0.1)
        assert same == third_order_agreement(y, z, np.random.default_rng(1), 500)

    @pytest.mark.parametrize(("y", "z"), [(np.eye(4), np.eye(5)), (np.eye(2), np.eye(2))])
    def test_bits_that_do_not_fit(self, y, z):
        with pytest.raises(ValueError, match="the same number of bits, 3 or more"):
            third_order_agreement(y, z)


class TestStepStatistics:
    def test_even_steps(self):
        path = np.tril(np.ones((5, 4), int), -1)[:, None]
        assert step_statistics(path) == {"largest_step": 0.25, "worst_step": 0.25, "mean_step": 0.25, "still_steps": 0}

    def test_a_jump(self):
        path = np.repeat([[0], [0], [0], [1], [1]], 6, axis=1)[:, None]
        assert step_statistics(path) == {"largest_step": 1, "worst_step": 1, "mean_step": 0.25, "still_steps": 0.75}

    def test_paths_count_alike_and_those_that_go_nowhere_do_not(self):
        even, jump = np.array([[-1, -1], [1, -1], [1, 1]]), np.array([[1, 1], [1, 1], [-1, -1]])
        path = np.stack([even, jump, np.ones((3, 2), int)], axis=1)
        expected = {"largest_step": 0.75, "worst_step": 1, "mean_step": 0.5, "still_steps": 0.25}
        assert step_statistics(path) == expected

    def test_there_must_be_steps(self):
        with pytest.raises(ValueError, match=r"must have shape \(steps, n, n_bits\)"):
            step_statistics(np.zeros((1, 2, 3)))
        with pytest.raises(ValueError, match="must have ends that differ"):
            step_statistics(np.zeros((4, 2, 3)))
