"""What goes wrong with relaxed Bernoulli variables in torch, float32, and the same numbers from this library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import torch
from torch import distributions as peers

from benchmarks.measure import SEED, Row
from benchmarks.suites import Options
from benchmarks.tables import Rows, table
from bernoulli_latent import Bernoulli, BinaryConcrete, Gamma, Logistic, StepLogistic, kl_divergence

__all__ = ["naive_step_logistic", "run", "tables"]

CONCRETE = ((0.1, 6.0), (0.5, 10.0), (0.05, 3.0), (1.0, 1.0))
"""Temperatures and logits."""

Tensor = torch.Tensor
x = torch.tensor


def run(options: Options) -> Iterator[Row]:
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    yield from _concrete_divergence(10**5 if options.quick else 10**7)
    yield from _points()
    yield from _naive_step(10**6 if options.quick else 2 * 10**8)
    yield from _sampled_divergence(10**5 if options.quick else 10**7)
    yield from _small_shapes(10**4 if options.quick else 10**6)


def naive_step_logistic(u: Tensor, alpha: Tensor) -> Tensor:
    """Quantile of the StepLogistic law as the dissertation's equation 5.7 has it, by ``torch.where``."""
    left, right = torch.log(u / (2 - alpha - u)), torch.log((alpha + u - 1) / (1 - u))
    return torch.where(u < 1 - alpha / 2, left, right)


def _concrete_divergence(n: int) -> Iterator[Row]:
    """Divergence from the law with logit 0: torch has none, so users average the difference of `log_prob`."""
    for temperature, logit in CONCRETE:
        a = torch.tensor(logit, requires_grad=True)
        p, q = (peers.RelaxedBernoulli(torch.tensor(temperature), logits=x) for x in (a, torch.tensor(0.0)))
        z = p.rsample((n,))
        estimate = (p.log_prob(z) - q.log_prob(z)).mean()
        gradient = torch.autograd.grad(estimate, a)[0]
        limits = torch.finfo(torch.float32)
        clamped = ((z <= limits.tiny) | (z >= 1 - limits.eps)).float().mean()
        theirs = {"kl": float(estimate), "gradient": float(gradient), "clamped": float(clamped), "n_samples": n}
        problem = {"temperature": temperature, "logit": logit}
        yield Row("torch", {"problem": "concrete", **problem}, values=theirs)
        ours = _value_and_slope(
            lambda x, t=temperature: kl_divergence(
                BinaryConcrete(logits=x, temperature=t), BinaryConcrete(logits=0.0, temperature=t)
            ),
            logit,
        )
        yield Row("ours", {"problem": "concrete", **problem}, values=ours)


def _value_and_slope(function: Callable[[Tensor], Tensor], logit: float) -> dict[str, float]:
    a = torch.tensor(logit, requires_grad=True)
    value = function(a)
    return {"kl": float(value), "gradient": float(torch.autograd.grad(value, a)[0])}


def _points() -> Iterator[Row]:
    """Single numbers: torch's, ours, and the true ones in 50 digits."""
    with mpmath.workdps(50):
        for name, *functions in (*_logistic_cases(), *_divergence_cases()):
            for contender, function in zip(("torch", "ours", "true"), functions, strict=True):
                yield Row(contender, {"problem": "points", "case": name}, values={"value": float(function())})


def _slope(function: Callable[[Tensor], Tensor]) -> Tensor:
    """Derivative at logit 20."""
    torch.manual_seed(SEED)
    a = x(20.0, requires_grad=True)
    return torch.autograd.grad(function(a), a)[0]


