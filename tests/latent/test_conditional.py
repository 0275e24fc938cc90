"""Normals given some of their signs, against exact laws."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from bernoulli_latent._kernels import bouncing, generic_bouncing
from bernoulli_latent.latent.conditional import autocorrelation_time, draw_conditional

families = pytest.mark.parametrize("constant", [False, True])


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def one_factor(constant, n_bits=7, seed=1):
    """Model whose bits are independent given one normal, and the probabilities of all sign patterns."""
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, 0.4, n_bits) if constant else np.zeros(n_bits)
    slope = rng.uniform(-0.95, 0.95, n_bits)
    columns = (mean[:, None], slope[:, None], np.diag(np.sqrt(1 - slope**2)))
    rows = np.concatenate(columns if constant else columns[1:], axis=1)
    node, weight = np.polynomial.legendre.leggauss(400)
    x, weight = (9 * node, 9 * weight) if constant else (4.5 * node + 4.5, 9 * weight)
    patterns = np.array(list(product([-1.0, 1.0], repeat=n_bits)))
    terms = ndtr(patterns[:, None] * (mean + slope * x[:, None]) / np.sqrt(1 - slope**2)).prod(-1)
    return np.concatenate([np.eye(1, rows.shape[1]), rows]), patterns, terms @ (weight * stats.norm.pdf(x))


def low_rank(constant, R=9, rank=4, seed=3):
    """Model with more rows than dimensions; its normals."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((R, rank))
    rows = np.concatenate([0.5 * rows[:, :1], unit(rows[:, 1:])], axis=1) if constant else unit(rows)
    rows[0] = np.eye(rank)[0]
    return rows


def prior(constant, n, rank, seed=0):
    normals = np.random.default_rng(seed).standard_normal((n, rank))
    normals[:, 0] = 1 if constant else abs(normals[:, 0])
    return normals


def signs_of(normals, factor):
    return np.where(normals @ factor.T >= 0, 1.0, -1.0)


def counts(bits):
    """Number of rows with each pattern of the columns."""
    return np.bincount((bits > 0) @ (1 << np.arange(bits.shape[1])), minlength=2 ** bits.shape[1])


@families
@pytest.mark.parametrize("pick", ["likely", "unlikely"])
def test_free_bits_have_the_exact_law(constant, pick):
    """Chi-square at a false-alarm rate of 1e-4, at full rank, given four bits of seven."""
    factor, patterns, probability = one_factor(constant)
    known = np.array([True, True, False, True, False, False, True])
    masses = {tuple(x): probability[(patterns[:, known] == x).all(1)].sum() for x in patterns[:, known]}
    values = (max if pick == "likely" else min)(masses, key=masses.get)
    n = 20_000
    signs = np.zeros((n, 8))
    signs[:, 0] = 1
    signs[:, 1:][:, known] = values
    normals, report = draw_conditional(factor, signs, constant, key=4)
    drawn = signs_of(normals[0], factor)
    np.testing.assert_array_equal(drawn[:, 1:][:, known], signs[:, 1:][:, known])
    chosen = (patterns[:, known] == values).all(axis=1)
    free = patterns[chosen][:, ~known]
    expected = np.zeros(8)
    expected[(free > 0) @ (1 << np.arange(3))] = probability[chosen] / probability[chosen].sum()
    assert stats.chisquare(counts(drawn[:, 1:][:, ~known]), n * expected).pvalue > 1e-4
    np.testing.assert_allclose(report.effective_sample_size, 1)


@families
def test_free_bits_of_low_rank_have_the_law_of_the_prior(constant):
    """Two samples, draws and those of a million normals that have the known signs: false-alarm rate 1e-4."""
    factor = low_rank(constant)
    everything = signs_of(prior(constant, 1_000_000, 4), factor)
    code = everything[0].copy()
    code[[2, 5, 7, 8]] = 0
    match = everything[((everything == code) | (code == 0)).all(axis=1)]
    draws, report = draw_conditional(factor, np.tile(code, (5_000, 1)), constant, key=9)
    tables = np.stack([counts(x[:, code == 0]) for x in (match, signs_of(draws[0], factor))])
    assert len(match) > 5_000
    possible = tables.sum(axis=0) > 0
    assert stats.chi2_contingency(tables[:, possible]).pvalue > 1e-4
    assert not report.infeasible.any()


