"""torch.compile where it pays and works."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

__all__ = ["or_eager"]


def or_eager(function: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """`function` compiled on a GPU; as it is on a processor, or, said once, where compiling fails."""
    return _OrEager(function) if device.type == "cuda" else function


class _OrEager:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.eager, self.chosen = function, None

    def __call__(self, *arguments: Any) -> Any:
        if self.chosen is not None:
            return self.chosen(*arguments)
        try:
            compiled = torch.compile(self.eager)
            result = compiled(*arguments)
        except Exception as error:  # noqa: BLE001 - compilers fail in many ways, and none of them is fatal
            warnings.warn(f"torch.compile failed, training goes on without it: {error}", stacklevel=2)
            self.chosen = self.eager
            return self.eager(*arguments)
        self.chosen = compiled
        return result
