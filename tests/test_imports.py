"""Importing is light, and the public names are what `__all__` says."""

import json
import subprocess
import sys

import pytest

import bernoulli_latent

HEAVY = ["torch", "numba", "scipy", "matplotlib", "sklearn", "array_api_compat", "safetensors", "dask"]


def loaded_after(code):
    script = f"{code}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    return json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout)


def test_import_loads_numpy_alone():
    assert loaded_after("import bernoulli_latent; dir(bernoulli_latent)") == []


def test_numpy_work_loads_no_torch():
    code = "import bernoulli_latent as b; b.HyperplaneSampler().fit([[0, 1], [1, 0], [1, 1], [0, 0]]).sample(3)"
    assert not {"torch", "matplotlib", "sklearn", "safetensors", "dask"} & set(loaded_after(code))


def test_public_names_exist_and_are_listed():
    for name in bernoulli_latent.__all__:
        assert getattr(bernoulli_latent, name).__doc__
    assert set(bernoulli_latent.__all__) <= set(dir(bernoulli_latent))


def test_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = bernoulli_latent.nonsense
