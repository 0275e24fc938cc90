"""Files: whole or absent, checked, never executed."""

import os
import pickle
import zipfile

import numpy as np
import pytest

from bernoulli_latent import BernoulliMoments, HyperplaneSampler
from bernoulli_latent.io import atomic_write, read_arrays, write_arrays

suffixes = pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "c": np.array([1, 2], dtype=np.int64)}


@suffixes
def test_round_trip(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_arrays(path, "thing", ARRAYS, {"n": 3, "name": "x", "none": None})
    arrays, values = read_arrays(path, "thing")
    assert values == {"n": 3, "name": "x", "none": None}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


@suffixes
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_truncated_files_are_named_damaged(tmp_path, suffix, keep):
    path = tmp_path / f"x{suffix}"
    write_arrays(path, "thing", ARRAYS, {})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(ValueError, match="damaged"):
        read_arrays(path, "thing")


@suffixes
def test_every_flipped_byte_is_noticed_or_harmless(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    write_arrays(path, "thing", ARRAYS, {"n": 3})
    content = path.read_bytes()
    noticed = 0
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        try:
            arrays, values = read_arrays(path, "thing")
        except ValueError:
            noticed += 1
            continue
        assert values == {"n": 3}
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)
    assert noticed > len(content) / 7 / 2


def test_foreign_files_are_refused(tmp_path):
    np.savez(tmp_path / "foreign.npz", a=np.arange(3))
    with pytest.raises(ValueError, match="not a thing file"):
        read_arrays(tmp_path / "foreign.npz", "thing")
    np.save(tmp_path / "single.npy", np.arange(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    with pytest.raises(ValueError, match="not a zip file"):
        read_arrays(tmp_path / "single.npz", "thing")
    write_arrays(tmp_path / "other.npz", "other", ARRAYS, {})
    with pytest.raises(ValueError, match="must hold a thing of bernoulli_latent; it holds a other"):
        read_arrays(tmp_path / "other.npz", "thing")
    BernoulliMoments.from_samples([[0, 1]]).save(tmp_path / "moments.npz")
    with pytest.raises(ValueError, match="it holds a BernoulliMoments"):
        HyperplaneSampler.load(tmp_path / "moments.npz")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("the file was executed",))


def test_pickles_are_not_executed(tmp_path):
    np.savez(tmp_path / "bomb.npz", header=np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        read_arrays(tmp_path / "bomb.npz", "thing")
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="damaged"):
        read_arrays(tmp_path / "raw.npz", "thing")


def test_newer_versions_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bernoulli_latent.io.VERSION", 2)
    write_arrays(tmp_path / "x.npz", "thing", ARRAYS, {})
    monkeypatch.setattr("bernoulli_latent.io.VERSION", 1)
    with pytest.raises(ValueError, match="format version 2; this library reads up to 1"):
        read_arrays(tmp_path / "x.npz", "thing")


def test_missing_file_and_wrong_suffix(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is none"):
        read_arrays(tmp_path / "x.npz", "thing")
    with pytest.raises(ValueError, match=r"`path` must end in .npz or .safetensors"):
        write_arrays(tmp_path / "x.pkl", "thing", ARRAYS, {})


def write_half(path, failure):
    with atomic_write(path) as file:
        file.write(b"half")
        raise failure


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError])
def test_interrupted_write_leaves_the_old_file(tmp_path, failure):
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")
    with pytest.raises(failure):
        write_half(path, failure)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("numpy.savez_compressed", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_arrays(tmp_path / "x.npz", "thing", ARRAYS, {})
    assert list(tmp_path.iterdir()) == []


def test_files_are_plain_zip_archives_of_arrays(tmp_path):
    write_arrays(tmp_path / "x.npz", "thing", ARRAYS, {})
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        assert sorted(archive.namelist()) == ["a.npy", "b.npy", "c.npy", "header.npy"]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX systems")
def test_a_replaced_file_keeps_its_mode_and_its_links(tmp_path):
    path, link = tmp_path / "x.npz", tmp_path / "link.npz"
    write_arrays(path, "thing", ARRAYS, {})
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()
    path.chmod(0o600)
    link.symlink_to(path)
    write_arrays(link, "thing", ARRAYS, {"n": 4})
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_arrays(path, "thing")[1] == {"n": 4}


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_folders_are_named(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(IsADirectoryError, match=r"`path` must name a file; '.*folder.npz' is a folder"):
        write_arrays(tmp_path / "folder.npz", "thing", ARRAYS, {})
    with pytest.raises(FileNotFoundError, match=r"`path` must lie in a folder that exists; there is none at '.*none'"):
        write_arrays(tmp_path / "none" / "x.npz", "thing", ARRAYS, {})


def test_versions_are_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("bernoulli_latent.io.VERSION", "x")
    write_arrays(tmp_path / "x.npz", "thing", ARRAYS, {})
    monkeypatch.setattr("bernoulli_latent.io.VERSION", 1)
    with pytest.raises(ValueError, match="format version x; this library reads up to 1"):
        read_arrays(tmp_path / "x.npz", "thing")
