"""Binary Concrete variables and their kin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions import constraints

from bernoulli_latent import relaxations
from bernoulli_latent.torch._noise import gumbel_noise
from bernoulli_latent.torch.distributions import LawDistribution, Parameter

__all__ = ["BinaryConcrete", "Concrete", "HardConcrete"]


class BinaryConcrete(LawDistribution):
    r"""Binary Concrete distribution, also called Gumbel-softmax with two categories.

    .. math:: z = S\bigl((a + \mathrm{logit}(u)) / \lambda\bigr)

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    temperature : Tensor or float, positive
        The temperature :math:`\lambda`; smaller is closer to a bit.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    Near 0 and 1 a value holds its logit badly. In a bound, draw from the law of the logit instead,
    ``Logistic(logits / temperature, 1 / temperature)``: the divergence is the same.

    See Also
    --------
    bernoulli_latent.BinaryConcrete : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import BinaryConcrete
    >>> BinaryConcrete(0.0, 0.5).mean
    tensor(0.5000)
    """

    law = relaxations.BinaryConcrete
    logits: Tensor
    temperature: Tensor

    def __init__(self, logits: Parameter, temperature: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, temperature=temperature)


class HardConcrete(LawDistribution):
    r"""Hard Concrete distribution: a binary Concrete variable stretched and clipped to [0, 1].

    .. math:: x = \min\bigl(1, \max(0, l + (h - l)\,z)\bigr)

    Parameters
    ----------
    logits : Tensor or float, finite
        The logit :math:`a` of the probability of 1.
    temperature : Tensor or float, positive
        The temperature :math:`\lambda`; smaller is closer to a bit.
    low : Tensor or float, negative
        The end :math:`l` of the stretched variable.
    high : Tensor or float, above 1
        The end :math:`h` of the stretched variable.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    The ends 0 and 1 have probabilities, ``core.mass_at_zero()`` and ``core.mass_at_one()``. `log_prob` is that of the
    part inside; its gradient in ``log_prob(rsample())`` misses the ends.

    See Also
    --------
    bernoulli_latent.HardConcrete : the formulas.

    Examples
    --------
    >>> from bernoulli_latent.torch import HardConcrete
    >>> HardConcrete(0.0, 0.5).core.mass_at_zero()
    tensor(0.2317)
    """

    law = relaxations.HardConcrete
    logits: Tensor
    temperature: Tensor
    low: Tensor
    high: Tensor

    def __init__(
        self,
        logits: Parameter,
        temperature: Parameter,
        low: Parameter = -0.1,
        high: Parameter = 1.1,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(validate_args, logits=logits, temperature=temperature, low=low, high=high)


class Concrete(LawDistribution):
    r"""Concrete distribution: tempered, noisy logits through the softmax, on the logarithmic scale.

    .. math:: \log x = \mathrm{log\,softmax}\Bigl(\frac{a + G}{\lambda}\Bigr)

    Parameters
    ----------
    logits : Tensor, shape (..., K), finite
        The logarithms :math:`a` of the probabilities of the categories, up to a common constant.
    temperature : Tensor or float, positive
        The temperature :math:`\lambda`, of the shape in front of the categories.
    validate_args : bool, optional
        Whether parameters and values are checked; torch's default if None.

    Notes
    -----
    Values are :math:`\log x`, as those of ``torch.distributions.ExpRelaxedCategorical``: nothing is lost near the
    corners of the simplex. No divergence is known in closed form.

    See Also
    --------
    bernoulli_latent.Concrete : the formulas.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import Concrete
    >>> relaxed = Concrete(torch.zeros(3), 0.5)
    >>> relaxed.rsample((4,)).exp().sum(-1).round(decimals=4)
    tensor([1., 1., 1., 1.])
    """

    law = relaxations.Concrete
    support = constraints.real_vector
    logits: Tensor
    temperature: Tensor

    def __init__(self, logits: Tensor, temperature: Parameter, validate_args: bool | None = None) -> None:
        super().__init__(validate_args, logits=logits, temperature=temperature)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw that can be differentiated by the parameters, from Gumbel noise."""
        noise = gumbel_noise(self._extended_shape(torch.Size(sample_shape)), self._like)
        return self._value("from_gumbel", noise).to(self._like.dtype)
