"""The logistic distribution, and logistic variables with the sign of a bit."""

from __future__ import annotations

from torch import Tensor

from bernoulli_latent import relaxations
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["Logistic", "SmoothStepLogistic", "StepLogistic"]


class Logistic(LawDistribution):
    r"""Logistic distribution.

    .. math:: F(x) = \frac{1}{1 + \exp(-(x - \mu) / s)}

    Parameters
    ----------
    loc : Tensor or float, finite
        The mean :math:`\mu`.
    scale : Tensor or float, positive
        The scale :math:`s`.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    ``Logistic(logits / temperature, 1 / temperature)`` is the law of the logit of a binary Concrete variable, what
    ``torch.distributions.LogitRelaxedBernoulli`` stands for, without its clamps.

    See Also
    --------
    bernoulli_latent.Logistic : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import Logistic
    >>> Logistic(0.0, torch.tensor([1.0, 2.0])).cdf(torch.tensor(-80.0))
    tensor([1.8049e-35, 4.2484e-18])
    """

    law = relaxations.Logistic
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Parameter, scale: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, loc=loc, scale=scale)


class StepLogistic(LawDistribution):
    r"""Logistic variable whose sign is that of a Bernoulli variable.

    .. math:: f(z) = 2\,S(s a)\,S(z)\,S(-z), \qquad s = \mathrm{sign}(z)

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability that the variable is positive.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    The density jumps at 0: the gradient of ``log_prob(rsample())`` misses that and is biased. For a bound, take the
    divergence from ``torch.distributions.kl_divergence``, which is exact.

    See Also
    --------
    bernoulli_latent.StepLogistic : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import StepLogistic
    >>> StepLogistic(torch.tensor([-2.0, 0.0, 2.0])).cdf(torch.zeros(()))
    tensor([0.8808, 0.5000, 0.1192])
    """

    law = relaxations.StepLogistic
    logits: Tensor

    def __init__(self, logits: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits)


class SmoothStepLogistic(LawDistribution):
    r"""StepLogistic variable with a continuous density.

    .. math:: f(z) = S(z)\,S(-z)\,\bigl(1 + \tanh(a / 2) \tanh(\beta z / 2)\bigr)

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    sharpness : Tensor or float, positive
        The sharpness :math:`\beta` of the step: large for StepLogistic, small for the logistic distribution.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    See Also
    --------
    bernoulli_latent.SmoothStepLogistic : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import SmoothStepLogistic
    >>> SmoothStepLogistic(2.0, 10.0).rsample((3,)).shape
    torch.Size([3])
    """

    law = relaxations.SmoothStepLogistic
    logits: Tensor
    sharpness: Tensor

    def __init__(self, logits: Parameter, sharpness: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, sharpness=sharpness)
