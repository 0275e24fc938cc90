"""Bits with the gradient of something smooth: low variance, biased."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bernoulli_latent._checks import check_count, check_positive
from bernoulli_latent._evaluation import common_shape, evaluate_whole
from bernoulli_latent._formula import formula
from bernoulli_latent._namespaces.functions import Functions
from bernoulli_latent._namespaces.torch_functions import TorchFunctions
from bernoulli_latent.torch._noise import logistic_noise

__all__ = [
    "gumbel_rao",
    "logits_given_bits",
    "sigmoid",
    "straight_through_bernoulli",
    "straight_through_gumbel",
    "straight_through_sign",
    "tanh",
    "threshold",
    "with_gradient_of",
]


def with_gradient_of(surrogate: Tensor, value: Tensor) -> Tensor:
    """Return `value`, exactly, with the gradient of the finite `surrogate`."""
    return value + (surrogate - surrogate.detach())


def sigmoid(x: Tensor) -> Tensor:
    """Logistic function whose gradient does not vanish before it must."""
    result: Tensor = evaluate_whole(Functions.sigmoid, [x], x)
    return result


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent whose gradient does not vanish before it must."""
    result: Tensor = evaluate_whole(TorchFunctions.tanh, [x], x)
    return result


def threshold(noisy: Tensor, like: Tensor) -> Tensor:
    """Bits 0 and 1 in the dtype of `like`: whether `noisy` is at least zero."""
    return (noisy >= 0).to(like.dtype)


def straight_through_sign(x: Tensor) -> Tensor:
    """Sign of `x`, +1 at zero, with the gradient of `x` itself.

    Parameters
    ----------
    x : Tensor
        Finite numbers.

    Returns
    -------
    Tensor
        Of -1 and +1, in the shape and dtype of `x`.

    References
    ----------
    .. [1] Bengio, Leonard, Courville, "Estimating or propagating gradients through stochastic neurons", 2013.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import straight_through_sign
    >>> straight_through_sign(torch.tensor([-0.3, 0.0, 2.0]))
    tensor([-1.,  1.,  1.])
    """
    return with_gradient_of(x, 2 * threshold(x, x) - 1)


def straight_through_bernoulli(logits: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
    r"""Random bits with the gradient of their probabilities.

    .. math:: b \sim \mathrm{Bernoulli}(S(a)), \qquad \frac{\partial b}{\partial a} := S(a)\,S(-a)

    Parameters
    ----------
    logits : Tensor
        The logits :math:`a`.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor
        Bits 0 and 1 in the shape and dtype of `logits`.

    Notes
    -----
    Unbiased for a function of the bits that is linear in each of them, biased for others.

    References
    ----------
    .. [1] Bengio, Leonard, Courville, "Estimating or propagating gradients through stochastic neurons", 2013.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import straight_through_bernoulli
    >>> straight_through_bernoulli(torch.tensor([-50.0, 50.0]))
    tensor([0., 1.])
    """
    return with_gradient_of(sigmoid(logits), threshold(_noisy(logits, rng), logits))


def straight_through_gumbel(logits: Tensor, temperature: float = 1.0, *, rng: torch.Generator | None = None) -> Tensor:
    r"""Random bits with the gradient of the binary Concrete variable of the same noise.

    .. math:: b = 1[l \ge 0], \qquad \frac{\partial b}{\partial a} := \frac{\partial}{\partial a} S(l / \lambda),
              \qquad l = a + \mathrm{logit}(u)

    Parameters
    ----------
    logits : Tensor
        The logits :math:`a`.
    temperature : float, positive
        The temperature :math:`\lambda`: smaller means less bias and more variance.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor
        Bits 0 and 1 in the shape and dtype of `logits`.

    References
    ----------
    .. [1] Jang, Gu, Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017, section 2.2.
    """
    noisy, temperature = _noisy(logits, rng), check_positive(temperature, "temperature")
    return with_gradient_of(sigmoid(noisy / temperature).to(logits.dtype), threshold(noisy, logits))


def gumbel_rao(
    logits: Tensor, temperature: float = 1.0, n_samples: int = 10, *, rng: torch.Generator | None = None
) -> Tensor:
    """Random bits with the gradient of `straight_through_gumbel` averaged over the noise that gives the same bits.

    Parameters
    ----------
    logits : Tensor
        Logits of the bits.
    temperature : float, positive
        Temperature of the Concrete variables.
    n_samples : int, at least 1
        Number of conditional draws of the noise: more of them mean less variance and the same bias.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor
        Bits 0 and 1 in the shape and dtype of `logits`.

    References
    ----------
    .. [1] Paulus, Maddison, Krause, "Rao-Blackwellizing the straight-through Gumbel-softmax gradient estimator",
           ICLR 2021.
    """
    samples, temperature = check_count(n_samples, "n_samples", 1), check_positive(temperature, "temperature")
    fixed = logits.detach()
    bits = threshold(_noisy(fixed, rng), logits)
    noise = logits_given_bits(bits.expand(samples, *bits.shape), fixed, rng=rng) - fixed
    return with_gradient_of(sigmoid((logits + noise) / temperature).mean(0), bits)


def logits_given_bits(bits: Tensor, logits: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
    r"""Noisy logits given their signs: :math:`l = a + \mathrm{logit}(u)` given :math:`b = 1[l \ge 0]`.

    .. math:: l = s\,\log(1 + e^{t}(1 + e^{s a})), \qquad s = 2 b - 1

    with standard logistic noise :math:`t`. This is the conditional noise of REBAR and of Gumbel-Rao; it can be
    differentiated by the logits.

    Parameters
    ----------
    bits : Tensor
        Bits 0 and 1, which broadcast with `logits`.
    logits : Tensor
        The logits :math:`a`.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor
        In the dtype of `logits`.

    References
    ----------
    .. [1] Tucker, Mnih, Maddison, Lawson, Sohl-Dickstein, "REBAR: low-variance, unbiased gradient estimates for
           discrete latent variable models", NeurIPS 2017, appendix C.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import logits_given_bits
    >>> logits_given_bits(torch.tensor([0.0, 1.0]), torch.tensor([3.0, 3.0])).sign()
    tensor([-1.,  1.])
    """
    noise = logistic_noise(common_shape([bits, logits]), logits, rng)
    result: Tensor = evaluate_whole(_given_bits, [noise, bits, logits], logits)
    return result


@formula
def _given_bits(f: Any, t: Any, bits: Any, logits: Any) -> Any:
    side = 2 * bits - 1
    return side * f.softplus(t + f.softplus(side * logits))


def _noisy(logits: Tensor, rng: torch.Generator | None) -> Tensor:
    return logits + logistic_noise(logits.shape, logits, rng)
