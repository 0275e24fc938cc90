"""The Kullback-Leibler divergence, found by the pair of distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from bernoulli_latent._arrays import is_torch
from bernoulli_latent._evaluation import common_shape, evaluate, like_operands
from bernoulli_latent._formula import Formula

if TYPE_CHECKING:
    from bernoulli_latent._arrays import Array
    from bernoulli_latent.relaxations.base import Distribution

__all__ = ["advise", "closed_form", "evaluate_pair", "kl_divergence", "register_kl", "require", "same"]

Rule = TypeVar("Rule", bound=Callable[[Any, Any], Any])

_RULES: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}
_ADVICE: dict[tuple[type, type], str] = {}


def kl_divergence(p: Distribution, q: Distribution) -> Array:
    r"""Kullback-Leibler divergence of `q` from `p`, in nats, elementwise over their parameters.

    .. math:: \mathrm{KL}(p \| q) = \mathrm{E}_{x \sim p} \log \frac{p(x)}{q(x)}

    Parameters
    ----------
    p, q : Distribution
        Distributions whose parameters broadcast together.

    Returns
    -------
    array
        In the library and floating dtype of the parameters; for tensors differentiable by all of them.

    Raises
    ------
    NotImplementedError
        If neither a closed form nor a quadrature is known for the pair. A Monte Carlo estimate is never silent: it has
        its own name, `monte_carlo_kl_divergence`.

    Examples
    --------
    >>> from bernoulli_latent import Logistic, StepLogistic, kl_divergence
    >>> float(kl_divergence(StepLogistic(logits=2.0), Logistic(loc=0.0, scale=1.0)).round(6))
    0.327813
    """
    pair = _nearest(type(p), type(q))
    if pair in _RULES:
        return _RULES[pair](p, q)
    advice = _ADVICE.get(pair, "register a rule with `register_kl`, or estimate it with `monte_carlo_kl_divergence`")
    raise NotImplementedError(f"no closed form is known for KL({type(p).__name__} || {type(q).__name__}); {advice}")


def register_kl(p: type, q: type) -> Callable[[Rule], Rule]:
    """Decorator that makes ``rule(p, q)`` the divergence between distributions of these classes.

    Parameters
    ----------
    p, q : type
        Classes of distributions; their subclasses use the rule unless they have their own.

    Examples
    --------
    >>> from bernoulli_latent import Logistic, kl_divergence, register_kl
    >>> class Shifted(Logistic): ...
    >>> @register_kl(Shifted, Shifted)
    ... def shifted(p, q):
    ...     return abs(p.loc - q.loc)
    >>> kl_divergence(Shifted(loc=1.0, scale=1.0), Shifted(loc=3.0, scale=1.0))
    2.0
    """

    def register(rule: Rule) -> Rule:
        _RULES[p, q] = rule
        return rule

    return register


def closed_form(p: type, q: type) -> Callable[[Formula], Formula]:
    """Decorator that registers a formula of parameters of `p` and `q`, named ``p_...`` and ``q_...``."""

    def register(formula: Formula) -> Formula:
        register_kl(p, q)(lambda first, second: evaluate_pair(formula, first, second))
        return formula

    return register


def evaluate_pair(formula: Formula, p: Distribution, q: Distribution) -> Array:
    """Value of a `formula` of parameters of `p` and `q`."""
    named = {f"p_{name}": x for name, x in p.parameters.items()} | {f"q_{name}": x for name, x in q.parameters.items()}
    everything = list(named.values())
    operands = [named[name] for name in formula.arguments]
    return evaluate(formula, operands, like_operands(everything), common_shape(everything))


def advise(p: type, q: type, advice: str) -> None:
    """Say what to do about a pair without a rule."""
    _ADVICE[p, q] = advice


def same(x: Any, y: Any) -> bool:
    """Whether two parameters are one, or have equal values that can be seen."""
    if x is y:
        return True
    if is_torch(x) or is_torch(y):
        from bernoulli_latent._namespaces.torch_functions import values_visible

        if not values_visible():
            return False
    return bool((x == y) if isinstance(x == y, bool) else (x == y).all())


def require(condition: bool, p: Any, q: Any, rule: str) -> None:
    """Refuse a pair that has a closed form for equal values only."""
    if not condition:
        names = f"KL({type(p).__name__} || {type(q).__name__})"
        raise NotImplementedError(
            f"{names} has a closed form for equal values only: {rule}, as numbers or as one object "
            "where values cannot be seen; or use `monte_carlo_kl_divergence`"
        )


def _nearest(p: type, q: type) -> tuple[type, type]:
    """Nearest pair of base classes with a rule or advice; the pair itself if there is none."""
    pairs = [(first, second) for first in p.__mro__ for second in q.__mro__]
    known = [pair for pair in pairs if pair in _RULES or pair in _ADVICE]
    return min(known, key=lambda pair: p.__mro__.index(pair[0]) + q.__mro__.index(pair[1]), default=(p, q))
