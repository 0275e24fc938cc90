"""What a device runs: products of octets, and fused kernels where there are any.

Off a device, ``TRITON_INTERPRET=1`` lets the interpreter of an installed Triton run the fused kernels on the host.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import numpy as np
import pytest

from bernoulli_latent import HyperplaneSampler
from bernoulli_latent._kernels import device as fused
from bernoulli_latent._kernels import device_products, generic_packing, generic_sampling
from bernoulli_latent.samplers import base

KEY = 0x0123456789ABCDEF
ON_DEVICE = os.environ.get("BERNOULLI_LATENT_DEVICE", "cpu").startswith("cuda")
NEEDS_TRITON = pytest.mark.skipif(
    find_spec("triton") is None or not (ON_DEVICE or os.environ.get("TRITON_INTERPRET") == "1"),
    reason="needs Triton and a device, or TRITON_INTERPRET=1",
)


def random_words(torch, device, n, n_bits, seed=0):
    bits = np.random.default_rng(seed).random((n, n_bits)) < 0.4
    return bits, generic_packing.pack_bits(torch.as_tensor(bits, device=device))


def model(torch, device, height, rank, n_bits):
    rng = np.random.default_rng(0)
    factor = np.tril(rng.standard_normal((height, rank)))
    factor[0] = np.eye(rank)[0]
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    offset = rng.standard_normal(height)
    bits = rng.integers(0, height, n_bits), rng.random(n_bits) < 0.5
    return [torch.as_tensor(x, device=device) for x in (factor.astype(np.float32), offset.astype(np.float32), *bits)]


# --- products of octets ---


@pytest.mark.parametrize(
    ("n", "n_bits"), [(0, 3), (1, 1), (31, 7), (32, 8), (33, 9), (100, 64), (63, 65), (500, 200), (70, 333)]
)
def test_joint_counts(torch, device, n, n_bits):
    if not device_products.multiplies_octets(torch.empty(0, device=device)):
        pytest.skip("needs products of 8-bit integers")
    bits, words = random_words(torch, device, n, n_bits)
    counts = device_products.joint_counts(words, n_bits)
    np.testing.assert_array_equal(counts.cpu().numpy(), bits.T.astype(int) @ bits)


@pytest.mark.parametrize("octets", [True, False])
@pytest.mark.parametrize("n_bits", [1, 63, 64, 150])
def test_moments_over_several_blocks(torch, device, octets, n_bits, monkeypatch):
    if octets and not device_products.multiplies_octets(torch.empty(0, device=device)):
        pytest.skip("needs products of 8-bit integers")
    monkeypatch.setattr(device_products, "multiplies_octets", lambda words: octets)
    for name in ("EXACT_ROWS", "BLOCK_ENTRIES", "DEVICE_ENTRIES"):
        monkeypatch.setattr(generic_packing, name, 2**13)
    monkeypatch.setattr(device_products, "EXACT_ROWS", 100)
    bits, words = random_words(torch, device, 1001, n_bits)
    signs = np.concatenate([2 * bits.astype(int) - 1, np.ones((1001, 1), int)], axis=1)
    products = generic_packing.cross_products(words, n_bits)
    assert products.dtype == torch.int64
    np.testing.assert_array_equal(products.cpu().numpy(), signs.T @ signs)


@pytest.mark.parametrize("fault", ["missing", "saturates"])
def test_products_that_fail_or_saturate_are_not_used(torch, fault, monkeypatch):
    def product(a, b):
        if fault == "missing":
            raise NotImplementedError("not on this device")
        return torch.full((a.shape[0], b.shape[1]), 2**23 - 1, dtype=torch.int32)

    monkeypatch.setattr(torch, "_int_mm", product)
    device_products._multiplies_octets.cache_clear()
    assert not device_products.multiplies_octets(torch.empty(0))
    device_products._multiplies_octets.cache_clear()


def test_products_are_neither_half_nor_tf32(torch, device):
    matmul = torch.backends.cuda.matmul
    name, rough = ("fp32_precision", "tf32") if hasattr(matmul, "fp32_precision") else ("allow_tf32", True)
    before, a = getattr(matmul, name), torch.full((64, 64), 1 + 2.0**-20, device=device)
    setattr(matmul, name, rough)
    try:
        with torch.autocast(device, dtype=torch.bfloat16), generic_packing.full_precision(a):
            assert getattr(matmul, name) in ("ieee", False)
            product = a @ torch.eye(64, device=device)
        assert getattr(matmul, name) == rough
    finally:
        setattr(matmul, name, before)
    assert torch.equal(product, a)


def test_autocast_changes_no_bit_of_a_draw(torch, device):
    arrays = model(torch, device, 90, 60, 130)
    words = generic_sampling.draw(KEY, 5, 300, *arrays)
    with torch.autocast(device, dtype=torch.bfloat16):
        assert torch.equal(generic_sampling.draw(KEY, 5, 300, *arrays), words)


def test_blocks_are_a_power_of_two_rows_that_the_model_fixes(torch, monkeypatch):
    monkeypatch.setattr(generic_sampling, "on_host", lambda x: False)
    sizes = {height: generic_sampling._block_rows(torch.empty(height, 1)) for height in (1, 201, 1501, 10**7)}
    assert sizes == {1: 2**25, 201: 2**17, 1501: 2**14, 10**7: 256}


def test_a_device_draws_in_one_piece(monkeypatch):
    sampler = HyperplaneSampler().fit(np.random.default_rng(0).random((500, 9)) < 0.5)
    monkeypatch.setattr(base, "ENTRIES", 1)
    bits = sampler.sample(1000, rng=1)
    monkeypatch.setattr(base, "on_host", lambda like: False)
    np.testing.assert_array_equal(sampler.sample(1000, rng=1), bits)


# --- fused kernels ---


def test_a_device_whose_kernels_fail_is_told_of_once(torch, monkeypatch, recwarn):
    def check(device):
        raise ArithmeticError("normals differ")

    monkeypatch.setattr(fused, "_check", check)
    fused._works.cache_clear()
    with pytest.warns(RuntimeWarning, match=r"on cpu run as plain torch code.*ArithmeticError\('normals differ'\)"):
        assert not fused._works(torch.device("cpu"))
    assert not fused._works(torch.device("cpu"))
    assert len(recwarn) == 0
    fused._works.cache_clear()


def test_the_host_does_without(torch):
    assert not fused.fuses(np.empty(0), 1)
    assert not fused.fuses(torch.empty(0), 1)


@NEEDS_TRITON
@pytest.mark.parametrize("key", [0, 1, KEY, 2**32 - 1, 2**63, 2**64 - 1])
def test_fused_normals_are_equal_to_the_last_bit(torch, device, key):
    rows = np.array([0, 1, 2**32 - 1, 2**32, 2**40 + 7, 2**63 - 1, *range(500, 600)])
    for columns, first in ((1, 0), (37, 8), (130, 0)):
        table = fused.normals_of(key, torch.as_tensor(rows, device=device), columns, first)
        expected = generic_sampling.normals_of(key, rows, columns, "float32", first)
        np.testing.assert_array_equal(table.cpu().numpy(), expected)


@NEEDS_TRITON
@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
)
def test_fused_packing(torch, device, dtype):
    bits, words = random_words(torch, device, 77, 130)
    values = torch.as_tensor(bits, device=device).to(getattr(torch, dtype))
    for layout in (
        values,
        values.T.contiguous().T,
        values.repeat(1, 2)[:, :130],
        values.repeat_interleave(2, dim=1)[:, ::2],
    ):
        packed, found = fused.pack_values(layout)
        assert torch.equal(packed, words)
        assert found == 1
    if values.dtype.is_signed:
        packed, found = fused.pack_values(2 * values - 1)
        assert torch.equal(packed, words)
        assert found == 2
    if dtype != "bool":
        values[76, 129] = 2
        assert fused.pack_values(values)[1] == 5


@NEEDS_TRITON
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 0.5, -2.0, 1 + 2.0**-23])
def test_fused_packing_finds_what_is_no_bit(torch, device, value):
    values = torch.tensor([[1.0, 1.0], [1.0, value]], device=device)
    assert fused.pack_values(values)[1] == 4
    assert fused.pack_values(torch.tensor([[-0.0, 1.0]], device=device))[1] == 1
    assert fused.pack_values(torch.tensor([[1, 255]], dtype=torch.uint8, device=device))[1] == 4


@NEEDS_TRITON
@pytest.mark.parametrize(("height", "rank", "n_bits"), [(1, 1, 3), (70, 33, 64), (90, 60, 130)])
def test_fused_draws_are_those_of_plain_code(torch, device, height, rank, n_bits, monkeypatch):
    arrays = model(torch, device, height, rank, n_bits)
    drawn = []
    for fuses in (True, False):
        monkeypatch.setattr(fused, "fuses", lambda like, width, fuses=fuses: fuses and isinstance(like, torch.Tensor))
        drawn.append(generic_sampling.draw(KEY, 250, 300, *arrays))
    assert torch.equal(*drawn)


@NEEDS_TRITON
def test_a_device_that_computes_as_the_host_passes(torch, device, monkeypatch):
    fused._check(torch.device(device))
    normals_of = fused.normals_of
    monkeypatch.setattr(fused, "normals_of", lambda *arguments: normals_of(*arguments) * (1 + 2.0**-23))
    with pytest.raises(ArithmeticError, match="normals differ"):
        fused._check(torch.device(device))
