"""Log probabilities of sign patterns against exact ones."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import log_ndtr, logsumexp

from bernoulli_latent.latent.orthant import log_probability


def patterns(R):
    return np.array([(1.0, *rest) for rest in product([-1.0, 1.0], repeat=R - 1)])


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def one_factor(constant, n_bits, seed=0, scale=1.0):
    """Model whose bits are independent given one normal, and their means and slopes in it."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, 0.5, n_bits) if constant else np.zeros(n_bits)
    slope = rng.uniform(-0.9, 0.9, n_bits) * scale
    rest = np.diag(np.sqrt(1 - slope**2))
    columns = (mean[:, None], slope[:, None], rest) if constant else (slope[:, None], rest)
    rows = np.concatenate(columns, axis=1)
    return np.concatenate([np.eye(1, rows.shape[1]), rows]), mean, slope


def exact_one_factor(signs, constant, mean, slope):
    """Log probabilities by Gauss and Legendre over the common normal, which is half normal if it is the boundary."""
    node, weight = np.polynomial.legendre.leggauss(400)
    low = -9.0 if constant else 0.0
    x = low + (node + 1) * (9.0 - low) / 2
    log_weight = np.log(weight * (9.0 - low) / 2) + stats.norm.logpdf(x) + (0.0 if constant else np.log(2))
    terms = log_ndtr(signs[:, None, 1:] * (mean + slope * x[:, None]) / np.sqrt(1 - slope**2))
    return logsumexp(terms.sum(-1) + log_weight, axis=1)


def exact_rank_three(rows, signs):
    """Part of the hemisphere inside a spherical polygon: triangles by the formula of Van Oosterom and Strackee."""
    signed = rows * signs[:, None]
    corners = np.array([side * np.cross(a, b) for a, b in combinations(signed, 2) for side in (1, -1)])
    corners = unit(corners[(corners @ signed.T >= -1e-12).all(axis=1)])
    if len(corners) == 0:
        return 0.0
    centre = corners.mean(axis=0) / np.linalg.norm(corners.mean(axis=0))
    frame = np.linalg.svd(centre[None])[2][1:]
    corners = corners[np.argsort(np.arctan2(*(corners @ frame.T).T))]
    total = 0.0
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        below = 1 + a @ b + a @ centre + b @ centre
        total += 2 * np.arctan2(abs(centre @ np.cross(a, b)), below)
    return total / (2 * np.pi)


def assert_agrees(estimate, error, exact, replicates, false_alarm=1e-4):
    """Student's law for the error in units of the standard error, over all codes; equality where there is no error."""
    limit = stats.t(replicates - 1).isf(false_alarm / 2 / len(exact))
    assert (np.abs(estimate - exact) <= limit * error + 1e-10).all()


def test_three_rows_have_the_arcsine_law(to_library):
    rows = unit(np.array([[1.0, 0, 0], [0.5, 1, 0], [-0.3, 0.4, 1]]))
    inner = rows @ rows.T
    codes = patterns(3)
    pairs = [(0, 1), (0, 2), (1, 2)]
    exact = np.log(0.25 + sum(codes[:, i] * codes[:, j] * np.arcsin(inner[i, j]) for i, j in pairs) / (2 * np.pi))
    estimate, error = log_probability(to_library(rows), to_library(codes), False, 3, n_draws=64_000, replicates=32)
    assert type(estimate) is type(to_library(codes))
    assert_agrees(np.asarray(estimate), np.asarray(error), exact, 32)
    assert (np.asarray(error) < 1e-3).all()


@pytest.mark.parametrize("constant", [False, True])
def test_twelve_bits_of_one_factor(constant):
    factor, mean, slope = one_factor(constant, 12)
    exact = exact_one_factor(patterns(13), constant, mean, slope)
    np.testing.assert_allclose(logsumexp(exact), 0, atol=1e-12)
    codes = np.argsort(exact)[[0, 10, 100, 1000, 2000, 3000, 4000, 4090, 4095]]
    estimate, error = log_probability(factor, patterns(13)[codes], constant, 5, n_draws=8192, replicates=32)
    assert_agrees(estimate, error, exact[codes], 32)
    assert (error < 0.03).all()


@pytest.mark.parametrize("constant", [False, True])
def test_renewed_at_every_wall(constant, monkeypatch):
    """Particles that are resampled and moved after each wall, among tilted ones too, have the same law."""
    monkeypatch.setattr("bernoulli_latent.latent.orthant._evenness", lambda log_weights: 0.0)
    factor, mean, slope = one_factor(constant, 20, seed=2)
    codes = np.where(np.random.default_rng(0).random((2, 21)) < 0.5, 1.0, -1.0)
    codes[:, 0] = 1
    exact = exact_one_factor(codes, constant, mean, slope)
    estimate, error = log_probability(factor, codes, constant, 5, n_draws=16_384, replicates=32)
    assert_agrees(estimate, error, exact, 32)
    assert (error < 0.02).all()


