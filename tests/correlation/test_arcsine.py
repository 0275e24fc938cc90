"""The arcsine law, both ways."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent import gram_from_moments, moments_from_gram

moments = st.floats(-1, 1)


@given(moments)
def test_moments_survive_the_round_trip(m):
    M = np.array([[1.0, m], [m, 1.0]])
    back = moments_from_gram(gram_from_moments(M))
    # Near +-1 the arcsine has no slope: a rounding of H moves M by sqrt(eps).
    conditioning = 1 / max(math.cos(math.pi / 2 * m), 1e-8)
    np.testing.assert_allclose(back, M, atol=4e-16 * conditioning)


@given(st.floats(-1, 1), st.floats(0.1, 10), st.floats(0.1, 10))
def test_scale_of_the_gaussian_does_not_matter(rho, a, b):
    H = np.array([[a * a, rho * a * b], [rho * a * b, b * b]])
    assert moments_from_gram(H)[0, 1] == pytest.approx(2 / math.pi * math.asin(rho), abs=1e-7)


def test_both_forms_of_the_paper_agree():
    M = np.linspace(-1, 1, 9).reshape(3, 3)
    np.testing.assert_allclose(gram_from_moments(M), np.cos(np.pi / 2 * (1 - M)), atol=1e-15)


def test_known_values(to_library):
    M = to_library(np.array([[1, 1 / 3, -1 / 3], [1 / 3, 1, 0], [-1 / 3, 0, 1]]))
    H = gram_from_moments(M)
    assert type(H) is type(M)
    np.testing.assert_allclose(np.asarray(H), [[1, 0.5, -0.5], [0.5, 1, 0], [-0.5, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(np.asarray(moments_from_gram(H)), np.asarray(M), atol=1e-15)


def test_float32_stays(to_library):
    M = to_library(np.eye(2, dtype=np.float32))
    assert str(gram_from_moments(M).dtype).endswith("float32")
    assert str(moments_from_gram(M).dtype).endswith("float32")


@pytest.mark.parametrize("slip", [1.0 + 1e-9, -1.5, math.nan, math.inf])
def test_gram_refuses_moments_outside_their_range(slip):
    with pytest.raises(ValueError, match=r"`M` must .* at index \(0, 1\)"):
        gram_from_moments(np.array([[1.0, slip], [0.0, 1.0]]))


@pytest.mark.parametrize(
    ("H", "message"),
    [
        ([[1.0, 1.001], [1.001, 1.0]], r"`H` must be a covariance; got correlation 1.001 at index \(0, 1\)"),
        ([[0.0, 0.0], [0.0, 1.0]], r"`H` must have a positive diagonal; got 0.0 at index \(0,\)"),
        ([[1.0, 0.0]], r"`H` must be a square matrix; got shape \(1, 2\)"),
    ],
)
def test_moments_refuse_what_is_no_covariance(H, message):
    with pytest.raises(ValueError, match=message):
        moments_from_gram(np.array(H))


def test_rounding_beyond_one_is_accepted():
    H = np.array([[1.0, 1 + 2e-16], [1 + 2e-16, 1.0]])
    assert moments_from_gram(H).tolist() == [[1.0, 1.0], [1.0, 1.0]]
