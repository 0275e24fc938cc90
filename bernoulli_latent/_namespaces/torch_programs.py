"""Programs for tensors in host memory, with the declared derivatives, which have programs too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.autograd import forward_ad

from bernoulli_latent import _programs
from bernoulli_latent._formula import DIFFERENTIATED, Formula, renamed
from bernoulli_latent._namespaces.torch_functions import FUNCTIONS, DeclaredBothWays, values_visible

if TYPE_CHECKING:
    from bernoulli_latent._ready import Ready

__all__ = ["at_once", "value"]

_NUMPY: dict[torch.dtype, np.dtype[Any]] = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}


def value(formula: Formula, operands: Sequence[Any], dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor | None:
    """Value of `formula` by its program, or None where torch's own functions should find it."""
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    if dtype not in FUNCTIONS or not _takes(tensors):
        return None
    if not (torch.is_grad_enabled() and any(x.requires_grad for x in tensors)):
        return _filled(formula, operands, dtype, shape)
    return _followed(formula, operands, dtype, shape) if formula.derivatives else None


def at_once(ready: Ready, variables: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """Value of a formula that knows its parameters, where nothing is to be converted or followed."""
    tensors = [*variables, *ready.arrays] if ready.arrays else variables
    if not _takes(tensors):
        return None
    shape, dtype, followed = tensors[0].shape, tensors[0].dtype, torch.is_grad_enabled()
    for x in tensors:
        if x.dtype is not dtype or x.shape != shape or not x.is_contiguous() or (followed and x.requires_grad):
            return None
    program = _programs.runner(ready.formula, _NUMPY[dtype], ready.fixed) if dtype in FUNCTIONS else None
    if program is None:
        return None
    out = np.empty(shape, _NUMPY[dtype])
    program.run([x if type(x) is float else _array(x) for x in (*variables, *ready.free)], out)
    return torch.from_numpy(out)


def _array(x: torch.Tensor) -> np.ndarray[Any, Any]:
    """The memory of `x` as an array."""
    array: np.ndarray[Any, Any] = (x.detach() if x.requires_grad else x).numpy()
    return array


def _takes(tensors: Sequence[torch.Tensor]) -> bool:
    """Whether NumPy can look at these tensors, and nobody else looks at what is done with them.

    It can if they are on no device, have no hidden dimension and belong to no other library.
    """
    return _unwatched() and all(map(_is_plain, tensors))


def _is_plain(x: Any) -> bool:
    return type(x) in _KINDS and _keys(x) in _PLAIN


def _unwatched() -> bool:
    """Whether nobody looks at operations."""
    return (
        values_visible()
        and forward_ad._current_level < 0
        and not torch._C._len_torch_dispatch_stack()
        and torch._C._get_tracing_state() is None
    )


def _keys(x: torch.Tensor) -> int:
    """What torch's dispatcher knows about `x`."""
    keys: int = torch._C._dispatch_keys(x).raw_repr()
    return keys


def _plain_keys() -> set[int]:
    with torch.inference_mode():
        inferred = _keys(torch.empty((), device="cpu"))
    return {_keys(torch.empty((), device="cpu")), inferred}


_PLAIN, _KINDS = _plain_keys(), (torch.Tensor, torch.nn.Parameter)


def _filled(
    formula: Formula, operands: Sequence[Any], dtype: torch.dtype, shape: tuple[int, ...]
) -> torch.Tensor | None:
    # NumPy asks for large pages, so that its new memory costs a third of the time that torch's does.
    out = np.empty(shape, _NUMPY[dtype])
    arrays = [_array(x.to(dtype)) if isinstance(x, torch.Tensor) else x for x in operands]
    return torch.from_numpy(out) if _programs.fill(formula, arrays, out) else None


def _followed(
    formula: Formula, operands: Sequence[Any], dtype: torch.dtype, shape: tuple[int, ...]
) -> torch.Tensor | None:
    """Value of a formula with declared derivatives, which autograd will use."""
    if not _programs.has_program(formula, _NUMPY[dtype], len(operands)):
        return None
    constant = FUNCTIONS[dtype].constant
    tensors = [x.to(dtype) if isinstance(x, torch.Tensor) else constant(x) for x in operands]
    result: torch.Tensor = _Compiled.apply(dtype, formula.number, *tensors).expand(shape)
    return result


class _Compiled(DeclaredBothWays):
    """A formula with its declared derivatives, all by programs, unless the derivatives are followed in turn."""

    @staticmethod
    def forward(dtype: torch.dtype, number: int, *arguments: torch.Tensor) -> Any:
        shape = torch.broadcast_shapes(*(x.shape for x in arguments))
        return _filled(DIFFERENTIATED[number], arguments, dtype, shape)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        formula, saved = DIFFERENTIATED[ctx.number], (gradients[0], *ctx.saved_tensors)
        if torch.is_grad_enabled() or not _takes(saved):
            return DeclaredBothWays.backward(ctx, *gradients)
        shape = gradients[0].shape
        weighted = [
            _filled(_weighted_slope(formula, name), saved, ctx.dtype, shape) if wanted else None
            for name, wanted in zip(formula.arguments, ctx.needs_input_grad[2:], strict=True)
        ]
        if any(x is None for x, wanted in zip(weighted, ctx.needs_input_grad[2:], strict=True) if wanted):
            return DeclaredBothWays.backward(ctx, *gradients)
        sizes = [x.shape for x in saved[2:]]
        return None, None, *(x if x is None else x.sum_to_size(size) for x, size in zip(weighted, sizes, strict=True))


@cache
def _weighted_slope(formula: Formula, argument: str) -> Formula:
    """Formula of the derivative by an argument times a gradient, given that and the value."""
    rule = formula.derivatives[argument]

    def weighted(f: Any, gradient: Any, value: Any, *arguments: Any) -> Any:
        return gradient * rule(f, value, *arguments)

    return renamed(weighted, f"d{argument}", ("gradient", "value", *formula.arguments))
