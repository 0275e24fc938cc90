"""The library on a CUDA device beside the torch code one would write, and beside what the device could do at best.

With ``--quick`` and no device it runs on small tensors of the CPU, to see that it runs.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import distributions as peers

from benchmarks import device as devices
from benchmarks.data import feasible_moments
from benchmarks.device import Problem, Rates
from benchmarks.measure import SEED, Row
from benchmarks.suites import Options
from benchmarks.tables import Rows, number, table
from bernoulli_latent import (
    BernoulliMoments,
    BinaryConcrete,
    BitArray,
    HyperplaneSampler,
    Logistic,
    RepairWarning,
    StepLogistic,
    nearest_correlation,
)
from bernoulli_latent._kernels import device as fused
from bernoulli_latent._kernels import generic_sampling

__all__ = ["run", "tables"]

SIZES = (200, 600, 1500, 4096)
QUICK_SIZES = (10, 200)
HOST_SIZE = 1500
"""Largest matrix that the host repairs as well, on one thread."""

Tensor = torch.Tensor
Where = torch.device


def run(options: Options) -> Iterator[Row]:
    where = devices.place()
    if where.type == "cpu" and not options.quick:
        raise SystemExit("the suite 'gpu' needs a CUDA device; with --quick it runs on small tensors of the CPU")
    about, limits = devices.describe(where), devices.rates(where)
    facts = {"fused": fused.fuses(torch.empty(0, device=where), 1), **asdict(limits)}
    yield Row("device", about, values=facts)
    for problem in _problems(where, limits, options.quick):
        times = devices.measure(problem.calls, where, 1 if options.quick else 15)
        parameters = {"operation": problem.operation, **problem.parameters, "items": problem.items, **about}
        for name, seconds in times.items():
            yield Row(name, parameters, values=devices.summary(seconds, problem.items, problem.floors.get(name)))


def _problems(where: Where, limits: Rates, quick: bool) -> Iterator[Problem]:
    sizes = QUICK_SIZES if quick else SIZES
    for n_bits in sizes:
        yield _moments(where, limits, n_bits, (2**16 if quick else 2**29) // n_bits)
    for n_bits in sizes:
        yield _draws(where, limits, n_bits, (2**16 if quick else 2**28) // n_bits)
    yield from _relaxations(where, limits, 2**10 if quick else 2**24)
    for n_bits in sizes:
        yield _repairs(where, n_bits)


# --- moments ---


def _moments(where: Where, limits: Rates, n_bits: int, n_samples: int) -> Problem:
    n_samples -= n_samples % 32
    generator = torch.Generator(where).manual_seed(SEED)
    share = torch.linspace(0.1, 0.9, n_bits, device=where)
    small = (torch.rand((n_samples, n_bits), generator=generator, device=where) < share).to(torch.int8) * 2 - 1
    packed, single, half = BitArray.from_array(small), small.float(), small.bfloat16()
    padded = torch.nn.functional.pad(small.T, (0, 0, 0, -n_bits % 32)).contiguous()
    calls: dict[str, Callable[[], Any]] = {
        "packed bits": packed.cross_products,
        "from int8": lambda: BitArray.from_array(small).cross_products(),
        "from float32": lambda: BitArray.from_array(single).cross_products(),
        "torch Y.T @ Y, float32": lambda: single.T @ single,
        "torch mm, bfloat16 to float32": lambda: torch.mm(half.T, half, out_dtype=torch.float32),
        "torch _int_mm": lambda: torch._int_mm(padded, padded.T),
    }
    expected = single[: 2**16].T @ single[: 2**16]
    for rows in (small, single):
        counts = BitArray.from_array(rows[: 2**16]).cross_products()
        torch.testing.assert_close(counts[:-1, :-1].float(), expected, rtol=0, atol=0)
    macs, entries = n_bits**2 * n_samples, n_bits * n_samples
    widths = {"packed bits": 1 / 8, "from int8": 1, "from float32": 4}
    product = macs / max(limits.int8, limits.float32)
    floors = {name: max(product, width * entries / limits.bytes) for name, width in widths.items()}
    return Problem("moments", {"n_bits": n_bits}, n_samples, calls, floors)


# --- draws ---


def _draws(where: Where, limits: Rates, n_bits: int, n_samples: int) -> Problem:
    M = torch.as_tensor(feasible_moments(n_bits), device=where)
    with warnings.catch_warnings(action="ignore", category=RepairWarning):
        sampler = HyperplaneSampler().fit_moments(BernoulliMoments.from_matrix(M))
    _check_draws(sampler)
    factor, rank = sampler._model.factor.float(), sampler.report_.rank
    rows = torch.arange(n_samples, device=where)
    chunk = max(1, 2**25 // n_bits)
    calls = {
        "packed": lambda: sampler.sample(n_samples, rng=SEED, packed=True),
        "int8": lambda: sampler.sample(n_samples, rng=SEED, values="pm1"),
        "normals alone": lambda: [
            generic_sampling.normals_of(SEED, part, rank, "float32") for part in rows.split(chunk)
        ],
        "torch script, float32": lambda: _script(factor, n_samples, chunk),
        "torch script, bfloat16": lambda: _script(factor.bfloat16(), n_samples, chunk),
    }
    entries = n_samples * n_bits
    product = entries * (rank / 2) / limits.float32
    floors = {
        "packed": max(product, entries / 8 / limits.bytes),
        "int8": max(product, entries / limits.bytes),
        "normals alone": 4 * n_samples * rank / limits.bytes,
    }
    return Problem("draws", {"n_bits": n_bits, "rank": rank}, entries, calls, floors)


def _check_draws(sampler: HyperplaneSampler) -> None:
    """The host draws the same bits, but for scores of rounding size."""
    here = sampler.sample(2000, rng=SEED, values="01").cpu()
    assert (here != sampler.to("cpu").sample(2000, rng=SEED, values="01")).double().mean() < 1e-5


def _script(factor: Tensor, n_samples: int, chunk: int) -> Tensor:
    """Normals, product, signs, comparison with the boundary's sign: rows of -1 and +1."""
    bits = torch.empty((n_samples, factor.shape[0] - 1), dtype=torch.int8, device=factor.device)
    for rows in bits.split(chunk):
        normals = torch.randn((rows.shape[0], factor.shape[1]), dtype=factor.dtype, device=factor.device)
        positive = normals @ factor.T >= 0
        rows.copy_((positive[:, 1:] == positive[:, :1]).to(torch.int8) * 2 - 1)
    return bits


