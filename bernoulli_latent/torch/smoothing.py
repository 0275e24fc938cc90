"""Smoothed bits of discrete variational autoencoders."""

from __future__ import annotations

from torch import Tensor

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["OverlappingExponential", "PowerFunction", "SpikeExponential"]


class SpikeExponential(LawDistribution):
    r"""Spike at 0 for the bit 0, exponential density on [0, 1] for the bit 1.

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    sharpness : Tensor or float, positive
        The sharpness :math:`\beta`; larger is closer to a bit.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    The density has an atom: the gradient of ``log_prob(rsample())`` misses that and is biased. For a bound, take the
    divergence from ``torch.distributions.kl_divergence``, which is exact.

    See Also
    --------
    bernoulli_latent.SpikeExponential : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import SpikeExponential
    >>> SpikeExponential(0.0, 5.0).rsample((3,)).shape
    torch.Size([3])
    """

    law = relaxations.SpikeExponential
    logits: Tensor
    sharpness: Tensor

    def __init__(self, logits: Parameter, sharpness: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, sharpness=sharpness)


class OverlappingExponential(LawDistribution):
    r"""Exponential densities on [0, 1] that fall from 0 for the bit 0 and from 1 for the bit 1.

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    sharpness : Tensor or float, positive
        The sharpness :math:`\beta`; larger is closer to a bit.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.OverlappingExponential : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import OverlappingExponential
    >>> OverlappingExponential(0.0, 5.0).rsample((3,)).shape
    torch.Size([3])
    """

    law = relaxations.OverlappingExponential
    logits: Tensor
    sharpness: Tensor

    def __init__(self, logits: Parameter, sharpness: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, sharpness=sharpness)


class PowerFunction(LawDistribution):
    r"""Power functions on [0, 1] for the bits 0 and 1.

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    sharpness : Tensor or float, positive
        The sharpness :math:`\beta`; larger is closer to a bit.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.PowerFunction : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import PowerFunction
    >>> PowerFunction(0.0, 5.0).rsample((3,)).shape
    torch.Size([3])
    """

    law = relaxations.PowerFunction
    logits: Tensor
    sharpness: Tensor

    def __init__(self, logits: Parameter, sharpness: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, sharpness=sharpness)