def test_narrow_cones():
    """Forty walls in three dimensions, so that nearly all bound no new coordinate."""
    rng = np.random.default_rng(4)
    rows = unit(rng.standard_normal((40, 3)))
    rows[0] = (1, 0, 0)
    normals = rng.standard_normal((5, 3))
    normals[:, 0] = abs(normals[:, 0])
    codes = np.where(normals @ rows.T >= 0, 1.0, -1.0)
    exact = np.log([exact_rank_three(rows, code) for code in codes])
    assert exact.min() < -6
    estimate, error = log_probability(rows, codes, False, 6, n_draws=16_384, replicates=32)
    assert_agrees(estimate, error, exact, 32)
    assert (error < 0.05).all()


def test_all_patterns_of_a_model_of_low_rank():
    rows = unit(np.random.default_rng(4).standard_normal((7, 3)))
    rows[0] = (1, 0, 0)
    codes = patterns(7)
    exact = np.array([exact_rank_three(rows, code) for code in codes])
    np.testing.assert_allclose(exact.sum(), 1, atol=1e-12)
    possible = exact > 0
    assert possible.sum() < len(codes) / 2
    estimate, error = log_probability(rows, codes, False, 6, n_draws=16_384, replicates=32)
    assert (estimate[~possible] == -np.inf).all()
    assert (error[~possible] == 0).all()
    assert_agrees(estimate[possible], error[possible], np.log(exact[possible]), 32)
    # The probabilities of all patterns sum to one, within five standard errors.
    assert abs(np.exp(estimate).sum() - 1) < 5 * np.linalg.norm((np.exp(estimate) * error)[possible])


@pytest.mark.parametrize("rank", [2, 3])
def test_thresholds_of_few_normals(rank):
    """Dichotomized Gaussian with fewer normals than bits; frequencies among a million vectors are the reference."""
    rng = np.random.default_rng(rank)
    rows = np.concatenate([rng.normal(0, 0.7, (6, 1)), unit(rng.standard_normal((6, rank - 1)))], axis=1)
    factor = np.concatenate([np.eye(1, rank), rows])
    normals = rng.standard_normal((1_000_000, rank))
    normals[:, 0] = 1
    drawn, counts = np.unique(np.where(normals @ factor.T >= 0, 1.0, -1.0), axis=0, return_counts=True)
    drawn, counts = drawn[counts > 1000], counts[counts > 1000]
    estimate, error = log_probability(factor, drawn, True, 8, n_draws=8192, replicates=32)
    both = np.sqrt(error**2 + (1 - counts / 1e6) / counts)
    # Five and a half standard errors: a false alarm in 10^4 for Student's law of 31 degrees and 64 patterns.
    assert (np.abs(estimate - np.log(counts / 1e6)) < 5.5 * both).all()


def test_standard_errors_cover():
    """A 95 % interval covers in 95 % of codes; the limits are the binomial ones of false-alarm rate 1e-4."""
    rows = unit(np.random.default_rng(4).standard_normal((9, 3)))
    rows[0] = (1, 0, 0)
    exact = {tuple(code): exact_rank_three(rows, code) for code in patterns(9)}
    code = np.array(max(exact, key=exact.get))
    n = 600
    estimate, error = log_probability(rows, np.tile(code, (n, 1)), False, 2, n_draws=512, replicates=8)
    covered = np.abs(estimate - np.log(exact[tuple(code)])) < stats.t(7).isf(0.025) * error
    assert stats.binomtest(int(covered.sum()), n, 0.95).pvalue > 1e-4
    # Each estimate of the probability is unbiased.
    ratio = np.exp(estimate) / exact[tuple(code)]
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / n**0.5


@pytest.mark.parametrize("constant", [False, True])
def test_hundreds_of_bits_do_not_underflow(constant):
    factor, mean, slope = one_factor(constant, 1500, scale=0.1)
    codes = np.ones((1, 1501))
    exact = exact_one_factor(codes, constant, mean, slope)
    assert exact < -750
    estimate, error = log_probability(factor, codes, constant, 7, n_draws=128)
    assert_agrees(estimate, error, exact, 8)
    assert 0 < error < 0.5


def test_unlikely_thresholds_do_not_underflow():
    """A single bit at 60 standard deviations: exact, though its probability is 10^-784."""
    factor = np.array([[1.0, 0.0, 0.0], [-60.0, 1.0, 0.0], [-60.0, 0.6, 0.8]])
    estimate, error = log_probability(factor, np.array([[1.0, 1.0, 0.0]]), True, 7, n_draws=16, replicates=2)
    np.testing.assert_allclose(estimate, log_ndtr(-60.0), rtol=1e-14)
    assert error == 0
    both, spread = log_probability(factor, np.ones((1, 3)), True, 7, n_draws=4096)
    # P(z1, z2 > h) for correlation c falls as exp(-h^2 / (1 + c)).
    assert -(60**2) / 1.6 - 15 < both < -(60**2) / 1.6
    assert spread < 0.1