@families
def test_consecutive_draws_of_one_chain_have_the_law(constant):
    """Frequencies in one long chain against the exact ones, in standard errors widened by its correlation."""
    factor, patterns, probability = one_factor(constant)
    signs = np.array([[1.0, 1, -1, 1, 0, 0, 0, 0]])
    draws, report = draw_conditional(factor, signs, constant, key=11, n_draws=8000)
    bits = signs_of(draws[:, 0], factor)[:, 4:] > 0
    chosen = (patterns[:, :3] == signs[0, 1:4]).all(axis=1)
    mean = probability[chosen] @ (patterns[chosen][:, 3:] > 0) / probability[chosen].sum()
    size = report.effective_sample_size[0]
    assert 4000 < size <= 8000
    # Five standard errors, and a fifth more for bits that mix more slowly than the scores do on average.
    assert (np.abs(bits.mean(axis=0) - mean) < 6 * np.sqrt(mean * (1 - mean) / size)).all()


@families
def test_nothing_known_is_the_prior(constant):
    """Kolmogorov and Smirnov at a false-alarm rate of 1e-4 in all; full effective sample size."""
    factor = low_rank(constant)
    signs = np.zeros((4000, 9))
    signs[:, 0] = 1
    normals, report = draw_conditional(factor, signs, constant, key=2, n_draws=2)
    assert normals.shape == (2, 4000, 4)
    for draw in normals:
        if constant:
            assert (draw[:, 0] == 1).all()
        else:
            assert stats.kstest(draw[:, 0], stats.halfnorm.cdf).pvalue > 1e-5
        for j in range(1, 4):
            assert stats.kstest(draw[:, j], stats.norm.cdf).pvalue > 1e-5
    np.testing.assert_allclose(np.corrcoef(normals[0, :, 1], normals[1, :, 1])[0, 1], 0, atol=4 / 4000**0.5)
    assert report.effective_sample_size.mean() > 1.8


def test_everything_known():
    """In a cone the length of a normal is independent of its direction, so it keeps its law."""
    factor = low_rank(False)
    signs = signs_of(prior(False, 3000, 4, seed=6), factor)
    normals, report = draw_conditional(factor, signs, False, key=3)
    assert ((normals[0] @ factor.T) * signs > -1e-12).all()
    assert stats.kstest((normals[0] ** 2).sum(axis=1), stats.chi2(4).cdf).pvalue > 1e-4
    # Signs were drawn from the model, so draws given them are again draws of the model.
    for j in range(1, 4):
        assert stats.kstest(normals[0, :, j], stats.norm.cdf).pvalue > 1e-4 / 3
    assert not report.infeasible.any()


def test_model_of_real_latents(sampler):
    """Given 70 % of the bits, of twice as many bits as dimensions, chains hardly correlate."""
    factor = sampler._model.factor
    codes = signs_of(prior(False, 60, factor.shape[1]), factor)
    known = np.random.default_rng(0).random(codes.shape) < 0.7
    known[:, 0] = True
    normals, report = draw_conditional(factor, codes * known, False, key=8, n_draws=20)
    assert ((normals @ factor.T * codes)[:, known] > -1e-9).all()
    assert report.effective_sample_size.mean() > 15
    assert "60 chains of 32 + 20 trajectories" in str(report)
    assert "of 1200 draws" in str(report)


@families
def test_rows_do_not_see_each_other(constant, to_library):
    factor = low_rank(constant)
    signs = signs_of(prior(constant, 70, 4), factor)
    signs[:, 3::2] = 0
    whole, report = draw_conditional(to_library(factor), to_library(signs), constant, key=5, n_draws=3)
    assert type(whole) is type(to_library(factor)) is type(report.infeasible)
    part = draw_conditional(to_library(factor), to_library(signs[60:63]), constant, key=5, first=60, n_draws=3)[0]
    np.testing.assert_array_equal(np.asarray(part), np.asarray(whole)[:, 60:63])
    np.testing.assert_array_equal(np.asarray(whole), draw_conditional(factor, signs, constant, 5, n_draws=3)[0])
    assert (np.asarray(whole) != draw_conditional(factor, signs, constant, 6, n_draws=3)[0])[..., 1:].any()


@families
def test_impossible_signs_are_reported(constant):
    factor = np.array([[1.0, 0.0], [0.6, 0.8], [0.6, -0.8], [-1e-3, 1.0]])
    possible = {tuple(x) for x in signs_of(prior(constant, 100_000, 2), factor)}
    signs = np.array([(1.0, *rest) for rest in product([-1.0, 0.0, 1.0], repeat=3)])
    expected = [not any(all(s in (0, p) for s, p in zip(row, x, strict=True)) for x in possible) for row in signs]
    normals, report = draw_conditional(factor, signs, constant, key=1)
    np.testing.assert_array_equal(report.infeasible, expected)
    assert 0 < report.infeasible.sum() < len(signs)
    assert np.isfinite(normals).all()
    right = ((normals[0] @ factor.T) * signs > -1e-12) | (signs == 0)
    assert right[~report.infeasible].all()
    assert f"{report.infeasible.sum()} infeasible" in str(report)


