"""MixtureSampler: components by class or cluster, streams, moments, merging, files."""

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import (
    BernoulliMoments,
    BitArray,
    HyperplaneSampler,
    MixtureSampler,
    NotFittedError,
    RepairWarning,
)
from bernoulli_latent.samplers.components import component_key

FAMILIES = ["hyperplane", "dichotomized_gaussian"]
ignore_repair = pytest.mark.filterwarnings("ignore::bernoulli_latent.errors.RepairWarning")


def quiet_fit(y, labels=None, n_components=None, *, family="hyperplane", rng=0, **options):
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return MixtureSampler(family, **options).fit(y, labels, n_components, rng=rng)


def two_clouds(n=400, n_bits=12, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.3
    return rng.random((n, n_bits)) < np.where(labels, 0.85, 0.2)[:, None], np.where(labels, "spike", "rest")


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data > data.data.mean(), data.target


@pytest.fixture(scope="module", params=FAMILIES)
def fitted(request):
    y, labels = two_clouds()
    return quiet_fit(y, labels, family=request.param)


# --- fits ---


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_give_one_sampler_each(family):
    y, labels = two_clouds()
    sampler = quiet_fit(y, labels, family=family, rank=5)
    assert sampler.labels_ == ("rest", "spike")
    np.testing.assert_allclose(sampler.weights_, [np.mean(labels == "rest"), np.mean(labels == "spike")], rtol=1e-15)
    for name, component in zip(sampler.labels_, sampler.components_, strict=True):
        alone = type(component)(rank=5).quietly_fitted(BernoulliMoments.from_samples(y[labels == name]))
        assert component.report_ == alone.report_ == sampler.report_.components[name]
        np.testing.assert_array_equal(component.sample(20, rng=1), alone.sample(20, rng=1))
    np.testing.assert_array_equal(sampler.moments_.matrix, BernoulliMoments.from_samples(y).matrix)


@pytest.mark.parametrize(
    "convert",
    [list, np.asarray, lambda x: np.asarray(x, np.uint8), lambda x: np.array([int(v) for v in x], object)],
    ids=["list", "int64", "uint8", "object"],
)
def test_integer_labels_of_all_kinds(convert):
    y, names = two_clouds()
    sampler = quiet_fit(y, convert(np.where(names == "spike", 10, 9).tolist()))
    assert sampler.labels_ == (9, 10)
    assert [fit.n_samples for fit in sampler.report_.components.values()] == [
        np.sum(names == x) for x in np.unique(names)
    ]


def test_clusters_are_found():
    """Bits at 0.2 against 0.85: of 400 rows of 12 bits, two in a hundred may fall to the other side."""
    y, names = two_clouds()
    sampler = quiet_fit(y, rng=3)
    assert len(sampler.report_.bic) == 10
    assert min(sampler.report_.bic, key=sampler.report_.bic.get) == 2
    assert sampler.labels_ == (0, 1)
    spike = int(np.argmin(sampler.weights_))
    assert np.mean((sampler.responsibilities(y)[:, spike] > 0.5) == (names == "spike")) > 0.98
    again = quiet_fit(y, n_components=2, rng=3)
    assert again.report_.bic[2] == sampler.report_.bic[2]
    np.testing.assert_array_equal(again.sample(50, rng=0), sampler.sample(50, rng=0))


def test_few_rows_bound_the_default_range():
    sampler = quiet_fit(np.eye(4), rng=0)
    assert list(sampler.report_.bic) == [1, 2, 3, 4]
    assert len(sampler.labels_) == 1


def test_responsibilities_are_those_of_independent_bits():
    y, labels = two_clouds()
    sampler = quiet_fit(y, labels)
    joint = []
    for name in sampler.labels_:
        rows = y[labels == name]
        p = (rows.sum(axis=0) + 0.5) / (len(rows) + 1)
        joint.append((len(rows) + 0.5) / (len(y) + 1) * np.prod(np.where(y, p, 1 - p), axis=1))
    np.testing.assert_allclose(sampler.responsibilities(y), np.stack(joint, axis=1) / np.sum(joint, axis=0)[:, None])


def test_mean_of_the_components_is_the_model(digits):
    sampler = quiet_fit(*digits)
    parts = [w * c.model_moments().matrix for w, c in zip(sampler.weights_, sampler.components_, strict=True)]
    model = sampler.model_moments().matrix
    np.testing.assert_allclose(model, sum(parts), atol=1e-14)
    difference = model - sampler.moments_.matrix
    errors = sampler.report_.errors
    assert errors.distance == pytest.approx(np.linalg.norm(difference), rel=1e-10)
    assert errors.mean_max == pytest.approx(np.abs(difference[-1]).max(), rel=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_have_the_model_moments(digits, family):
    """About 2000 moments: a largest z-score above 5.5 has probability below 1e-4."""
    sampler, n = quiet_fit(*digits, family=family), 100_000
    model, drawn = sampler.model_moments().matrix, BernoulliMoments.from_samples(sampler.sample(n, rng=2)).matrix
    error = np.sqrt(np.maximum(1 - model**2, 0) / n)
    free = error > 1e-9
    np.testing.assert_allclose(drawn[~free], model[~free], atol=1e-9)
    assert np.max(np.abs(drawn - model)[free] / error[free]) < 5.5


def test_third_moments_of_digits(digits):
    """Centred third moments of all triples of 13 pixels: a sampler for each class, against one for all."""
    y, target = digits[0][:, 3::5], digits[1]

    def third_moments(bits):
        z = 2.0 * bits - 1
        z -= z.mean(axis=0)
        return np.einsum("ni,nj,nk->ijk", z, z, z, optimize=True) / len(z)

    expected = third_moments(y)
    one = HyperplaneSampler().quietly_fitted(BernoulliMoments.from_samples(y))
    error = {
        name: np.sqrt(np.mean((third_moments(sampler.sample(20_000, rng=0)) - expected) ** 2))
        for name, sampler in (
            ("one", one),
            ("classes", quiet_fit(y, target)),
            ("clusters", quiet_fit(y, n_components=10)),
        )
    }
    assert error["classes"] < 0.5 * error["one"]
    assert error["clusters"] < 0.5 * error["one"]


# --- streams ---


@given(start=st.integers(0, 700), n=st.integers(0, 300), m=st.integers(1, 300))
def test_slices_concatenate_to_the_whole(start, n, m):
    for sampler in test_slices_concatenate_to_the_whole.samplers:
        whole = sampler.sample(n + m, rng=9, start=start)
        parts = [sampler.sample(n, rng=9, start=start), sampler.sample(m, rng=9, start=start + n)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


test_slices_concatenate_to_the_whole.samplers = [quiet_fit(*two_clouds(), family=family) for family in FAMILIES]


def test_large_draws_equal_their_slices(fitted):
    whole = fitted.sample(10_000, rng=2)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda start: fitted.sample(2500, rng=2, start=start), range(0, 10_000, 2500)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    packed = fitted.sample(10_000, rng=2, packed=True)
    assert isinstance(packed, BitArray)
    np.testing.assert_array_equal(packed.to_array("bool"), whole)


def test_rows_are_those_of_their_component(fitted):
    """Weights within 5 standard errors."""
    n, key = 5000, int(np.random.default_rng(4).integers(2**64, dtype=np.uint64))
    places = fitted._fitted.components.places(key, 100, n)
    whole = fitted.sample(n, rng=4, start=100)
    for place, name in enumerate(fitted.labels_):
        own = fitted.sample(n, rng=4, start=100, component=name)
        np.testing.assert_array_equal(own[places == place], whole[places == place])
        expected = fitted.components_[place]._draw(component_key(key, place), 100, n).to_array("bool")
        np.testing.assert_array_equal(own, expected)
        weight = fitted.weights_[place]
        assert abs(np.mean(places == place) - weight) < 5 * np.sqrt(weight * (1 - weight) / n)


def test_component_streams_are_independent():
    """Two equal components of independent fair bits agree in half of them, to 5 standard errors."""
    y = np.tile((np.arange(64)[:, None] >> np.arange(6)) & 1, (2, 1))
    sampler = quiet_fit(y, np.repeat([0, 1], 64))
    first, second = (sampler.sample(20_000, rng=0, component=k) for k in (0, 1))
    assert abs(np.mean(first == second) - 0.5) < 5 * 0.5 / np.sqrt(120_000)


def test_generators_advance_and_seeds_repeat(fitted):
    rng = np.random.default_rng(0)
    first, second = fitted.sample(50, rng=rng), fitted.sample(50, rng=rng)
    assert (first != second).any()
    np.testing.assert_array_equal(fitted.sample(50, rng=0), first)


def test_one_component_draws_its_own_stream():
    y, _ = two_clouds()
    sampler = quiet_fit(y, np.zeros(len(y), int))
    np.testing.assert_array_equal(sampler.sample(500, rng=1), sampler.sample(500, rng=1, component=0))


def test_answers_come_in_the_form_of_the_data(torch):
    y, labels = two_clouds()
    for dtype, values in ((np.float32, "pm1"), (np.uint8, "01"), (bool, "bool")):
        data = (2.0 * y - 1 if values == "pm1" else y).astype(dtype)
        bits = quiet_fit(data, labels).sample(6000, rng=0)
        assert bits.dtype == dtype
        assert sorted(np.unique(bits).tolist()) == sorted(np.unique(data).tolist())
    assert isinstance(quiet_fit(BitArray.from_array(y), labels).sample(3, rng=0, packed=True), BitArray)
    assert quiet_fit(y, labels).sample(3, rng=0, values="pm1", component="rest").min() == -1
    tensor = quiet_fit(2 * torch.as_tensor(y).to(torch.bfloat16) - 1, labels).sample(9, rng=0)
    assert tensor.dtype == torch.bfloat16


@pytest.mark.parametrize("family", FAMILIES)
def test_numpy_and_torch_agree(torch, device, family):
    y, names = two_clouds()
    target = np.where(names == "spike", 3, 1)
    sampler = quiet_fit(y, target, family=family)
    twin = quiet_fit(torch.as_tensor(y, device=device), torch.as_tensor(target, device=device), family=family)
    assert twin.labels_ == sampler.labels_
    assert twin.weights_.device.type == device
    np.testing.assert_array_equal(twin.weights_.cpu(), sampler.weights_)
    # The same normals: only a score within rounding of zero may fall on the other side.
    assert (twin.sample(2000, rng=4).cpu().numpy() != sampler.sample(2000, rng=4)).sum() <= 2
    np.testing.assert_allclose(twin.model_moments().matrix.cpu(), sampler.model_moments().matrix, atol=1e-9)
    clusters = quiet_fit(torch.as_tensor(y, device=device), n_components=2, rng=7)
    np.testing.assert_array_equal(clusters.moments_.matrix.cpu(), quiet_fit(y, n_components=2, rng=7).moments_.matrix)
    assert clusters.responsibilities(torch.as_tensor(y, device=device)).device.type == device


def test_plain_array_code_does_what_the_kernels_do(fitted, monkeypatch):
    compiled = fitted.sample(1000, rng=4)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    plain = fitted.sample(1000, rng=4)
    assert (plain != compiled).sum() <= 2
    np.testing.assert_array_equal(fitted.sample(300, rng=4, start=450), plain[450:750])


def test_sampler_moves_to_torch(fitted, torch, device):
    moved = fitted.to(device)
    bits = moved.sample(200, rng=0)
    assert isinstance(bits, torch.Tensor)
    assert bits.device.type == device
    assert (bits.cpu().numpy() != fitted.sample(200, rng=0)).sum() <= 1
    assert moved.report_ == fitted.report_
    assert repr(moved) == repr(fitted)


# --- small components ---


def test_small_components_are_merged_into_the_nearest():
    y, labels = two_clouds()
    few = np.r_[np.ones((3, 12), bool), np.zeros((2, 12), bool)]
    with pytest.warns(RepairWarning) as caught:
        sampler = MixtureSampler(min_size=10).fit(np.r_[y, few], [*labels, "all", "all", "all", "none", "none"])
    messages = [str(warning.message) for warning in caught]
    assert (
        "components with too few rows: 'none' with 2 rows merged into 'rest'; "
        "'all' with 3 rows merged into 'spike'; see report_"
    ) in messages
    assert all(warning.filename == __file__ for warning in caught)
    assert sampler.report_.mergers == (("none", 2, "rest"), ("all", 3, "spike"))
    assert sampler.labels_ == ("rest", "spike")
    sizes = [fit.n_samples for fit in sampler.report_.components.values()]
    assert sizes == [np.sum(labels == "rest") + 2, np.sum(labels == "spike") + 3]
    np.testing.assert_array_equal(sampler.moments_.matrix, BernoulliMoments.from_samples(np.r_[y, few]).matrix)
    assert "'all' with 3 rows merged into 'spike'" in str(sampler.report_)


def test_merged_components_may_be_merged_again():
    y = np.repeat(np.eye(4, dtype=bool), [1, 2, 4, 30], axis=0)
    sampler = quiet_fit(y, np.repeat(list("abcd"), [1, 2, 4, 30]), min_size=8)
    assert sampler.labels_ == ("d",)
    assert [merger.label for merger in sampler.report_.mergers] == ["a", "b", "c"]
    assert sampler.report_.components["d"].n_samples == 37


def test_means_of_merged_components_count():
    """The 3 rows b lie nearer to c, but not once a is with them."""
    ones, sizes = {"a": 6, "b": 4, "c": 0, "d": 9}, [2, 3, 30, 30]
    y = np.repeat([[i < n for i in range(9)] for n in ones.values()], sizes, axis=0)
    assert quiet_fit(y, np.repeat(list(ones), sizes), min_size=10).report_.mergers == (("a", 2, "b"), ("b", 5, "d"))
    assert quiet_fit(y[2:], np.repeat(list(ones), sizes)[2:], min_size=10).report_.mergers == (("b", 3, "c"),)


def test_components_of_one_row_can_be_kept():
    y = np.r_[np.tile([[0, 1, 1]], (1, 1)), np.tile([[1, 0, 0]], (3, 1))]
    sampler = MixtureSampler(min_size=1).fit(y, [7, 8, 8, 8])
    assert sampler.weights_.tolist() == [0.25, 0.75]
    assert sampler.sample(4, rng=0, component=7).tolist() == [[0, 1, 1]] * 4
    assert set(map(tuple, sampler.sample(200, rng=0).tolist())) == {(0, 1, 1), (1, 0, 0)}


def test_clusters_without_rows_are_left_out():
    y = np.repeat([[0, 0, 1], [1, 1, 0]], 30, axis=0)
    sampler = quiet_fit(y, n_components=6, rng=0, min_size=1)
    empty = [merger for merger in sampler.report_.mergers if merger.into is None]
    assert len(empty) + len(sampler.labels_) == 6
    assert empty
    assert all(merger.size == 0 for merger in empty)
    assert f"{empty[0].label} with 0 rows left out" in str(sampler.report_)


def test_constant_bits():
    y, labels = two_clouds()
    y = np.c_[y, np.ones(len(y), bool), labels == "spike"]
    for options in ({"labels": labels}, {"n_components": 2}):
        bits = quiet_fit(y, **options).sample(2000, rng=0)
        assert bits[:, -2].all()
        assert 0.2 < bits[:, -1].mean() < 0.4


def test_report_shows_everything(digits):
    sampler = quiet_fit(digits[0], n_components=(3, 5))
    lines = str(sampler.report_).splitlines()
    assert lines[0].split() == [
        "component",
        "rows",
        "smallest",
        "eigenvalue",
        "mean",
        "error,",
        "rms",
        "pair",
        "error,",
        "rms",
    ]
    assert lines[6].split()[:2] == ["all", "1797"]
    assert [line.split(":")[0] for line in lines[-2:]] == ["BIC of 3 clusters", "BIC of 5 clusters"]


def test_warning_tells_the_errors(digits):
    with pytest.warns(
        RepairWarning, match=r"the moments of 10 of 10 components could not be met; the mixture's differ"
    ):
        MixtureSampler().fit(*digits)


def test_a_fit_without_errors_is_silent():
    y = np.tile((np.arange(16)[:, None] >> np.arange(4)) & 1, (4, 1))
    with warnings.catch_warnings(action="error"):
        sampler = MixtureSampler().fit(y, np.repeat([0, 1], 32))
    assert sampler.report_.mergers == ()
    assert sampler.report_.bic == {}


# --- files ---


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_saved_sampler_draws_the_same_bits_in_a_fresh_process(fitted, tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    fitted.save(path)
    code = (
        "import numpy as np\nfrom bernoulli_latent import MixtureSampler\n"
        f"s = MixtureSampler.load({str(path)!r})\nnp.save({str(tmp_path / 'bits.npy')!r}, s.sample(500, rng=8))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "bits.npy"), fitted.sample(500, rng=8))
    loaded = MixtureSampler.load(path)
    assert loaded.report_ == fitted.report_
    assert loaded.labels_ == fitted.labels_
    np.testing.assert_array_equal(loaded.moments_.matrix, fitted.moments_.matrix)


def test_reports_of_clusters_and_integers_come_back(tmp_path):
    y, _ = two_clouds()
    sampler = quiet_fit(np.r_[y, np.ones((2, 12), bool)], n_components=range(2, 6), rank=4, min_size=60)
    sampler.save(tmp_path / "m.npz")
    loaded = MixtureSampler.load(tmp_path / "m.npz")
    assert loaded.report_ == sampler.report_
    assert loaded.labels_ == sampler.labels_
    assert repr(loaded) == repr(sampler) == "MixtureSampler('hyperplane', min_size=60, rank=4)"


def test_torch_sampler_comes_back_as_torch(torch, tmp_path):
    y, labels = two_clouds()
    sampler = quiet_fit(torch.as_tensor(y), labels)
    sampler.save(tmp_path / "m.npz")
    loaded = MixtureSampler.load(tmp_path / "m.npz")
    assert (loaded.sample(100, rng=0) == sampler.sample(100, rng=0)).all()
    assert isinstance(loaded.weights_, torch.Tensor)


def test_damaged_files_are_refused(fitted, tmp_path):
    path = tmp_path / "m.npz"
    fitted.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        MixtureSampler.load(path)
    fitted.components_[0].save(path)
    with pytest.raises(ValueError, match="must hold a MixtureSampler"):
        MixtureSampler.load(path)


# --- refusals ---

Y = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])


@pytest.mark.parametrize(
    ("options", "fit", "error", "message"),
    [
        (
            {},
            {"labels": [1, 2, 3]},
            ValueError,
            r"`labels` must have shape \(4,\), one label for each row of `y`; got shape \(3,\)",
        ),
        ({}, {"labels": np.zeros((4, 1), int)}, ValueError, r"`labels` must have shape \(4,\), .*; got shape \(4, 1\)"),
        ({}, {"labels": "abcd"}, ValueError, r"`labels` must have shape \(4,\), .*; got shape \(\)"),
        (
            {},
            {"labels": [0, 1, np.nan, 1]},
            TypeError,
            "`labels` must hold integers or strings; got 0.0 at index 0; is a label missing",
        ),
        (
            {},
            {"labels": np.array([0, 1, np.nan, 1], object)},
            TypeError,
            "`labels` must hold integers or strings; got nan at index 2; is a label missing",
        ),
        ({}, {"labels": ["a", None, "b", "b"]}, TypeError, ".* got None at index 1; is a label missing"),
        ({}, {"labels": [0, 0, 1, 1], "n_components": 2}, ValueError, "give one of `labels`, `n_components`"),
        ({}, {"n_components": 5}, ValueError, "`n_components` must be at most the number of rows, 4; got 5"),
        ({}, {"n_components": 0}, ValueError, "`n_components` must be at least 1; got 0"),
        ({}, {"n_components": "3"}, TypeError, "`n_components` must be an integer; got '3'"),
        (
            {"family": "magic"},
            {},
            ValueError,
            "`family` must be one of 'dichotomized_gaussian', 'hyperplane'; got 'magic'",
        ),
        ({"min_size": 0}, {}, ValueError, "`min_size` must be at least 1; got 0"),
        ({"repair": "magic"}, {}, ValueError, "`repair` must be one of"),
        ({"rank": 0}, {}, ValueError, "`rank` must be at least 1; got 0"),
        ({"reapir": "clip"}, {}, TypeError, ".*unexpected keyword argument 'reapir'"),
    ],
)
def test_bad_fits(options, fit, error, message):
    sampler = MixtureSampler(**options)
    with pytest.raises(error, match=f"^{message}"):
        sampler.fit(Y, **fit)
    with pytest.raises(NotFittedError, match=r"^this MixtureSampler is not fitted; call `fit` first$"):
        _ = sampler.report_


def test_bad_rows():
    with pytest.raises(ValueError, match=r"^`y` must have at least 2 rows; got 1"):
        MixtureSampler().fit([[0, 1]], [0])
    with pytest.raises(ValueError, match=r"`y` .*0\.5.*\(1, 1\)"):
        MixtureSampler().fit([[0, 1], [1, 0.5]], [0, 0])


def test_bad_calls(fitted):
    with pytest.raises(ValueError, match=r"^`component` must be one of 'rest', 'spike'; got 'digit'$"):
        fitted.sample(3, component="digit")
    with pytest.raises(ValueError, match=r"^`n` must be at least 0; got -1$"):
        fitted.sample(-1)
    with pytest.raises(ValueError, match=r"^`start` must be at least 0; got -1$"):
        fitted.sample(1, start=-1, component="rest")
    with pytest.raises(ValueError, match=r"^`y` must have 12 bits like the mixture; got 2$"):
        fitted.responsibilities(Y)
    with pytest.raises(NotFittedError):
        MixtureSampler().sample(1)


def test_empty_draw(fitted):
    assert fitted.sample(0).shape == (0, 12)
    assert fitted.sample(0, packed=True).shape == (0, 12)
    assert fitted.sample(0, component="rest").shape == (0, 12)


def planted(n, family="dichotomized_gaussian"):
    """Two classes of six bits that hardly agree in anything, and a mixture fitted to them."""
    rng = np.random.default_rng(9)
    scores = rng.standard_normal((n, 1)) + rng.standard_normal((n, 6))
    labels = rng.random(n) < 0.3
    y = scores > np.where(labels[:, None], [-1, 0, 1, 0, 1, -1], [1, 1, -1, 0, -1, 1])
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return MixtureSampler(family).fit(y, labels.astype(int)), y


@pytest.mark.parametrize("family", ["hyperplane", "dichotomized_gaussian"])
def test_probabilities_add_up_over_components(family):
    sampler, _ = planted(2000, family)
    codes = (np.arange(64)[:, None] >> np.arange(6)) % 2 == 1
    logs, errors = sampler.log_prob(codes, rng=0, return_error=True)
    parts = [np.exp(component.log_prob(codes, rng=1)) for component in sampler.components_]
    probability = np.exp(logs)
    # Both sides are estimates; their errors are of one size.
    assert np.all(abs(probability - sampler.weights_ @ parts) <= 8 * probability * errors + 1e-12)
    assert probability.sum() == pytest.approx(1, abs=0.01)


def test_completions_of_a_mixture_have_the_conditional_law():
    sampler, _ = planted(2000)
    drawn = sampler.sample(1_000_000, rng=0)
    known = np.array([True, False, True, False, False, False])
    alike = drawn[(drawn[:, known] == [True, False]).all(axis=1)]
    codes = np.zeros((2000, 6), bool)
    codes[:, 0] = True
    completed = sampler.sample_given(codes, known, rng=1, n_draws=64)
    np.testing.assert_array_equal(completed[:, known], codes[:, known])
    weights = 2 ** np.arange(4)
    expected = np.bincount(alike[:, ~known] @ weights, minlength=16) / len(alike)
    found = np.bincount(completed[:, ~known] @ weights, minlength=16)
    # Chi-square with 15 degrees of freedom: 50 is exceeded with probability 1e-5.
    assert np.sum((found - 2000 * expected) ** 2 / (2000 * expected)) < 50
    np.testing.assert_array_equal(sampler.sample_given(codes[:5], known, rng=1, n_draws=64), completed[:5])
    assert sampler.sample_given(codes[:0], known).shape == (0, 6)


def test_impossible_patterns_of_a_mixture():
    y = np.random.default_rng(0).integers(0, 2, (100, 4))
    y[:, 3] = y[:, 2]
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        sampler = MixtureSampler().fit(y, np.arange(100) % 2)
    codes = np.array([[0, 0, 1, 1], [0, 0, 1, 0]])
    assert np.isfinite(sampler.log_prob(codes, rng=0)).tolist() == [True, False]
    with pytest.raises(ValueError, match="those of 1 rows are not: 1"):
        sampler.sample_given(codes, np.ones(4, bool), rng=0)


def test_a_mixture_comes_back_with_the_arguments_it_was_made_with(tmp_path):
    sampler, _ = planted(300)
    sampler.save(tmp_path / "x.npz")
    assert repr(MixtureSampler.load(tmp_path / "x.npz")) == repr(sampler)


def test_a_class_of_constant_bits():
    y = np.random.default_rng(1).random((200, 4)) < 0.5
    y[:100] = False
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        sampler = MixtureSampler("dichotomized_gaussian").fit(y, np.arange(200) // 100)
    completed = sampler.sample_given(np.zeros((50, 4), bool), np.arange(4) < 3, rng=0, n_draws=64)
    assert not completed[:, :3].any()
    # Given three zeros the class of constants has odds 8 : 1, so the last bit is set with probability 1 / 18.
    assert completed[:, 3].mean() < 0.3
