"""Relaxed Bernoulli variables: elements a second, beside SciPy and torch's own distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import distributions as peers

from benchmarks import floors
from benchmarks.measure import SEED, Row, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, table
from bernoulli_latent import Bernoulli, BinaryConcrete, Gamma, Logistic, LogitNormal, StepLogistic, kl_divergence

__all__ = ["run", "tables"]

DTYPES = {"float32": (np.float32, torch.float32), "float64": (np.float64, torch.float64)}
CONTENDERS = ("ours, NumPy", "peer, NumPy", "ours, torch", "peer, torch")

Tensor = torch.Tensor
Calls = dict[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    torch.set_num_threads(1)
    n = 10**4 if options.quick else 10**6
    for name, (array_type, tensor_type) in DTYPES.items():
        rng = np.random.default_rng(SEED)
        logits, z = (3 * rng.standard_normal(n).astype(array_type) for _ in range(2))
        u = rng.uniform(0.001, 0.999, n).astype(array_type)
        a, x, v = (torch.as_tensor(values, dtype=tensor_type) for values in (logits, z, u))
        for operation, calls in _operations(logits, z, u, a, x, v).items():
            for contender, timing in interleave(calls, 1 if options.quick else 7).items():
                yield Row(contender, {"operation": operation, "dtype": name, "n": n}, timing=timing)
    yield from _not_finite(10**6 if options.quick else 10**9)


def _not_finite(n: int) -> Iterator[Row]:
    """Draws and derivatives that are not finite, in float32 at logits of deviation 10."""
    arrays, tensors, rng = 0, 0, np.random.default_rng(SEED)
    for _ in range(n // 10**6):
        logits = 10 * rng.standard_normal(10**6, np.float32)
        noise = rng.logistic(size=10**6).astype(np.float32)
        arrays += sum(int((~np.isfinite(values)).sum()) for values in _step_and_slope(logits, noise))
        leaf = torch.as_tensor(logits).requires_grad_()
        draw = StepLogistic(logits=leaf).sample(rng=rng)
        (slope,) = torch.autograd.grad(draw.sum(), leaf)
        tensors += sum(int((~torch.isfinite(values)).sum()) for values in (draw, slope))
    for contender, count in (("ours, NumPy", arrays), ("ours, torch", tensors)):
        yield Row(contender, {"operation": "finite"}, values={"not_finite": count, "n_draws": n})


def _operations(logits: Any, z: Any, u: Any, a: Tensor, x: Tensor, v: Tensor) -> dict[str, Calls]:
    one = torch.ones((), dtype=a.dtype)
    uniform = peers.Uniform(torch.zeros_like(one), one, validate_args=False)
    theirs = peers.TransformedDistribution(uniform, [peers.SigmoidTransform().inv], validate_args=False)
    noise = Logistic(loc=0.0, scale=1.0)
    positive = np.abs(z) + z.dtype.type(0.01)
    large = torch.as_tensor(positive)
    prior = Bernoulli(logits=torch.zeros_like(one))
    return {
        "Logistic log-density": {
            "ours, NumPy": lambda: noise.logpdf(z),
            "peer, NumPy": lambda: stats.logistic.logpdf(z),
            "ours, torch": lambda: noise.logpdf(x),
            "peer, torch": lambda: theirs.log_prob(torch.clone(x)),
        },
        "Logistic distribution function": {
            "ours, NumPy": lambda: noise.cdf(z),
            "peer, NumPy": lambda: stats.logistic.cdf(z),
            "ours, torch": lambda: noise.cdf(x),
            "peer, torch": lambda: theirs.cdf(torch.clone(x)),
        },
        "Logistic quantile": {
            "ours, NumPy": lambda: noise.icdf(u),
            "peer, NumPy": lambda: stats.logistic.ppf(u),
            "ours, torch": lambda: noise.icdf(v),
            "peer, torch": lambda: theirs.icdf(v),
        },
        "LogitNormal log-density": {
            "ours, NumPy": lambda: LogitNormal(loc=0.0, scale=1.0).logpdf(u),
            "ours, torch": lambda: LogitNormal(loc=0.0, scale=1.0).logpdf(v),
            "peer, torch": lambda: peers.TransformedDistribution(
                peers.Normal(torch.zeros_like(one), one, validate_args=False),
                [peers.SigmoidTransform()],
                validate_args=False,
            ).log_prob(v),
        },
        "Gamma log-density": {
            "ours, NumPy": lambda: Gamma(concentration=2.5, rate=1.0).logpdf(positive),
            "peer, NumPy": lambda: stats.gamma.logpdf(positive, 2.5),
            "ours, torch": lambda: Gamma(concentration=2.5, rate=1.0).logpdf(large),
            "peer, torch": lambda: peers.Gamma(2.5 * one, one, validate_args=False).log_prob(large),
        },
        "relaxed Bernoulli draws: StepLogistic; torch RelaxedBernoulli": {
            "ours, NumPy": lambda: StepLogistic(logits=logits).sample(rng=SEED),
            "ours, torch": lambda: StepLogistic(logits=a).sample(rng=SEED),
            "peer, torch": lambda: peers.RelaxedBernoulli(0.5 * one, logits=a, validate_args=False).rsample(),
        },
        "relaxed Bernoulli draws: BinaryConcrete; torch RelaxedBernoulli": {
            "ours, NumPy": lambda: BinaryConcrete(logits=logits, temperature=0.5).sample(rng=SEED),
            "ours, torch": lambda: BinaryConcrete(logits=a, temperature=0.5).sample(rng=SEED),
            "peer, torch": lambda: peers.RelaxedBernoulli(0.5 * one, logits=a, validate_args=False).rsample(),
        },
        "draws and their gradient: StepLogistic; torch RelaxedBernoulli": {
            "ours, NumPy": lambda: _step_and_slope(logits, z),
            "ours, torch": lambda: _gradient(a, lambda logits: StepLogistic(logits=logits).sample(rng=SEED)),
            "peer, torch": lambda: _gradient(
                a, lambda logits: peers.RelaxedBernoulli(0.5 * one, logits=logits, validate_args=False).rsample()
            ),
        },
        "Bernoulli divergence": {
            "ours, NumPy": lambda: kl_divergence(Bernoulli(logits=logits), Bernoulli(logits=z)),
            "ours, torch": lambda: kl_divergence(Bernoulli(logits=a), Bernoulli(logits=x)),
            "peer, torch": lambda: peers.kl_divergence(
                peers.Bernoulli(logits=a, validate_args=False), peers.Bernoulli(logits=x, validate_args=False)
            ),
        },
        "StepLogistic divergence from its prior; torch Bernoulli": {
            "ours, NumPy": lambda: kl_divergence(StepLogistic(logits=logits), noise),
            "ours, torch": lambda: kl_divergence(StepLogistic(logits=a), noise),
            "peer, torch": lambda: peers.kl_divergence(
                peers.Bernoulli(logits=a, validate_args=False),
                peers.Bernoulli(logits=prior.logits, validate_args=False),
            ),
        },
    }


def _gradient(logits: Tensor, draw: Callable[[Tensor], Tensor]) -> Tensor:
    leaf = logits.detach().requires_grad_()
    (slope,) = torch.autograd.grad(draw(leaf).sum(), leaf)
    return slope


def _step_and_slope(logits: Any, noise: Any) -> tuple[Any, Any]:
    law = StepLogistic(logits=logits)
    return law.icdf_logit(noise), law.icdf_logit.derivative("logits")(noise)


def tables(rows: Rows) -> dict[str, str]:
    finite = [row for row in rows if row["parameters"]["operation"] == "finite"]
    operations = list(dict.fromkeys(row["parameters"]["operation"] for row in rows if row not in finite))
    counts = [[row["contender"], f"{row['values']['n_draws']:,}", str(row["values"]["not_finite"])] for row in finite]
    return {"relaxations_finite": table(["", "draws", "not finite"], counts)} | {
        f"relaxations_{name}": table(
            ["million elements a second", *CONTENDERS, "memory alone"],
            [
                [operation, *(_rate(find(rows, c, operation=operation, dtype=name)) for c in CONTENDERS), memory]
                for operation in operations
            ],
        )
        for name in DTYPES
        for memory in [number(1e-6 / floors.floor_seconds(floors.elementwise(1, np.dtype(name).itemsize)))]
    }


def _rate(row: dict[str, Any] | None) -> str:
    return "-" if row is None else number(row["parameters"]["n"] / cpu(row) / 1e6)
