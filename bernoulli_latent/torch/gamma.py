"""Gamma distributions."""

from __future__ import annotations

from torch import Tensor

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["Gamma", "InverseGamma"]


class Gamma(LawDistribution):
    r"""Gamma distribution.

    .. math:: f(x) = \frac{b^a}{\Gamma(a)} x^{a - 1} e^{-b x}

    Parameters
    ----------
    concentration : Tensor or float, positive
        The shape :math:`a`.
    rate : Tensor or float, positive
        The rate :math:`b`.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.Gamma : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import Gamma
    >>> Gamma(3.0, 2.0).mean
    tensor(1.5000)
    """

    law = relaxations.Gamma
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Parameter, rate: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration=concentration, rate=rate)


class InverseGamma(LawDistribution):
    r"""Inverse gamma distribution: that of the reciprocal of a gamma variable.

    .. math:: f(x) = \frac{b^a}{\Gamma(a)} x^{-a - 1} e^{-b / x}

    Parameters
    ----------
    concentration : Tensor or float, positive
        The shape :math:`a`.
    rate : Tensor or float, positive
        The rate :math:`b`.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.InverseGamma : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import InverseGamma
    >>> InverseGamma(3.0, 2.0).mean
    tensor(1.)
    """

    law = relaxations.InverseGamma
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Parameter, rate: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, concentration=concentration, rate=rate)