def test_unknown_signs_are_summed_over():
    factor, mean, slope = one_factor(True, 6)
    full = patterns(7)
    partial = np.array([[1.0, 1, 0, 0, -1, 0, 1]])
    agrees = ((full == partial) | (partial == 0)).all(axis=1)
    exact = logsumexp(exact_one_factor(full[agrees], True, mean, slope), keepdims=True)
    assert_agrees(*log_probability(factor, partial, True, 1, replicates=32), exact, 32)
    for constant in (True, False):
        nothing = log_probability(factor, np.eye(1, 7), constant, 1)
        np.testing.assert_allclose(nothing, 0, atol=1e-15)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_codes_do_not_see_each_other(seed):
    rng = np.random.default_rng(seed)
    rows = unit(rng.standard_normal((9, 4)))
    rows[0] = np.eye(4)[0]
    normals = rng.standard_normal((5, 4))
    normals[:, 0] = abs(normals[:, 0])
    codes = np.where(normals @ rows.T >= 0, 1.0, -1.0)
    whole = log_probability(rows, codes, False, seed, n_draws=128)
    part = log_probability(rows, codes[2:4], False, seed, first=2, n_draws=128)
    np.testing.assert_array_equal(np.array(whole)[:, 2:4], part)
    assert np.isfinite(whole).all()


def test_tensors_and_uncompiled_kernels_give_the_same(torch, monkeypatch):
    rows = unit(np.random.default_rng(4).standard_normal((9, 3)))
    rows[0] = (1, 0, 0)
    codes = np.where(np.abs(np.random.default_rng(5).standard_normal((2, 3))) @ rows.T >= 0, 1.0, -1.0)
    expected = log_probability(rows, codes, False, 9, n_draws=128)
    tensors = log_probability(torch.from_numpy(rows), torch.from_numpy(codes), False, 9, n_draws=128)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    generic = log_probability(rows, codes, False, 9, n_draws=128)
    for a, b, c in zip(expected, tensors, generic, strict=True):
        np.testing.assert_allclose(b.numpy(), a, atol=1e-12)
        np.testing.assert_allclose(c, a, atol=1e-12)


def test_array_code_for_devices(torch, device, monkeypatch):
    """What runs where no compiled kernel can, on tensors that pass for remote ones."""
    for module in ("_kernels", "latent.orthant"):
        monkeypatch.setattr(f"bernoulli_latent.{module}.on_host", lambda x: False)
    factor, mean, slope = one_factor(True, 5)
    codes = patterns(6)[::5]
    rows, signs = (torch.as_tensor(x, device=device) for x in (factor, codes))
    estimate, error = log_probability(rows, signs, True, 5, n_draws=2048, replicates=32)
    assert estimate.device.type == error.device.type == device
    exact = exact_one_factor(codes, True, mean, slope)
    assert_agrees(estimate.cpu().numpy(), error.cpu().numpy(), exact, 32)
    rows = unit(np.random.default_rng(4).standard_normal((9, 3)))
    rows[0] = (1, 0, 0)
    code = np.where(np.array([[1.0, 0.3, -0.2]]) @ rows.T >= 0, 1.0, -1.0)
    estimate, error = log_probability(
        *(torch.as_tensor(x, device=device) for x in (rows, code)), False, 5, n_draws=2048
    )
    assert_agrees(estimate.cpu().numpy(), error.cpu().numpy(), np.log([exact_rank_three(rows, code[0])]), 8)


def test_no_codes():
    estimate, error = log_probability(np.eye(3), np.ones((0, 3)), False, 1)
    assert estimate.shape == error.shape == (0,)


def test_model_of_real_latents(sampler):
    """Sixty bits in fewer dimensions: twice as many particles agree with the first ones."""
    factor = sampler._model.factor
    assert factor.shape[1] < factor.shape[0]
    normals = np.random.default_rng(1).standard_normal((4, factor.shape[1]))
    normals[:, 0] = abs(normals[:, 0])
    codes = np.where(normals @ factor.T >= 0, 1.0, -1.0)
    coarse, coarse_error = log_probability(factor, codes, False, 1, n_draws=1024)
    fine, fine_error = log_probability(factor, codes, False, 1000, n_draws=2048)
    assert (coarse < -10).all()
    assert (fine_error < 0.3).all()
    # Seven degrees of freedom: 12 standard errors have a false-alarm rate below 1e-4 over four codes.
    assert (np.abs(coarse - fine) < 12 * np.hypot(coarse_error, fine_error)).all()


@pytest.mark.parametrize(("n_draws", "replicates"), [(10, 4), (8, 1)])
def test_particles_must_divide(n_draws, replicates):
    with pytest.raises(ValueError, match="`n_draws` must be a multiple of `replicates`"):
        log_probability(np.eye(2), np.ones((1, 2)), False, 0, n_draws=n_draws, replicates=replicates)
