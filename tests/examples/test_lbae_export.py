"""Exported runs: the same model in small files, from which scripts draw and training goes on."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from examples.lbae import export, generate, make_pretrained, train
from examples.lbae.codes import decode
from examples.lbae.model import LBAE, Plan
from examples.lbae.model import save as save_model
from examples.lbae.runs import Run

pytestmark = pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """The run in tiny shards."""
    folder = tmp_path_factory.mktemp("export") / "new"
    export.main(["--smoke", "--run", str(run), "--out", str(folder)])
    return folder


def test_an_export_is_a_run_of_small_files(run, exported, tmp_path):
    """Of nearly the same images, from the same codes."""
    generate.main(
        ["samples", "--smoke", "--family", "independent", "--run", str(exported), "--out", str(tmp_path / "a.png")]
    )
    assert max(path.stat().st_size for path in exported.glob("*.safetensors")) <= 0.02 * 2**20
    whole, cut = Run(run), Run(exported)
    assert cut.about == whole.about
    bits = cut.codes("test").bits
    assert np.array_equal(bits.words, whole.codes("test").bits.words)
    np.testing.assert_allclose(decode(cut.model, bits).astype(int), decode(whole.model, bits), atol=3)


def test_an_export_in_full_precision_is_exact_and_can_be_exported_again(torch, run, tmp_path):
    for source, target, shard_mib in [(run, tmp_path / "a", "1"), (tmp_path / "a", tmp_path / "b", "0.5")]:
        flags = ["--precision", "float32", "--shard-mib", shard_mib]
        export.main(["--run", str(source), "--out", str(target), *flags])
    weights, again = Run(run).model.state_dict(), Run(tmp_path / "b").model.state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in weights.items())


def test_codes_that_are_too_large_stay_behind(run, tmp_path, capsys):
    shutil.copy(run / "model.safetensors", tmp_path)
    (tmp_path / "codes_train.npz").write_bytes(bytes(2**17))
    export.main(["--run", str(tmp_path), "--out", str(tmp_path / "out"), "--shard-mib", "0.1"])
    assert "codes_train.npz is not copied: it has 0.12 MiB, --shard-mib is 0.1" in capsys.readouterr().out
    assert not (tmp_path / "out" / "codes_train.npz").exists()


def test_an_export_never_lands_on_a_model(run, tmp_path):
    with pytest.raises(SystemExit, match=r"error: `out` has a model already: .*model\.safetensors"):
        export.main(["--smoke", "--run", str(run), "--out", str(run)])


@pytest.mark.parametrize("others", [[], ["log.jsonl"]])
def test_training_never_lands_on_a_model_of_another(run, tmp_path, others):
    """With its checkpoint the model is this training's own; without, it may be all that is left of one."""
    for name in ("model.safetensors", *others):
        shutil.copy(run / name, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SystemExit, match=r"error: `out` has a model already: .*model\.safetensors; name another"):
        train.main(["--smoke", "--resume", "--out", str(tmp_path)])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_pretrained_model_needs_a_folder_of_its_own(run, tmp_path):
    """Told before the training, not after it."""
    with pytest.raises(SystemExit, match="error: `export` must be another folder than `out`"):
        make_pretrained.main(["--smoke", "--out", str(tmp_path), "--export", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"error: `export` has a model already: .*model\.safetensors"):
        make_pretrained.main(["--smoke", "--out", str(tmp_path), "--export", str(run)])
    assert not list(tmp_path.iterdir())


def test_two_models_in_a_folder_are_told(run, exported, tmp_path):
    for path in (*exported.iterdir(), run / "model.safetensors"):
        shutil.copy(path, tmp_path)
    with pytest.raises(
        ValueError, match=r"must have one model; it has model\.safetensors and model\.safetensors\.index"
    ):
        _ = Run(tmp_path).model


def log(folder):
    return [json.loads(line) | {"seconds": 0} for line in (folder / "log.jsonl").read_text().splitlines()]


def test_training_starts_from_exported_weights_and_resumes_without_them(torch, run, exported, tmp_path):
    """As if it had not stopped."""
    start, out, whole = tmp_path / "start", tmp_path / "out", tmp_path / "whole"
    shutil.copytree(exported, start)
    common = ["--smoke", "--resume", "--out", str(out), "--threads", "1"]
    train.main([*common, "--start", str(start), "--max-minutes", "1e-9"])
    shutil.rmtree(start)
    train.main([*common, "--start", str(start), "--max-minutes", "1e-9"])
    train.main(common)
    train.main(["--smoke", "--out", str(whole), "--start", str(exported), "--threads", "1"])
    assert log(out) == log(whole)
    assert log(out)[0]["loss"] < 0.8 * log(run)[0]["loss"]
    weights = Run(whole).model.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in Run(out).model.state_dict().items())
    about, before = Run(out).about, Run(run).about
    assert about["start"] == before
    assert about["steps"] == 2 * before["steps"]


def test_weights_of_another_plan_are_no_start(exported, tmp_path):
    save_model(tmp_path / "model.safetensors", LBAE(Plan(32, 1, 16, 0.125)), {"steps": 3})
    with pytest.raises(SystemExit, match=r"safetensors was made with other settings: .*`bits` was 16, is 32"):
        train.main(["--smoke", "--out", str(tmp_path / "out"), "--start", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"`out` has a model already: .*index\.json; name another folder"):
        train.main(["--smoke", "--out", str(exported), "--start", str(exported)])
