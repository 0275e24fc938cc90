"""Shards keep to their bound, come back bit for bit, and whatever is wrong with one of them is told by its name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.common import checkpoints, shards
from examples.common.shards import INDEX, load, save

SHAPES = st.lists(st.lists(st.integers(0, 40), max_size=3).map(tuple), max_size=6)
VALUES = {"plan": {"bits": 3}, "about": {"rate": 1e-3}}
SMALL = 4 / 1024
"""Shards of 4 KiB."""


def weights_of(torch, shapes, dtype):
    return {f"layer.{i}": torch.arange(torch.Size(s).numel()).reshape(s).to(dtype) for i, s in enumerate(shapes)}


@settings(max_examples=30)
@given(shapes=SHAPES, dtype=st.sampled_from(["bfloat16", "float16", "float32", "int64"]), kib=st.integers(16, 64))
def test_all_comes_back_from_files_within_the_bound(torch, tmp_path_factory, shapes, dtype, kib):
    weights = weights_of(torch, shapes, getattr(torch, dtype))
    folder = tmp_path_factory.mktemp("shards")
    found, values = load(save(folder, "kind", weights, VALUES, kib / 1024), "kind")
    assert values == VALUES
    assert list(found) == list(weights)
    for name, tensor in weights.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert max(path.stat().st_size for path in folder.glob("*.safetensors")) <= kib * 1024


@pytest.fixture
def weights(torch):
    """Maps with their channels last, as trainings have them, a matrix larger than a shard, and a count."""
    maps = torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last)
    return {"maps": maps, "matrix": torch.randn(50, 40).bfloat16(), "count": torch.tensor(7)}


@pytest.fixture
def index(weights, tmp_path):
    return save(tmp_path / "shards", "kind", weights, VALUES, SMALL)


def test_shards_are_plain_safetensors(torch, weights, index):
    """Whoever has no index can still read them; a tensor that was cut lies in several."""
    from safetensors.torch import load_file

    places = json.loads(index.read_bytes())["weight_map"]
    assert len(places["matrix"]) == 2
    pieces = [load_file(index.parent / file)["matrix"] for file in places["matrix"]]
    assert torch.equal(torch.cat(pieces), weights["matrix"])
    assert torch.equal(checkpoints.load(index, "kind")[0]["maps"], weights["maps"])


def first(index):
    return index.parent / "model-00001-of-00003.safetensors"


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def exchange(index):
    one, other = first(index), index.parent / "model-00002-of-00003.safetensors"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


@pytest.mark.parametrize(
    ("harm", "error", "message"),
    [
        (lambda index: first(index).unlink(), FileNotFoundError, "{first} is missing: the index"),
        (lambda index: flip(first(index)), ValueError, "{first} is damaged or another file: its checksum"),
        (
            lambda index: first(index).write_bytes(first(index).read_bytes()[:99]),
            ValueError,
            "it has 99 bytes; written",
        ),
        (exchange, ValueError, "{first} is damaged or another file: it has"),
        (lambda index: index.unlink(), FileNotFoundError, INDEX),
        (lambda index: index.write_bytes(index.read_bytes()[:-9]), ValueError, "{index} is damaged or no index"),
        (lambda index: index.write_text("[]"), ValueError, "{index} is damaged or no index"),
        (lambda index: index.write_text(index.read_text().replace("0.001", "0.002")), ValueError, "{index} is damaged"),
    ],
    ids=["missing", "flipped", "truncated", "exchanged", "no index", "broken index", "foreign index", "edited index"],
)
def test_whatever_is_wrong_is_told_by_name(index, harm, error, message):
    harm(index)
    with pytest.raises(error) as caught:
        load(index, "kind")
    assert message.format(first=first(index), index=index) in str(caught.value)


def test_another_kind_is_refused(index):
    with pytest.raises(ValueError, match="must hold a lbae; it holds a kind"):
        load(index, "lbae")


def test_an_export_broken_off_has_no_index_and_can_be_done_again(weights, tmp_path, monkeypatch):
    written = []

    def failing(path, content):
        written.append(path.name)
        if path.name == INDEX:
            raise OSError("disk full")
        return write(path, content)

    write = shards._write
    (tmp_path / "codes.npz").write_bytes(b"bits")
    out, rest = tmp_path / "out", ("kind", weights, VALUES, SMALL, [tmp_path / "codes.npz"])
    monkeypatch.setattr(shards, "_write", failing)
    with pytest.raises(OSError, match="disk full"):
        save(out, *rest)
    assert len(written) == 5
    assert written[-1] == INDEX
    assert not (out / INDEX).exists()
    monkeypatch.setattr(shards, "_write", write)
    assert load(save(out, *rest), "kind")[1] == VALUES
    assert (out / "codes.npz").read_bytes() == b"bits"


def test_a_model_that_is_there_stays(weights, index):
    before = {path.name: path.read_bytes() for path in index.parent.iterdir()}
    with pytest.raises(ValueError, match="`out` has a model already"):
        save(index.parent, "kind", weights, VALUES, 1.0)
    assert {path.name: path.read_bytes() for path in index.parent.iterdir()} == before


@pytest.mark.parametrize("name", ["codes.npz", "model-00002-of-00003.safetensors"])
def test_files_of_the_same_name_stay(weights, tmp_path, name):
    """Codes of another model, or shards that have lost their index."""
    (tmp_path / "codes.npz").write_bytes(b"bits")
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"precious")
    with pytest.raises(ValueError, match=f"`out` has another file of this name already: .*{name}; name another"):
        save(out, "kind", weights, VALUES, SMALL, [tmp_path / "codes.npz"])
    assert (out / name).read_bytes() == b"precious"
    assert not (out / INDEX).exists()


@pytest.mark.parametrize("shard_mib", [1e-4, 0.0, -1.0, float("nan")])
def test_too_small_a_shard_is_told(weights, tmp_path, shard_mib):
    with pytest.raises(ValueError, match="`shard_mib` must leave room for a row of maps, 144 bytes"):
        save(tmp_path / "out", "kind", weights, VALUES, shard_mib)
    assert not (tmp_path / "out").exists()


def test_only_matrices_are_lowered(torch):
    weights = {"w": torch.full((2, 2), 1.5), "b": torch.ones(2), "n": torch.tensor(3), "mask": torch.ones(2, 2).long()}
    lowered = checkpoints.lower(weights, torch.bfloat16)
    assert [tensor.dtype for tensor in lowered.values()] == [torch.bfloat16, torch.float32, torch.int64, torch.int64]
    with pytest.raises(ValueError, match=r"`precision` must hold all numbers; torch.float16 cannot hold those of w"):
        checkpoints.lower({"w": torch.full((2, 2), 1e6)}, torch.float16)
