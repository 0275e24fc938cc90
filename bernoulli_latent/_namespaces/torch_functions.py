"""Functions for torch tensors, with the declared derivatives as autograd functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from bernoulli_latent._formula import DIFFERENTIATED, Formula, Primitive
from bernoulli_latent._namespaces import quadrature
from bernoulli_latent._namespaces.functions import AT_ONCE, Functions

__all__ = ["FUNCTIONS", "Declared", "DeclaredBothWays", "TorchFunctions", "transforms_active", "values_visible"]


def transforms_active() -> bool:
    """Whether a transform of ``torch.func`` is under way, where values cannot be looked at."""
    return bool(torch._C._are_functorch_transforms_active())


def values_visible() -> bool:
    """Whether values of tensors can be looked at."""
    return not (torch.compiler.is_compiling() or transforms_active())


class Declared(torch.autograd.Function):
    """A formula with its declared derivatives, to any order; known by its number, which ``torch.compile`` can trace."""

    generate_vmap_rule = True

    @staticmethod
    def forward(dtype: torch.dtype, number: int, *arguments: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = DIFFERENTIATED[number].function(FUNCTIONS[dtype], *arguments)
        return result

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        ctx.dtype, ctx.number, *arguments = inputs
        ctx.save_for_backward(output, *arguments)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        formula, (value, *arguments) = DIFFERENTIATED[ctx.number], ctx.saved_tensors
        slopes = [
            (gradients[0] * _slope(ctx, name, value, arguments)).sum_to_size(argument.shape) if wanted else None
            for name, argument, wanted in zip(formula.arguments, arguments, ctx.needs_input_grad[2:], strict=True)
        ]
        return None, None, *slopes


class DeclaredBothWays(Declared):
    """The same with forward-mode derivatives, which ``torch.compile`` does not trace."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        Declared.setup_context(ctx, inputs, output)
        ctx.save_for_forward(output, *inputs[2:])

    @staticmethod
    def jvp(ctx: Any, *tangents: torch.Tensor | None) -> Any:
        formula, (value, *arguments) = DIFFERENTIATED[ctx.number], ctx.saved_tensors
        return sum(
            _slope(ctx, name, value, arguments) * tangent
            for name, tangent in zip(formula.arguments, tangents[2:], strict=True)
            if tangent is not None
        )


def _slope(ctx: Any, argument: str, value: torch.Tensor, arguments: Sequence[torch.Tensor]) -> Any:
    return DIFFERENTIATED[ctx.number].derivatives[argument](FUNCTIONS[ctx.dtype], value, *arguments)


def _autograd_function(tensors: Sequence[torch.Tensor]) -> type[Declared] | None:
    """What attaches the declared derivatives, if any are followed; each call of it takes longer than most formulas."""
    followed = any(x.requires_grad for x in tensors)
    if torch.compiler.is_compiling():  # the compiler does not trace autograd functions inside transforms
        return Declared if followed and not transforms_active() else None
    return DeclaredBothWays if followed or transforms_active() or forward_ad._current_level >= 0 else None


def _apart(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The same tensors, none of them twice, which the compiler does not take."""
    return [x.view_as(x) if any(x is y for y in tensors[:k]) else x for k, x in enumerate(tensors)]


class TorchFunctions(Functions):
    """torch's functions in one floating dtype."""

    abs, exp, log, log1p, sqrt = map(staticmethod, (torch.abs, torch.exp, torch.log, torch.log1p, torch.sqrt))
    erf, erfc, erfcx = map(staticmethod, (torch.erf, torch.erfc, torch.special.erfcx))

    def __init__(self, dtype: torch.dtype) -> None:
        limits = torch.finfo(dtype)
        self.dtype = dtype
        self.tiny = limits.tiny
        self.epsilon = limits.eps
        self.largest = limits.max
        self.max_exponent = 700.0 if limits.bits == 64 else 80.0

    def apply(self, formula: Formula, *arguments: Any) -> Any:
        """Value of `formula`, whose declared derivatives autograd will use."""
        if not (formula.derivatives and torch.is_grad_enabled()):
            return formula.function(self, *arguments)
        tensors = tuple(map(self.constant, arguments))
        declared = _autograd_function(tensors)
        if declared is None:
            return formula.function(self, *tensors)
        return declared.apply(self.dtype, formula.number, *(_apart(tensors) if declared is Declared else tensors))

    def settled(self, condition: torch.Tensor) -> bool:
        """Whether `condition` holds everywhere; not asked of a device, which would have to be waited for."""
        return condition.device.type == "cpu" and values_visible() and bool(condition.all())

    def constant(self, value: Any) -> torch.Tensor:
        """`value` as a tensor; numbers have no dimension, and serve any device."""
        return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=self.dtype)

    def where(self, condition: torch.Tensor, chosen: Any, other: Any) -> torch.Tensor:
        """`chosen` where `condition` holds and `other` elsewhere."""
        if not (isinstance(chosen, torch.Tensor) or isinstance(other, torch.Tensor)):
            chosen = self.constant(chosen)
        return torch.where(condition, chosen, other)

    def minimum(self, x: torch.Tensor, y: Any) -> torch.Tensor:
        """Smaller of `x` and `y`; NaN if either is."""
        return torch.minimum(x, self.constant(y))

    def maximum(self, x: torch.Tensor, y: Any) -> torch.Tensor:
        """Larger of `x` and `y`; NaN if either is."""
        return torch.maximum(x, self.constant(y))

    def peak(self, x: torch.Tensor) -> torch.Tensor:
        """Largest number along the last axis, which stays; a constant for derivatives."""
        return x.detach().amax(-1, keepdim=True)

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """Sum along the last axis, which stays."""
        return x.sum(-1, keepdim=True)

    def takes_at_once(self, count: int, like: torch.Tensor) -> bool:
        """Whether `count` tensors like `like` are better taken as one: small ones, and by a compiler, which unrolls."""
        return torch.compiler.is_compiling() or count * like.numel() <= AT_ONCE

    def columns(self, rows: Sequence[Sequence[float]], like: torch.Tensor) -> torch.Tensor:
        """Columns of numbers, each along a new first axis of `like`."""
        return torch.tensor(rows, dtype=self.dtype, device=like.device).T.reshape(len(rows[0]), -1, *[1] * like.ndim)

    @Primitive
    def expm1(f, x):
        return torch.expm1(x)

    @expm1.differentiate("x")
    def _(f, value, x):
        return f.exp(x)

    @Primitive
    def tanh(f, x):
        return torch.tanh(x)

    @tanh.differentiate("x")
    def _(f, value, x):
        return 4 * f.sigmoid_slope(2 * x)


FUNCTIONS = {dtype: TorchFunctions(dtype) for dtype in (torch.float32, torch.float64)}

for _rule in quadrature.__all__:
    # What `torch.compiler.assume_constant_result` does too, after it has loaded the compiler for a second.
    getattr(quadrature, _rule)._dynamo_marked_constant = True
