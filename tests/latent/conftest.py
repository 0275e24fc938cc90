"""Data and fitted samplers shared by the tests of samplers and of what is done with their latents."""

import warnings

import numpy as np
import pytest

from bernoulli_latent import HyperplaneSampler, RepairWarning


def digits_latents():
    """Correlated real bits: the 8x8 digits above half grey; some pixels are constant."""
    from sklearn.datasets import load_digits

    return load_digits().data > 7


@pytest.fixture(scope="session")
def latents():
    return digits_latents()


@pytest.fixture(scope="session")
def sampler(latents):
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        return HyperplaneSampler().fit(latents)


@pytest.fixture(scope="session")
def feasible():
    """Sampler of moments that a Gaussian has, so that no repair is needed; 30 bits of various means."""
    rows = np.random.default_rng(7).standard_normal((31, 40)) + 0.3
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    from bernoulli_latent import BernoulliMoments, moments_from_gram

    return HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(moments_from_gram(rows @ rows.T)))
