"""What every distribution has: parameters with domains, formulas that know them, noise and support."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_type_hints

import numpy as np

from bernoulli_latent._arrays import Array, is_torch
from bernoulli_latent._evaluation import as_operand, common_shape, evaluate, evaluate_whole, like_operands
from bernoulli_latent._formula import Formula, renamed
from bernoulli_latent._random import draw_logistic
from bernoulli_latent._ready import Ready, can_be_ready
from bernoulli_latent.domains import Domain

__all__ = ["Continuous", "Discrete", "Distribution", "Univariate", "Vector", "converted", "draws_shape"]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Distribution:
    """A distribution: its parameters are annotated fields, its methods are formulas.

    Parameters are numbers, NumPy arrays or torch tensors that broadcast together. Values and parameters must be of
    one library; the result has their floating dtype, and Python numbers adapt to it.

    Raises
    ------
    ValueError
        If a parameter is outside its domain: the message names it, the rule, the first offending value and its index.
    TypeError
        If a parameter is missing, unknown or not real, or parameters do not broadcast.
    """

    domains: ClassVar[dict[str, Domain]] = {}

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        cls.domains = {
            name: domain
            for name, hint in hints.items()
            for domain in getattr(hint, "__metadata__", ())
            if isinstance(domain, Domain)
        }

    def __init__(self, **parameters: Any) -> None:
        if parameters.keys() != self.domains.keys():
            raise TypeError(
                f"{type(self).__name__} takes the parameters {tuple(self.domains)}, by keyword; got {tuple(parameters)}"
            )
        operands = {name: as_operand(parameters[name], name) for name in self.domains}
        _check(self.domains, operands)
        self.__dict__.update(operands)
        self.__dict__["shape"] = _batch_shape(self.domains, operands)

    shape: ClassVar[tuple[int, ...]]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; make another with the new `{name}`")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; `{name}` stays")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.parameters.items())})"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name: Python floats, NumPy arrays or torch tensors."""
        return {name: self.__dict__[name] for name in self.domains}

    def __getstate__(self) -> dict[str, Any]:
        """What other processes need: not the formulas that are ready."""
        return {name: x for name, x in self.__dict__.items() if name != "_ready"}

    def _served(self, formula: Formula) -> tuple[Formula, Sequence[str], Sequence[Any]]:
        """The formula to use in place of `formula`, the names of its variables, and its parameters."""
        own = [name for name in formula.arguments if name in self.domains]
        return formula, formula.arguments[: -len(own) or None], [self.__dict__[name] for name in own]

    def _at_once(self, formula: Formula, variables: tuple[Any, ...], out: Array | None) -> Array | None:
        """Value of `formula` if `variables` can be used as they are."""
        if not (variables and can_be_ready(variables[0])):
            return None
        try:
            ready = self.__dict__["_ready"][formula]
        except KeyError:
            served, names, own = self._served(formula)
            ready = Ready(served, len(names), own, [*self.parameters.values()])
            self.__dict__.setdefault("_ready", {})[formula] = ready
        return ready(variables, out)

    def _operands(self, formula: Formula, variables: tuple[Any, ...]) -> tuple[Formula, list[Any], list[Any]]:
        """The formula to use, what it takes, and everything that its result broadcasts with."""
        served, names, own = self._served(formula)
        if len(names) != len(variables):
            raise TypeError(f"`{formula.__name__}` takes {len(names)} values {tuple(names)}; got {len(variables)}")
        values = list(map(as_operand, variables, names))
        return served, [*values, *own], [*values, *self.parameters.values()]

    def _evaluate(self, formula: Formula, variables: tuple[Any, ...], out: Array | None = None) -> Array:
        """Value of `formula`, elementwise over the variables and all parameters."""
        served, operands, everything = self._operands(formula, variables)
        return evaluate(served, operands, like_operands(everything), common_shape(everything), out)


_DOCS = {
    "pdf": "Density at `x`.",
    "logpdf": "Logarithm of the density at `x`.",
    "cdf": "Probability of a value of at most `x`.",
    "logcdf": "Logarithm of the probability of a value of at most `x`.",
    "ccdf": "Probability of a value above `x`.",
    "logccdf": "Logarithm of the probability of a value above `x`.",
    "icdf": "Value that is not exceeded with probability `u`.",
    "iccdf": "Value that is exceeded with probability `q`.",
    "icdf_logit": "Value that is not exceeded with the probability whose logit is `t`.",
    "mean": "Mean.",
    "variance": "Variance.",
    "entropy": "Entropy in nats.",
}

_OUTSIDE = {
    "pdf": (0.0, 0.0),
    "logpdf": (-math.inf, -math.inf),
    "cdf": (0.0, 1.0),
    "logcdf": (-math.inf, 0.0),
    "ccdf": (1.0, 0.0),
    "logccdf": (0.0, -math.inf),
}
"""Values of the methods below and above the support."""


