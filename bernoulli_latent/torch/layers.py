"""Layers that turn the output of an encoder into codes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import constraints, kl_divergence

from bernoulli_latent._checks import check_positive
from bernoulli_latent.torch.bernoulli import Bernoulli
from bernoulli_latent.torch.distributions import LawDistribution, Parameter
from bernoulli_latent.torch.straight_through import (
    sigmoid,
    straight_through_bernoulli,
    straight_through_sign,
    tanh,
    threshold,
)

__all__ = ["BernoulliBottleneck", "StraightThroughSign"]


class StraightThroughSign(nn.Module):
    """Sign, +1 at zero, with the gradient of the identity; see `straight_through_sign`."""

    def forward(self, x: Tensor) -> Tensor:
        """Signs of `x`."""
        return straight_through_sign(x)


class BernoulliBottleneck(nn.Module):
    r"""From the output of an encoder to a code, and the divergence of its law from a prior.

    Parameters
    ----------
    kind : {"tanh_sign", "straight_through"} or type
        ``"tanh_sign"`` is the deterministic code of the latent Bernoulli autoencoder: signs -1 and +1 of
        :math:`\tanh(x)`, with the gradient of :math:`\tanh(x)`, and no divergence. ``"straight_through"`` draws bits 0
        and 1 with logits `x`; see `straight_through_bernoulli`. A class of `bernoulli_latent.torch` draws from it with
        `x` as first parameter (its logits or location).
    prior : LawDistribution, optional
        What the divergence is from; if None, the law of the code where `x` is zero.
    steepness : float, positive
        A law on the whole line gives the code :math:`S(\beta z)`, with this :math:`\beta`; one on [0, 1] its value.
    **parameters : float or Tensor
        The other parameters of the class, such as ``temperature``.

    Attributes
    ----------
    steepness and the parameters by name, and ``prior_...`` by name : Tensor
        Buffers, which are saved, follow ``to(device)``, and may be changed in place (``temperature.fill_(0.5)``).

    Raises
    ------
    ValueError
        If `kind` is not known, or a parameter is outside its domain.
    TypeError
        If a parameter is unknown or missing.

    Notes
    -----
    In training the code of a law is relaxed. In evaluation codes of all kinds are hard and not random: each bit is the
    more probable one, 1 where `x` is at least 0. The divergence is a sum over the bits (the last axis), in nats and in
    at least single precision, and the same in both modes.

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020, section 3.

    Examples
    --------
    >>> import torch
    >>> from bernoulli_latent.torch import BernoulliBottleneck, StepLogistic
    >>> codes, divergence = BernoulliBottleneck("tanh_sign")(torch.tensor([[-0.2, 0.7]]))
    >>> codes
    tensor([[-1.,  1.]])
    >>> codes, divergence = BernoulliBottleneck(StepLogistic, steepness=10.0)(torch.zeros(5, 8))
    >>> codes.shape, divergence
    (torch.Size([5, 8]), tensor([0., 0., 0., 0., 0.]))
    """

    law: Any
    steepness: Tensor

    def __init__(
        self,
        kind: str | type[LawDistribution] = "tanh_sign",
        *,
        prior: LawDistribution | None = None,
        steepness: float = 10.0,
        **parameters: Parameter,
    ) -> None:
        super().__init__()
        self.kind, self.law = kind, _law(kind)
        self.prior_law: Any = None if prior is None else type(prior)
        self.names = tuple(parameters)
        given = {} if prior is None else {f"prior_{name}": getattr(prior, name) for name in prior.law.domains}
        slope = {"steepness": check_positive(steepness, "steepness")} if self._on_whole_line else {}
        for name, value in {**slope, **parameters, **given}.items():
            self.register_buffer(name, torch.as_tensor(value))
        if self.law is None:
            if parameters or prior is not None:
                raise TypeError(f"a code of kind 'tanh_sign' has no law; got {', '.join(parameters) or 'a prior'}")
        else:
            self.law(**{self._first: 0.0}, **parameters, validate_args=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Codes in the shape and dtype of `x`, and their divergence, summed over the last axis."""
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        if self.law is None:
            return straight_through_sign(tanh(wide)).to(x.dtype), wide.new_zeros(x.shape[:-1])
        posterior = self.posterior(wide)
        codes = self._draw(posterior, wide) if self.training else threshold(wide, x)
        return codes.to(x.dtype), kl_divergence(posterior, self.prior(wide)).sum(-1)

    def posterior(self, x: Tensor) -> LawDistribution:
        """Law of the code for the output `x` of an encoder."""
        posterior: LawDistribution = self.law(**{self._first: x}, **{name: getattr(self, name) for name in self.names})
        return posterior

    def prior(self, like: Tensor) -> LawDistribution:
        """Law from which the divergence is taken, where `like` lives."""
        if self.prior_law is None:
            return self.posterior(like.new_zeros(()))
        prior: LawDistribution = self.prior_law(
            **{name: getattr(self, f"prior_{name}") for name in self.prior_law.law.domains}
        )
        return prior

    def extra_repr(self) -> str:
        """Kind and parameters."""
        kind = repr(self.kind) if isinstance(self.kind, str) else self.kind.__name__
        return ", ".join([kind, *(f"{name}={value.tolist()}" for name, value in self.named_buffers())])

    @property
    def _first(self) -> str:
        """Name of the parameter that comes from the encoder."""
        first: str = next(iter(self.law.law.domains))
        return first

    @property
    def _on_whole_line(self) -> bool:
        return self.law is not None and self.law.support is constraints.real

    def _draw(self, posterior: LawDistribution, logits: Tensor) -> Tensor:
        if self.kind == "straight_through":
            return straight_through_bernoulli(logits)
        sample = posterior.rsample()
        return sigmoid(self.steepness * sample) if self._on_whole_line else sample


def _law(kind: Any) -> type[LawDistribution] | None:
    """Class of the distribution of a code; None if the code is not random."""
    if isinstance(kind, type) and issubclass(kind, LawDistribution):
        return kind
    if kind not in ("tanh_sign", "straight_through"):
        raise ValueError(f"`kind` must be 'tanh_sign', 'straight_through' or a class of distributions; got {kind!r}")
    return Bernoulli if kind == "straight_through" else None
