"""The form in which bits come and go: coding, dtype, library and device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, as_array, is_torch
from bernoulli_latent.bits import BitArray

__all__ = ["Form"]


@dataclass(frozen=True)
class Form:
    """Form of an array of bits.

    Attributes
    ----------
    values : {"01", "pm1", "bool"} or None
        Coding; None while only ones were seen, which every coding writes alike.
    like : array, shape (0,)
        Empty array that carries dtype, library and device.
    """

    values: str | None
    like: Array

    @classmethod
    def of(cls, y: Any, values: str | None) -> Form:
        """Form of the samples `y` whose coding was read as `values`."""
        if isinstance(y, BitArray):
            words = y.words
            return cls(values, words.new_empty(0).char() if is_torch(words) else np.empty(0, np.int8))
        array = as_array(y, "y")
        return cls(values, array.new_empty(0) if is_torch(array) else np.empty(0, array.dtype))

    @classmethod
    def default(cls, like: Array) -> Form:
        """Form for moments that came without samples: int8 zeros and ones, where `like` lives."""
        return cls("01", like.new_empty(0).char() if is_torch(like) else np.empty(0, np.int8))

    def as_dict(self) -> dict[str, str | None]:
        """Coding, library and dtype as strings."""
        library, _, dtype = str(self.like.dtype).rpartition(".")
        return {"values": self.values, "library": library or "numpy", "dtype": dtype}

    @classmethod
    def from_dict(cls, form: dict[str, Any]) -> Form:
        """Inverse of :meth:`as_dict`; a torch form is on the CPU."""
        if form["library"] == "numpy":
            return cls(form["values"], np.empty(0, form["dtype"]))
        import torch

        return cls(form["values"], torch.empty(0, dtype=getattr(torch, form["dtype"])))

    def merge(self, other: Form) -> Form:
        """Form of two samples together; a mix of codings is an error."""
        if self.values and other.values and self.values != other.values:
            raise ValueError(f"`y` must keep the coding {self.values!r} of the earlier samples; got {other.values!r}")
        return replace(self, values=self.values or other.values)

    def to(self, device: Any) -> Form:
        """The same form as a torch tensor on `device`."""
        import torch

        return replace(self, like=torch.as_tensor(self.like, device=device))

    def write(self, bits: BitArray, values: str | None = None, out: Array = None) -> Array:
        """`bits` unpacked in this form, or in the coding `values` instead; in `out` if given."""
        coding = values or self.values or "01"
        return bits.to_array(values=coding, dtype=self._dtype(coding, override=values is not None), out=out)

    def _dtype(self, coding: str, override: bool) -> Any:
        """Dtype that can hold the coding: the samples' own unless an override asks for what it cannot say."""
        own = self.like.dtype
        if coding == "bool" and override:
            return None
        is_bool = str(own).endswith("bool")
        is_unsigned = "uint" in str(own)
        if (is_bool and coding != "bool") or (is_unsigned and coding == "pm1"):
            return None
        return own