# --- relaxations ---


def _relaxations(where: Where, limits: Rates, n: int) -> Iterator[Problem]:
    generator = torch.Generator(where).manual_seed(SEED)
    logits, x = (3 * torch.randn(n, generator=generator, device=where) for _ in range(2))
    noise = torch.logit(torch.rand(n, generator=generator, device=where).clamp(1e-6, 1 - 1e-6))
    half, one = torch.tensor(0.5, device=where), torch.tensor(1.0, device=where)
    uniform = peers.Uniform(0 * one, one, validate_args=False)
    logistic = peers.TransformedDistribution(uniform, [peers.SigmoidTransform().inv], validate_args=False)
    operations: dict[str, dict[str, Callable[..., Tensor]]] = {
        "StepLogistic draws": {"ours": lambda a, t: StepLogistic(logits=a).icdf_logit(t)},
        "BinaryConcrete draws": {
            "ours": lambda a, t: BinaryConcrete(logits=a, temperature=0.5).icdf_logit(t),
            "plain torch": lambda a, t: torch.sigmoid((a + t) / 0.5),
            "torch RelaxedBernoulli, with its noise": lambda a, t: peers.RelaxedBernoulli(
                half, logits=a, validate_args=False
            ).rsample(),
        },
        "Logistic log-density": {
            "ours": lambda a, t: Logistic(loc=a, scale=1.0).logpdf(t),
            "plain torch": lambda a, t: a - t - 2 * torch.nn.functional.softplus(a - t),
            "torch TransformedDistribution": lambda a, t: logistic.log_prob(t - a),
        },
    }
    for name, contenders in operations.items():
        contenders["ours, compiled"] = torch.compile(contenders["ours"], fullgraph=True, dynamic=False)
        values = x if "density" in name else noise
        expected = contenders["ours"](logits[:1000].cpu(), values[:1000].cpu())
        compiled = contenders["ours, compiled"](logits, values)[:1000].cpu()
        torch.testing.assert_close(compiled, expected, rtol=1e-4, atol=1e-4)
        forward = {who: functools.partial(call, logits, values) for who, call in contenders.items()}
        backward = {who: functools.partial(_slope, call, logits, values) for who, call in contenders.items()}
        ours = ("ours", "ours, compiled")
        for direction, calls, floor in (("forward", forward, 12), ("forward and backward", backward, 24)):
            floors = dict.fromkeys(ours, floor * n / limits.bytes)
            yield Problem(name, {"direction": direction, "dtype": "float32"}, n, calls, floors)