class Univariate(Distribution):
    """A distribution of one real variable, elementwise over values and parameters.

    Methods
    -------
    pdf(x), logpdf(x), cdf(x), logcdf(x), ccdf(x), logccdf(x)
        Density, distribution function, its complement, and their logarithms. Outside the support the density is 0
        and the distribution function 0 or 1; NaN gives NaN.
    icdf(u), iccdf(q), icdf_logit(t)
        Quantiles: where the distribution function is `u`, its complement is `q`, or its logit is `t`. Probabilities
        outside [0, 1] give NaN.
    mean(), variance(), entropy()
        Of each element; the entropy in nats.

    Notes
    -----
    Each method takes ``out=`` for NumPy arrays. With tensors, derivatives are those that the formulas declare.

    Most methods of float32 and float64 work in the precision of their arguments, by programs that are interpreted for
    the first few thousand elements and compiled then, which takes a tenth of a second when it is done first, and half
    of one more for the first in a process, which loads Numba. No value depends on how many there are, nor on what ran
    before. From 2^18 elements on, as many threads share the work as the environment variable
    ``BERNOULLI_LATENT_THREADS`` says, one by default.
    """

    support: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.support != Univariate.support:
            cls._guarded = {name: _guard(getattr(cls, name), cls.support) for name in _OUTSIDE if hasattr(cls, name)}
        if "icdf_logit" in cls.__dict__:
            _define(cls, "icdf", cls.icdf_logit, lambda f, u: f.logit(u))
            _define(cls, "iccdf", cls.icdf_logit, lambda f, q: -f.logit(q))
        for name in _DOCS.keys() & cls.__dict__.keys():
            getattr(cls, name).__doc__ = getattr(cls, name).__doc__ or _DOCS[name]

    _guarded: ClassVar[dict[str, Formula]] = {}

    if TYPE_CHECKING:
        pdf: ClassVar[Formula]
        logpdf: ClassVar[Formula]
        cdf: ClassVar[Formula]
        logcdf: ClassVar[Formula]
        ccdf: ClassVar[Formula]
        logccdf: ClassVar[Formula]
        icdf: ClassVar[Formula]
        iccdf: ClassVar[Formula]
        icdf_logit: ClassVar[Formula]
        mean: ClassVar[Formula]
        variance: ClassVar[Formula]
        entropy: ClassVar[Formula]

    def sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> Array:
        """Draw from the distribution; with tensors, the draw can be differentiated by the parameters.

        Parameters
        ----------
        shape : int or tuple of int
            Shape of independent draws, in front of the shape of the parameters.
        rng : None, int, numpy.random.Generator or torch.Generator
            Source of randomness. The same seed gives the same first rows, however many are drawn.

        Returns
        -------
        array, shape ``(*shape, *self.shape)``
            In the library, dtype and device of the parameters.
        """
        like, size = like_operands([*self.parameters.values()]), self._size(shape)
        served, operands, _ = self._operands(self.icdf_logit.formula, (draw_logistic(size, like, rng),))
        return evaluate(served, operands, like, size)

    def sample_from(self, noise: Array, kind: str = "uniform") -> Array:
        """Draw that belongs to given `noise`.

        Parameters
        ----------
        noise : array
            Noise that broadcasts with the parameters.
        kind : {"uniform", "complement", "logit"}
            Whether `noise` is `u` uniform on (0, 1), ``1 - u``, or ``logit(u)``, the standard logistic variable.
        """
        methods = {"uniform": "icdf", "complement": "iccdf", "logit": "icdf_logit"}
        if kind not in methods:
            raise ValueError(f"`kind` must be one of {tuple(methods)}; got {kind!r}")
        result: Array = getattr(self, methods[kind])(noise)
        return result

    def _size(self, shape: int | tuple[int, ...]) -> tuple[int, ...]:
        return (*draws_shape(shape), *self.shape)

    def _served(self, formula: Formula) -> tuple[Formula, Sequence[str], Sequence[Any]]:
        return super()._served(self._guarded.get(formula.__name__, formula))


class Continuous(Univariate):
    """A distribution with a density, apart from atoms at the ends of its support."""

    density_jumps: ClassVar[bool] = False
    """Whether the density jumps or has atoms: then pathwise derivatives of its logarithm are biased."""
    symmetric: ClassVar[bool] = False
    """Whether the distribution is its own mirror image about the mean."""

    if TYPE_CHECKING:
        cdf_logit: ClassVar[Formula]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "logcdf" in cls.__dict__ and "cdf_logit" not in cls.__dict__:
            cls.cdf_logit = _log_odds(cls.logcdf, cls.logccdf)


