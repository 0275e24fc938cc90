"""Image sets: what can be asked for, what is refused, and the two that need no file."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest

from examples.common.images import NAMES, SPLITS, Images, load

MODULES = ("features", "images", "image_set", "inputs", "metrics.bits", "metrics.distances", "metrics.pictures")


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_documentation(name):
    assert doctest.testmod(importlib.import_module(f"examples.common.{name}")).failed == 0


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        load("auto", tmp_path, "train")
    message = str(caught.value)
    assert str(tmp_path) in message
    assert 'or the name "digits" or "faces", which need no files' in message
    for word in ("data_batch_1.bin", "list_attr_celeba.txt", "idx3-ubyte", "train*.npz", "*.png", "MNIST/raw"):
        assert word in message


@pytest.mark.parametrize("name", ["mnist", "fashion", "cifar10", "celeba", "folder"])
def test_a_set_of_files_needs_a_folder(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="`path` is not given"):
        load(name, None, "train")
    with pytest.raises(FileNotFoundError, match="is no folder"):
        load(name, tmp_path / "elsewhere", "train")
    with pytest.raises(FileNotFoundError, match="has none of the files"):
        load(name, tmp_path, "train")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("imagenet", None, "train"), {}, f"`name` must be one of {', '.join(NAMES)}; got 'imagenet'"),
        (("digits", None, "dev"), {}, "`split` must be one of train, valid, test; got 'dev'"),
        (("digits", None, "train", 0), {}, "`limit` must be at least 1; got 0"),
        (("faces", None, "train"), {"size": -1}, "`size` must be at least 1; got -1"),
    ],
)
def test_wrong_arguments(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        load(*arguments, **options)


def test_an_embedded_set_has_no_folder(tmp_path):
    with pytest.raises(ValueError, match="`path` must be None for 'digits'"):
        load("digits", tmp_path, "train")


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_parts_have_nothing_in_common(name):
    parts = [{image.tobytes() for image in load(name, None, split, 300).pixels} for split in SPLITS]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_digits_are_all_there():
    assert sum(len(load("digits", None, split)) for split in SPLITS) == 1797
    images = load("auto", None, "test")
    assert images.source == "digits"
    assert images.pixels.shape[1:] == (32, 32, 1)
    assert images.pixels.max() == 255
    zeros, ones = (images.pixels[images.labels == digit].mean(axis=0)[12:20, 14:18].mean() for digit in (0, 1))
    assert ones > 2 * zeros


class TestFaces:
    def test_a_face_depends_on_its_number_alone(self):
        few, many = load("faces", None, "train", 3), load("faces", None, "train", 20)
        np.testing.assert_array_equal(few.pixels, many.pixels[:3])
        np.testing.assert_array_equal(few.attributes, many.attributes[:3])

    def test_attributes_can_be_seen(self):
        """Where an attribute is drawn, images with it differ from the others by much more than by chance."""
        images = load("faces", None, "train", 800)
        places = {"Eyeglasses": (slice(24, 36), slice(18, 46)), "Goatee": (slice(48, 54), slice(28, 36))}
        places |= {"Smiling": (slice(42, 48), slice(26, 38)), "Blond_Hair": (slice(8, 20), slice(20, 44))}
        for name, (rows, columns) in places.items():
            values = images.pixels[:, rows, columns].mean(axis=(1, 2, 3))
            there = images.attribute(name)
            difference = abs(values[there].mean() - values[~there].mean())
            error = np.sqrt(values[there].var() / there.sum() + values[~there].var() / (~there).sum())
            assert difference > 8 * error, name

    def test_hair_has_one_colour(self):
        images = load("faces", None, "test", 200, size=32)
        np.testing.assert_array_equal(images.attributes[:, 3:].sum(axis=1), 1)
        assert images.pixels.shape == (200, 32, 32, 3)
        assert 0.1 < images.attribute("Eyeglasses").mean() < 0.3


class TestImages:
    def test_take(self):
        images = load("digits", None, "test")
        assert len(images.take(7)) == len(images.take(7).labels) == 7
        assert len(images.take(None)) == len(images)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            (
                {"pixels": np.zeros((2, 4, 4), np.uint8)},
                r"`pixels` must be uint8 of shape \(n, height, width, channels\)",
            ),
            ({"pixels": np.zeros((2, 4, 4, 1))}, "got float64"),
            ({"labels": np.zeros(3, int)}, r"`labels` must have shape \(2,\)"),
            ({"labels": np.zeros(2)}, "`labels` must be integers; got float64"),
            ({"labels": np.array([0, 2]), "names": ("a", "b")}, "`labels` must be from 0 to 1, one a name; got 0 to 2"),
            ({"labels": np.array([-1, 0])}, "`labels` must be 0 or more; got -1 to 0"),
            ({"pixels": np.zeros((0, 4, 4, 1), np.uint8)}, "`pixels` must have at least one image"),
            ({"attributes": np.zeros((2, 3), bool), "names": ("a",)}, r"`attributes` must have shape \(2, 1\)"),
            ({"attributes": np.zeros((2, 1)), "names": ("a",)}, "and be bool; got float64"),
        ],
    )
    def test_fields_must_fit(self, fields, message):
        with pytest.raises(ValueError, match=message):
            Images(**{"pixels": np.zeros((2, 4, 4, 1), np.uint8)} | fields)

    def test_a_set_without_attributes(self):
        with pytest.raises(ValueError, match=r"an attribute of digits \(none\); got 'Male'"):
            load("digits", None, "test").attribute("Male")
