"""The Bernoulli distribution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["Bernoulli"]


class Bernoulli(LawDistribution):
    r"""Bernoulli distribution: a bit, 1 with probability :math:`S(a)` and 0 otherwise.

    .. math:: P(x) = S(a)^x\,S(-a)^{1 - x}, \qquad x \in \{0, 1\}

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1; by keyword, because ``torch.distributions.Bernoulli`` takes the
        probability first.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    Samples have no derivative; see `straight_through_bernoulli` and `disarm`.

    See Also
    --------
    bernoulli_latent.Bernoulli : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import Bernoulli
    >>> Bernoulli(logits=torch.tensor([-2.0, 0.0, 2.0])).mean
    tensor([0.1192, 0.5000, 0.8808])
    """

    law = relaxations.Bernoulli
    support = constraints.boolean
    has_rsample = False
    has_enumerate_support = True
    logits: Tensor

    def __init__(self, *, logits: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw of bits 0 and 1."""
        with torch.no_grad():
            return super().rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Refused: bits have no derivative."""
        raise NotImplementedError("bits have no derivative; see `straight_through_bernoulli` and `disarm`")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Both values, along a new first axis."""
        values = torch.arange(2.0, dtype=self.logits.dtype, device=self.logits.device)
        values = values.reshape(2, *[1] * len(self._batch_shape))
        return values.expand(2, *self._batch_shape) if expand else values
