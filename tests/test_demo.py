"""The demonstration: it runs with and without torch, repeats itself, and its numbers mean what they say."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent.cli import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from bernoulli_latent._demo import digits
from bernoulli_latent._demo import experiment as experiments
from bernoulli_latent._demo.frechet import frechet_distance
from bernoulli_latent._demo.picture import _mosaic
from bernoulli_latent._demo.table import tabulate
from bernoulli_latent._demo.thresholded import Threshold

WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Blocked())
from bernoulli_latent.cli import main
sys.exit(main(["demo", "--output", sys.argv[1]]))
"""


def demonstrate(path, capsys, *options):
    """Printed table, without its times, and the picture."""
    assert main(["demo", "--output", str(path), *options]) == 0
    printed = capsys.readouterr().out
    return printed.partition("Seconds")[0], path.read_bytes()


@pytest.mark.usefixtures("torch")
def test_with_torch_table_and_picture_repeat_themselves(tmp_path, capsys):
    first = demonstrate(tmp_path / "demo.png", capsys, "--epochs", "2", "--seed", "1")
    assert demonstrate(tmp_path / "demo.png", capsys, "--epochs", "2", "--seed", "1") == first
    for row in ("n bits                 128", "smallest eigenvalue", "independent bits", "seen as 7"):
        assert row in first[0]


def test_without_torch_pixels_are_the_bits(tmp_path):
    path = tmp_path / "demo.png"
    command = [sys.executable, "-c", WITHOUT_TORCH, str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "n bits                 64" in printed
    assert "Thresholded: every pixel is a bit" in printed
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def experiment():
    """One experiment on thresholded pixels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "_best_code", lambda: Threshold)
        with pytest.warns(match="moments could not be met"):
            return experiments.conduct(seed=0, epochs=1)


def test_correlated_samples_are_nearer_to_the_digits_than_independent_ones(experiment):
    correlated, independent = (
        frechet_distance(experiment.latents, bits) for bits in (experiment.correlated, experiment.independent)
    )
    assert correlated < independent / 4


def test_paths_lead_from_digit_to_digit(experiment):
    np.testing.assert_array_equal(experiment.paths[:, :, 0], -1)
    for end, column in ((0, [1, 7, 6]), (-1, [8, 3, 0])):
        for path, wanted in enumerate(column):
            own = experiment.unseen_latents[experiment.unseen.classes == wanted]
            assert np.any(np.all(experiment.paths[end, path] == own, axis=1))


def test_table_shows_that_a_larger_edit_is_recognised_more_often(experiment):
    lines = tabulate(experiment).splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("bits set"))
    shares = [[int(word[:-1]) for word in line.split() if word.endswith("%")] for line in lines[begin + 1 : begin + 7]]
    assert np.all(np.array(shares[-1]) > 80)
    assert np.all(np.array(shares[0]) < 50)


def test_digits_are_split_without_overlap():
    training, unseen = digits.load(seed=0)
    assert training.images.shape == (1500, 64)
    assert unseen.images.shape == (297, 64)
    assert training.images.min() == 0
    assert training.images.max() == 1
    total = np.concatenate([training.images, unseen.images])
    assert len(np.unique(total, axis=0)) == 1797


def test_autoencoder_learns_and_leaves_torch_as_it_was(torch):
    from bernoulli_latent._demo.autoencoder import N_BITS, Autoencoder

    training, unseen = digits.load(seed=0)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    code = Autoencoder.learn(training.images, epochs=15, seed=0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    latents = code.encode(unseen.images)
    assert latents.shape == (297, N_BITS)
    assert set(np.unique(latents)) == {-1, 1}
    error = np.mean((code.decode(latents) - unseen.images) ** 2)
    assert error < np.mean((training.images.mean(axis=0) - unseen.images) ** 2) / 3


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_frechet_distance_is_that_of_the_matrix_square_root(seed, n):
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal((4 * n, n)) @ rng.standard_normal((n, n)) for _ in range(2))
    cross = np.trace(sqrtm(np.cov(a.T) @ np.cov(b.T))).real
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * cross
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6, abs=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6 * np.trace(np.cov(a.T)))


def test_mosaic_keeps_pictures_apart():
    mosaic = _mosaic(np.ones((2, 3, 4)))
    assert mosaic.shape == (6, 9)
    np.testing.assert_array_equal(mosaic, np.tile([[1, 1, 0], [1, 1, 0], [0, 0, 0]], (2, 3)))
