r"""Unbiased gradients of :math:`E f(b)` by the logits of independent bits :math:`b`.

Each estimator returns the loss of its samples, one number for each code. Its gradient by the logits is the estimate;
its gradient by whatever else the loss depends on (the weights of a decoder) is that of the loss itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from bernoulli_latent._checks import check_count
from bernoulli_latent._evaluation import evaluate_whole
from bernoulli_latent._namespaces.functions import Functions
from bernoulli_latent._random import symmetric_noise
from bernoulli_latent.torch._noise import logistic_noise
from bernoulli_latent.torch.straight_through import sigmoid, threshold

__all__ = ["Loss", "arm", "disarm", "reinforce_leave_one_out"]

Loss: TypeAlias = Callable[[Tensor], Tensor]
"""From bits 0 and 1, shape ``(..., n_bits)``, to losses, shape ``(...)``."""


def reinforce_leave_one_out(
    loss: Loss, logits: Tensor, n_samples: int = 2, *, rng: torch.Generator | None = None
) -> Tensor:
    r"""Score-function estimator; the baseline of each sample is the mean loss of the others.

    .. math:: \frac{1}{K - 1} \sum_{k=1}^{K} \Big(f(b_k) - \frac{1}{K} \sum_{j} f(b_j)\Big) (b_k - S(a))

    Parameters
    ----------
    loss : callable
        From bits 0 and 1 in the shape and dtype of `logits` to losses of the shape ``logits.shape[:-1]``; called
        `n_samples` times.
    logits : Tensor, shape (..., n_bits)
        The logits :math:`a` of independent bits.
    n_samples : int, at least 2
        The number :math:`K` of samples.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor, shape (...)
        Mean loss of the samples.

    Raises
    ------
    ValueError
        If `loss` returns another shape, or `n_samples` is below 2.

    References
    ----------
    .. [1] Kool, van Hoof, Welling, "Buy 4 REINFORCE samples, get a baseline for free!", ICLR workshop 2019.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import reinforce_leave_one_out
    >>> logits = torch.zeros(100, 3, requires_grad=True)
    >>> reinforce_leave_one_out(lambda bits: bits.sum(-1), logits, n_samples=8).mean().backward()
    >>> logits.grad.shape
    torch.Size([100, 3])
    """
    samples = check_count(n_samples, "n_samples", 2)
    bits = [threshold(logits + logistic_noise(logits.shape, logits, rng), logits) for _ in range(samples)]
    losses = torch.stack([_losses(loss, b) for b in bits])
    advantages = (losses - losses.mean(0)).detach()
    # b - S(a) without cancellation, with s = 2b - 1: s S(-s a)
    scores = [(2 * b - 1) * sigmoid((1 - 2 * b) * logits.detach()) for b in bits]
    gradient = sum(a.unsqueeze(-1) * score for a, score in zip(advantages, scores, strict=True)) / (samples - 1)
    return _with_gradient(losses.mean(0), logits, gradient)


def arm(loss: Loss, logits: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
    r"""Augment-REINFORCE-merge: two codes of opposite noise.

    .. math:: (f(b) - f(\tilde b)) (u - \tfrac12), \qquad b = 1[u > S(-a)], \quad \tilde b = 1[u < S(a)]

    Parameters
    ----------
    loss : callable
        From bits 0 and 1 in the shape and dtype of `logits` to losses of the shape ``logits.shape[:-1]``; called twice.
    logits : Tensor, shape (..., n_bits)
        The logits :math:`a` of independent bits.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor, shape (...)
        Mean loss of the two codes.

    Raises
    ------
    ValueError
        If `loss` returns another shape.

    Notes
    -----
    `disarm` is the mean of this estimate over the noise of both codes, so its variance is at most that of this one.

    References
    ----------
    .. [1] Yin, Zhou, "ARM: augment-REINFORCE-merge gradient for stochastic binary networks", ICLR 2019, theorem 1.
    """
    noise = symmetric_noise(logits.shape, logits, rng)
    return _antithetic(loss, logits, noise, lambda bits, other: noise / 2)


def disarm(loss: Loss, logits: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
    r"""DisARM, also called U2G: two codes of opposite noise, and only bits that differ count.

    .. math:: \tfrac12 (f(b) - f(\tilde b)) (b - \tilde b)\, S(|a|), \qquad b = 1[u > S(-a)], \quad
              \tilde b = 1[u < S(a)]

    Parameters
    ----------
    loss : callable
        From bits 0 and 1 in the shape and dtype of `logits` to losses of the shape ``logits.shape[:-1]``; called twice.
    logits : Tensor, shape (..., n_bits)
        The logits :math:`a` of independent bits.
    rng : torch.Generator, optional
        Source of randomness; torch's default generator if None.

    Returns
    -------
    Tensor, shape (...)
        Mean loss of the two codes.

    Raises
    ------
    ValueError
        If `loss` returns another shape.

    References
    ----------
    .. [1] Dong, Mnih, Tucker, "DisARM: an antithetic gradient estimator for binary latent variables", NeurIPS 2020.
    .. [2] Yin, Ho, Yan, Qian, Zhou, "Probabilistic best subset selection by gradient-based optimization", 2020.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import disarm
    >>> logits = torch.zeros(100, 3, requires_grad=True)
    >>> disarm(lambda bits: bits.sum(-1), logits).mean().backward()
    >>> logits.grad.shape
    torch.Size([100, 3])
    """
    noise = symmetric_noise(logits.shape, logits, rng)
    return _antithetic(loss, logits, noise, lambda bits, other: (bits - other) * sigmoid(logits.detach().abs()) / 2)


def _antithetic(loss: Loss, logits: Tensor, noise: Tensor, weight: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Loss of the codes of `noise` and of its opposite; the gradient is their difference times `weight`."""
    logistic = evaluate_whole(Functions.logistic_noise, [noise], noise)
    bits, other = threshold(logits + logistic, logits), threshold(logits - logistic, logits)
    first, second = _losses(loss, bits), _losses(loss, other)
    gradient = (first - second).detach().unsqueeze(-1) * weight(bits, other)
    return _with_gradient((first + second) / 2, logits, gradient)


def _losses(loss: Loss, bits: Tensor) -> Tensor:
    losses = loss(bits)
    if losses.shape != bits.shape[:-1]:
        raise ValueError(
            f"`loss` must return one number for each code, shape {tuple(bits.shape[:-1])}; got {tuple(losses.shape)}. "
            "Did it sum over the batch?"
        )
    return losses


def _with_gradient(losses: Tensor, logits: Tensor, gradient: Tensor) -> Tensor:
    """`losses` whose derivative by the logits is `gradient`."""
    return losses + ((logits - logits.detach()) * gradient).sum(-1)
