"""Every layout of image sets on disk is read as it was written, and what is damaged or missing is named."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.common.images import load
from examples.common.layouts.pictures import decode, in_order
from examples.common.layouts.restricted_pickle import load_plain

RNG = np.random.default_rng(0)


def random_bytes(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def gradient(height, width, channels=3):
    """A smooth picture, which JPEG files keep well."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(x * 2 + y * step) % 200 for step in range(channels)], axis=-1).astype(np.uint8)


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])


def idx(array):
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path):
    """Training files packed with gzip, test files not, in torchvision's folder."""
    sets = {
        "train": (random_bytes(7, 28, 28), random_bytes(7) % 10),
        "t10k": (random_bytes(3, 28, 28), np.zeros(3, "u1")),
    }
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for stem, arrays in sets.items():
        for array, kind in zip(arrays, ("images-idx3", "labels-idx1"), strict=True):
            data, path = idx(array), folder / f"{stem}-{kind}-ubyte"
            if stem == "train":
                path, data = path.with_name(path.name + ".gz"), gzip.compress(data)
            path.write_bytes(data)
    return tmp_path, folder, sets


class TestIdx:
    @pytest.mark.parametrize(("split", "stem"), [("train", "train"), ("test", "t10k")])
    @pytest.mark.parametrize("name", ["auto", "mnist"])
    def test_read(self, mnist, split, stem, name):
        path, _, sets = mnist
        images = load(name, path, split)
        np.testing.assert_array_equal(images.pixels[..., 0], sets[stem][0])
        np.testing.assert_array_equal(images.labels, sets[stem][1])
        assert images.source == "mnist"
        assert images.pixels.flags.writeable
        assert images.names == tuple("0123456789")

    def test_fashion_has_its_own_name(self, mnist):
        """What the files do not tell is what the user says, not a word somewhere in their path."""
        path, folder, _ = mnist
        (path / "old-fashioned" / "FashionMNIST").mkdir(parents=True)
        folder.rename(path / "old-fashioned" / "FashionMNIST" / "raw")
        sources = {
            load(name, path / "old-fashioned" / place, "test").source
            for name, place in (("auto", "."), ("fashion", "."), ("fashion", "FashionMNIST/raw"))
        }
        assert sources == {"fashion"}
        assert load("mnist", path / "old-fashioned" / "FashionMNIST", "test").source == "mnist"

    @pytest.mark.parametrize(
        ("labels", "message"),
        [([1, 200, 3], "must be from 0 to 9, one a name; got 1 to 200"), ([1, 2], r"must have shape \(3,\)")],
    )
    def test_wrong_labels(self, mnist, labels, message):
        path, folder, _ = mnist
        (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.array(labels, np.uint8)))
        with pytest.raises(ValueError, match=f"t10k-labels-idx1-ubyte: `labels` {message}"):
            load("mnist", path, "test")

    def test_no_images(self, mnist):
        path, folder, _ = mnist
        (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((0, 28, 28), np.uint8)))
        with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte: `pixels` must have at least one image"):
            load("mnist", path, "test")

    @pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
    def test_truncated_archive(self, mnist, name):
        path, folder, _ = mnist
        cut_short(folder / name)
        with pytest.raises(ValueError, match=f"{name} is damaged or truncated"):
            load("mnist", path, "train")

    def test_truncated_file(self, mnist):
        path, folder, _ = mnist
        cut_short(folder / "t10k-images-idx3-ubyte")
        with pytest.raises(ValueError, match="t10k-images-idx3-ubyte must hold 2352 values"):
            load("mnist", path, "test")

    def test_another_file(self, mnist):
        path, folder, _ = mnist
        (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros(5, np.uint8)))
        with pytest.raises(ValueError, match="must be an IDX file of bytes in 3 dimensions"):
            load("mnist", path, "test")

    def test_missing_labels(self, mnist):
        path, folder, _ = mnist
        (folder / "t10k-labels-idx1-ubyte").unlink()
        with pytest.raises(FileNotFoundError, match=r"has no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
            load("mnist", path, "test")

    def test_there_is_no_part_for_validation(self, mnist):
        with pytest.raises(ValueError, match="`split` must be 'train' or 'test' for IDX files"):
            load("mnist", mnist[0], "valid")


def cifar_rows(n):
    return random_bytes(n, 3072), RNG.integers(0, 10, n)


def as_images(rows):
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


@pytest.fixture
def cifar_pickles(tmp_path):
    batches = {name: cifar_rows(4) for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]}
    for protocol, (name, (rows, labels)) in enumerate(batches.items()):
        content = {"data": rows, "labels": labels.tolist(), "batch_label": b"one"}
        (tmp_path / name).write_bytes(pickle.dumps(content, protocol=protocol))
    return tmp_path, batches


