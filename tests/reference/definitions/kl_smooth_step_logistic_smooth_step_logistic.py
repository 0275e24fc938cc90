"""Divergence of SmoothStepLogistic from another, by integration over the size of the divergence of the signs."""

from functools import cache, partial

import mpmath
from make_tables import definitions

DIGITS = 40
SMOOTH = definitions("smooth_step_logistic")
EQUAL = [
    *[(1.0, 0.75, -0.5), (7.0, 2.0**-7, 6.0), (15.0, 3.0, -14.0), (40.0, 1.0, 38.0), (-40.0, 1024.0, 30.0)],
    *[(40.0, 3.0, 40.0009765625), (-300.0, 0.625, 299.0), (700.0, 1.5, -700.0), (300.0, 1e6, -700.0)],
    *[(-700.0, 20.0, -20.0), (0.25, 1.0, 700.0), (20.0, 0.25, 30.0)],
]
ANY = [
    *[(2.0, 3.0, -1.0, 0.5), (10.0, 2.0, 9.0, 3.0), (15.0, 1.0, -14.0, 4.0), (40.0, 0.3125, 30.0, 30.0)],
    *[(-40.0, 100.0, 30.0, 0.015625), (40.0, 1e6, 38.0, 2.0), (-700.0, 1e4, 700.0, 0.5)],
]


def density(part, mp, y, a, s, b, t):
    p, q = SMOOTH.bits(mp, y, a, s), SMOOTH.bits(mp, y, b, t)
    gap, ratio = mp.log(p[0] / q[0]) - mp.log(p[1] / q[1]), p[0] / q[0] - p[1] / q[1]
    return (
        2
        * SMOOTH.slope(mp, y)
        * {
            "kl": lambda: sum(u * mp.log(u / v) for u, v in zip(p, q, strict=True)),
            "p_logits": lambda: gap * SMOOTH.slope(mp, a) * mp.tanh(s * y / 2),
            "p_sharpness": lambda: gap * SMOOTH.slope(mp, s * y) * y * mp.tanh(a / 2),
            "q_logits": lambda: -ratio * SMOOTH.slope(mp, b) * mp.tanh(t * y / 2),
            "q_sharpness": lambda: -ratio * SMOOTH.slope(mp, t * y) * y * mp.tanh(b / 2),
        }[part]()
    )


def cuts(corners, scales):
    """Ends of pieces around each corner, on each scale."""
    steps = [side * k * scale for k in (0, 1, 3, 8, 20, 50) for scale in scales for side in (1, -1)]
    ends = {corner + step for corner in corners for step in steps}
    return [0, *sorted(x for x in ends if 0 < x < max(corners) + 80)]


def integral(part, mp, *inputs):
    """The integral at the doubles nearest to the inputs: its condition counts as 0, and errors have to be small."""
    return at_doubles(part, *map(float, inputs))


@cache
def at_doubles(part, *inputs):
    mp, (a, s, b, t) = mpmath.mp, map(mpmath.mpf, inputs)
    with mpmath.workdps(int(35 + (0.9 * float(min(abs(a), abs(b))) if a * b > 0 else 0))):
        points = cuts([mp.mpf(0), abs(a) / s, abs(b) / t], {1 / s, 1 / t, mp.mpf(1)})
        peak = max(abs(density(part, mp, y, a, s, b, t)) for y in points)
        return peak * mp.quad(
            lambda y: density(part, mp, y, a, s, b, t) / peak, points, method="gauss-legendre", maxdegree=4
        )


def equal(*parts):
    return lambda mp, a, s, b: sum(integral(part, mp, a, s, b, s) for part in parts)


METHODS = {
    "equal": (equal("kl"), EQUAL),
    "equal by p_logits": (equal("p_logits"), EQUAL),
    "equal by p_sharpness": (equal("p_sharpness", "q_sharpness"), EQUAL[::2]),
    "equal by q_logits": (equal("q_logits"), EQUAL),
    "any": (partial(integral, "kl"), ANY),
    **{
        f"any by {part}": (partial(integral, part), ANY[1::2])
        for part in ("p_logits", "p_sharpness", "q_logits", "q_sharpness")
    },
}
