"""The latent Bernoulli autoencoder: published sizes, codes and back, and what its scripts do with them."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bernoulli_latent import BitArray, RepairWarning, hamming_distance
from bernoulli_latent.samplers.paths import SPACINGS
from examples.common.images import Images, load
from examples.lbae import authors, encode, evaluate, generate, make_pretrained, train
from examples.lbae.codes import Codes, decode
from examples.lbae.codes import encode as encode_pixels
from examples.lbae.evaluation import Evaluation, Finding
from examples.lbae.library import edit, fit
from examples.lbae.model import LBAE, Plan
from examples.lbae.model import load as load_model
from examples.lbae.model import save as save_model
from examples.lbae.runs import PRETRAINED, Run
from examples.lbae.tables import SHARES, tables

pytestmark = pytest.mark.filterwarnings("ignore::bernoulli_latent.RepairWarning")


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("plan", "encoder", "decoder"),
    [
        (Plan(28, 1, 200), 1_910_792, 572_368),
        (Plan(32, 3, 600), 3_550_744, 2_061_248),
        (Plan(64, 3, 1500), 9_467_804, 9_470_400),
    ],
    ids=["MNIST", "CIFAR-10", "CelebA"],
)
def test_sizes_are_those_published(plan, encoder, decoder):
    """1.91 + 0.57, 3.55 + 2.06 and 9.47 + 9.47 million, of which the MNIST decoder starts from 16 numbers."""
    model = LBAE(plan)
    assert (count(model.encoder), count(model.decoder)) == (encoder, decoder)


@pytest.mark.parametrize("plan", [Plan(28, 1, 7, 0.1), Plan(32, 3, 9, 0.1), Plan(64, 3, 70, 0.05, code_channels=3)])
def test_images_go_to_bits_and_back(torch, plan):
    model = LBAE(plan).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (5, plan.side, plan.side, plan.channels), dtype=np.uint8)
    bits = encode_pixels(model, pixels)
    assert bits.shape == (5, plan.bits)
    assert decode(model, bits).shape == pixels.shape
    assert decode(model, bits).dtype == np.uint8


def test_the_gradient_passes_the_bits(torch):
    model = LBAE(Plan(28, 1, 8, 0.1))
    model.loss(torch.rand(4, 1, 32, 32)).total.backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.encoder.parameters())


def test_grey_loss_is_in_nats_and_colour_loss_squared(torch):
    for channels, value in ((1, 32 * 32 * np.log(2)), (3, 3 * 32 * 32 * 0.25)):
        model = LBAE(Plan(32, channels, 8, 0.1))
        torch.nn.init.zeros_(model.decoder[-1].weight)
        assert model.loss(torch.ones(4, channels, 32, 32)).total.item() == pytest.approx(value)


@pytest.mark.parametrize(
    ("sizes", "message"), [((30, 1, 8), "`side` must be 28, 32 or 64 pixels; got 30"), ((28, 1, 0), "`bits` must be")]
)
def test_wrong_sizes_are_told(sizes, message):
    with pytest.raises(ValueError, match=message):
        Plan(*sizes)


def test_a_model_in_half_precision_gives_nearly_the_same_images(torch, tmp_path):
    model = LBAE(Plan(28, 1, 16, 0.1)).eval()
    save_model(tmp_path / "a.npz", model, {"steps": 3}, half=True)
    again, about = load_model(tmp_path / "a.npz")
    bits = BitArray.from_array(np.random.default_rng(0).integers(0, 2, (6, 16)))
    assert about == {"steps": 3}
    np.testing.assert_allclose(decode(again, bits).astype(int), decode(model, bits), atol=2)


def test_training_and_encoding_leave_a_run(run):
    losses = [json.loads(line)["unseen_loss"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.8 * losses[0]
    codes = Run(run).codes("train")
    assert codes.bits.shape == (200, 32)
    assert codes.names == tuple("0123456789")
    assert np.array_equal(codes.labels, load("digits", None, "train", 200).labels)
    assert np.array_equal(codes.columns.argmax(axis=1), codes.labels)


@pytest.mark.parametrize(
    ("arguments", "rows", "columns"),
    [
        (["samples", "--family", "mixture_by_class"], 2, 4),
        (["samples", "--family", "independent"], 2, 4),
        (["interpolate"], 2, 4),
        (["edit", "--attribute", "3"], 2, 4),
        (["edit", "--attribute", "3", "5", "--of", "mixture_by_class"], 3, 4),
        (["edit", "--attribute", "3", "--how", "propagated", "--budget", "4", "--remove"], 2, 4),
    ],
)
def test_pictures_are_drawn(run, tmp_path, arguments, rows, columns):
    picture = tmp_path / "a.png"
    generate.main([*arguments, "--smoke", "--run", str(run), "--out", str(picture)])
    with Image.open(picture) as drawn:
        assert drawn.size == (3 * (34 * columns - 2), 3 * (34 * rows - 2))


def test_evaluation_writes_rows_that_make_tables(run):
    evaluate.main(["--smoke", "--run", str(run), "--threads", "1"])
    rows = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    assert {row["parameters"]["task"] for row in rows} == {"reconstruction", "generation", "interpolation", "edit"}
    exact = [row["values"]["wrong_bits"] for row in rows if row["parameters"].get("inversion") == "posterior"]
    assert exact == [0] * 4
    paths = [row for row in rows if row["parameters"]["task"] == "interpolation"]
    assert len(paths) == 13
    largest = {spacing: set() for spacing in SPACINGS}
    for row in paths:
        largest[row["parameters"]["spacing"]].add(row["values"]["steps"]["largest_step"])
    assert len(largest["bits"]) == 1
    assert max(largest["bits"]) < min(largest["angle"])
    made = tables("smoke", rows)
    assert made["lbae_smoke_pictures"].count("\n") == 9
    assert "mixture by cluster" in made["lbae_smoke_pictures"]
    assert made["lbae_smoke_edits"].count("mean of 10") == 6
    floor = made["lbae_smoke_pictures"].splitlines()[2]
    assert floor.split(" | ")[3] == "1"
    summary = [line.strip("| ").split(" | ") for line in made["lbae_smoke_summary"].splitlines()[2:]]
    assert [line.count("-") for line in summary] == [3, 2, 0, 0, 0, 1, 1, 1]
    shares = [row["values"] for row in rows if row["parameters"]["task"] == "edit"]
    assert all(0 <= values[share] <= 1 for values in shares for share in SHARES)


def test_attributes_that_all_or_no_test_images_have_are_not_edited(torch):
    """There is no image to edit, or none to compare with; nor are those that all training images have."""
    rows, names = np.arange(40)[:, None], ("none", "some", "all", "learnt by no one")
    images = Images(np.zeros((40, 32, 32, 1), np.uint8), attributes=rows % [2, 3, 5, 1] == 0, names=names)
    unseen = replace(images, attributes=rows % 2 < [0, 1, 2, 1])
    model, classifier = LBAE(Plan(32, 1, 6, 0.05)).eval(), SimpleNamespace(share=lambda pixels, name: 0.5)
    codes = replace(Codes.of(model, images), bits=BitArray.from_array(np.random.default_rng(0).random((40, 6)) < 0.5))
    found = list(Evaluation(model, codes, images, unseen, None, [classifier], edits=3).editing())
    assert {finding.parameters["attribute"] for finding in found} == {"some"}


def test_a_classifier_that_was_made_otherwise_is_refused(run, tmp_path, monkeypatch):
    """Also one of other images; the right one is taken."""
    monkeypatch.setattr(Evaluation, "findings", lambda self, tasks: iter(()))
    common = ["--run", str(run), "--threads", "1", "--classifiers", "1", "--classifier-folder", str(tmp_path)]
    evaluate.main(["--smoke", *common])
    evaluate.main(["--smoke", *common])
    digits = ["--dataset", "digits", *common]
    with pytest.raises(SystemExit, match=r"classifier_0\.npz was made with other settings: `epochs` was 1, is 2$"):
        evaluate.main([*digits, "--limit", "200", "--epochs", "2"])
    with pytest.raises(SystemExit, match="`images` was 100, is 90; `digest` was"):
        evaluate.main([*digits, "--limit", "180", "--epochs", "1"])


def test_the_floor_is_of_images_that_no_classifier_has_seen(run, tmp_path, monkeypatch):
    found, train_classifier = {}, evaluate.train_classifier

    def recorded(images, *rest):
        found["known"] = images
        return train_classifier(images, *rest)

    monkeypatch.setattr(evaluate, "train_classifier", recorded)
    monkeypatch.setattr(Evaluation, "findings", lambda self, tasks: found.update(floor=self.held_out) or iter(()))
    evaluate.main(["--smoke", "--run", str(run), "--threads", "1", "--classifier-folder", str(tmp_path)])
    known, floor = ({image.tobytes() for image in found[part].pixels} for part in ("known", "floor"))
    assert not known & floor
    assert len(known) == len(floor) == 100


def test_warnings_are_silenced_only_while_a_finding_is_made(monkeypatch):
    def reconstruction(self):
        for _ in range(2):
            warnings.warn("repaired", RepairWarning, stacklevel=1)
            yield Finding("bits", {}, {})

    monkeypatch.setattr(Evaluation, "reconstruction", reconstruction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        findings = Evaluation(*[None] * 6).findings()
        assert [next(findings).contender, next(findings).contender] == ["bits", "bits"]
        assert warnings.filters == before


def test_the_pretrained_model_is_made_and_drawn_from(tmp_path, torch):
    folder = tmp_path / "export"
    make_pretrained.main(["--smoke", "--out", str(tmp_path / "run"), "--export", str(folder), "--threads", "1"])
    assert sorted(path.name for path in folder.iterdir()) == ["codes_test.npz", "codes_train.npz", "model.npz"]
    generate.main(["samples", "--smoke", "--run", str(folder), "--out", str(tmp_path / "a.png")])


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        (generate, ["edit", "--attribute", "hat"], "`attribute` must be one of 0, 1"),
        (generate, ["samples", "--rows", "-1"], "`n` must be"),
        (encode, ["--data", "nowhere"], "nothing to read: `path` 'nowhere' is no folder"),
        (encode, ["--dataset", "faces", "--limit", "9"], "`data` must be digits, which .* was trained on; got faces"),
        (evaluate, ["--dataset", "faces", "--limit", "9"], "`data` must be digits, which .* was trained on; got faces"),
        (evaluate, ["--classifiers", "0"], "`classifiers` must be positive; got 0"),
        (evaluate, ["--device", "mps"], "`device` must be 'auto', 'cpu' or 'cuda'; got 'mps'"),
    ],
)
def test_wrong_arguments_end_with_one_line(run, tmp_path, script, arguments, message):
    with pytest.raises(SystemExit, match=f"error: {message}"):
        script.main([*arguments, "--run", str(run)])


def test_a_run_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SystemExit, match=r"codes_train.npz is not there yet; make it with python -m examples.lbae"):
        generate.main(["samples", "--run", str(tmp_path)])


def test_codes_of_another_model_are_refused(run, tmp_path):
    """Such as those of a training that has since gone on."""
    for path in run.glob("*.*"):
        shutil.copy(path, tmp_path)
    model, about = Run(run).loaded
    save_model(tmp_path / "model.safetensors", model, about | {"steps": about["steps"] + 1})
    assert Run(run).codes("test").about == about
    with pytest.raises(SystemExit, match=r"codes_train\.npz has codes of another model than .*model\.safetensors"):
        generate.main(["samples", "--smoke", "--run", str(tmp_path)])


def test_an_edit_counts_the_bits_it_changes(run):
    codes = Run(run).codes("train")
    bits = codes.bits[:20]
    edited, changed = edit(None, codes, bits, "7", "contrast", budget=5)
    assert np.array_equal(changed, hamming_distance(bits, edited))
    assert 0 < changed.max() <= 5
    with pytest.raises(ValueError, match=r"`attribute` must be one of 0, 1, .*; got 'hat'"):
        edit(None, codes, bits, "hat", "plain")
    with pytest.raises(ValueError, match="`how` must be one of plain"):
        edit(None, codes, bits, "7", "kindly")


def test_families_that_do_not_fit_are_told(run):
    codes = Run(run).codes("train")
    unlabelled = Codes(codes.bits, None, None, (), "folder")
    with pytest.raises(ValueError, match="needs labels"):
        fit("mixture_by_class", unlabelled)
    with pytest.raises(ValueError, match="`family` must be one of independent"):
        fit("copula", codes)
    with pytest.raises(ValueError, match="neither attributes nor classes"):
        _ = unlabelled.columns


def test_the_authors_inversion_is_no_worse_than_the_plain_centroid(run):
    """Their paths start and end with the true codes."""
    bits = Run(run).codes("train").bits
    rows, signs = authors.factor(bits), bits.to_array("pm1")[:40]
    plain = np.sum(signs * (authors._between(rows, signs, np.ones(signs.shape)) @ rows.T) < 0, axis=1)
    wrong = np.sum(signs * (authors.invert(rows, signs) @ rows.T) < 0, axis=1)
    assert (wrong <= plain).all()
    assert wrong.sum() < plain.sum()
    ends = signs[:3], signs[3:6]
    path = authors.interpolate(rows, [authors.invert(rows, end) for end in ends], ends, 10)
    assert path.shape == (10, 3, 32)
    assert np.array_equal(path[0], signs[:3])
    assert np.array_equal(path[-1], signs[3:6])


def test_the_readme_runs(tmp_path, monkeypatch):
    """The twenty lines of the README, on the model that comes along."""
    monkeypatch.chdir(tmp_path)
    page = (Path(train.__file__).parent / "README.md").read_text()
    block = page.partition("```python\n")[2].partition("```")[0]
    assert block
    exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "twenty_lines.png").exists()


def test_what_comes_along_is_small():
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) <= make_pretrained.LARGEST
    codes = [Run(PRETRAINED).codes(split) for split in ("train", "test")]
    assert [len(each.bits) for each in codes] == [60_000, 10_000]