def _slope(call: Callable[..., Tensor], logits: Tensor, values: Tensor) -> Tensor:
    leaf = logits.detach().requires_grad_()
    (slope,) = torch.autograd.grad(call(leaf, values).sum(), leaf)
    return slope


# --- repairs ---


def _repairs(where: Where, n_bits: int) -> Problem:
    """A correlation matrix with noise, a third of its eigenvalues negative or so."""
    noise = 0.6 / n_bits**0.5 * np.random.default_rng(SEED).standard_normal((n_bits, n_bits))
    host = torch.as_tensor(0.5 * np.eye(n_bits) + 0.5 * feasible_moments(n_bits)[:-1, :-1] + noise + noise.T)
    host.fill_diagonal_(1.0).clamp_(-1.0, 1.0)
    there = host.to(where)
    calls: dict[str, Callable[[], Any]] = {
        "eigh on the device": lambda: torch.linalg.eigh(there),
        "repair on the device": lambda: nearest_correlation(there),
    }
    if n_bits <= HOST_SIZE:
        calls["eigh on the host"] = lambda: torch.linalg.eigh(host)
        calls["repair on the host"] = lambda: nearest_correlation(host)
        matrices = [nearest_correlation(matrix).matrix.cpu() for matrix in (there, host)]
        torch.testing.assert_close(*matrices, rtol=0, atol=1e-6)
    return Problem("repair", {"order": n_bits}, 1, calls)


def tables(rows: Rows) -> dict[str, str]:
    timed = [row for row in rows if "operation" in row["parameters"]]
    header = ["operation", "", "contender", "a second", "time", "times the floor"]
    return {"gpu_device": _device(rows), "gpu": table(header, [_line(row) for row in timed])}


def _device(rows: Rows) -> str:
    row = next(row for row in rows if row["contender"] == "device")
    values, parameters = row["values"], row["parameters"]
    rates = [f"{values['bytes'] / 1e12:.3g} TB", *(f"{values[x] / 1e12:.3g} T" for x in ("float32", "int8"))]
    versions = ", ".join(f"{name} {parameters[name]}" for name in ("torch", "cuda") if name in parameters)
    header = ["device", "copied a second", "float32 multiply-adds", "int8 multiply-adds", "fused kernels", "versions"]
    return table(header, [[parameters["device"], *rates, "yes" if values["fused"] else "no", versions]])


def _line(row: dict[str, Any]) -> list[str]:
    parameters, values = row["parameters"], row["values"]
    keys = ("n_bits", "order", "rank", "direction")
    setting = ", ".join(f"{key} {parameters[key]}".replace("direction ", "") for key in keys if key in parameters)
    if "failed" in values:
        return [parameters["operation"], setting, row["contender"], "-", "-", "-"]
    floor = number(values["times_the_floor"]) if "times_the_floor" in values else "-"
    rate, seconds = values["items_per_second"], values["seconds"]
    return [parameters["operation"], setting, row["contender"], f"{rate:.3g}", f"{number(1e3 * seconds)} ms", floor]
