"""Formulas as programs: the operations that a formula asks for, each written down once.

A program has one line of text for each operation, which names the lines of its operands: ``multiply 0 3``. Formulas
that ask for more than arithmetic and elementary functions have none.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from bernoulli_latent._namespaces.elementary import DOUBLE, SINGLE, Elementary
from bernoulli_latent._namespaces.functions import Functions

if TYPE_CHECKING:
    from bernoulli_latent._formula import Formula

__all__ = ["program_of"]

LONGEST = 2000
"""Lines of the longest program: to compile it takes about a second."""

LEAVES = ("argument", "constant")
"""Lines that name something else than other lines."""


class Untraceable(Exception):
    """A formula asks for what no program has."""


def _operator(name: str, kind: str = "") -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The method for an operation with a result of this kind, or that of its operands, and with them exchanged."""

    def method(self: Symbol, other: Any) -> Any:
        return self.trace.record(name, self, other, kind=kind)

    def exchanged(self: Symbol, other: Any) -> Any:
        return self.trace.record(name, other, self, kind=kind)

    return method, exchanged


class Symbol:
    """The result of one line of a program, of the kind "number", "bits" of a number, or "truth"."""

    __slots__ = ("kind", "line", "trace")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, line: int, kind: str) -> None:
        self.trace, self.line, self.kind = trace, line, kind

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("subtract")
    __mul__, __rmul__ = _operator("multiply")
    __truediv__, __rtruediv__ = _operator("divide")
    __and__, __rand__ = _operator("and")
    __or__, __ror__ = _operator("or")
    __lshift__, _ = _operator("left_shift")
    __rshift__, _ = _operator("right_shift")
    __lt__, __gt__ = (_operator(name, "truth")[0] for name in ("lt", "gt"))
    __le__, __ge__ = (_operator(name, "truth")[0] for name in ("le", "ge"))
    __eq__, __ne__ = (_operator(name, "truth")[0] for name in ("eq", "ne"))

    def __neg__(self) -> Any:
        return self.trace.record("negative", self)

    def __pow__(self, exponent: float) -> Any:
        if exponent == 0.5:
            return self.trace.sqrt(self)
        if exponent == 1:
            return self
        if exponent not in range(2, 17):
            raise Untraceable(f"power {exponent}")
        root = self ** (exponent // 2)
        return root * root * self if exponent % 2 else root * root

    def __bool__(self) -> bool:
        raise Untraceable("a choice by values")


class Trace(Elementary, Functions):
    """Functions of symbols, in one precision, that write down what they are asked for."""

    def __init__(self, dtype: Any) -> None:
        limits = np.finfo(dtype)
        self.format, self.max_exponent = (SINGLE, 80.0) if limits.bits == 32 else (DOUBLE, 700.0)
        self.tiny, self.epsilon, self.largest = map(float, (limits.tiny, limits.eps, limits.max))
        self.lines: list[tuple[Any, ...]] = []
        self.places: dict[tuple[Any, ...], int] = {}

    def apply(self, formula: Formula, *arguments: Any) -> Any:
        """Value of `formula`, unless that wants double precision."""
        if formula.wide and self.format is SINGLE:
            raise Untraceable("a formula that single precision is too narrow for")
        return super().apply(formula, *arguments)

    def record(self, name: str, *operands: Any, kind: str = "") -> Any:
        """The result of an operation; its numbers become constants of the kind of its other operands."""
        given = next(x.kind for x in reversed(operands) if isinstance(x, Symbol))
        lines = [x.line if isinstance(x, Symbol) else self.constant(x, given).line for x in operands]
        return self.write((name, *lines), kind or given)

    def constant(self, value: float, kind: str = "number") -> Symbol:
        """A number that the formula names."""
        return self.write(("constant", str(value) if kind == "bits" else float(value).hex()), kind)

    def write(self, line: tuple[Any, ...], kind: str) -> Symbol:
        """The result of a line, which is added to the program unless it is there."""
        if line not in self.places:
            self.places[line] = len(self.lines)
            self.lines.append(line)
        if len(self.lines) > LONGEST:
            raise Untraceable("a formula of too many operations")
        return Symbol(self, self.places[line], kind)

    def number(self, x: Any) -> Any:
        """`x` as a symbol."""
        return x if isinstance(x, Symbol) else self.constant(x)

    def where(self, condition: Any, chosen: Any, other: Any) -> Any:
        """`chosen` where `condition` holds and `other` elsewhere."""
        if isinstance(condition, bool):
            return chosen if condition else other
        if not (isinstance(chosen, Symbol) or isinstance(other, Symbol)):
            chosen = self.constant(chosen)
        return self.record("where", condition, chosen, other)

    def abs(self, x: Any) -> Any:
        """Absolute value."""
        return self.real(self.bits(x) & (1 << self.format.bits - 1) - 1)

    def sqrt(self, x: Any) -> Any:
        """Square root."""
        return self.record("sqrt", self.number(x))

    def bits(self, x: Any) -> Any:
        """The bits of a number as an integer."""
        return self.record("bits", self.number(x), kind="bits")

    def real(self, x: Any) -> Any:
        """The number that has these bits."""
        return self.record("real", x, kind="number")

    def weighted_sum(self, *arguments: Any, **keywords: Any) -> Any:
        """Refused: quadratures have too many terms."""
        raise Untraceable("a quadrature")

    peak = total = settled = weighted_sum

    def __getattr__(self, name: str) -> Any:
        raise Untraceable(name)


def program_of(formula: Formula, dtype: Any, fixed: tuple[float | None, ...]) -> str | None:
    """Program of `formula` in the precision `dtype`, or None if it has none.

    Its arguments are those of the formula that are None in `fixed`; the others have the values there.
    """
    trace, free = Trace(dtype), count()
    arguments = [trace.write(("argument", next(free)), "number") if x is None else trace.constant(x) for x in fixed]
    try:
        result = trace.number(formula(trace, *arguments))
    except Untraceable:
        return None
    return "\n".join(_needed(trace.lines, result.line))


def _needed(lines: list[tuple[Any, ...]], last: int) -> list[str]:
    """Text of the lines that the last one depends on, numbered anew."""
    wanted = {last}
    for line in range(last, -1, -1):
        if line in wanted and lines[line][0] not in LEAVES:
            wanted.update(lines[line][1:])
    places = {line: place for place, line in enumerate(sorted(wanted))}
    return [
        " ".join([name, *(str(x if name in LEAVES else places[x]) for x in operands)])
        for name, *operands in (lines[line] for line in places)
    ]