@pytest.fixture
def cifar_binary(tmp_path):
    batches = {name: cifar_rows(4) for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]}
    for name, (rows, labels) in batches.items():
        records = np.concatenate([labels[:, None].astype(np.uint8), rows], axis=1)
        (tmp_path / f"{name}.bin").write_bytes(records.tobytes())
    return tmp_path, batches


class TestCifar:
    @pytest.mark.parametrize("version", ["cifar_pickles", "cifar_binary"])
    def test_read(self, version, request):
        path, batches = request.getfixturevalue(version)
        images, test = load("auto", path, "train"), load("cifar10", path, "test", limit=3)
        training = [batches[f"data_batch_{i}"] for i in range(1, 6)]
        np.testing.assert_array_equal(images.pixels, as_images(np.concatenate([rows for rows, _ in training])))
        np.testing.assert_array_equal(images.labels, np.concatenate([labels for _, labels in training]))
        np.testing.assert_array_equal(test.pixels, as_images(batches["test_batch"][0])[:3])
        assert images.source == "cifar10"
        assert images.names[3] == "cat"

    @pytest.mark.parametrize(("version", "suffix"), [("cifar_pickles", ""), ("cifar_binary", ".bin")])
    def test_damage_is_named(self, version, suffix, request):
        path, _ = request.getfixturevalue(version)
        cut_short(path / f"data_batch_2{suffix}")
        assert len(load("cifar10", path, "train", limit=4)) == 4
        with pytest.raises(ValueError, match=f"data_batch_2{suffix} .*damaged"):
            load("cifar10", path, "train")
        (path / f"test_batch{suffix}").unlink()
        with pytest.raises(FileNotFoundError, match=f"has no test_batch{suffix}"):
            load("cifar10", path, "test")
        with pytest.raises(ValueError, match="`split` must be 'train' or 'test' for CIFAR-10"):
            load("cifar10", path, "valid")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ({"data": random_bytes(2, 3072)}, "must hold a dict with 'data' and 'labels'"),
            ([1, 2], "must hold a dict with 'data' and 'labels'"),
            ({"data": random_bytes(2, 3072), "labels": [1]}, r"must hold uint8 data \(1, 3072\)"),
            ({"data": random_bytes(1, 3072), "labels": [10]}, "must hold labels from 0 to 9"),
            ({"data": random_bytes(1, 3072), "labels": 3}, "must hold a row of labels"),
            ({"data": random_bytes(1, 3072), "labels": [2.0]}, "must hold a row of labels"),
            ({"data": random_bytes(0, 3072), "labels": np.zeros(0, int)}, "must hold images; it is empty"),
        ],
    )
    def test_wrong_content_is_named(self, cifar_pickles, content, message):
        path, _ = cifar_pickles
        (path / "test_batch").write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=f"test_batch {message}"):
            load("cifar10", path, "test")

    def test_strings_of_python_2(self, tmp_path):
        """The files as their authors gave them out hold byte strings and NumPy's old module names."""
        rows = random_bytes(1, 3072)
        array = (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
            b"(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
            b"\x89T" + struct.pack("<I", 3072) + rows.tobytes() + b"tb"
        )
        (tmp_path / "test_batch").write_bytes(b"\x80\x02}(U\x04data" + array + b"U\x06labels](K\x06eu.")
        images = load("cifar10", tmp_path, "test")
        np.testing.assert_array_equal(images.pixels, as_images(rows))
        assert images.labels.tolist() == [6]