class Discrete(Univariate):
    """A distribution on isolated values, where the density by counting measure is the probability mass.

    Methods
    -------
    pmf(x), logpmf(x)
        Probability of the value `x` and its logarithm, also named `pdf` and `logpdf`.
    """

    if TYPE_CHECKING:
        pmf: ClassVar[Formula]
        logpmf: ClassVar[Formula]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.pmf, cls.logpmf = cls.pdf, cls.logpdf


class Vector(Distribution):
    """A distribution of vectors along the last axis of its values.

    Its vector parameters have that axis too; `shape` is that of all parameters broadcast together, without it.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        for name in [name for name, domain in self.domains.items() if domain.axes]:
            size = tuple(getattr(self.__dict__[name], "shape", ()))[-1:]
            if size < (2,):
                raise ValueError(f"`{name}` must have at least 2 entries along its last axis; got {size or 'a number'}")
            self.__dict__[name] = _spread(self.__dict__[name], (*self.shape, *size))

    def _size(self, shape: int | tuple[int, ...]) -> tuple[int, ...]:
        """Shape of independent draws, in front of the shape of a value."""
        vector = next(self.__dict__[name] for name, domain in self.domains.items() if domain.axes)
        return (*draws_shape(shape), *vector.shape)

    def _evaluate(self, formula: Formula, variables: tuple[Any, ...], out: Array | None = None) -> Array:
        if out is not None:
            raise TypeError(f"`out` is for elementwise distributions; {type(self).__name__} is one of vectors")
        served, operands, everything = self._operands(formula, variables)
        return evaluate_whole(served, operands, like_operands(everything))

    def _at_once(self, formula: Formula, variables: tuple[Any, ...], out: Array | None) -> None:
        """No program is for values that depend on their neighbours."""


def _guard(formula: Formula, support: tuple[float, float]) -> Formula:
    """`formula` within the support, and what `_OUTSIDE` says elsewhere."""
    low, high = support
    below, above = _OUTSIDE[formula.__name__]
    harmless = (low + high) / 2 if math.isfinite(low + high) else 1.0

    def guarded(f: Any, x: Any, *parameters: Any) -> Any:
        under, over = x < low, (x > high) | (x == math.inf)
        inside = formula(f, f.where(under | over, harmless, x), *parameters)
        return f.where(under, below, f.where(over, above, inside))

    return renamed(guarded, formula.__name__, formula.arguments)


def draws_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    """`shape` of independent draws as a tuple."""
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(shape)


def _batch_shape(domains: dict[str, Domain], operands: dict[str, Any]) -> tuple[int, ...]:
    """Shape of `operands` broadcast together, without the axes that belong to one value of a parameter."""
    shapes = {name: tuple(getattr(x, "shape", ())) for name, x in operands.items()}
    return np.broadcast_shapes(*(shape[: max(0, len(shape) - domains[name].axes)] for name, shape in shapes.items()))


def _spread(x: Array, shape: tuple[int, ...]) -> Array:
    """`x` broadcast to `shape`, without a copy."""
    return x.expand(shape) if is_torch(x) else np.broadcast_to(x, shape)


def _define(cls: type, name: str, quantile: Formula, noise: Any) -> None:
    """Give `cls` the quantile function of another kind of noise, unless it has its own."""

    def composed(f: Any, u: Any, *parameters: Any) -> Any:
        return quantile(f, noise(f, u), *parameters)

    if name not in cls.__dict__:
        setattr(cls, name, renamed(composed, name, ("u", *quantile.arguments[1:])))


def _log_odds(below: Formula, above: Formula) -> Formula:
    """Logit of the distribution function; a law with a form that is accurate near the median has its own."""

    def odds(f: Any, x: Any, *parameters: Any) -> Any:
        return below(f, x, *parameters) - above(f, x, *parameters)

    return renamed(odds, "cdf_logit", below.arguments)


def converted(formula: Formula, x: Any, name: str, domain: Domain) -> Array:
    """A parameter from what was given in its place: `formula` of `x`, called `name`, in its `domain`."""
    operand = as_operand(x, name)
    _check({name: domain}, {name: operand})
    return evaluate(formula, [operand], like_operands([operand]), common_shape([operand]))


def _check(domains: dict[str, Domain], operands: dict[str, Any]) -> None:
    """Refuse operands outside their domains, where values can be looked at."""
    if _visible(operands.values()):
        for name, domain in domains.items():
            domain.check(operands[name], name)


def _visible(operands: Any) -> bool:
    """Whether values can be looked at: not while torch compiles or transforms, nor of tensors without data."""
    tensors = [x for x in operands if is_torch(x)]
    if not tensors or any(x.is_meta for x in tensors):
        return not tensors
    from bernoulli_latent._namespaces.torch_functions import values_visible

    return values_visible()
