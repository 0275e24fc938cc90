"""Distribution function, quantile and its derivative of the standard gamma law, accurate in both tails.

Every formula takes `x` and its logarithm, because `x` itself underflows where the concentration is small. Below
``concentration + 1/2`` all follow from the lower tail, above it from the upper tail, and no terms of either cancel.
"""

from __future__ import annotations

from typing import Any

from bernoulli_latent._formula import formula

__all__ = ["gamma_quantile", "log_gamma_draw", "log_gamma_tail", "log_quantile_path", "log_quantile_slope"]


def _branch(f: Any, x: Any, concentration: Any) -> tuple[Any, Any, Any]:
    """Whether `x` is in the lower part, and there the count and side of the integral over the tail."""
    below = x < concentration + 0.5
    return below, f.where(below, concentration + 1, concentration), f.where(below, -1.0, 1.0)


@formula
def log_gamma_tail(f, x, log_x, concentration):
    """Logarithm of the lower tail below ``concentration + 1/2``, and above it of the upper tail."""
    return _tail_and_excess(f, x, log_x, concentration, f.stirling_rest(concentration))[0]


@log_gamma_tail.differentiate("x")
def _(f, value, x, log_x, concentration):
    return _hazard_at(f, x, log_x, concentration) / x


@log_gamma_tail.differentiate("log_x")
def _(f, value, x, log_x, concentration):
    return 0 * value


@log_gamma_tail.differentiate("concentration")
def _(f, value, x, log_x, concentration):
    return -_hazard_at(f, x, log_x, concentration) * log_gamma_path(f, x, log_x, concentration)


def _tail_and_excess(f: Any, x: Any, log_x: Any, concentration: Any, rest: Any) -> tuple[Any, Any]:
    """Logarithm of the tail, and what it exceeds that of the Poisson mass by; `rest` is Stirling's."""
    below, count, side = _branch(f, x, concentration)
    small = below & (concentration < 1)
    few, near = f.where(small, concentration, 0.5), f.where(small, x, 0.25)
    integral = f.tail_integral(lambda v: 1.0, x, count, side)
    factor = f.where(below, f.log1p(f.where(below, x, 1.0) * integral), f.log(concentration * integral))
    mass = f.log_poisson_ratio(concentration, x, log_x) - rest
    # Where both tails matter: 1 - exp(-x) (1 + x integral) by an integral of its own.
    rate = 1 / (1 + few)
    lost = rate * f.exponential_mean(
        lambda w: -f.expm1(-near * f.exp(-rate * w)) * f.exp(rate * w), double=(24, 6), single=(10, 6), like=near * few
    )
    light = few * log_x - rest + f.log1p(-few * lost)
    return f.where(small, light, mass + factor), f.where(small, light - mass, factor)


def _hazard(f: Any, excess: Any, x: Any, concentration: Any) -> Any:
    """Derivative of the logarithm of the tail by the logarithm of `x`."""
    density = f.exp(f.log(concentration) - excess)
    return f.where(x < concentration + 0.5, density, -density)


def _hazard_at(f: Any, x: Any, log_x: Any, concentration: Any) -> Any:
    excess = _tail_and_excess(f, x, log_x, concentration, f.stirling_rest(concentration))[1]
    return _hazard(f, excess, x, concentration)


@formula
def log_gamma_path(f, x, log_x, concentration):
    """Derivative of the logarithm of the quantile by the concentration where it is `x`: of terms of one sign."""
    below, count, side = _branch(f, x, concentration)
    seen = x > 0.25
    ratio = f.where(seen, f.log_ratio(f.where(seen, x, 0.25), count), log_x - f.log(count))
    gap = -ratio - f.digamma_gap(count)
    integral = f.tail_integral(lambda v: v - side * gap, x, count, side)
    return f.where(below, (gap + x * integral) / concentration, integral)


@formula
def log_gamma_draw(f, log_draw, concentration):
    """A draw given by its logarithm, as the quantile of a fixed probability: that is how its derivative is meant."""
    return log_draw + 0 * concentration


@log_gamma_draw.differentiate("log_draw")
def _(f, value, log_draw, concentration):
    return 1 + 0 * value


@log_gamma_draw.differentiate("concentration")
def _(f, value, log_draw, concentration):
    return log_gamma_path(f, f.exp(value), value, concentration)


@formula
def gamma_quantile(f, t, concentration):
    """Quantile at the probability with the logit `t`, by three of Halley's steps."""
    rest, finite = f.stirling_rest(concentration), f.abs(t) < f.infinity
    inner = f.where(finite, t, 0.0)
    guess = _first_guess(f, inner, concentration, rest)
    better = guess + _halley_step(f, inner, guess, concentration, rest)
    near = better + _halley_step(f, inner, better, concentration, rest)
    return f.where(finite, f.exp(near) * f.exp(_halley_step(f, inner, near, concentration, rest)), f.exp(t))


@gamma_quantile.differentiate("t")
def _(f, value, t, concentration):
    return value * log_quantile_slope(f, value, t, concentration)


@gamma_quantile.differentiate("concentration")
def _(f, value, t, concentration):
    return value * log_quantile_path(f, value, concentration)


@formula
def log_quantile_slope(f, x, t, concentration):
    """Derivative of the logarithm of the quantile by `t` where the quantile is `x`, which may underflow."""
    inner = f.maximum(x, f.tiny * f.epsilon)
    mass = f.log_poisson_mass(concentration, inner, f.log(inner))
    return f.exp(f.log_sigmoid_slope(t) - mass) / concentration


@formula
def log_quantile_path(f, x, concentration):
    """Derivative of the logarithm of the quantile by the concentration where the quantile is `x`."""
    inner = f.maximum(x, f.tiny * f.epsilon)
    return log_gamma_path(f, inner, f.log(inner), concentration)


def _first_guess(f: Any, t: Any, concentration: Any, rest: Any) -> Any:
    """The first term of the series below, the cube of a normal quantile between, the asymptotic form above.

    The series is never too large. The cube is due to Wilson and Hilferty (1931).
    """
    log_gamma1p = rest + f.where(concentration < 1, 0.0, concentration * f.log(concentration) - concentration)
    series = (f.log_sigmoid(t) + log_gamma1p) / concentration
    root = 1 - 1 / (9 * concentration) + f.ndtri_logit(t) / (3 * f.sqrt(concentration))
    cube = f.log(concentration) + 3 * f.log(f.maximum(root, 0.01))
    middle = f.where(root > 0.1, f.maximum(series, cube), series)
    depth = f.log(concentration) - log_gamma1p - f.log_sigmoid(-t)
    above = depth > 1 + 5 * concentration
    depth = f.where(above, depth, 1.0)
    return f.where(above, f.log(depth + (concentration - 1) * f.log(depth)), middle)


def _halley_step(f: Any, t: Any, log_x: Any, concentration: Any, rest: Any) -> Any:
    """Step towards the logarithm of the quantile: Halley's, for the quantile itself in the upper part."""
    x = f.exp(log_x)
    below = x < concentration + 0.5
    tail, excess = _tail_and_excess(f, x, log_x, concentration, rest)
    hazard = _hazard(f, excess, x, concentration)
    newton = (f.log_sigmoid(f.where(below, t, -t)) - tail) / hazard
    bend = concentration - x - hazard - f.where(below, 0.0, 1.0)
    step = newton / f.maximum(1 + newton * bend / 2, 0.5)
    return f.where(below, step, f.log1p(f.maximum(f.where(below, 0.0, step), -0.5)))
