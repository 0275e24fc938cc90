"""Where parameters live: each domain checks, explains itself, and knows its torch constraint.

Annotate a parameter of a distribution with `Real`, `Positive`, ...: the check of its values, the message for those
outside, the torch constraint and the values that tests draw all come from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from bernoulli_latent._arrays import Array
from bernoulli_latent._checks import first_offence

__all__ = ["AboveOne", "Domain", "Negative", "Positive", "Real", "RealVector"]


@dataclass(frozen=True)
class Domain:
    """An open interval of finite numbers.

    Attributes
    ----------
    rule : str
        What values must be, as messages say it.
    low, high : float
        Ends of the interval, which do not belong to it.
    typical : (float, float)
        Where most uses lie; tests draw from it.
    constraint : str
        Name of the constraint in ``torch.distributions.constraints``, or "" for an interval without one.
    slip : str
        The likely mistake behind a value outside.
    axes : int
        Number of last axes that belong to one value of the parameter.
    """

    rule: str
    low: float = -math.inf
    high: float = math.inf
    typical: tuple[float, float] = (-20.0, 20.0)
    constraint: str = ""
    slip: str = ""
    axes: int = 0

    def check(self, x: Array, argument: str) -> None:
        """Raise ``ValueError`` for the first value outside; NaN is outside."""
        inside = (x > self.low) & (x < self.high)
        offence = (None if inside else ()) if isinstance(inside, bool) else first_offence(~inside)
        if offence is not None:
            value = float(x[offence] if offence else x)
            place = f" at index {offence}" if offence else ""
            slip = f" {self.slip}" if self.slip and not math.isnan(value) else ""
            raise ValueError(f"`{argument}` must be {self.rule}; got {value}{place}.{slip}")


Real: TypeAlias = Annotated[Array, Domain("finite", constraint="real")]
RealVector: TypeAlias = Annotated[Array, Domain("finite", constraint="real_vector", axes=1)]
Positive: TypeAlias = Annotated[
    Array,
    Domain(
        "positive and finite", 0.0, typical=(0.01, 100.0), constraint="positive", slip="Did you pass its logarithm?"
    ),
]
Negative: TypeAlias = Annotated[Array, Domain("negative and finite", high=0.0, typical=(-2.0, -0.01))]
AboveOne: TypeAlias = Annotated[Array, Domain("above 1 and finite", 1.0, typical=(1.01, 3.0))]
