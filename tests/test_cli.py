"""The command line: results, files, exit codes, and what it says of bad input."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from bernoulli_latent import (
    BernoulliMoments,
    HyperplaneSampler,
    __version__,
    citation,
    cli,
    load_sampler,
    nearest_correlation,
)
from bernoulli_latent.cli import main

N_SAMPLES, N_BITS = 500, 11


@pytest.fixture(scope="module")
def bits():
    """Correlated bits, coded 0 and 1."""
    rng = np.random.default_rng(5)
    normals = rng.standard_normal((N_SAMPLES, N_BITS)) + rng.standard_normal((N_SAMPLES, 1))
    return (normals > np.linspace(-1, 1, N_BITS)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, bits):
    np.save(tmp_path / "latents.npy", bits)
    return tmp_path


@pytest.fixture
def model(folder):
    assert main(["fit", str(folder / "latents.npy"), "-o", str(folder / "model.npz")]) == 0
    return folder / "model.npz"


def draw(model, *options, n=1000, name="bits.npy"):
    assert main(["sample", str(model), "-n", str(n), "-o", str(model.parent / name), *options]) == 0
    return np.load(model.parent / name, allow_pickle=False)


def test_fit_equals_the_library_and_prints_the_report(folder, bits, model, capsys):
    assert main(["fit", str(folder / "latents.npy"), "-o", str(model)]) == 0
    sampler = HyperplaneSampler.load(model)
    assert capsys.readouterr().out == f"{sampler.report_}\n"
    np.testing.assert_array_equal(sampler.moments_.matrix, BernoulliMoments.from_samples(bits).matrix)


def test_fit_passes_its_options_on(folder):
    arguments = ["--repair", "clip", "--boundary-weight", "3", "--rank", "4"]
    assert main(["fit", str(folder / "latents.npy"), "-o", str(folder / "model.npz"), *arguments]) == 0
    sampler = HyperplaneSampler.load(folder / "model.npz")
    assert (sampler.repair, sampler.boundary_weight, sampler.rank) == ("clip", 3.0, 4)
    assert sampler.report_.rank == 4


def test_blocks_do_not_change_the_result(folder, bits, monkeypatch):
    monkeypatch.setattr(cli, "BLOCK_ENTRIES", 64 * N_BITS)
    assert len(cli._blocks(N_SAMPLES, N_BITS)) == 8
    assert main(["fit", str(folder / "latents.npy"), "-o", str(folder / "model.npz")]) == 0
    sampler = HyperplaneSampler.load(folder / "model.npz")
    np.testing.assert_array_equal(sampler.moments_.matrix, BernoulliMoments.from_samples(bits).matrix)
    expected = sampler.sample(1000, rng=3, start=100)
    np.testing.assert_array_equal(draw(folder / "model.npz", "--seed", "3", "--start", "100"), expected)


def test_sample_has_the_form_of_the_data_or_the_one_asked_for(model, bits):
    own = draw(model, "--seed", "1")
    assert own.dtype == bits.dtype
    assert own.shape == (1000, N_BITS)
    np.testing.assert_array_equal(draw(model, "--seed", "1", "--values", "pm1"), 2 * own.astype(int) - 1)
    as_bool = draw(model, "--seed", "1", "--values", "bool")
    assert as_bool.dtype == np.bool_
    np.testing.assert_array_equal(as_bool, own > 0)


def test_packed_rows_are_those_of_numpy(model):
    options = ("--seed", "1", "--start", "77")
    packed = draw(model, *options, "--packed")
    assert packed.dtype == np.uint8
    np.testing.assert_array_equal(packed, np.packbits(draw(model, *options), axis=1))


def test_start_continues_the_stream(model):
    whole = draw(model, "--seed", "1")
    part = draw(model, "--seed", "1", "--start", "700", n=300)
    np.testing.assert_array_equal(part, whole[700:])


def test_seed_left_out_is_printed_and_repeats_the_draw(model, capsys):
    first = draw(model)
    seed = capsys.readouterr().out.split()[-1]
    np.testing.assert_array_equal(draw(model, "--seed", seed, name="again.npy"), first)


def test_interrupt_leaves_no_file_and_an_old_one_alone(model, monkeypatch, capsys):
    old = draw(model, "--seed", "1")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_draw", interrupt)
    before = sorted(os.listdir(model.parent))
    assert main(["sample", str(model), "-n", "9", "-o", str(model.parent / "bits.npy")]) == 130
    assert main(["sample", str(model), "-n", "9", "-o", str(model.parent / "new.npy")]) == 130
    assert sorted(os.listdir(model.parent)) == before
    np.testing.assert_array_equal(np.load(model.parent / "bits.npy"), old)
    assert "interrupted" in capsys.readouterr().err


def test_bits_may_come_from_an_npz_file(folder, bits):
    np.savez(folder / "latents.npz", y=np.where(bits, 1.0, -1.0))
    assert main(["fit", str(folder / "latents.npz"), "-o", str(folder / "model.npz")]) == 0
    assert draw(folder / "model.npz").dtype == np.float64


def test_check_of_samples_reports_the_cost_of_the_repair(folder, capsys):
    assert main(["check", str(folder / "latents.npy")]) == 0
    captured = capsys.readouterr().out
    assert captured.startswith("feasible")
    assert "smallest eigenvalue" in captured


def test_check_of_given_moments(tmp_path, bits, capsys):
    moments = BernoulliMoments.from_samples(bits)
    np.savez(tmp_path / "matrix.npz", matrix=moments.matrix)
    assert main(["check", str(tmp_path / "matrix.npz")]) == 0
    by_matrix = capsys.readouterr().out
    np.savez(tmp_path / "parts.npz", probabilities=moments.marginals, correlation=moments.correlation)
    assert main(["check", str(tmp_path / "parts.npz"), "--repair", "nearest"]) == 0
    kept = [line for line in by_matrix.splitlines() if "error" not in line]
    assert [line for line in capsys.readouterr().out.splitlines() if "error" not in line] == kept


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"probabilities": [0.9, 0.9], "joint": [[0.9, 0.1], [0.1, 0.9]]}, "bits (0, 1)"),
        ({"matrix": np.where(np.eye(4), 1, [[-0.5] * 3 + [0]] * 3 + [[0] * 4])}, "bits (0, 1, 2)"),
    ],
)
def test_check_names_what_is_infeasible(tmp_path, capsys, arrays, message):
    np.savez(tmp_path / "moments.npz", **{name: np.asarray(array) for name, array in arrays.items()})
    assert main(["check", str(tmp_path / "moments.npz")]) == 1
    assert message in capsys.readouterr().out


def test_repair_warnings_are_one_line(tmp_path, capsys):
    np.savez(tmp_path / "moments.npz", probabilities=np.full(4, 0.9))
    assert main(["check", str(tmp_path / "moments.npz")]) == 0
    err = capsys.readouterr().err
    assert "warning: the moments could not be met" in err
    assert ".py" not in err


def damaged(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("command", ["fit", "check"])
@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("none.npy", lambda path: None, "No such file"),
        ("cut.npy", lambda path: (np.save(path, np.eye(9)), damaged(path)), "damaged"),
        ("cut.npz", lambda path: (np.savez_compressed(path, y=np.eye(9)), damaged(path)), "damaged"),
        ("text.npy", lambda path: path.write_text("0 1 1\n"), "damaged"),
        ("empty.npy", lambda path: path.write_bytes(b""), "damaged"),
        ("object.npy", lambda path: np.save(path, np.array([{}]), allow_pickle=True), "damaged"),
        ("flat.npy", lambda path: np.save(path, np.ones(9)), "(n_samples, n_bits); got shape (9,)"),
        ("rows.npy", lambda path: np.save(path, np.ones((0, 9))), "got shape (0, 9)"),
        ("half.npy", lambda path: np.save(path, np.full((2, 3), 0.5)), "rows 0 to 1 as `y`"),
        ("mixed.npy", lambda path: np.save(path, np.array([[-1, 0], [1, 1]])), "rows 0 to 1 as `y`"),
        ("two.npz", lambda path: np.savez(path, a=np.eye(2), b=np.eye(2)), "it holds ['a', 'b']"),
        ("joint.npz", lambda path: np.savez(path, probabilities=[0.5], joint=[[0.1]]), "`joint`"),
    ],
)
def test_bad_files_are_told_without_a_traceback(tmp_path, capsys, command, name, make, message):
    make(tmp_path / name)
    output = ["-o", str(tmp_path / "model.npz")] if command == "fit" else []
    assert main([command, str(tmp_path / name), *output]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].startswith(f"bernoulli_latent {command}: error: ")
    assert message in captured.err
    assert captured.out == ""
    assert not (tmp_path / "model.npz").exists()


def test_bad_model_is_told(folder, capsys):
    np.savez(folder / "foreign.npz", a=np.eye(2))
    for name in ("foreign.npz", "none.npz"):
        assert main(["sample", str(folder / name), "-n", "5", "-o", str(folder / "bits.npy")]) == 2
        assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required"),
        (["fly"], "invalid choice"),
        (["sample", "m.npz", "-o", "bits.npy", "-n", "0"], "at least 1; got '0'"),
        (["sample", "m.npz", "-o", "bits.npy", "-n", "1.5"], "got '1.5'"),
        (["sample", "m.npz", "-o", "bits.txt", "-n", "1"], "must end in .npy"),
        (["sample", "m.npz", "-o", "no/such/bits.npy", "-n", "1"], "folder that exists"),
        (["sample", "m.npz", "-o", "bits.npy", "-n", "1", "--packed", "--values", "01"], "not allowed with"),
        (["sample", "m.npz", "-o", "bits.npy", "-n", "1", "--seed", "-1"], "at least 0"),
        (["fit", "y.npy", "-o", "model.npy"], "must end in .npz or .safetensors"),
        (["fit", "y.npy", "-o", "model.npz", "--repair", "pray"], "invalid choice"),
        (["demo", "--epochs", "0"], "at least 1"),
    ],
)
def test_bad_arguments_exit_with_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["fit"], ["sample"], ["check"], ["demo"], ["versions"]])
def test_help_documents_the_exit_codes(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "exit codes: 0 done; 1 " in capsys.readouterr().out


def test_progress_without_tqdm(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert main(["check", str(folder / "latents.npy")]) == 0
    assert "counting:   0 %" in capsys.readouterr().err


def test_demo_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "bernoulli_latent._demo", None)
    assert main(["demo", "--output", str(tmp_path / "demo.png")]) == 2
    assert "pip install 'bernoulli_latent[examples]'" in capsys.readouterr().err


def test_as_a_process(folder):
    def run(*arguments):
        command = [sys.executable, "-m", "bernoulli_latent", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    versions = run("versions")
    assert versions.returncode == 0
    assert versions.stdout.splitlines()[0].split() == ["bernoulli_latent", __version__]
    missing = run("check", "none.npy")
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr


def test_versions_import_nothing_heavy():
    code = (
        "import sys; from bernoulli_latent import show_versions; show_versions();"
        "assert not {'torch', 'numba', 'scipy', 'matplotlib'} & set(sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"numpy            {np.__version__}" in printed


@pytest.mark.parametrize(
    "obj",
    [
        HyperplaneSampler,
        HyperplaneSampler(),
        HyperplaneSampler.load,
        HyperplaneSampler().interpolate,
        HyperplaneSampler.interpolate,
    ],
)
def test_citation_of_a_class_its_instances_and_methods(obj):
    assert "title = {Latent {B}ernoulli Autoencoder}" in citation(obj)


def test_citation_of_functions_software_and_strangers():
    assert citation(nearest_correlation).startswith("@article{Higham2002,")
    assert citation().startswith("@software{bernoulli_latent,")
    assert citation(cli.main) == citation()
    for entry in citation(nearest_correlation).split("\n\n"):
        assert entry.count("{") == entry.count("}")
    with pytest.raises(TypeError, match=r"`obj` must be a class, function or instance of bernoulli_latent"):
        citation(np.mean)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_saved_moments_are_read(tmp_path, capsys, suffix):
    path = tmp_path / f"moments{suffix}"
    BernoulliMoments.from_marginals([0.3, 0.6], correlation=[[1, 0.3], [0.3, 1]]).save(path)
    assert main(["check", str(path)]) == 0
    assert "feasible" in capsys.readouterr().out


@pytest.mark.parametrize("family", ["auto", "dichotomized_gaussian"])
def test_fit_and_sample_another_family(folder, family, capsys):
    path = folder / "model.npz"
    assert main(["fit", str(folder / "latents.npy"), "-o", str(path), "--family", family]) == 0
    assert "chosen: dichotomized_gaussian" in capsys.readouterr().out
    sampler = load_sampler(path)
    assert type(sampler).__name__ == "DichotomizedGaussianSampler"
    np.testing.assert_array_equal(draw(path, "--seed", "2"), sampler.sample(1000, rng=2))


def test_the_weight_of_the_boundary_needs_a_boundary(folder, capsys):
    arguments = ["--family", "dichotomized_gaussian", "--boundary-weight", "2"]
    assert main(["fit", str(folder / "latents.npy"), "-o", str(folder / "model.npz"), *arguments]) == 2
    assert "`--boundary-weight` needs `--family hyperplane`" in capsys.readouterr().err
    assert not (folder / "model.npz").exists()


def test_moments_are_no_sampler(folder, bits, capsys):
    BernoulliMoments.from_samples(bits).save(folder / "moments.npz")
    assert main(["sample", str(folder / "moments.npz"), "-n", "3", "-o", str(folder / "bits.npy")]) == 2
    assert "must hold a sampler; it holds a BernoulliMoments" in capsys.readouterr().err
