"""Files that hold arrays and a header: written whole or not at all, checked when read, never executed."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

__all__ = ["atomic_write", "read_arrays", "read_kind", "write_arrays"]

FORMAT = "bernoulli_latent"
VERSION = 1
HEADER = "header"

Arrays = dict[str, np.ndarray[Any, Any]]

UNREADABLE = (
    ArithmeticError,
    EOFError,
    KeyError,
    MemoryError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What damaged bytes make the readers of zip archives and arrays raise."""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well, and vanishes when it does not.

    A file that is replaced keeps its permissions, and a link still leads to it.
    """
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must lie in a folder that exists; there is none at {str(path.parent)!r}")
    if path.is_dir():
        raise IsADirectoryError(f"`path` must name a file; {str(path)!r} is a folder")
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_arrays(path: str | os.PathLike[str], kind: str, arrays: Arrays, values: dict[str, Any]) -> None:
    """Write `arrays` and the JSON `values` to an .npz or .safetensors file.

    Raises
    ------
    ValueError
        If the suffix is another one.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "values": values,
        "sha256": _digest(arrays, values),
    }
    writer = _codec(path)[0]
    with atomic_write(path) as file:
        writer(file, arrays, json.dumps(header))


def read_arrays(path: str | os.PathLike[str], kind: str) -> tuple[Arrays, dict[str, Any]]:
    """Read what :func:`write_arrays` wrote under the same `kind`.

    Raises
    ------
    ValueError
        If the file is damaged, foreign, of another kind or of a newer version.
    """
    arrays, text = _read(path, kind)
    header = _check_header(path, kind, text)
    if header["sha256"] != _digest(arrays, header["values"]):
        raise ValueError(f"{os.fspath(path)!r} is damaged: its checksum does not match its content")
    return arrays, header["values"]


def read_kind(path: str | os.PathLike[str]) -> str:
    """Kind under which :func:`write_arrays` wrote a file; ValueError if it is damaged or foreign."""
    return str(_check_header(path, None, _read(path, FORMAT)[1])["kind"])


def _read(path: str | os.PathLike[str], kind: str) -> tuple[Arrays, str]:
    """Arrays and header of a file."""
    reader = _codec(path)[1]
    if not Path(path).is_file():
        raise FileNotFoundError(f"`path` must name a file; there is none at {os.fspath(path)!r}")
    try:
        return reader(path)
    except (*UNREADABLE, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise ValueError(f"{os.fspath(path)!r} is damaged or not a {kind} file of {FORMAT}: {error}") from error


def _check_header(path: str | os.PathLike[str], kind: str | None, text: str) -> dict[str, Any]:
    try:
        header = json.loads(text)
        found = (header["format"], header["version"], header["kind"], header["values"], header["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged or not a {kind} file of {FORMAT}: {error}") from error
    if found[0] != FORMAT or kind not in (None, found[2]):
        raise ValueError(f"{os.fspath(path)!r} must hold a {kind} of {FORMAT}; it holds a {found[2]} of {found[0]}")
    if not isinstance(found[1], int) or found[1] > VERSION:
        raise ValueError(f"{os.fspath(path)!r} has format version {found[1]}; this library reads up to {VERSION}")
    return dict(header)


def _digest(arrays: Arrays, values: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _umask() -> int:
    """Permissions that new files do not get, read without changing them for a moment where the system tells."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("Umask:")[2].split()[0], 8)
    except (OSError, IndexError, ValueError):
        mask = os.umask(0)
        os.umask(mask)
        return mask


def _write_npz(file: BinaryIO, arrays: Arrays, header: str) -> None:
    np.savez_compressed(file, allow_pickle=False, **{HEADER: np.frombuffer(header.encode(), np.uint8), **arrays})


def _read_npz(path: str | os.PathLike[str]) -> tuple[Arrays, str]:
    with zipfile.ZipFile(path) as archive:
        arrays = {name.removesuffix(".npy"): _read_npy(archive, name) for name in archive.namelist()}
    return arrays, arrays.pop(HEADER).tobytes().decode()


def _read_npy(archive: zipfile.ZipFile, name: str) -> np.ndarray[Any, Any]:
    with archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _write_safetensors(file: BinaryIO, arrays: Arrays, header: str) -> None:
    _need_safetensors()
    from safetensors.numpy import save

    file.write(save(arrays, metadata={HEADER: header}))


def _read_safetensors(path: str | os.PathLike[str]) -> tuple[Arrays, str]:
    _need_safetensors()
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as content:
            names = content.keys()
            return {name: content.get_tensor(name) for name in names}, content.metadata()[HEADER]
    except (SafetensorError, TypeError) as error:
        raise ValueError(str(error)) from error


def _need_safetensors() -> None:
    if find_spec("safetensors") is None:
        raise ModuleNotFoundError("a .safetensors file needs safetensors: pip install 'bernoulli_latent[safetensors]'")


Writer = Callable[[BinaryIO, Arrays, str], None]
Reader = Callable[[str | os.PathLike[str]], tuple[Arrays, str]]

_CODECS: dict[str, tuple[Writer, Reader]] = {
    ".npz": (_write_npz, _read_npz),
    ".safetensors": (_write_safetensors, _read_safetensors),
}


def _codec(path: str | os.PathLike[str]) -> tuple[Writer, Reader]:
    suffix = Path(path).suffix
    if suffix not in _CODECS:
        raise ValueError(f"`path` must end in .npz or .safetensors; got {os.fspath(path)!r}")
    return _CODECS[suffix]
