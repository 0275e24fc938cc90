"""The choice between families."""

import numpy as np
import pytest

from bernoulli_latent import (
    BernoulliMoments,
    DichotomizedGaussianSampler,
    HyperplaneSampler,
    RepairWarning,
    fit_sampler,
    moments_from_gram,
)


def near_singular(n_bits, seed):
    """Moments of a hyperplane model of low rank, which thresholds rarely have."""
    rows = np.random.default_rng(seed).standard_normal((n_bits + 1, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    gram = rows @ rows.T
    np.fill_diagonal(gram, 1)
    return BernoulliMoments.from_matrix(moments_from_gram(gram))


def test_thresholds_where_hyperplanes_fail(capsys):
    sampler = fit_sampler(BernoulliMoments.from_marginals([0.8] * 30))
    assert isinstance(sampler, DichotomizedGaussianSampler)
    assert "chosen: dichotomized_gaussian, which meets the request" in capsys.readouterr().out
    assert sampler.report_.alternatives["hyperplane"].errors.mean_max > 0.01


def test_hyperplanes_where_thresholds_fail(capsys):
    sampler = fit_sampler(near_singular(12, 0))
    assert isinstance(sampler, HyperplaneSampler)
    assert sampler.report_.errors.pair_max < 1e-9
    assert sampler.report_.alternatives["dichotomized_gaussian"].errors.pair_max > 1e-3
    assert "chosen: hyperplane, which meets the request" in capsys.readouterr().out


def test_the_nearest_of_two_that_miss(capsys):
    y = np.random.default_rng(0).standard_normal((500, 4)) @ np.random.default_rng(1).standard_normal((4, 40)) > 0.5
    with pytest.warns(RepairWarning, match="could not be met") as caught:
        sampler = fit_sampler(y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "whose moments are nearest to the request" in capsys.readouterr().out
    (other,) = sampler.report_.alternatives.values()
    mine, theirs = sampler.report_.errors, other.errors
    assert mine.mean_rms**2 + mine.pair_rms**2 < theirs.mean_rms**2 + theirs.pair_rms**2


def test_one_family_alone_and_silence(capsys, tmp_path):
    sampler = fit_sampler(BernoulliMoments.from_marginals([0.5, 0.5]), "hyperplane", verbose=False, repair="clip")
    assert repr(sampler).startswith("HyperplaneSampler(repair='clip'")
    assert sampler.report_.alternatives == {}
    assert capsys.readouterr().out == ""


def test_the_comparison_is_kept_in_files(tmp_path):
    sampler = fit_sampler(near_singular(5, 1), verbose=False)
    sampler.save(tmp_path / "x.npz")
    assert type(sampler).load(tmp_path / "x.npz").report_ == sampler.report_


def test_bad_calls():
    with pytest.raises(
        ValueError, match="`family` must be one of 'auto', 'dichotomized_gaussian', 'hyperplane'; got 'x'"
    ):
        fit_sampler([[0, 1], [1, 0]], "x")
    with pytest.raises(ValueError, match="`y` must have at least 2 rows"):
        fit_sampler([[0, 1]])


def test_arguments_that_a_family_lacks():
    with pytest.raises(TypeError, match="`boundary_weight` is no argument of DichotomizedGaussianSampler"):
        fit_sampler([[0, 1], [1, 0]], boundary_weight=2)
