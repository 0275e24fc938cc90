"""The interface of ``torch.distributions`` over the laws of `bernoulli_latent.relaxations`."""

from __future__ import annotations

import math
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor
from torch.distributions import Distribution, constraints

from bernoulli_latent import relaxations
from bernoulli_latent._evaluation import as_operand, like_operands
from bernoulli_latent.domains import Domain
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

    law: ClassVar[type[relaxations.base.Continuous]]
    has_rsample = True

    def __init_subclass__(cls) -> None:
        if "law" in cls.__dict__:
            cls.arg_constraints = {name: _constraint(domain) for name, domain in cls.law.domains.items()}  # type: ignore[misc,assignment]
            cls.support = _SUPPORTS[cls.law.support]  # type: ignore[misc,assignment]

    def __init__(self, validate_args: bool | None, **parameters: Parameter) -> None:
        tensors = _broadcast(parameters)
        self.__dict__.update(tensors)
        super().__init__(next(iter(tensors.values())).shape, validate_args=validate_args)

    @property
    def core(self) -> Any:
        """The same distribution in the interface of `bernoulli_latent.relaxations`, with all of its methods."""
        core = object.__new__(self.law)  # the constructor would check the parameters again
        core.__dict__.update({name: getattr(self, name) for name in self.law.domains}, shape=tuple(self._batch_shape))
        return core

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with parameters expanded to `batch_shape`."""
        new = self._get_checked_instance(type(self), _instance)
        shape = torch.Size(batch_shape)
        new.__dict__.update({name: getattr(self, name).expand(shape) for name in self.law.domains})
        Distribution.__init__(new, shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Any = torch.Size()) -> Tensor:
        """Draw that can be differentiated by the parameters: the quantile of logistic noise."""
        like: Tensor = getattr(self, next(iter(self.law.domains)))
        noise = logistic_noise(self._extended_shape(sample_shape), like)
        return self._value("icdf_logit", noise).to(like.dtype)

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

    def _checked(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return value

    def _value(self, method: str, *values: Tensor) -> Tensor:
        if not hasattr(self.law, method):
            raise NotImplementedError(f"no closed form of `{method}` is known for {type(self).__name__}")
        result: Tensor = getattr(self.core, method)(*values)
        return result


def _broadcast(parameters: dict[str, Parameter]) -> dict[str, Tensor]:
    """Parameters as tensors of one shape, dtype and device."""
    operands = {name: as_operand(x, name) for name, x in parameters.items()}
    tensors = [torch.as_tensor(x) for x in operands.values() if not isinstance(x, float)]
    like: Tensor = like_operands(tensors or [torch.empty(())])
    alike = [torch.as_tensor(x, dtype=like.dtype, device=like.device) for x in operands.values()]
    return dict(zip(operands, torch.broadcast_tensors(*alike), strict=True))  # type: ignore[no-untyped-call]


def _constraint(domain: Domain) -> constraints.Constraint:
    """The constraint of ``torch.distributions`` for a `domain`."""
    if domain.constraint:
        constraint: constraints.Constraint = getattr(constraints, domain.constraint)
        return constraint
    if math.isinf(domain.low):
        return constraints.less_than(domain.high)
    return constraints.greater_than(domain.low)
