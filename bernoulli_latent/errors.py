"""Exceptions and warnings of the library.

Bad values raise :class:`ValueError`, bad types :class:`TypeError`; both name the argument in backticks, the
rule, what came and where. Two situations have their own class.
"""

import sys
import warnings

__all__ = ["NotFittedError", "RepairWarning", "warn"]


class NotFittedError(ValueError, AttributeError):
    """A fitted model was needed and the object has not been fitted yet."""


class RepairWarning(UserWarning):
    """A fit moved its target, or an iteration stopped early; the message says by how much."""


def warn(message: str) -> None:
    """Issue a RepairWarning on behalf of the first caller outside the library, however deep the call."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("bernoulli_latent."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, RepairWarning, stacklevel=level)
