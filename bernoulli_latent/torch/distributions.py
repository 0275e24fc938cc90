"""The interface of ``torch.distributions`` over the laws of `bernoulli_latent.relaxations`."""

from __future__ import annotations

import math
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from bernoulli_latent._evaluation import as_operand, like_operands
from bernoulli_latent.domains import Domain
from bernoulli_latent.relaxations import base
from bernoulli_latent.torch._noise import logistic_noise

__all__ = ["LawDistribution", "Parameter"]

Parameter: TypeAlias = Tensor | float
"""A parameter of a distribution: a tensor or a number, which broadcast together."""

_SUPPORTS = {
    (-math.inf, math.inf): constraints.real,
    (0.0, math.inf): constraints.nonnegative,
    (0.0, 1.0): constraints.unit_interval,
}


class LawDistribution(Distribution):
    """A law of `bernoulli_latent.relaxations` as torch knows distributions; subclasses name the `law`.

    Attributes
    ----------
    law : type
        The class whose formulas are evaluated.

    Notes
    -----
    Parameters broadcast together into ``batch_shape``. Values have the dtype of the parameters, in which Python numbers
    and tensors without dimensions adapt to tensors with some; half precision is evaluated in single precision and
    rounded once. `rsample` draws from torch's default generator.
    """

    law: ClassVar[type[base.Distribution]]
    has_rsample = True

    def __init_subclass__(cls) -> None:
        cls.arg_constraints = {name: _constraint(domain) for name, domain in cls.law.domains.items()}  # type: ignore[assignment]
        if "support" not in cls.__dict__:
            cls.support = _SUPPORTS[cls.law.support]  # type: ignore[assignment,attr-defined]

    def __init__(self, validate_args: bool | None, **parameters: Parameter) -> None:
        self._given = {name: _operand(x, name) for name, x in parameters.items()}
        batch_shape, event_shape = self._set_parameters(_alike(self._given))
        super().__init__(batch_shape, event_shape, validate_args)

    @property
    def core(self) -> Any:
        """The same distribution in the interface of `bernoulli_latent.relaxations`, with all of its methods."""
        return self._core({name: getattr(self, name) for name in self.law.domains})

    @property
    def core_as_given(self) -> Any:
        """The same with the very numbers and tensors that were given, so that two laws can be seen to share some."""
        return self._core(self._given)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with parameters expanded to `batch_shape`."""
        new = self._get_checked_instance(type(self), _instance)  # type: ignore[no-untyped-call]
        new._given, parameters = self._given, {name: getattr(self, name) for name in self.law.domains}
        shape, event_shape = new._set_parameters(parameters, batch_shape)
        Distribution.__init__(new, shape, event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw that can be differentiated by the parameters: the quantile of logistic noise."""
        noise = logistic_noise(self._extended_shape(torch.Size(sample_shape)), self._like)
        return self._value("icdf_logit", noise).to(self._like.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        return self._value("logpdf", self._checked(value))

    def cdf(self, value: Tensor) -> Tensor:
        """Probability of at most `value`."""
        return self._value("cdf", self._checked(value))

    def icdf(self, value: Tensor) -> Tensor:
        """Quantile: where `cdf` is `value`."""
        return self._value("icdf", value)

    def entropy(self) -> Tensor:
        """Entropy in nats."""
        return self._value("entropy")

    @property
    def mean(self) -> Tensor:
        """Mean."""
        return self._value("mean")

    @property
    def variance(self) -> Tensor:
        """Variance."""
        return self._value("variance")

    def _set_parameters(
        self, parameters: dict[str, Tensor], batch_shape: tuple[int, ...] = ()
    ) -> tuple[torch.Size, torch.Size]:
        """Set `parameters` broadcast together and with `batch_shape`; return the shapes of batch and event."""
        axes = {name: domain.axes for name, domain in self.law.domains.items()}
        fronts = [x.shape[: x.ndim - axes[name]] for name, x in parameters.items()]
        shape = torch.Size(np.broadcast_shapes(batch_shape, *fronts))
        events = [x.shape[x.ndim - axes[name] :] for name, x in parameters.items()]
        for (name, x), event in zip(parameters.items(), events, strict=True):
            self.__dict__[name] = x.expand(shape + event)
        return shape, max(events, key=len)

    def _core(self, parameters: dict[str, Any]) -> Any:
        core = object.__new__(self.law)  # the constructor would check the parameters again
        core.__dict__.update(parameters, shape=tuple(self._batch_shape))
        return core

    @property
    def _like(self) -> Tensor:
        """A tensor of the dtype and device of the parameters."""
        like: Tensor = getattr(self, next(iter(self.law.domains)))
        return like

    def _checked(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return value

    def _value(self, method: str, *values: Tensor) -> Tensor:
        if not hasattr(self.law, method):
            raise NotImplementedError(f"no closed form of `{method}` is known for {type(self).__name__}")
        result: Tensor = getattr(self.core, method)(*values)
        return result


def _operand(x: Parameter, name: str) -> Tensor | float:
    operand = as_operand(x, name)
    return operand if isinstance(operand, float) else torch.as_tensor(operand)


def _alike(operands: dict[str, Tensor | float]) -> dict[str, Tensor]:
    """Parameters as tensors of one dtype and device."""
    tensors = [x for x in operands.values() if not isinstance(x, float)]
    like: Tensor = like_operands(tensors or [torch.empty(())])
    return {name: torch.as_tensor(x, dtype=like.dtype, device=like.device) for name, x in operands.items()}


def _constraint(domain: Domain) -> constraints.Constraint:
    """The constraint of ``torch.distributions`` for a `domain`."""
    if domain.constraint:
        constraint: constraints.Constraint = getattr(constraints, domain.constraint)
        return constraint
    below: Any = constraints.less_than
    above: Any = constraints.greater_than
    bound: constraints.Constraint = below(domain.high) if math.isinf(domain.low) else above(domain.low)
    return bound
