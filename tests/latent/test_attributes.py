"""Attribute editing: which bits, to what, and in which form they come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bernoulli_latent import AttributeEditor, BitArray, DichotomizedGaussianSampler, NotFittedError

N_SAMPLES, N_BITS = 400, 70


@pytest.fixture(scope="module")
def sample():
    """Signs of 70 bits of which the first ten follow attribute 0, and bit 10 is merely skewed."""
    rng = np.random.default_rng(3)
    attributes = rng.random((N_SAMPLES, 2)) < 0.5
    latents = np.where(rng.random((N_SAMPLES, N_BITS)) < 0.5, 1, -1)
    agreement = np.where(rng.random((N_SAMPLES, 10)) < np.linspace(0.7, 1.0, 10), 1, -1)
    latents[:, :10] = agreement * np.where(attributes[:, :1], 1, -1) * np.resize([1, -1], 10)
    latents[:, 10] = np.where(rng.random(N_SAMPLES) < 0.9, 1, -1)
    return latents, attributes


@pytest.fixture(scope="module")
def editor(sample):
    return AttributeEditor().fit(*sample, names=["tall", "left"])


def test_means_are_those_of_the_rows(sample, editor):
    latents, attributes = sample
    for k in range(2):
        for value in (0, 1):
            rows = latents[attributes[:, k] == value]
            np.testing.assert_allclose(editor.conditional_mean_[k, value], rows.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(editor.mean_, latents.mean(axis=0), atol=1e-15)


def test_bits_follow_the_rule_of_the_paper(sample, editor):
    latents, attributes = sample
    mean = latents[attributes[:, 0]].mean(axis=0)
    index, value = editor.bits("tall", threshold=0.3)
    assert set(index) == set(np.flatnonzero(np.abs(mean) > 0.3))
    np.testing.assert_array_equal(value, mean[index] > 0)
    assert np.all(np.diff(np.abs(mean[index])) <= 0)


def test_threshold_is_exclusive():
    editor = AttributeEditor().fit([[1, 1], [1, 0], [0, 1]], [1, 1, 0])
    assert list(editor.bits(0, threshold=0.0).indices) == [0]
    assert list(editor.bits(0, threshold=1.0).indices) == []


def test_contrast_leaves_skewed_bits_alone(editor):
    assert 10 in editor.bits("tall", threshold=0.5).indices
    assert 10 not in editor.bits("tall", threshold=0.5, contrast=True).indices


def test_taking_away_is_the_opposite_on_bits_that_follow(editor):
    index, value = editor.bits("tall", contrast=True, budget=5)
    other, opposite = editor.bits("tall", False, contrast=True, budget=5)
    assert set(index) | set(other) <= set(range(10))
    shared = dict(zip(index, value, strict=True))
    assert all(shared.get(i, not v) != v for i, v in zip(other, opposite, strict=True))


@given(budget=st.integers(0, 80), threshold=st.floats(0, 1.99))
def test_budget_keeps_the_most_decided(editor, budget, threshold):
    every, kept = (
        editor.bits("left", threshold=threshold),
        editor.bits("left", threshold=threshold, budget=budget),
    )
    np.testing.assert_array_equal(kept.indices, every.indices[:budget])
    np.testing.assert_array_equal(kept.values, every.values[:budget])


@given(threshold=st.floats(0, 1.99), value=st.booleans(), contrast=st.booleans())
def test_edit_sets_exactly_the_bits_announced_and_is_idempotent(sample, editor, threshold, value, contrast):
    latents = sample[0][:9]
    index, target = editor.bits("tall", value, threshold, contrast)
    edited = editor.edit(latents, "tall", value, threshold, contrast)
    expected = latents.copy()
    expected[:, index] = np.where(target, 1, -1)
    np.testing.assert_array_equal(edited, expected)
    np.testing.assert_array_equal(editor.edit(edited, "tall", value, threshold, contrast), edited)


@pytest.mark.parametrize(("coding", "low"), [("01", 0), ("pm1", -1), ("bool", False)])
@pytest.mark.parametrize("dtype", ["int8", "float32", "float64"])
def test_form_of_the_input_is_kept(sample, editor, to_library, coding, low, dtype):
    latents = sample[0][:5] > 0
    y = latents if coding == "bool" else np.where(latents, 1, low).astype(dtype)
    edited = editor.edit(to_library(y), "tall")
    assert type(edited) is type(to_library(y))
    assert edited.dtype == to_library(y).dtype
    expected = editor.edit(np.where(latents, 1, -1), "tall") > 0
    np.testing.assert_array_equal(np.asarray(edited), np.where(expected, y.dtype.type(1), y.dtype.type(low)))


def test_packed_bits_stay_packed(sample, editor):
    latents = sample[0][:5]
    edited = editor.edit(BitArray.from_array(latents), "left")
    assert isinstance(edited, BitArray)
    assert edited == BitArray.from_array(editor.edit(latents, "left"))


def test_input_is_not_changed(sample, editor):
    latents = sample[0][:5].copy()
    editor.edit(latents, "tall", value=False)
    np.testing.assert_array_equal(latents, sample[0][:5])


def test_libraries_agree_on_the_fit(sample, editor, to_library):
    latents, attributes = sample
    for fitted in (
        AttributeEditor().fit(to_library(latents), to_library(attributes)),
        AttributeEditor().fit(to_library(latents), attributes.astype(int)),
        AttributeEditor().fit(BitArray.from_array(latents), BitArray.from_array(attributes)),
    ):
        assert fitted.names_ == (0, 1)
        np.testing.assert_allclose(fitted.conditional_mean_, editor.conditional_mean_, atol=1e-6)


@pytest.mark.parametrize(
    ("attributes", "names", "message"),
    [
        ([1, 0], None, r"`attributes` must have 3 rows like `latents`; got 2"),
        ([1, 1, 1], ["bald"], r"only 1 for 'bald'"),
        ([[1, 0], [0, 0], [1, 0]], None, r"only 0 for 1"),
        ([1, 0, 1], ["a", "b"], r"`names` must be 1 names"),
        ([1, 0, 1], "a", r"`names` must be 1 names"),
        ([[1, 0], [0, 1], [1, 0]], ["a", "a"], r"`names` must differ"),
        ([1, 0, 0.5], None, r"`attributes`"),
    ],
)
def test_fit_refuses(attributes, names, message):
    with pytest.raises(ValueError, match=message):
        AttributeEditor().fit([[0, 1], [1, 1], [1, 0]], attributes, names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "blond"}, r"`name` must be one of 'tall', 'left'; got 'blond'"),
        ({"name": "tall", "threshold": -0.1}, r"`threshold` must lie in \[0, 2\)"),
        ({"name": "tall", "threshold": float("nan")}, r"`threshold`"),
        ({"name": "tall", "budget": -1}, r"`budget` must be at least 0"),
        ({"name": "tall", "significance": 1.0}, r"`significance` must lie in \(0, 1\); got 1.0"),
    ],
)
def test_bits_refuses(editor, options, message):
    with pytest.raises(ValueError, match=message):
        editor.bits(**options)


def test_edit_refuses_other_widths(editor):
    with pytest.raises(ValueError, match=r"`latents` must have 70 bits like those fitted; got 2"):
        editor.edit([[0, 1]], "tall")


def test_fit_comes_first():
    with pytest.raises(NotFittedError, match="fit"):
        AttributeEditor().edit([[0, 1]], 0)


@pytest.mark.parametrize("level", [0.01, 0.2])
def test_significant_bits_are_those_of_benjamini_and_hochberg(sample, editor, level):
    latents, attributes = sample
    has, bits = attributes[:, 0], latents > 0
    tables = [[[np.sum(bits[has == v, i] == b) for b in (0, 1)] for v in (0, 1)] for i in range(N_BITS)]
    p = np.array([stats.chi2_contingency(table, correction=False).pvalue for table in tables])
    expected = np.flatnonzero(stats.false_discovery_control(p) <= level)
    found = editor.bits("tall", threshold=0.0, significance=level)
    assert set(found.indices) == set(expected)
    assert set(range(10)) <= set(found.indices)
    assert 10 in editor.bits("tall", threshold=0.5).indices
    assert 10 not in editor.bits("tall", threshold=0.5, significance=0.01).indices


def test_bits_that_never_vary_are_not_significant():
    editor = AttributeEditor().fit([[1, 1], [1, 1], [1, 0], [1, 0]] * 20, [1, 1, 0, 0] * 20)
    assert list(editor.bits(0, significance=0.05).indices) == [1]


@pytest.mark.filterwarnings("ignore::bernoulli_latent.errors.RepairWarning")
def test_propagation_redraws_the_other_bits(sample):
    latents, attributes = sample
    sampler = DichotomizedGaussianSampler().fit(latents)
    editor = AttributeEditor(sampler).fit(latents, attributes, names=["tall", "left"])
    rows = latents[~attributes[:, 0]]
    index, value = editor.bits("tall", contrast=True, budget=4)
    plain = editor.edit(rows, "tall", contrast=True, budget=4)
    drawn = editor.edit(rows, "tall", contrast=True, budget=4, propagate=True, rng=0)
    assert drawn.dtype == rows.dtype
    for edited in (plain, drawn):
        np.testing.assert_array_equal(edited[:, index] > 0, np.tile(value, (len(rows), 1)))
    follows = np.resize([1, -1], 10)
    others = np.setdiff1d(np.arange(10), index)
    assert (plain[:, others] * follows[others]).mean() < -0.2
    assert (drawn[:, others] * follows[others]).mean() > 0.2
    assert editor.edit(rows[:0], "tall", propagate=True).shape == (0, N_BITS)
    packed = editor.edit(BitArray.from_array(rows), "tall", contrast=True, budget=4, propagate=True, rng=0)
    assert packed == BitArray.from_array(drawn)


def test_propagation_needs_a_sampler(sample, editor):
    with pytest.raises(ValueError, match=r"`propagate` needs a fitted sampler; make the editor with AttributeEditor"):
        editor.edit(sample[0], "tall", propagate=True)


@pytest.mark.filterwarnings("ignore::bernoulli_latent.errors.RepairWarning")
def test_propagation_answers_in_the_library_of_the_latents(sample, torch):
    latents, attributes = sample
    tensor = torch.as_tensor(latents)
    expected = None
    for data in (latents, tensor):
        editor = AttributeEditor(DichotomizedGaussianSampler().fit(data)).fit(latents, attributes)
        for y in (latents[:5], tensor[:5], BitArray.from_array(latents[:5]), BitArray.from_array(tensor[:5])):
            edited = editor.edit(y, 0, contrast=True, propagate=True, rng=0)
            assert type(edited) is type(y)
            assert type(getattr(edited, "words", edited)) is type(getattr(y, "words", y))
            found = np.asarray(edited.to_array("pm1") if isinstance(edited, BitArray) else edited)
            expected = found if expected is None else expected
            assert (found == expected).mean() > 0.99
