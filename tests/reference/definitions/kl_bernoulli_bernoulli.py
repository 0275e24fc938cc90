"""Divergence between bits, from its definition; that of StepLogistic laws is the same."""

from itertools import product

LOGITS = [0.0, 2.0**-20, -0.25, 1.0, -2.5, 8.0, -17.0, 36.75, -80.0, 700.0, -1e4]
SHIFTS = [2.0**-30, -(2.0**-10), 0.125, -0.75, 0.96875, -1.0625, 3.0, -20.0, 300.0]
PAIRS = [(a, a + d) for a, d in product(LOGITS, SHIFTS)] + list(product(LOGITS, LOGITS[::2]))


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def divergence(mp, a, b):
    p, q = sigmoid(mp, a), sigmoid(mp, b)
    return p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))


def by_first(mp, a, b):
    return sigmoid(mp, a) * sigmoid(mp, -a) * (a - b)


def by_second(mp, a, b):
    return sigmoid(mp, b) - sigmoid(mp, a)


METHODS = {
    "kl": (divergence, PAIRS),
    "kl by p_logits": (by_first, PAIRS),
    "kl by q_logits": (by_second, PAIRS),
}
