"""Variables of a symmetric law with the side of a bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter
from bernoulli_latent.torch.logistic import Logistic

__all__ = ["Step"]


class Step(LawDistribution):
    r"""Step distribution: a symmetric variable whose side of its mean is that of a Bernoulli variable.

    .. math:: f(z) = 2\,S(s a)\,f_0(z), \qquad s = \mathrm{sign}(z - \mu)

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of a value above the mean of the base.
    base : LawDistribution, optional
        A symmetric distribution such as `Normal`, with the density :math:`f_0`; the standard logistic one if None.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Raises
    ------
    TypeError
        If `base` is not a symmetric distribution of `bernoulli_latent.torch`.

    Notes
    -----
    The density jumps at the mean of the base: the gradient of ``log_prob(rsample())`` misses that and is biased. For a
    bound, take the divergence from ``torch.distributions.kl_divergence``, which is exact.

    See Also
    --------
    bernoulli_latent.Step : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import Normal, Step
    >>> Step(torch.tensor(2.0), Normal(1.0, 2.0)).mean
    tensor(2.2153)
    """

    law = relaxations.Step
    logits: Tensor

    def __init__(
        self, logits: Parameter, base: LawDistribution | None = None, validate_args: bool | None = None
    ) -> None:
        self.base = Logistic(0.0, 1.0) if base is None else base
        if not (isinstance(self.base, LawDistribution) and getattr(self.base.law, "symmetric", False)):
            raise TypeError(f"`base` must be a symmetric distribution of `bernoulli_latent.torch`; got {base!r}")
        super().__init__(validate_args, logits=logits)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with parameters expanded to `batch_shape`."""
        new = self._get_checked_instance(Step, _instance)  # type: ignore[no-untyped-call]
        new.base = self.base
        return super().expand(batch_shape, new)

    def _core(self, parameters: dict[str, Any]) -> Any:
        core = super()._core(parameters)
        core.__dict__["base"] = self.base.core_as_given
        return core

    def _set_parameters(
        self, parameters: dict[str, Tensor], batch_shape: tuple[int, ...] = ()
    ) -> tuple[torch.Size, torch.Size]:
        return super()._set_parameters(parameters, np.broadcast_shapes(batch_shape, self.base.batch_shape))
