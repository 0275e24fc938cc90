"""Exceptions and warnings of the library.

Bad values raise :class:`ValueError`, bad types :class:`TypeError`; both name the argument in backticks, the
rule, what came and where. Two situations have their own class.
"""

__all__ = ["NotFittedError", "RepairWarning"]


class NotFittedError(ValueError, AttributeError):
    """A fitted model was needed and the object has not been fitted yet."""


class RepairWarning(UserWarning):
    """A fit moved its target, or an iteration stopped early; the message says by how much."""