def _logistic_cases() -> list[tuple[Any, ...]]:
    uniform = peers.Uniform(x(0.0), x(1.0))
    theirs = peers.TransformedDistribution(uniform, [peers.SigmoidTransform().inv])
    ours = Logistic(loc=0.0, scale=1.0)
    relaxed = peers.relaxed_bernoulli.LogitRelaxedBernoulli
    return [
        (
            "log-density of the relaxed logit at -100, temperature 1, logit 0",
            lambda: relaxed(x(1.0), logits=x(0.0)).log_prob(x(-100.0)),
            lambda: ours.logpdf(x(-100.0)),
            lambda: -100 - 2 * mpmath.log1p(mpmath.exp(-100)),
        ),
        (
            "derivative of a relaxed logit by its logit, at 20",
            lambda: _slope(lambda a: relaxed(x(1.0), logits=a).rsample()),
            lambda: _slope(lambda a: Logistic(loc=a, scale=1.0).icdf_logit(x(0.25))),
            lambda: 1,
        ),
        (
            "logistic distribution function at -88",
            lambda: theirs.cdf(x(-88.0)),
            lambda: ours.cdf(x(-88.0)),
            lambda: 1 / (1 + mpmath.exp(88)),
        ),
        (
            "logistic quantile of 1 - 2^-24",
            lambda: theirs.icdf(x(1 - 2.0**-24)),
            lambda: ours.icdf(x(1 - 2.0**-24)),
            lambda: mpmath.log(2**24 - 1),
        ),
    ]


def _divergence_cases() -> list[tuple[Any, ...]]:
    def bernoulli(kind: Any, divergence: Any, other: float) -> Callable[[Tensor], Tensor]:
        return lambda a: divergence(kind(logits=a), kind(logits=x(other)))

    def true_bernoulli(a: Any, b: Any) -> Any:
        p, r = 1 / (1 + mpmath.exp(-a)), 1 / (1 + mpmath.exp(-b))
        return p * mpmath.log(p / r) + (1 - p) * mpmath.log((1 - p) / (1 - r))

    near, far = 0.1001, 0.0
    return [
        (
            "divergence of Bernoulli variables, logits 0.1 and 0.1001",
            lambda: bernoulli(peers.Bernoulli, peers.kl_divergence, near)(x(0.1)),
            lambda: bernoulli(Bernoulli, kl_divergence, near)(x(0.1)),
            lambda: true_bernoulli(mpmath.mpf(float(x(0.1))), mpmath.mpf(float(x(near)))),
        ),
        (
            "its derivative by the first logit, logits 20 and 0",
            lambda: _slope(bernoulli(peers.Bernoulli, peers.kl_divergence, far)),
            lambda: _slope(bernoulli(Bernoulli, kl_divergence, far)),
            lambda: mpmath.diff(lambda a: true_bernoulli(a, 0), 20),
        ),
        (
            "divergence of Gamma(1000, 10) and Gamma(1001, 10)",
            lambda: peers.kl_divergence(peers.Gamma(x(1000.0), x(10.0)), peers.Gamma(x(1001.0), x(10.0))),
            lambda: kl_divergence(Gamma(concentration=x(1000.0), rate=10.0), Gamma(concentration=x(1001.0), rate=10.0)),
            lambda: -mpmath.digamma(1000) + mpmath.log(1000),
        ),
    ]


