"""Step: any symmetric distribution whose side is that of a Bernoulli variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bernoulli_latent._arrays import Array
from bernoulli_latent._evaluation import common_shape, like_operands
from bernoulli_latent._formula import Formula, formula
from bernoulli_latent._random import draw_logistic
from bernoulli_latent.domains import Real
from bernoulli_latent.relaxations.base import Continuous
from bernoulli_latent.relaxations.logistic import Logistic
from bernoulli_latent.relaxations.step_logistic import StepLogistic

__all__ = ["Step"]


class Step(Continuous):
    r"""Step distribution: a symmetric variable whose side of its mean is that of a Bernoulli variable.

    .. math:: f(z) = 2\,S(s a)\,f_0(z), \qquad s = \mathrm{sign}(z - \mu)

    with the logistic function :math:`S` and the density :math:`f_0` of the base, which has the mean :math:`\mu`.

    Parameters
    ----------
    logits : array_like, finite
        The logit :math:`a` of the probability of a value above the mean of the base.
    base : Distribution
        A symmetric distribution such as `Normal`; the standard logistic one by default.

    Raises
    ------
    TypeError
        If `base` is not a symmetric distribution.

    Notes
    -----
    The quantile function of the base, at logistic noise, maps a `StepLogistic` variable to this one: the methods are
    those of `StepLogistic` through that map, and errors those of the two. The distance from the mean is independent of
    the side, so the divergence between two such variables with the same base is that between their bits.

    Examples
    --------
    >>> from bernoulli_latent import Normal, Step
    >>> relaxed = Step(base=Normal(loc=1.0, scale=2.0), logits=2.0)
    >>> float(relaxed.ccdf(1.0).round(4)), float(relaxed.mean().round(4))
    (0.8808, 2.2153)
    """

    logits: Real
    base: Continuous
    density_jumps = True

    def __init__(self, *, logits: Array, base: Continuous | None = None) -> None:
        base = Logistic(loc=0.0, scale=1.0) if base is None else base
        if not getattr(base, "symmetric", False):
            raise TypeError(f"`base` must be a symmetric distribution, such as Normal; got {base!r}")
        super().__init__(logits=logits)
        self.__dict__["base"] = base
        self.__dict__["shape"] = common_shape(list(self.parameters.values()))

    def __repr__(self) -> str:
        return f"Step(base={self.base!r}, logits={self.logits!r})"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name, with those of the base named ``base_...``."""
        return {"logits": self.logits} | {f"base_{name}": x for name, x in self.base.parameters.items()}

    def sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> Array:
        """Draw from the distribution, as the base does."""
        return self.icdf_logit(draw_logistic(self._size(shape), like_operands([*self.parameters.values()]), rng))

    def _served(self, formula: Formula) -> tuple[Formula, Sequence[str], Sequence[Any]]:
        names = [name for name in formula.arguments if name not in ("logits", "base")]
        with_base: Any = _WithBase(formula, type(self.base))
        return with_base, names, [*self.parameters.values()]

    @formula
    def pdf(f, z, logits, base):
        return 2 * f.sigmoid(f.side(z - base.mean()) * logits) * base.pdf(z)

    @formula
    def logpdf(f, z, logits, base):
        return f.log2 + f.log_sigmoid(f.side(z - base.mean()) * logits) + base.logpdf(z)

    @formula
    def cdf(f, z, logits, base):
        return StepLogistic.cdf(f, base.cdf_logit(z), logits)

    @formula
    def logcdf(f, z, logits, base):
        return StepLogistic.logcdf(f, base.cdf_logit(z), logits)

    @formula
    def ccdf(f, z, logits, base):
        return StepLogistic.ccdf(f, base.cdf_logit(z), logits)

    @formula
    def logccdf(f, z, logits, base):
        return StepLogistic.logccdf(f, base.cdf_logit(z), logits)

    @formula
    def icdf_logit(f, t, logits, base):
        return base.icdf_logit(StepLogistic.icdf_logit(f, t, logits))

    @formula
    def mean(f, logits, base):
        return base.mean() + f.tanh_half(logits) * _mean_size(f, logits, base)

    @formula
    def variance(f, logits, base):
        return base.variance() - (f.tanh_half(logits) * _mean_size(f, logits, base)) ** 2

    @formula
    def entropy(f, logits, base):
        return base.entropy() + f.bernoulli_entropy(logits) - f.log2


class _Base:
    """The formulas of the base in the namespace of a formula that calls them."""

    def __init__(self, f: Any, kind: type[Continuous], parameters: tuple[Any, ...]) -> None:
        self.f, self.kind, self.parameters = f, kind, dict(zip(kind.domains, parameters, strict=True))

    def __getattr__(self, name: str) -> Any:
        formula = self.kind._guarded.get(name, getattr(self.kind, name))
        own = [self.parameters[argument] for argument in formula.arguments if argument in self.parameters]
        return lambda *values: formula(self.f, *values, *own)


@dataclass(frozen=True)
class _WithBase:
    """A `formula` of Step whose last argument, the base, is replaced by the parameters of that base."""

    formula: Formula
    kind: type[Continuous]
    derivatives: ClassVar[dict[str, Any]] = {}

    def __call__(self, f: Any, *operands: Any) -> Any:
        count = len(self.formula.arguments) - 1
        return self.formula(f, *operands[:count], _Base(f, self.kind, operands[count:]))


def _mean_size(f: Any, logits: Any, base: Any) -> Any:
    """Mean distance of the base from its mean."""
    return f.half_logistic_mean(lambda v, _: base.icdf_logit(0 * logits + v) - base.mean(), (48, 8), (20, 6))
