"""Formulas: straight-line functions of the function namespace `f` and of their arguments.

A formula is written once. Called as it stands it takes the namespace first, so NumPy, torch and mpmath run the same
source; looked up on a distribution it takes the values alone, and the parameters come from the distribution.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from typing import Self

    from bernoulli_latent._arrays import Array
    from bernoulli_latent.relaxations.base import Distribution

DIFFERENTIATED: list[Formula] = []
"""Formulas with declared derivatives; `Formula.number` is the place in this list."""

__all__ = ["DIFFERENTIATED", "BoundFormula", "Formula", "Primitive", "formula", "renamed"]


class Formula:
    """A straight-line function ``function(f, *arguments)`` and the derivatives declared beside it.

    Derivatives are declared where the form that automatic differentiation would find is inaccurate or not finite.
    They take the value of the formula as second argument: ``derivative(f, value, *arguments)``.

    Attributes
    ----------
    wide : bool
        Whether what stands between arguments and value may leave the range of single precision: NumPy arrays are then
        computed in float64.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.arguments = tuple(inspect.signature(function).parameters)[1:]
        self.derivatives: dict[str, Callable[..., Any]] = {}
        self.wide = False
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, f: Any, /, *arguments: Any) -> Any:
        """Value of the formula in the namespace `f`."""
        return f.apply(self, *arguments)

    def __repr__(self) -> str:
        return f"<formula {self.function.__qualname__}({', '.join(self.arguments)})>"

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Distribution, kind: type) -> BoundFormula: ...
    def __get__(self, owner: Any, kind: type) -> Any:
        """Return the bare formula on a class, and on a distribution the one that knows its parameters."""
        return self if owner is None else BoundFormula(self, owner)

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    def differentiate(self, argument: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare the derivative by `argument`; used as a decorator."""
        if argument not in self.arguments:
            raise ValueError(f"`argument` must be one of {self.arguments}; got {argument!r}")
        if not self.derivatives:
            self.number = len(DIFFERENTIATED)
            DIFFERENTIATED.append(self)
        return partial(self.derivatives.setdefault, argument)

    def derivative(self, argument: str) -> Formula:
        """Formula of the declared derivative by `argument`, with the arguments of this one."""
        if argument not in self.derivatives:
            declared = ", ".join(self.derivatives) or "none"
            raise NotImplementedError(
                f"{self.__name__} declares no derivative by {argument!r} (declared: {declared}); torch finds it"
            )
        return _derivative(self, argument)


formula = Formula
"""Decorator that makes a function ``(f, *arguments)`` a formula."""


def renamed(function: Callable[..., Any], name: str, arguments: tuple[str, ...]) -> Formula:
    """Formula of a `function` made from others, with the name and arguments that it stands for."""
    result = Formula(function)
    result.__name__, result.arguments = name, arguments
    return result


@cache
def _derivative(formula: Formula, argument: str) -> Formula:
    rule = formula.derivatives[argument]

    def slope(f: Any, *arguments: Any) -> Any:
        return rule(f, formula(f, *arguments), *arguments)

    return renamed(slope, f"d{formula.__name__}_d{argument}", formula.arguments)


class Primitive(Formula):
    """A formula that belongs to the namespace itself: ``f.sigmoid(x)``."""

    def __get__(self, owner: Any, kind: type) -> Any:
        return self if owner is None else partial(self, owner)


class BoundFormula:
    """A formula of one distribution, called with values alone."""

    __slots__ = ("__weakref__", "distribution", "formula")

    def __init__(self, formula: Formula, distribution: Distribution) -> None:
        self.formula, self.distribution = formula, distribution

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return self.formula.__doc__

    def __call__(self, *variables: Any, out: Array | None = None) -> Array:
        """Value at `variables`, in their library and floating dtype; `out` takes it for NumPy arrays."""
        result = self.distribution._at_once(self.formula, variables, out)
        return self.distribution._evaluate(self.formula, variables, out) if result is None else result

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.distribution, self.formula.__name__)

    def derivative(self, argument: str) -> BoundFormula:
        """The declared derivative by `argument`, a variable or a parameter."""
        return BoundFormula(self.formula.derivative(argument), self.distribution)
