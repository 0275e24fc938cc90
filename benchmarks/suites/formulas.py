"""Compiled formulas beside those that a user would write: nanoseconds an element in float32, at every size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.measure import SEED, Row, interleave
from benchmarks.suites import Options
from benchmarks.tables import Rows, cpu, find, number, table
from bernoulli_latent import Logistic, StepLogistic

__all__ = ["run", "tables"]

CONTENDERS = ("ours, NumPy", "ours, NumPy, out=", "plain NumPy", "ours, torch", "plain torch")
SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)

Calls = dict[str, Callable[[], Any]]


def run(options: Options) -> Iterator[Row]:
    torch.set_num_threads(1)
    for n in SIZES[:2] if options.quick else SIZES:
        calls = max(1, 10**5 // n)
        rng = np.random.default_rng(SEED)
        x, logits = (3 * rng.standard_normal(n, np.float32) for _ in range(2))
        u = rng.uniform(0.001, 0.999, n).astype(np.float32)
        for operation, contenders in _operations(x, u, logits).items():
            repeated = {name: _repeated(function, calls) for name, function in contenders.items()}
            for contender, timing in interleave(repeated, 1 if options.quick else 9).items():
                yield Row(contender, {"operation": operation, "n": n, "calls": calls}, timing=timing)


def _repeated(function: Callable[[], Any], times: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(times):
            function()

    return repeated


def _operations(x: Any, u: Any, logits: Any) -> dict[str, Calls]:
    noise, step = Logistic(loc=0.0, scale=1.0), StepLogistic(logits=logits)
    tensor_step = StepLogistic(logits=torch.as_tensor(logits))
    return {
        "distribution function": _contenders(noise.cdf, noise.cdf, x, _cdf, torch.sigmoid),
        "quantile": _contenders(noise.icdf, noise.icdf, u, _quantile, torch.logit),
        "log-density": _contenders(noise.logpdf, noise.logpdf, x, _log_density, _torch_log_density),
        "StepLogistic distribution function": _contenders(
            step.cdf, tensor_step.cdf, x, lambda z: _step_cdf(np, z, logits), _of_tensors(_step_cdf, logits)
        ),
        "StepLogistic quantile": _contenders(
            step.icdf, tensor_step.icdf, u, lambda v: _step_quantile(np, v, logits), _of_tensors(_step_quantile, logits)
        ),
    }


def _contenders(ours: Any, of_tensors: Any, x: Any, plain: Any, plain_torch: Any) -> Calls:
    out, tensor = np.empty_like(x), torch.as_tensor(x)
    return {
        "ours, NumPy": lambda: ours(x),
        "ours, NumPy, out=": lambda: ours(x, out=out),
        "plain NumPy": lambda: plain(x),
        "ours, torch": lambda: of_tensors(tensor),
        "plain torch": lambda: plain_torch(tensor),
    }


def _of_tensors(plain: Any, logits: Any) -> Callable[[torch.Tensor], Any]:
    a = torch.as_tensor(logits)
    return lambda x: plain(torch, x, a)


def _cdf(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _quantile(u: Any) -> Any:
    return np.log(u) - np.log1p(-u)


def _log_density(x: Any) -> Any:
    return -x - 2 * np.log1p(np.exp(-x))


def _torch_log_density(x: torch.Tensor) -> torch.Tensor:
    return -x - 2 * torch.nn.functional.softplus(-x)


def _step_cdf(library: Any, z: Any, logits: Any) -> Any:
    q, below = 1 / (1 + library.exp(logits)), 1 / (1 + library.exp(-z))
    return library.where(z < 0, 2 * q * below, q + (1 - q) * (2 * below - 1))


def _step_quantile(library: Any, u: Any, logits: Any) -> Any:
    """By the logit of the level within either side; the branch not taken may be NaN."""
    q = 1 / (1 + library.exp(logits))
    with np.errstate(invalid="ignore", divide="ignore"):
        level = library.where(u < q, u / (2 * q), (u - q) / (2 * (1 - q)) + 0.5)
        return library.log(level) - library.log1p(-level)


def tables(rows: Rows) -> dict[str, str]:
    operations = list(dict.fromkeys(row["parameters"]["operation"] for row in rows))
    lines = [
        [operation, f"{n:,}", *(_nanoseconds(find(rows, c, operation=operation, n=n)) for c in CONTENDERS)]
        for operation in operations
        for n in SIZES
    ]
    return {"formulas": table(["nanoseconds an element", "elements", *CONTENDERS], lines)}


def _nanoseconds(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    return number(1e9 * cpu(row) / (row["parameters"]["n"] * row["parameters"]["calls"]))
