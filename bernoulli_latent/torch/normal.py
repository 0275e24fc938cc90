"""Normal and logit-normal distributions."""

from __future__ import annotations

from torch import Tensor

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["LogitNormal", "Normal"]


class Normal(LawDistribution):
    r"""Normal distribution, with quantiles and distribution function accurate in both tails.

    .. math:: f(x) = \frac{1}{\sigma \sqrt{2 \pi}} \exp\Bigl(-\frac{(x - \mu)^2}{2 \sigma^2}\Bigr)

    Parameters
    ----------
    loc : Tensor or float, finite
        The mean :math:`\mu`.
    scale : Tensor or float, positive
        The standard deviation :math:`\sigma`.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.Normal : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import Normal
    >>> Normal(0.0, 1.0).cdf(torch.tensor(-12.0))
    tensor(1.7765e-33)
    """

    law = relaxations.Normal
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Parameter, scale: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale)


class LogitNormal(LawDistribution):
    r"""Logit-normal distribution: the logistic function of a normal variable.

    .. math:: x = S(\mu + \sigma Y), \qquad Y \sim \mathcal N(0, 1)

    Parameters
    ----------
    loc : Tensor or float, finite
        The mean :math:`\mu` of the logit.
    scale : Tensor or float, positive
        The standard deviation :math:`\sigma` of the logit.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.LogitNormal : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import LogitNormal
    >>> LogitNormal(0.0, 3.0).mean
    tensor(0.5000)
    """

    law = relaxations.LogitNormal
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Parameter, scale: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale)