class Command:
    """What a hostile pickle would run."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Built(Command):
    """A thing whose pickle gives it a state of our choice."""

    def __init__(self, thing, state):
        self.call = *thing.__reduce_ex__(2)[:2], state


class TestRestrictedPickle:
    @pytest.mark.parametrize("function", [eval, getattr, Path, np.load, __import__])
    @pytest.mark.parametrize("protocol", range(6))
    def test_nothing_is_called(self, tmp_path, function, protocol):
        path = tmp_path / "test_batch"
        path.write_bytes(pickle.dumps({"data": Command(function, "1", "2")}, protocol=protocol))
        with pytest.raises(
            ValueError, match=r"test_batch is damaged or not a pickle of plain arrays: it asks for \w+\."
        ):
            load_plain(path)

    def test_no_other_name_of_an_admitted_module(self, tmp_path):
        path = tmp_path / "batch"
        path.write_bytes(b"cnumpy.core.multiarray\nfromfile\n(U\x05/etc/tR.")
        with pytest.raises(ValueError, match=r"it asks for numpy\.core\.multiarray\.fromfile"):
            load_plain(path)

    def test_no_codec_but_latin1(self, tmp_path):
        path = tmp_path / "batch"
        path.write_bytes(b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.")
        with pytest.raises(ValueError, match="bytes must be written as latin1; got 'rot13'"):
            load_plain(path)

    @pytest.mark.parametrize("dtype", ["?", "u1", ">i2", "<i8", ">f4", "<f8"])
    @pytest.mark.parametrize("protocol", range(6))
    def test_arrays_of_numbers(self, tmp_path, dtype, protocol):
        table = RNG.integers(0, 2, (3, 4)).astype(dtype)
        given = [table, np.asfortranarray(table), table[0, 0:1], np.array(1, dtype)]
        (tmp_path / "batch").write_bytes(pickle.dumps(given, protocol=protocol))
        for array, expected in zip(load_plain(tmp_path / "batch"), given, strict=True):
            np.testing.assert_array_equal(array, expected)
            assert (array.shape, array.dtype.str[1:]) == (expected.shape, expected.dtype.str[1:])
            assert not array.flags.writeable

    @pytest.mark.parametrize("protocol", range(6))
    @pytest.mark.parametrize(
        "hostile",
        [
            Command(np.ndarray, (4,), "O", b"A" * 64),
            Command(np.ndarray, (2, 3072), "u1"),
            Command(np.dtype, "O"),
            Command(np.dtype, "V8"),
            Command(np.dtype, "u1,O"),
            np.array([None]),
            np.array(["text"]),
            Built(np.dtype("u1"), (3, "|", ("u1", (4,)), None, None, -1, -1, 0)),
            Built(np.dtype("u1"), (3, "O", None, None, None, -1, -1, 63)),
            Built(np.zeros(0), (1, (4,), np.dtype("u1"), False, b"abc")),
            Built(np.zeros(0), (1, (-4, -1), np.dtype("u1"), False, b"abcd")),
            Built(np.zeros(0), (1, np.array([2**32, 2**32]), np.dtype("u1"), False, b"")),
            Built(np.zeros(0), (1, (1,), np.dtype("u1"), False, [None])),
            Built(np.zeros(0), (1, (1,), b"u1", False, b"a")),
        ],
    )
    def test_no_array_over_memory_it_may_not_have(self, tmp_path, hostile, protocol):
        (tmp_path / "batch").write_bytes(pickle.dumps({"data": hostile}, protocol=protocol))
        with pytest.raises(ValueError, match="batch is damaged or not a pickle of plain arrays"):
            load_plain(tmp_path / "batch")

    def test_what_stands_for_a_name_stays_as_it_is(self, tmp_path):
        """A state given to an admitted function changes nothing for the next file."""
        (tmp_path / "hostile").write_bytes(b"cnumpy\ndtype\n}(U\x05_makeU\x01xub.")
        with pytest.raises(ValueError, match="it sets the state of a function"):
            load_plain(tmp_path / "hostile")


FILES = [f"{number:06}.jpg" for number in range(1, 7)]
NAMES = ["Eyeglasses", "Smiling", "Male"]
ATTRIBUTES = RNG.random((6, 3)) < 0.5


@pytest.fixture
def celeba(tmp_path):
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for shift, file in enumerate(FILES):
        Image.fromarray(np.roll(gradient(218, 178), shift, axis=2)).save(folder / "img_align_celeba" / file, quality=95)
    rows = [f"{file} {' '.join(' 1' if x else '-1' for x in row)}" for file, row in zip(FILES, ATTRIBUTES, strict=True)]
    (folder / "list_attr_celeba.txt").write_text("\n".join(["6", " ".join(NAMES) + " ", *rows]) + "\n")
    parts = [f"{file} {part}" for file, part in zip(FILES, (0, 0, 0, 1, 2, 2), strict=True)]
    (folder / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    return folder


def replace_line(path, number, line):
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")


class TestCelebA:
    @pytest.mark.parametrize(("split", "rows"), [("train", [0, 1, 2]), ("valid", [3]), ("test", [4, 5])])
    def test_read(self, celeba, split, rows):
        images = load("auto", celeba.parent, split)
        np.testing.assert_array_equal(images.attributes, ATTRIBUTES[rows])
        np.testing.assert_array_equal(images.attribute("Smiling"), ATTRIBUTES[rows, 1])
        assert images.pixels.shape == (len(rows), 64, 64, 3)
        assert images.names == tuple(NAMES)
        assert images.source == "celeba64"

    def test_the_centre_scaled_to_the_size(self, celeba):
        """178 x 218 becomes 64 x 78 and loses seven rows above and below."""
        original = Image.open(celeba / "img_align_celeba" / FILES[0]).convert("RGB")
        expected = np.asarray(original.resize((64, 78), Image.Resampling.BILINEAR))[7:71]
        np.testing.assert_array_equal(load("celeba", celeba, "train").pixels[0], expected)
        small = load("celeba", celeba, "train", limit=1, size=32)
        assert small.pixels.shape == (1, 32, 32, 3)
        assert small.source == "celeba32"

    @pytest.mark.parametrize(
        ("number", "line", "message"),
        [
            (1, "7", r"line 1: must be the number of images that follow, 6; got '7'"),
            (1, "000001.jpg", r"line 1: must be the number"),
            (2, "Eyeglasses Male", r"line 3: must have 2 values, one a name of line 2; got 3"),
            (2, "Male Male Smiling", r"line 2: must name the attributes, each once"),
            (2, "", r"line 2: must name the attributes"),
            (5, "000003.jpg 1 -1", r"line 5: must have 3 values, one a name of line 2; got 2"),
            (6, "000004.jpg 1 0 -1", r"line 6: values must be 1 or -1; got \['0'\]"),
        ],
    )
    def test_a_wrong_list_of_attributes_is_named(self, celeba, number, line, message):
        replace_line(celeba / "list_attr_celeba.txt", number, line)
        with pytest.raises(ValueError, match=rf"list_attr_celeba\.txt, {message}"):
            load("celeba", celeba, "train")

    @pytest.mark.parametrize(
        ("number", "line", "message"),
        [
            (2, "000009.jpg 0", r", line 2: must name 000002\.jpg, as the list of attributes does; got 000009\.jpg"),
            (3, "000003.jpg 3", r", line 3: must have one part, 0, 1 or 2; got '3'"),
            (6, "", r": must name 6 files, as the list of attributes does; got 5"),
            (6, "000006.jpg 2\n000007.jpg 2", r", line 7: must name no further file"),
        ],
    )
    def test_a_wrong_list_of_parts_is_named(self, celeba, number, line, message):
        replace_line(celeba / "list_eval_partition.txt", number, line)
        with pytest.raises(ValueError, match=rf"list_eval_partition\.txt{message}"):
            load("celeba", celeba, "train")

    def test_a_missing_column_is_named(self, celeba):
        with pytest.raises(ValueError, match=r"an attribute of celeba64 \(Eyeglasses, Smiling, Male\); got 'Goatee'"):
            load("celeba", celeba, "train").attribute("Goatee")

    def test_missing_files_are_named(self, celeba):
        (celeba / "img_align_celeba" / "000005.jpg").unlink()
        with pytest.raises(
            FileNotFoundError, match=r"list_attr_celeba\.txt, line 7: names 000005\.jpg, which is not in"
        ):
            load("celeba", celeba, "test")
        (celeba / "list_eval_partition.txt").unlink()
        with pytest.raises(FileNotFoundError, match=r"has no list_eval_partition\.txt"):
            load("celeba", celeba, "test")

    def test_a_truncated_image_is_named(self, celeba):
        cut_short(celeba / "img_align_celeba" / "000002.jpg")
        with pytest.raises(ValueError, match=r"000002\.jpg is damaged, truncated or no image"):
            load("celeba", celeba, "train")

    def test_a_part_without_images(self, celeba):
        replace_line(celeba / "list_eval_partition.txt", 4, "000004.jpg 0")
        with pytest.raises(ValueError, match="no image of the part 'valid'"):
            load("celeba", celeba, "valid")


class TestFolder:
    @pytest.fixture
    def pictures(self, tmp_path):
        for number in range(12):
            suffix = ("png", "JPG", "webp")[number % 3]
            Image.fromarray(gradient(20 + number, 30)).save(tmp_path / f"{number:02}.{suffix}")
        (tmp_path / "notes.txt").write_text("not an image")
        return tmp_path

    def test_undivided(self, pictures):
        sizes = {split: len(load("auto", pictures, split, size=8)) for split in ("train", "valid", "test")}
        assert sizes == {"train": 7, "valid": 2, "test": 3}
        images = load("folder", pictures, "test", size=8)
        first = Image.fromarray(gradient(20, 30)).resize((12, 8), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(images.pixels[0], np.asarray(first)[:, 2:10])
        assert images.source == "folder"

    def test_divided(self, pictures):
        for split, numbers in {"train": range(10), "test": range(10, 12)}.items():
            (pictures / split).mkdir()
            for number in numbers:
                path = next(pictures.glob(f"{number:02}.*"))
                path.rename(pictures / split / path.name)
        assert len(load("folder", pictures, "train", size=8)) == 10
        assert len(load("folder", pictures, "test", size=8)) == 2
        with pytest.raises(FileNotFoundError, match="has no images of the part 'valid'"):
            load("folder", pictures, "valid")

    def test_grey_images_get_three_colours(self, tmp_path):
        Image.fromarray(gradient(8, 8, 1)[..., 0]).save(tmp_path / "a.png")
        pixels = load("folder", tmp_path, "test", size=8).pixels
        np.testing.assert_array_equal(pixels[0], np.repeat(gradient(8, 8, 1), 3, axis=2))

    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
    def test_truncated_files_are_named(self, tmp_path, suffix):
        path = tmp_path / f"broken.{suffix}"
        Image.fromarray(random_bytes(32, 32, 3)).save(path)
        cut_short(path)
        with pytest.raises(ValueError, match=rf"broken\.{suffix} is damaged, truncated or no image"):
            load("folder", tmp_path, "test")

    def test_an_empty_file_is_named(self):
        with pytest.raises(ValueError, match="it is damaged"):
            decode(b"", "it")


def jpeg_bytes(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=95, subsampling=0)
    return file.getvalue()


def write_faces(path, n, first):
    files = [jpeg_bytes(np.roll(gradient(64, 64), first + i, axis=0)) for i in range(n)]
    attributes = np.random.default_rng(first).random((n, 3)) < 0.5
    np.savez(
        path,
        jpeg=np.frombuffer(b"".join(files), np.uint8),
        offset=np.cumsum([0, *map(len, files)]),
        attr=np.packbits(attributes, axis=1),
        attr_names=np.array(NAMES),
    )
    return files, attributes


class TestShards:
    def test_jpeg_shards_in_a_row(self, tmp_path):
        shards = [write_faces(tmp_path / f"train_0{i}.npz", 3, 3 * i) for i in range(2)]
        images = load("auto", tmp_path, "train", limit=5)
        expected = [np.asarray(Image.open(io.BytesIO(file))) for files, _ in shards for file in files]
        np.testing.assert_array_equal(images.pixels, expected[:5])
        np.testing.assert_array_equal(images.attributes, np.concatenate([rows for _, rows in shards])[:5])
        assert images.source == "celeba64"
        assert images.names == tuple(NAMES)
        assert load("celeba", tmp_path, "train", limit=1, size=16).pixels.shape == (1, 16, 16, 3)

    def test_a_truncated_image_in_a_shard_is_named(self, tmp_path):
        write_faces(tmp_path / "train_00.npz", 2, 0)
        arrays = dict(np.load(tmp_path / "train_00.npz"))
        arrays["offset"][2] = arrays["offset"][1] + 200
        np.savez(tmp_path / "train_00.npz", **arrays)
        with pytest.raises(ValueError, match=r"train_00\.npz: image 1 is damaged"):
            load("celeba", tmp_path, "train")

    def test_mosaics(self, tmp_path):
        tiles, labels = random_bytes(24, 32, 32, 3), RNG.integers(0, 10, 24)
        for part in range(2):
            grid = tiles[12 * part : 12 * (part + 1)].reshape(3, 4, 32, 32, 3).swapaxes(1, 2).reshape(96, 128, 3)
            Image.fromarray(grid).save(tmp_path / f"test_0{part}.webp", lossless=True)
        classes = np.array([f"class {i}" for i in range(10)])
        np.savez(tmp_path / "test_labels.npz", label=labels.astype(np.uint8), classes=classes)
        images = load("auto", tmp_path, "test")
        np.testing.assert_array_equal(images.pixels, tiles)
        np.testing.assert_array_equal(images.labels, labels)
        assert images.names[9] == "class 9"
        with pytest.raises(FileNotFoundError, match=r"has no train_labels\.npz"):
            load("cifar10", tmp_path, "train")
        cut_short(tmp_path / "test_01.webp")
        with pytest.raises(ValueError, match=r"test_01\.webp is damaged"):
            load("cifar10", tmp_path, "test")

    def test_plain_arrays(self, tmp_path):
        pixels, labels, table = random_bytes(5, 8, 8), np.arange(5, dtype=np.int8), RNG.random((5, 2)) < 0.5
        np.savez(tmp_path / "train.npz", pixels=pixels, labels=labels)
        np.savez(tmp_path / "test.npz", pixels=pixels[..., None], attributes=table.astype(int), names=["a", "b"])
        train, test = load("auto", tmp_path, "train"), load("folder", tmp_path, "test")
        np.testing.assert_array_equal(train.pixels[..., 0], pixels)
        np.testing.assert_array_equal(train.labels, labels)
        np.testing.assert_array_equal(test.attribute("b"), table[:, 1])
        assert train.source == "arrays"

    @pytest.mark.parametrize("content", [b"PK\x03\x04 no archive", b"", b"\x80\x04."])
    def test_a_damaged_archive_is_named(self, tmp_path, content):
        (tmp_path / "train.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"train\.npz is damaged, truncated or not a file of plain arrays"):
            load("folder", tmp_path, "train")

    def test_objects_are_not_loaded(self, tmp_path):
        np.savez(tmp_path / "train.npz", pixels=np.array([Command(eval, "1")], object))
        with pytest.raises(ValueError, match=r"train\.npz is damaged, truncated or not a file of plain arrays"):
            load("folder", tmp_path, "train")

    def test_arrays_of_another_kind_are_named(self, tmp_path):
        np.savez(tmp_path / "train.npz", bits=np.zeros(3))
        with pytest.raises(
            ValueError, match=r"train\.npz: it must hold 'pixels', or 'jpeg' and 'offset'; it holds \['bits'\]"
        ):
            load("folder", tmp_path, "train")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"offset": None}, "it must hold 'offset' too; it holds"),
            ({"attr": None}, "it must hold 'attr' too"),
            ({"attr_names": None}, "it must hold 'attr_names' too"),
            ({"offset": np.array([0])}, "'offset' must be a row of two integers or more"),
            ({"offset": np.array([0.0, 1.0, 2.0])}, "'offset' must be a row of two integers or more; got float64"),
            ({"offset": np.array([0, 9, 2])}, "'offset' must ascend"),
            ({"jpeg": np.zeros(4)}, "'jpeg' must be a row of bytes; got float64"),
            ({"attr": np.zeros((5, 1), np.uint8)}, r"'attr' must be uint8 of shape \(2, 1\)"),
        ],
    )
    def test_a_wrong_shard_of_faces_is_named(self, tmp_path, changes, message):
        write_faces(tmp_path / "train_00.npz", 2, 0)
        arrays = dict(np.load(tmp_path / "train_00.npz")) | changes
        np.savez(tmp_path / "train_00.npz", **{name: array for name, array in arrays.items() if array is not None})
        with pytest.raises(ValueError, match=rf"train_00\.npz: {message}"):
            load("celeba", tmp_path, "train")

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"pixels": random_bytes(0, 8, 8)}, "`pixels` must have at least one image"),
            ({"pixels": random_bytes(3, 8)}, "`pixels` must be uint8 of shape"),
            ({"labels": [0.5, -7, 99], "names": ["a", "b"]}, "`labels` must be integers; got float64"),
            ({"labels": [0, 1, 2], "names": ["a", "b"]}, "`labels` must be from 0 to 1, one a name; got 0 to 2"),
            ({"labels": [0, -7, 1]}, "`labels` must be 0 or more; got -7 to 1"),
            ({"attributes": [[-1], [1], [1]], "names": ["a"]}, "'attributes' must be 0 or 1; got values from -1"),
        ],
    )
    def test_wrong_arrays_are_named(self, tmp_path, arrays, message):
        np.savez(tmp_path / "train.npz", **{"pixels": random_bytes(3, 8, 8)} | arrays)
        with pytest.raises(ValueError, match=rf"train\.npz: {message}"):
            load("folder", tmp_path, "train")

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"pixels": random_bytes(2, 9, 8)}, r"the same images as the first file, \(8, 8, 1\); got \(9, 8, 1\)"),
            ({"pixels": random_bytes(2, 8, 8), "labels": [0, 1]}, "the same labels as the first file, none; got some"),
            ({"pixels": random_bytes(2, 8, 8), "names": ["a"]}, "the same names as the first file"),
        ],
    )
    def test_shards_that_differ_are_named(self, tmp_path, arrays, message):
        np.savez(tmp_path / "train_0.npz", pixels=random_bytes(2, 8, 8))
        np.savez(tmp_path / "train_1.npz", **arrays)
        with pytest.raises(ValueError, match=rf"train_1\.npz: it must have {message}"):
            load("folder", tmp_path, "train")

    def test_wrong_mosaics_are_named(self, tmp_path):
        Image.fromarray(random_bytes(32, 64, 3)).save(tmp_path / "test_00.webp", lossless=True)
        np.savez(tmp_path / "test_labels.npz", label=[1, 2])
        with pytest.raises(ValueError, match=r"test_labels\.npz: it must hold 'classes' too"):
            load("cifar10", tmp_path, "test")
        np.savez(tmp_path / "test_labels.npz", label=[1, 2, 0], classes=["a", "b", "c"])
        with pytest.raises(ValueError, match=r"test_labels\.npz: `labels` must have shape \(2,\)"):
            load("cifar10", tmp_path, "test")
        Image.fromarray(random_bytes(33, 64, 3)).save(tmp_path / "test_00.webp", lossless=True)
        with pytest.raises(ValueError, match=r"test_00\.webp must have sides that are multiples of 32"):
            load("cifar10", tmp_path, "test")


def test_each_image_is_decoded_once():
    """The first one too, which tells the size of all."""
    decoded = []

    def decoder(number):
        decoded.append(number)
        return np.full((2, 2, 3), number, np.uint8)

    np.testing.assert_array_equal(in_order(decoder, range(5))[:, 0, 0, 0], range(5))
    assert sorted(decoded) == list(range(5))
    with pytest.raises(ValueError, match="at least one image"):
        in_order(decoder, [])
