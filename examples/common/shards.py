"""Weights in shards: safetensors files none of which is larger than asked, and an index that is written last.

Files and the words in the index are named as the Hugging Face libraries name theirs, but a tensor may lie in several.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

from bernoulli_latent.io import atomic_write

__all__ = ["INDEX", "load", "save"]

INDEX = "model.safetensors.index.json"
ENTRY = 256
"""Bytes that the header of a shard needs at most, and each tensor in it beside its name."""

Shard = dict[str, Tensor]


def save(
    out: Path,
    kind: str,
    weights: Mapping[str, Tensor],
    values: Mapping[str, Any],
    shard_mib: float,
    beside: Sequence[Path] = (),
) -> Path:
    """Write `weights` and JSON `values` to a folder; what is broken off has no index, and is not taken for a model.

    Parameters
    ----------
    out : Path
        Folder, made if need be.
    kind : str
        What the files hold; :func:`load` asks for the same word.
    weights : mapping of Tensor
        Of any type that torch has, bfloat16 included.
    values : mapping
        Whatever JSON holds.
    shard_mib : float
        No shard is larger than so many MiB; a larger tensor is cut along its first axis.
    beside : sequence of Path
        Files to copy into the folder.

    Returns
    -------
    Path
        The index: size and sha256 of each shard, and the shards that each tensor lies in.

    Raises
    ------
    ValueError
        If the folder has a model already, or another file of the name of one to be written, or a shard has no room
        for one row of a tensor.
    """
    for path in out.glob("model.*"):
        raise ValueError(f"`out` has a model already: {path}; name another folder")
    shards = list(_divided(weights, shard_mib * 2**20))
    out.mkdir(parents=True, exist_ok=True)
    for path in beside:
        _write(out / path.name, path.read_bytes())
    files = {f"model-{number:05}-of-{len(shards):05}.safetensors": shard for number, shard in enumerate(shards, 1)}
    index = {
        "kind": kind,
        "values": values,
        "shards": {file: _write(out / file, _packed(shard)) for file, shard in files.items()},
        "weight_map": {name: [file for file, shard in files.items() if name in shard] for name in weights},
    }
    _write(out / INDEX, json.dumps(index | {"sha256": _seal(index)}, indent=1).encode())
    return out / INDEX


def load(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Weights and values of an index that :func:`save` wrote.

    Raises
    ------
    FileNotFoundError
        If the index or a shard is not there.
    ValueError
        If one of them is damaged, foreign, of another kind or another file than was written; the message names it.
    """
    index = _read_index(path, kind)
    shards = {file: _read(path.parent / file, **facts) for file, facts in index["shards"].items()}
    weights = {name: _joined([shards[file][name] for file in files]) for name, files in index["weight_map"].items()}
    return weights, index["values"]


def _divided(weights: Mapping[str, Tensor], bound: float) -> Iterator[Shard]:
    """Shards in the order of the weights, each as full as the next piece allows."""
    shard: Shard = {}
    room = bound - ENTRY
    for name, tensor in weights.items():
        for piece in _cut(name, tensor, bound - ENTRY):
            if shard and _size(name, piece) > room:
                yield shard
                shard, room = {}, bound - ENTRY
            shard[name] = piece
            room -= _size(name, piece)
    yield shard


def _cut(name: str, tensor: Tensor, room: float) -> Sequence[Tensor]:
    """A tensor, or pieces of it that have room; but for the last each fills a shard, so that no shard has two."""
    if _size(name, tensor) <= room:
        return (tensor,)
    row = tensor.nbytes // max(tensor.shape[:1].numel(), 1)
    spare = room - (_size(name, tensor) - tensor.nbytes)
    if not spare >= max(row, 1):
        raise ValueError(f"`shard_mib` must leave room for a row of {name}, {row} bytes, and for the file's header")
    return tensor.split(int(spare // row))


def _size(name: str, tensor: Tensor) -> int:
    """Bytes in a shard at most."""
    return tensor.nbytes + len(name.encode()) + ENTRY


def _packed(shard: Shard) -> bytes:
    return to_bytes({name: piece.detach().cpu().contiguous() for name, piece in shard.items()}, {"format": "pt"})


def _write(path: Path, content: bytes) -> dict[str, Any]:
    """Write a file, unless it is there; say what it is known by."""
    if path.exists() and path.read_bytes() != content:
        raise ValueError(f"`out` has another file of this name already: {path}; name another folder")
    with atomic_write(path) as file:
        file.write(content)
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _read(path: Path, size: int, sha256: str) -> Shard:
    """Shard that is, to the byte, what was written."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the index beside it names it")
    content = path.read_bytes()
    if len(content) != size:
        raise ValueError(f"{path} is damaged or another file: it has {len(content):,} bytes; written were {size:,}")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path} is damaged or another file: its checksum does not match the index")
    return from_bytes(content)


def _read_index(path: Path, kind: str) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads(path.read_bytes())
        seal = index.pop("sha256")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or no index of shards: {error}") from error
    if seal != _seal(index):
        raise ValueError(f"{path} is damaged: its checksum does not match its content")
    if index["kind"] != kind:
        raise ValueError(f"{path} must hold a {kind}; it holds a {index['kind']}")
    return index


def _seal(index: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()


def _joined(pieces: Sequence[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(list(pieces))
