"""Gamma distributions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["Gamma", "InverseGamma", "NormalGamma"]


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


class NormalGamma(LawDistribution):
    r"""Normal-gamma distribution: a gamma precision, and a normal value whose variance is its inverse.

    .. math:: \tau \sim \mathrm{Gamma}(a, b), \qquad x \mid \tau \sim \mathrm{N}(m, 1 / (\kappa \tau))

    Parameters
    ----------
    loc : Tensor or float, finite
        The mean :math:`m` of the value.
    kappa : Tensor or float, positive
        How many times more precise the value is than :math:`\tau`.
    concentration : Tensor or float, positive
        The shape :math:`a` of the precision.
    rate : Tensor or float, positive
        The rate :math:`b` of the precision.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    An event is a pair along the last axis: the value and the precision. So are mean and variance.

    See Also
    --------
    bernoulli_latent.NormalGamma : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import NormalGamma
    >>> NormalGamma(0.0, 2.0, 3.0, 4.0).mean
    tensor([0.0000, 0.7500])
    """

    law = relaxations.NormalGamma
    support = constraints.independent(  # type: ignore[no-untyped-call]
        constraints.stack([constraints.real, constraints.positive], -1),  # type: ignore[no-untyped-call]
        1,
    )
    loc: Tensor
    kappa: Tensor
    concentration: Tensor
    rate: Tensor

    def __init__(
        self,
        loc: Parameter,
        kappa: Parameter,
        concentration: Parameter,
        rate: Parameter,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(validate_args, loc=loc, kappa=kappa, concentration=concentration, rate=rate)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw of pairs that can be differentiated by the parameters."""
        return torch.stack(self.core.sample(tuple(sample_shape), rng=torch.default_generator), -1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density of pairs."""
        return self._value("logpdf", *self._checked(value).unbind(-1))

    def cdf(self, value: Tensor) -> Tensor:
        """Not implemented: pairs have no order."""
        raise NotImplementedError("pairs have no distribution function")

    @property
    def mean(self) -> Tensor:
        """Means of the value and of the precision."""
        return torch.stack(self.core.mean(), -1)

    @property
    def variance(self) -> Tensor:
        """Variances of the value and of the precision."""
        return torch.stack(self.core.variance(), -1)

    def _set_parameters(
        self, parameters: dict[str, Tensor], batch_shape: tuple[int, ...] = ()
    ) -> tuple[torch.Size, torch.Size]:
        return super()._set_parameters(parameters, batch_shape)[0], torch.Size([2])
