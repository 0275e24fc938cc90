"""The arithmetic of draws: which is chosen, what the rounding to integers does, and that threads do nothing.

Seeds are fixed, so every test gives the same answer each time.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from bernoulli_latent import (
    BernoulliMoments,
    DichotomizedGaussianSampler,
    HyperplaneSampler,
    MixtureSampler,
    StructuredSampler,
    load_sampler,
    moments_from_gram,
)
from bernoulli_latent.correlation.thresholds import moments_from_thresholds
from bernoulli_latent.io import read_arrays, write_arrays
from bernoulli_latent.samplers import integers
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

FAMILIES = [HyperplaneSampler, DichotomizedGaussianSampler]
N = 40


@pytest.fixture(scope="module")
def moments():
    """Moments that some Gaussian has, of 40 bits and a boundary."""
    rows = np.random.default_rng(5).standard_normal((N + 1, 60)) + 0.2
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return BernoulliMoments.from_matrix(moments_from_gram(rows @ rows.T))


def factors(n=200, d=6, length=0.9, **options):
    rng = np.random.default_rng(n + d)
    loadings = rng.standard_normal((n, d))
    loadings *= length / np.linalg.norm(loadings, axis=1, keepdims=True)
    return StructuredSampler.factor(rng.uniform(0.02, 0.98, n), loadings, **options)


def bits_of(sampler, **options):
    return sampler.sample(500, rng=8, **options)


# --- what rounding does ---


def rounded_moments(factor, constant):
    """Closed form of the moments of rows rounded to 1/32767, the border first."""
    if not constant:
        rows = np.rint(32767 * factor)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return moments_from_gram(rows @ rows.T)
    rows = np.rint(32767 * factor[1:, 1:])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return moments_from_thresholds(factor[1:, 0], rows @ rows.T)


@pytest.mark.parametrize("family", FAMILIES)
def test_reported_bias_is_that_of_the_rounded_rows(family, moments):
    sampler = family().fit_moments(moments)
    model = sampler._model
    expected = rounded_moments(model.factor, model.constant)
    change = np.abs(model.ties.expand(expected) - sampler.model_moments().matrix).max()
    assert 1e-6 < sampler.report_.int16_bias < integers.LARGEST_BIAS
    assert sampler.report_.int16_bias == pytest.approx(change, abs=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_integers_have_the_moments_of_the_model(family, moments):
    """All means and pairs of 40 bits, 2^21 samples: a largest z-score above 5.5 has probability below 4e-5."""
    sampler, n = family(precision="int16").fit_moments(moments), 2**21
    drawn, model = BernoulliMoments.from_samples(sampler.sample(n, rng=4, packed=True)).matrix, sampler.model_moments()
    z = (drawn - model.matrix) / np.sqrt(np.clip(1 - model.matrix**2, 1e-12, None) / n)
    assert np.abs(z[np.triu_indices(N + 1, 1)]).max() < 5.5


def test_patterns_of_integers_are_those_of_float64(moments):
    """Two samples of 2^20 over 64 patterns: chi-square of 63 degrees above 130 has probability 1e-6."""
    first = BernoulliMoments.from_matrix(moments.matrix[np.ix_([*range(6), N], [*range(6), N])])
    a, b = (
        np.bincount(
            HyperplaneSampler(precision=precision).fit_moments(first).sample(2**20, rng=seed) @ (1 << np.arange(6)),
            minlength=64,
        )
        for seed, precision in enumerate(("int16", "float64"))
    )
    assert ((a - b) ** 2 / (a + b)).sum() < 130


def test_nearly_equal_bits_of_high_rank_are_too_much_for_integers():
    """Errors of 6,000 entries turn a row by 7e-4, and the arcsine law is steepest where bits agree."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3, 6000)) / 6000**0.5
    rows[2] = rows[1] + 1e-3 * rng.standard_normal(6000) / 6000**0.5
    rows[0] = np.eye(1, 6000)[0]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    model = Rounding(rows, Ties(np.arange(3), np.array([1, 2]), np.zeros(2, bool)))
    change = np.abs(model.in_integers().moments().matrix - model.moments().matrix).max()
    assert change > integers.LARGEST_BIAS
    assert integers.arithmetic("auto", change) == "float32"
    assert integers.arithmetic("int16", change) == "int16"


def test_bound_for_factors_holds_for_all_pairs():
    """It is computed without the pairs, and not much too large."""
    sampler = factors(200, 6, length=1.0)
    model = sampler._model
    thresholds, noise, loadings = model._recipe("int16")
    rows = np.c_[loadings / 32767, np.diag(noise / (32767 * 2**11))]
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    g = thresholds / (32767 * 2**11 * length[:, 0])
    np.testing.assert_allclose(g, model.thresholds, atol=1e-7)
    change = np.abs(moments_from_thresholds(g, (rows / length) @ (rows / length).T)[1:, 1:])
    change = np.abs(change - np.abs(sampler.model_moments().second_moment)).max()
    assert change < sampler.int16_bias < 6 * change