def test_thin_wedge_ends():
    """Two walls at an angle of 1e-7: a trajectory may bounce more often than is allowed, and is then refused."""
    factor = np.array([[1.0, 0, 0], [0.0, 1, 0], [0, -1, 1e-7]])
    normals, report = draw_conditional(factor, np.ones((3, 3)), False, key=1, n_draws=4)
    assert (normals @ factor.T >= -1e-15).all()
    assert np.isfinite(report.effective_sample_size).all()


@families
def test_uncompiled_trajectories_are_the_same_to_the_last_bit(constant, torch):
    factor = low_rank(constant, R=15, rank=8)
    signs = signs_of(prior(constant, 20, 8), factor)
    signs[:, 10:] = 0
    offsets = factor[:, 0] if constant else np.zeros(15)
    walls = generic_bouncing.Walls.of(factor[:, 1:] if constant else factor, offsets)
    start = prior(constant, 20, 8)[:, int(constant) :]
    velocities = np.random.default_rng(1).standard_normal(start.shape)
    expected, bounces = bouncing.bounce(start, velocities, walls, signs)
    assert bounces.max() > 5
    ends, numbers = generic_bouncing.bounce(start, velocities, walls, signs)
    np.testing.assert_array_equal(ends, expected)
    np.testing.assert_array_equal(numbers, bounces)
    tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in (start, velocities, *walls, signs)]
    walls = generic_bouncing.Walls(*tensors[2:5])
    ends, numbers = generic_bouncing.bounce(tensors[0], tensors[1], walls, tensors[5])
    np.testing.assert_allclose(ends.numpy(), expected, atol=1e-9)
    np.testing.assert_array_equal(numbers.numpy(), bounces)


@families
def test_array_code_for_devices(constant, torch, device, monkeypatch):
    """What runs where no compiled kernel can: the law of the draws, on tensors that pass for remote ones."""
    for module in ("_kernels", "latent.conditional"):
        monkeypatch.setattr(f"bernoulli_latent.{module}.on_host", lambda x: False)
    factor = low_rank(constant, R=6)
    match = prior(constant, 400_000, 4)
    code = np.array([1.0, 1, -1, 0, 0, 0])
    match = match[(match @ factor.T * code >= 0).all(axis=1)]
    rows, signs = (torch.as_tensor(x, device=device) for x in (factor, np.tile(code, (3000, 1))))
    normals, report = draw_conditional(rows, signs, constant, key=3, n_draws=2)
    assert normals.device.type == report.infeasible.device.type == device
    tables = np.stack([counts(signs_of(x, factor)[:, 3:]) for x in (match, normals[0].cpu().numpy())])
    assert stats.chi2_contingency(tables[:, tables.sum(axis=0) > 0]).pvalue > 1e-4
    assert report.effective_sample_size.min() > 0.9
    assert "3000 chains" in str(report)


def test_no_rows():
    normals, report = draw_conditional(low_rank(False), np.ones((0, 9)), False, key=3)
    assert normals.shape == (1, 0, 4)
    assert report.effective_sample_size.shape == (0,)
    assert "0 chains" in str(report)


def test_trajectories_are_reversible():
    """From the end, with the velocity turned round, a trajectory leads back: here with one wall, by hand."""
    walls = generic_bouncing.Walls.of(np.array([[1.0, 0.0]]), np.array([0.5]))
    start, velocity = np.array([[0.2, 0.1]]), np.array([[-3.0, 0.4]])
    end, bounces = bouncing.bounce(start, velocity, walls, np.ones((1, 1)))
    assert bounces == 1
    # Without a wall it would end at the velocity; of which the first coordinate is reflected from the wall on.
    angle = 2 * np.arctan(1 / ((np.sqrt(9 - 0.25 + 0.04) + 3) / 0.7))
    x, v = -0.5, -(-3.0 * np.cos(angle) - 0.2 * np.sin(angle))
    rest = np.pi / 2 - angle
    np.testing.assert_allclose(end, [[x * np.cos(rest) + v * np.sin(rest), 0.4]], rtol=1e-13)


def test_autocorrelation_time_of_known_chains():
    noise = np.random.default_rng(0).standard_normal((1000, 60, 5))
    independent = autocorrelation_time(noise[:, :5], np.eye(5))
    assert ((independent >= 1) & (independent < 1.3)).all()
    chain = noise.copy()
    for t in range(1, len(chain)):
        chain[t] = 0.8 * chain[t - 1] + 0.6 * noise[t]
    times = autocorrelation_time(chain, np.eye(5))
    # (1 + 0.8) / (1 - 0.8) = 9; the spread of one estimate is about a sixth.
    np.testing.assert_allclose(times, 9, rtol=0.6)
    np.testing.assert_allclose(times.mean(), 9, rtol=0.1)
    np.testing.assert_array_equal(autocorrelation_time(np.ones((7, 2, 5)), np.eye(5)), 7)
