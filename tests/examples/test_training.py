"""The training loop: stopping anywhere and going on is not stopping; wrong settings are told apart."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from torch import nn
from torch.nn import functional

from examples.common.averaging import MovingAverage
from examples.common.compiling import or_eager
from examples.common.settings import Settings
from examples.common.training import Losses, Trainer


class Noisy(nn.Module):
    """Batch statistics and random numbers, in few weights."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.Dropout(0.3), nn.Conv2d(2, 1, 1)
        )

    def loss(self, images):
        error = functional.mse_loss(self.inner(images), images, reduction="sum") / len(images)
        return Losses(error, {"error": error})


def pixels(n=45):
    return np.random.default_rng(0).integers(0, 256, (n, 16, 16, 1), dtype=np.uint8)


def trainer(torch, folder, **changes):
    settings = replace(Settings(out=folder, epochs=3, batch=10, device="cpu", seed=5, resume=True), **changes)
    device = settings.prepare()
    return Trainer(Noisy(), pixels(), settings, device, check=lambda model: {"weight": float(model.inner[0].bias[0])})


def outcome(trained):
    """Weights, averages and moments as lists, and the log without its times."""
    state = {**trained.model.state_dict(), **{f"mean {k}": v for k, v in trained.average.model.state_dict().items()}}
    moments = [{name: value.tolist() for name, value in each.items()} for each in trained.optimiser.state.values()]
    lines = [json.loads(line) for line in trained.log.read_text().splitlines()]
    return {k: v.tolist() for k, v in state.items()}, moments, [{**line, "seconds": 0} for line in lines]


@pytest.fixture(scope="module")
def whole(torch, tmp_path_factory):
    trained = trainer(torch, tmp_path_factory.mktemp("whole"))
    assert trained.run()
    return outcome(trained)


@pytest.mark.parametrize("stop", [0, 1, 4, 6, 11])
def test_resuming_equals_not_stopping(torch, tmp_path, whole, stop):
    assert not trainer(torch, tmp_path).run(steps=stop)
    torch.manual_seed(99)
    again = trainer(torch, tmp_path)
    assert again.step == stop
    assert again.run()
    assert outcome(again) == whole


def test_a_killed_run_repeats_what_its_checkpoint_has_not(torch, tmp_path, whole):
    """The log was ahead of the checkpoint; its lines are not written twice."""
    trainer(torch, tmp_path).run(steps=5)
    shutil.copy(tmp_path / "checkpoint.safetensors", tmp_path / "kept")
    trainer(torch, tmp_path).run(steps=4)
    shutil.copy(tmp_path / "kept", tmp_path / "checkpoint.safetensors")
    again = trainer(torch, tmp_path)
    again.run()
    assert outcome(again) == whole


def test_a_line_that_a_crash_broke_off_is_written_anew(torch, tmp_path, whole):
    trained = trainer(torch, tmp_path)
    trained.run(steps=5)
    with trained.log.open("ab") as file:
        file.write(b'{"epoch": 2, "st\xff')
    again = trainer(torch, tmp_path)
    again.run()
    assert outcome(again) == whole


def test_a_line_broken_within_the_log_is_named(torch, tmp_path):
    trained = trainer(torch, tmp_path)
    trained.run(steps=8)
    lines = trained.log.read_text().splitlines()
    trained.log.write_text("\n".join([lines[0][:9], *lines[1:]]) + "\n")
    with pytest.raises(ValueError, match=r"log\.jsonl, line 1: must be one JSON object"):
        trainer(torch, tmp_path)


def test_a_log_without_a_checkpoint_stays(torch, tmp_path, whole):
    """Unasked nothing starts over it; a run that is resumed before it was ever saved keeps all such logs."""
    (tmp_path / "log.jsonl").write_text("precious\n")
    (tmp_path / "log_without_checkpoint_1.jsonl").write_text("older\n")
    with pytest.raises(ValueError, match=r"`out` has a training already: .*log\.jsonl; go on with --resume"):
        trainer(torch, tmp_path, resume=False)
    assert (tmp_path / "log.jsonl").read_text() == "precious\n"
    trained = trainer(torch, tmp_path)
    trained.run()
    assert outcome(trained) == whole
    kept = [(tmp_path / f"log_without_checkpoint_{number}.jsonl").read_text() for number in (1, 2)]
    assert kept == ["older\n", "precious\n"]


def test_trained_weights_have_a_short_warm_up_that_resuming_keeps(torch, tmp_path):
    settings = Settings(out=tmp_path, epochs=2000, batch=10, device="cpu", seed=5)
    assert Trainer(Noisy(), pixels(), settings, settings.prepare()).schedule(199) < settings.learning_rate
    started = Trainer(Noisy(), pixels(), settings, settings.prepare(), start={"steps": 9})
    assert started.schedule(199) == settings.learning_rate
    started.run(steps=1)
    again = trainer(torch, tmp_path, epochs=2000)
    assert (again.start, again.schedule) == ({"steps": 9}, started.schedule)