def test_structures_without_factors_have_no_integers():
    sampler = StructuredSampler.ar1(np.full(9, 0.3), latent_correlation=0.5)
    assert sampler.int16_bias == np.inf
    single = StructuredSampler.ar1(np.full(9, 0.3), latent_correlation=0.5, precision="float32")
    np.testing.assert_array_equal(bits_of(sampler), bits_of(single))
    with pytest.raises(ValueError, match="'float64' for this structure; got 'int16', which is for common factors"):
        StructuredSampler.ar1(np.full(9, 0.3), latent_correlation=0.5, precision="int16")
    sampler.precision = "int16"
    with pytest.raises(ValueError, match="got 'int16'"):
        sampler.sample(1)


# --- which is chosen ---


@pytest.mark.parametrize("family", FAMILIES)
def test_auto_takes_integers_where_their_bias_is_small(family, moments, monkeypatch):
    samplers = {name: family(precision=name).fit_moments(moments) for name in ("auto", "int16", "float32", "float64")}
    drawn = {name: bits_of(sampler) for name, sampler in samplers.items()}
    assert samplers["auto"].report_.precision == "int16"
    np.testing.assert_array_equal(drawn["auto"], drawn["int16"])
    assert 0.2 < (drawn["float64"] != drawn["auto"]).mean() < 0.6  # it has normals of its own
    monkeypatch.setattr(integers, "LARGEST_BIAS", 1e-7)
    assert family().fit_moments(moments).report_.precision == samplers["auto"].report_.precision == "float32"
    assert samplers["int16"].report_.precision == "int16"
    np.testing.assert_array_equal(bits_of(samplers["auto"]), drawn["float32"])


def test_auto_takes_float32_for_very_many_factors():
    sampler = factors(70, 1500)
    assert sampler.int16_bias > integers.LARGEST_BIAS
    np.testing.assert_array_equal(bits_of(sampler), bits_of(factors(70, 1500, precision="float32")))
    few = factors(70, 64)
    assert few.int16_bias < integers.LARGEST_BIAS
    np.testing.assert_array_equal(bits_of(few), bits_of(factors(70, 64, precision="int16")))


@pytest.mark.parametrize("precision", ["auto", "int16", "float32", "float64"])
@pytest.mark.parametrize("family", FAMILIES)
def test_files_keep_the_precision(family, precision, moments, tmp_path):
    sampler = family(precision=precision).fit_moments(moments)
    sampler.save(tmp_path / "sampler.npz")
    twin = load_sampler(tmp_path / "sampler.npz")
    assert twin.precision == precision
    assert twin.report_ == sampler.report_
    np.testing.assert_array_equal(bits_of(twin), bits_of(sampler))
    twin.precision = "float64"
    assert twin.report_.precision == "float64"


def test_reports_show_the_precision(moments):
    shown = str(HyperplaneSampler().fit_moments(moments).report_)
    assert "precision              int16" in shown
    assert "int16 bias" in shown
    with pytest.warns(Warning, match="differ"):
        report = StructuredSampler(rank=2).fit(np.random.default_rng(0).random((80, 7)) < 0.4).report_
    assert report.precision == "int16"
    assert 0 < report.int16_bias < integers.LARGEST_BIAS
    assert "precision              int16" in str(report)


@pytest.mark.parametrize("family", FAMILIES)
def test_tensors_have_the_same_bits(family, moments, torch, device):
    sampler = family().fit_moments(moments)
    np.testing.assert_array_equal(bits_of(sampler.to(device)).cpu().numpy(), bits_of(sampler))
    few = factors()
    np.testing.assert_array_equal(bits_of(few.to(device)).cpu().numpy(), bits_of(few))


# --- threads and memory ---

MADE = {
    "hyperplane": lambda moments: HyperplaneSampler().fit_moments(moments),
    "float32": lambda moments: HyperplaneSampler(precision="float32").fit_moments(moments),
    "thresholds": lambda moments: DichotomizedGaussianSampler().fit_moments(moments),
    "factors": lambda moments: factors(),
    "chain": lambda moments: StructuredSampler.ar1(np.full(70, 0.3), latent_correlation=0.5),
    "mixture": lambda moments: MixtureSampler("dichotomized_gaussian").fit(
        HyperplaneSampler().fit_moments(moments).sample(600, rng=1), labels=np.arange(600) % 2
    ),
}


@pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")
@pytest.mark.parametrize("name", MADE)
def test_bits_do_not_depend_on_the_number_of_threads(name, moments, monkeypatch):
    sampler = MADE[name](moments)
    one = sampler.sample(1001, rng=3, start=5, threads=1)
    packed = sampler.sample(1001, rng=3, start=5, packed=True, threads=1)
    for threads in (2, 3):
        np.testing.assert_array_equal(sampler.sample(1001, rng=3, start=5, threads=threads), one)
        assert sampler.sample(1001, rng=3, start=5, packed=True, threads=threads) == packed
    monkeypatch.setenv("BERNOULLI_LATENT_THREADS", "3")
    np.testing.assert_array_equal(sampler.sample(1001, rng=3, start=5), one)
    with pytest.raises(ValueError, match="`threads` must be at least 1; got 0"):
        sampler.sample(3, threads=0)


@pytest.mark.needs_jit
def test_threads_share_the_rows(moments, monkeypatch):
    sampler, drawn = HyperplaneSampler().fit_moments(moments), []
    draw = type(sampler)._draw
    monkeypatch.setattr(type(sampler), "_draw", lambda self, *args: drawn.append(args[1:]) or draw(self, *args))
    sampler.sample(1000, rng=0, start=7, packed=True, threads=3)
    assert sorted(drawn) == [(7, 0), (7, 384), (391, 384), (775, 232)]


@pytest.mark.needs_jit
def test_many_bits_take_little_memory_beyond_the_answer():
    """A thousand vectors of 100,000 bits with 64 factors: less than 100 MB beyond the 100 MB of the answer."""
    sampler = factors(100_000, 64, length=0.5)
    tracemalloc.start()
    bits = sampler.sample(1000, rng=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < bits.nbytes + 100e6


def test_threads_are_for_compiled_kernels(moments, monkeypatch):
    """Array code sets what is global in torch, and works in blocks of its own."""
    sampler = HyperplaneSampler().fit_moments(moments)
    monkeypatch.setattr("bernoulli_latent.samplers.base.compiles_for", lambda like: False)
    monkeypatch.setattr(
        "bernoulli_latent.samplers.base.in_parallel", lambda work, n, threads, grain: (work(0, n), threads)
    )
    seen = []
    draw = type(sampler)._draw
    monkeypatch.setattr(type(sampler), "_draw", lambda *request: seen.append(request[2:]) or draw(*request))
    sampler.sample(1000, rng=0, threads=4)
    assert seen == [(0, 0), (0, 1000)]


@pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")
def test_threads_do_not_fit(moments, monkeypatch):
    """What streams have left to fit is fitted once, before the threads start."""
    y, built = HyperplaneSampler().fit_moments(moments).sample(500, rng=0), []
    build = HyperplaneSampler._build
    monkeypatch.setattr(HyperplaneSampler, "_build", lambda *given: built.append(1) or build(*given))
    for packed in (True, False):
        HyperplaneSampler("clip").partial_fit(y).sample(1000, rng=0, packed=packed, threads=4)
    assert len(built) == 2


@pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")
def test_threads_in_inference_mode(moments, torch):
    y = torch.as_tensor(HyperplaneSampler().fit_moments(moments).sample(300, rng=0)).bfloat16()
    sampler = HyperplaneSampler("clip").fit(y)
    expected = sampler.sample(300, rng=0)
    with torch.inference_mode():
        assert torch.equal(sampler.sample(300, rng=0, threads=2), expected)


def test_rows_beyond_the_stream_are_refused_as_asked(moments):
    with pytest.raises(ValueError, match="with n = 1000"):
        HyperplaneSampler().fit_moments(moments).sample(1000, start=2**63 - 5, threads=2)


def test_a_wrong_precision_is_refused_wherever_it_counts(moments, tmp_path):
    sampler = HyperplaneSampler().fit_moments(moments)
    y = sampler.sample(4, rng=0)
    sampler.precision = "float16"
    with pytest.raises(ValueError, match="`precision` must be one of"):
        sampler.interpolate(y[:2], y[2:], 3)
    chain = StructuredSampler.ar1(np.full(70, 0.3), latent_correlation=0.4)
    chain.precision = "int16"
    with pytest.raises(ValueError, match="`precision` must be"):
        chain.save(tmp_path / "chain.npz")


@pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")
@pytest.mark.parametrize("fitted", [HyperplaneSampler("clip"), StructuredSampler(rank=2)])
def test_files_with_another_report_are_told_of(fitted, moments, tmp_path):
    path = tmp_path / "model.npz"
    fitted.fit(HyperplaneSampler().fit_moments(moments).sample(500, rng=0)).save(path)
    kind = type(fitted).__name__
    arrays, values = read_arrays(path, kind)
    del values["report"]["int16_bias"]
    write_arrays(path, kind, arrays, values)
    with pytest.raises(ValueError, match="of another version of bernoulli_latent: its report differs in int16_bias"):
        load_sampler(path)
