"""A trained run that several files of tests look at."""

from __future__ import annotations

import pytest

from examples.lbae import encode, train


@pytest.fixture(scope="session")
def run(torch, tmp_path_factory):
    """Folder of a smoke run of the autoencoder: trained and encoded."""
    folder = tmp_path_factory.mktemp("lbae")
    train.main(["--smoke", "--out", str(folder), "--threads", "1"])
    encode.main(["--smoke", "--run", str(folder)])
    return folder