def _naive_step(n: int) -> Iterator[Row]:
    """Non-finite gradients of the quantile by alpha in `n` draws at logits from a normal law of deviation 2."""
    counts = {"torch": 0, "ours": 0}
    for _ in range(n // 10**6):
        u, a = torch.rand(10**6), 2 * torch.randn(10**6)
        u = u.clamp(1e-6, 1 - 1e-6)
        alpha, logits = (2 * torch.sigmoid(a)).requires_grad_(), a.requires_grad_()
        draws = {"torch": (naive_step_logistic(u, alpha), alpha), "ours": (StepLogistic(logits=logits).icdf(u), logits)}
        for name, (z, parameter) in draws.items():
            slope = torch.autograd.grad(z.sum(), parameter)[0]
            counts[name] += int((~torch.isfinite(slope)).sum())
    for name, count in counts.items():
        yield Row(name, {"problem": "step_logistic"}, values={"not_finite": count, "n_draws": n})


def _sampled_divergence(n: int) -> Iterator[Row]:
    """Gradient of the sampled divergence from the standard logistic law: its mean is 0 whatever the logit."""
    for logit in (0.5, 2.0, 8.0):
        a = torch.tensor(logit, requires_grad=True)
        p, q = StepLogistic(logits=a), Logistic(loc=0.0, scale=1.0)
        z = p.sample(n, rng=SEED)
        slope = torch.autograd.grad((p.logpdf(z) - q.logpdf(z)).mean(), a)[0]
        values = {"gradient": float(slope), "n_samples": n}
        yield Row("sampled", {"problem": "sampled", "logit": logit}, values=values)
        yield Row(
            "ours",
            {"problem": "sampled", "logit": logit},
            values=_value_and_slope(
                lambda a: kl_divergence(StepLogistic(logits=a), Logistic(loc=0.0, scale=1.0)), logit
            ),
        )


def _small_shapes(n: int) -> Iterator[Row]:
    """Share of Gamma draws at shape 0.01 that are the smallest normal number, or whose logarithm is not finite."""
    shape = torch.tensor(0.01)
    theirs = peers.Gamma(shape, torch.tensor(1.0)).sample((n,))
    ours = Gamma(concentration=shape, rate=1.0).log_sample(n, rng=SEED)
    stuck = float((theirs <= torch.finfo(torch.float32).tiny).float().mean())
    yield Row("torch", {"problem": "gamma"}, values={"stuck": stuck, "n_samples": n})
    yield Row(
        "ours", {"problem": "gamma"}, values={"stuck": float((~torch.isfinite(ours)).float().mean()), "n_samples": n}
    )


def tables(rows: Rows) -> dict[str, str]:
    return {
        "elsewhere_concrete": _concrete_table([row for row in rows if row["parameters"]["problem"] == "concrete"]),
        "elsewhere_points": _points_table([row for row in rows if row["parameters"]["problem"] == "points"]),
        "elsewhere_counts": _counts_table(rows),
        "elsewhere_sampled": _sampled_table([row for row in rows if row["parameters"]["problem"] == "sampled"]),
    }


def _concrete_table(rows: Rows) -> str:
    header = ["temperature", "logit", "divergence, torch", "ours", "derivative, torch", "ours", "draws on the clamp"]
    return table(
        header,
        [
            [
                f"{theirs['parameters']['temperature']:g}",
                f"{theirs['parameters']['logit']:g}",
                *(f"{row['values'][key]:.4g}" for key in ("kl", "gradient") for row in (theirs, ours)),
                f"{theirs['values']['clamped']:.1%}",
            ]
            for theirs, ours in zip(rows[::2], rows[1::2], strict=True)
        ],
    )


def _points_table(rows: Rows) -> str:
    by_case: dict[str, list[str]] = {}
    for row in rows:
        by_case.setdefault(row["parameters"]["case"], []).append(f"{row['values']['value']:.6g}")
    return table(["", "torch", "ours", "true"], [[case, *values] for case, values in by_case.items()])


def _counts_table(rows: Rows) -> str:
    at = {(row["contender"], row["parameters"]["problem"]): row["values"] for row in rows}
    naive, ours = at["torch", "step_logistic"], at["ours", "step_logistic"]
    gamma = [f"{at[name, 'gamma']['stuck']:.1%}" for name in ("torch", "ours")]
    label = f"gradients that are not finite in {naive['n_draws']:,} StepLogistic draws, by `torch.where` and ours"
    draws = "draws of Gamma(0.01) stuck at the smallest number, or without a finite logarithm"
    return table(["", "torch", "ours"], [[label, str(naive["not_finite"]), str(ours["not_finite"])], [draws, *gamma]])


def _sampled_table(rows: Rows) -> str:
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = [
        [
            f"{sampled['parameters']['logit']:g}",
            f"{sampled['values']['gradient']:.2g}",
            f"{ours['values']['gradient']:.4g}",
        ]
        for sampled, ours in pairs
    ]
    return table(["logit", "mean gradient of sampled log-ratios", "derivative of the divergence"], lines)