def test_trained_weights_outlive_a_crash_in_the_first_step(torch, tmp_path, monkeypatch):
    settings = Settings(out=tmp_path, epochs=3, batch=10, device="cpu", seed=5)
    started = Trainer(Noisy(), pixels(), settings, settings.prepare(), start={"steps": 9})
    weights = {name: tensor.clone() for name, tensor in started.model.state_dict().items()}
    monkeypatch.setattr(started, "_advance", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        started.run()
    again = trainer(torch, tmp_path)
    assert again.start == {"steps": 9}
    assert all(torch.equal(tensor, weights[name]) for name, tensor in again.model.state_dict().items())


def test_no_images_are_told(torch, tmp_path):
    with pytest.raises(ValueError, match=r"`pixels` must have at least one image; got shape \(0, 16, 16, 1\)"):
        Trainer(Noisy(), pixels(0), Settings(out=tmp_path), torch.device("cpu"))


def test_it_learns_and_the_log_is_of_means(whole):
    log = whole[2]
    assert [line["step"] for line in log] == [4, 8, 12]
    assert log[-1]["loss"] < log[0]["loss"]
    assert log[0]["loss"] == log[0]["error"]
    assert log[-1]["learning_rate"] == pytest.approx(1e-5)


def test_it_stops_in_time_with_all_saved(torch, tmp_path):
    stopped = trainer(torch, tmp_path, max_minutes=1e-9)
    assert not stopped.run()
    assert stopped.checkpoint.exists()


def test_a_checkpoint_is_not_overwritten_unasked(torch, tmp_path):
    trainer(torch, tmp_path).run(steps=1)
    with pytest.raises(ValueError, match="--resume"):
        trainer(torch, tmp_path, resume=False)


def test_a_checkpoint_of_other_settings_is_refused(torch, tmp_path):
    trainer(torch, tmp_path).run(steps=1)
    with pytest.raises(ValueError, match="`epochs` was 3, is 4"):
        trainer(torch, tmp_path, epochs=4)


def test_a_loss_that_is_not_finite_ends_the_training(torch, tmp_path):
    broken = trainer(torch, tmp_path)
    with torch.no_grad():
        broken.model.inner[0].bias.fill_(torch.nan)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        broken.run()


@pytest.mark.parametrize("place", ["model", "average", "optimiser"])
def test_what_is_not_finite_is_never_saved(torch, tmp_path, place):
    """Not at the end of a few steps either, before the epoch's loss is looked at."""
    diverged = trainer(torch, tmp_path)
    diverged.run(steps=1)
    good = diverged.checkpoint.read_bytes()
    holders = {"model": diverged.model.inner[3].bias, "average": diverged.average.model.inner[3].bias}
    holders["optimiser"] = diverged.optimiser.state[diverged.model.inner[3].bias]["exp_avg_sq"]
    with torch.no_grad():
        holders[place].fill_(torch.inf)
    with pytest.raises(ValueError, match=r"diverged by step [12]: .* is not finite, and is not saved"):
        diverged.run(steps=1 if place == "model" else 0)
    assert diverged.checkpoint.read_bytes() == good


def test_the_average_follows_and_soon_forgets(torch):
    model = nn.Linear(1, 1)
    average = MovingAverage(model, decay=0.9)
    with torch.no_grad():
        model.weight.fill_(3.0)
    for step in range(1, 200):
        average.update(step)
    torch.testing.assert_close(average.model.weight.detach(), torch.tensor([[3.0]]))
    assert not average.model.training


def test_a_failure_to_compile_is_said_once(torch, monkeypatch):
    def broken(function):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    double = or_eager(lambda x: 2 * x, torch.device("cuda"))
    with pytest.warns(UserWarning, match="goes on without it: no compiler"):
        assert double(3) == 6
    assert double(4) == 8


def test_flags_become_settings():
    settings = Settings.from_arguments(["--epochs", "3", "--max-minutes", "0.5", "--precision", "float32", "--resume"])
    assert (settings.epochs, settings.max_minutes, settings.precision, settings.resume) == (3, 0.5, "float32", True)
    assert Settings.from_arguments(["--smoke", "--limit", "7"]).limit == Settings.ON_SMOKE["limit"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "`epochs` must be positive; got 0"),
        (["--device", "tpu"], "`device` must be 'auto', 'cpu' or 'cuda'; got 'tpu'"),
        (["--precision", "int8"], "invalid choice: 'int8'"),
        (["--batch", "many"], "invalid int value: 'many'"),
    ],
)
def test_wrong_flags_are_told(capsys, arguments, message):
    with pytest.raises(SystemExit):
        Settings.from_arguments(arguments)
    assert message in capsys.readouterr().err
