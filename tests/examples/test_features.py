"""The classifier, networks of others, batches and rows of results."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

from examples.common.extractors import InceptionFeatures, OnnxFeatures, ThroughJpeg
from examples.common.features import Classifier, train_classifier
from examples.common.images import Images, load
from examples.common.inputs import jpeg, to_batch, to_pixels
from examples.common.report import Report


@pytest.fixture(scope="module")
def digits(torch):
    """Classifier of digits, and the images that it has not seen."""
    test = load("digits", None, "test")
    return train_classifier(load("digits", None, "train"), seed=0, epochs=4, test=test), test


class TestClassifier:
    def test_it_learns(self, digits):
        classifier, test = digits
        assert classifier.accuracy > 0.9
        right = classifier.logits(test.pixels).argmax(axis=1) == test.labels
        assert classifier.accuracy == right.mean()

    def test_features(self, digits):
        classifier, test = digits
        features = classifier.features(test.pixels)
        assert features.shape == (len(test), 64)
        assert features.dtype == np.float64
        head = {name: tensor.double().numpy() for name, tensor in classifier.head.state_dict().items()}
        np.testing.assert_allclose(
            features @ head["weight"].T + head["bias"], classifier.logits(test.pixels), atol=1e-4
        )

    def test_rows_do_not_depend_on_their_number(self, digits):
        classifier, test = digits
        many = np.concatenate([test.pixels] * 4)
        np.testing.assert_allclose(classifier.features(many)[: len(test)], classifier.features(test.pixels), atol=1e-5)

    @pytest.mark.parametrize("suffix", ["npz", "safetensors"])
    def test_saved_and_loaded(self, digits, tmp_path, suffix):
        classifier, test = digits
        classifier.save(tmp_path / f"classifier.{suffix}")
        loaded = Classifier.load(tmp_path / f"classifier.{suffix}")
        np.testing.assert_array_equal(loaded.logits(test.pixels), classifier.logits(test.pixels))
        assert loaded.accuracy == classifier.accuracy
        assert loaded.names == classifier.names
        assert loaded.description == "classifier of 10 classes"

    def test_attributes(self, torch, tmp_path):
        """Colour images and several answers; batch statistics are saved too."""
        train = load("faces", None, "train", 300, size=16)
        classifier = train_classifier(train, seed=0, epochs=4)
        assert math.isnan(classifier.accuracy)
        test = load("faces", None, "test", 200, size=16)
        guess = np.maximum(test.attributes.mean(axis=0), 1 - test.attributes.mean(axis=0)).mean()
        assert classifier.test(test) > guess + 0.1
        assert classifier.accuracy == ((classifier.logits(test.pixels) > 0) == test.attributes).mean()
        np.testing.assert_allclose(
            classifier.features(test.pixels[:3]), classifier.features(test.pixels)[:3], atol=1e-5
        )
        classifier.save(tmp_path / "classifier.npz")
        loaded = Classifier.load(tmp_path / "classifier.npz")
        np.testing.assert_array_equal(loaded.features(test.pixels), classifier.features(test.pixels))
        assert loaded.description == "classifier of 6 attributes"

    def test_seeds(self, torch):
        images = load("digits", None, "train", 50)
        before = torch.get_rng_state()
        first, same, other = (train_classifier(images, seed, 1).features(images.pixels) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert not np.allclose(first, other)
        weights = [train_classifier(images.take(1), seed, 1).head.weight for seed in (0, 1)]
        assert not torch.allclose(*weights)
        assert torch.equal(torch.get_rng_state(), before)

    def test_wrong_images(self, digits):
        with pytest.raises(ValueError, match=r"`pixels` must be uint8 of shape \(n, 32, 32, 1\); got uint8 of shape"):
            digits[0].features(np.zeros((2, 28, 28, 1), np.uint8))
        with pytest.raises(ValueError, match="`images` must have labels or attributes; those of arrays have neither"):
            train_classifier(Images(np.zeros((2, 8, 8, 1), np.uint8)), 0, 1)
        with pytest.raises(ValueError, match="`images` must have `names` of their classes; those of arrays"):
            train_classifier(Images(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1])), 0, 1)


def field(number, content):
    """A field of a protocol buffer: a small number, or bytes with their length in base 128."""
    if isinstance(content, int):
        return bytes((number << 3, content))
    content = content.encode() if isinstance(content, str) else content
    return bytes((number << 3 | 2, len(content) % 128 | 128, len(content) // 128)) + content


def mean_of_each_colour():
    """An ONNX network, written byte by byte: the mean over the pixels, for each channel."""

    def value(name, rank):
        shape = b"".join(field(1, field(2, f"{name}{axis}")) for axis in range(rank))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    pool = field(1, "image") + field(2, "pooled") + field(4, "GlobalAveragePool")
    flatten = field(1, "pooled") + field(2, "means") + field(4, "Flatten")
    graph = (
        field(1, pool) + field(1, flatten) + field(2, "g") + field(11, value("image", 4)) + field(12, value("means", 2))
    )
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


class TestOnnxFeatures:
    @pytest.fixture
    def network(self, tmp_path):
        pytest.importorskip("onnxruntime")
        path = tmp_path / "means.onnx"
        path.write_bytes(mean_of_each_colour())
        return path

    @pytest.mark.parametrize("channels", [1, 3])
    def test_features(self, network, channels):
        extractor = OnnxFeatures(network)
        pixels = np.random.default_rng(0).integers(0, 256, (250, 8, 8, channels), dtype=np.uint8)
        features = extractor.features(pixels)
        assert features.dtype == np.float64
        np.testing.assert_allclose(features, np.broadcast_to(pixels.mean(axis=(1, 2)) / 255, (250, 3)), rtol=1e-5)
        assert (extractor.description, extractor.distance) == ("means (means)", "FD")

    def test_an_output_that_is_not_there(self, network):
        with pytest.raises(ValueError, match="`output` must be one of means; got 'head'"):
            OnnxFeatures(network, "head")

    def test_a_file_that_is_not_there(self, tmp_path):
        pytest.importorskip("onnxruntime")
        with pytest.raises(FileNotFoundError, match="`path` must name a file; there is none at"):
            OnnxFeatures(tmp_path / "network.onnx")

    def test_without_the_library(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(ModuleNotFoundError, match=r"need onnxruntime .*: pip install onnxruntime"):
            OnnxFeatures(tmp_path / "network.onnx")


class TestInceptionFeatures:
    def test_weights_are_tensors_and_no_more(self, torch, tmp_path):
        torch.save({"weight": np.polynomial.Polynomial([1])}, tmp_path / "weights.pth")
        with pytest.raises(ValueError, match=r"weights\.pth is damaged or holds more than tensors"):
            InceptionFeatures(tmp_path / "weights.pth")
        with pytest.raises(FileNotFoundError, match="there is none at"):
            InceptionFeatures(tmp_path / "elsewhere.pth")

    def test_without_the_library(self, torch, tmp_path, monkeypatch):
        torch.save({"weight": torch.zeros(1)}, tmp_path / "weights.pth")
        monkeypatch.setitem(sys.modules, "torch_fidelity", None)
        with pytest.raises(ModuleNotFoundError, match=r"need torch-fidelity .*: pip install torch-fidelity"):
            InceptionFeatures(tmp_path / "weights.pth")


class TestJpeg:
    def test_images_change_and_stay_alike(self, digits):
        classifier, test = digits
        written = jpeg(test.pixels[:20])
        assert (written != test.pixels[:20]).any()
        assert np.abs(written.astype(int) - test.pixels[:20]).mean() < 8
        through = ThroughJpeg(classifier)
        np.testing.assert_array_equal(through.features(test.pixels[:20]), classifier.features(written))
        assert through.distance == "CFD (JPEG 75)"

    def test_quality(self):
        pixels = load("faces", None, "test", 3).pixels
        errors = [np.square(jpeg(pixels, quality) - pixels.astype(float)).mean() for quality in (20, 75, 95)]
        assert errors[0] > errors[1] > errors[2] > 0


class TestBatches:
    @pytest.mark.parametrize(("side", "padded"), [(28, 32), (32, 32), (64, 64), (27, 32), (1, 16)])
    def test_zeros_around(self, torch, side, padded):
        pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
        batch = to_batch(pixels, "cpu")
        assert batch.shape == (2, 3, padded, padded)
        assert batch.dtype == torch.float32
        assert float(batch.sum()) == pytest.approx(pixels.sum() / 255, rel=1e-5)
        np.testing.assert_array_equal(to_pixels(batch, side), pixels)

    def test_the_middle_stays_the_middle(self, torch):
        batch = to_batch(torch.full((1, 28, 28, 1), 255, dtype=torch.uint8))
        assert (batch[0, 0, 2:30, 2:30] == 1).all()
        assert float(batch.sum()) == 28 * 28

    def test_values_beyond_the_ends(self, torch):
        pixels = to_pixels(torch.tensor([-1.0, 127.6 / 255, 2.0]).reshape(1, 1, 1, 3))
        assert pixels[0, 0, :, 0].tolist() == [0, 128, 255]


class TestReport:
    def test_rows(self, tmp_path):
        report = Report(tmp_path / "results" / "rows.jsonl", "lbae", "digits", seed=3)
        report.add("hyperplane", {"CFD": np.float32(2.5), "steps": np.arange(2), "PSNR": math.inf}, n_bits=64)
        (row,) = [json.loads(line) for line in report.path.read_text().splitlines()]
        assert row["values"] == {"CFD": 2.5, "steps": [0, 1], "PSNR": None}
        found = (row["suite"], row["contender"], row["parameters"], row["data"], row["seed"], row["device"])
        assert found == ("lbae", "hyperplane", {"n_bits": 64}, "digits", 3, "cpu")
        assert row["versions"]["torch"]
        assert row["machine"]["cores"]
        assert row["threads"]["torch"] >= 1

    def test_a_row_replaces_the_one_before(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        report, other = Report(path, "lbae", "digits", 0), Report(path, "lbae", "faces", 0)
        report.add("mixture", {"CFD": 1}, n_components=3)
        report.add("mixture", {"CFD": 2}, n_components=4)
        other.add("mixture", {"CFD": 3}, n_components=3)
        report.add("mixture", {"CFD": 4}, n_components=3)
        assert [row["values"]["CFD"] for row in report.rows()] == [2, 3, 4]

    def test_what_json_has_no_word_for(self, tmp_path):
        report = Report(tmp_path / "rows.jsonl", "lbae", "digits", 0)
        report.add("a", {"x": 1})
        with pytest.raises(TypeError, match="not JSON serializable"):
            report.add("b", {"x": object()})
        assert len(report.rows()) == 1
