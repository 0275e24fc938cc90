"""Bernoulli, from its probabilities."""

from itertools import product

LOGITS = [0.0, 1e-8, -0.001, 0.25, -0.5, 1.0, -2.0, 3.5, -8.0, 16.75, -17.0, 36.75, -37.0, 87.5, -88.0, 300.0, -700.0]
LOGITS += [1e4, -1e4]


def sigmoid(mp, x):
    return 1 / (1 + mp.exp(-x))


def pdf(mp, x, a):
    return sigmoid(mp, a) if x == 1 else sigmoid(mp, -a)


def cdf(mp, x, a):
    return sigmoid(mp, -a) if x < 1 else mp.mpf(1)


def ccdf(mp, x, a):
    return sigmoid(mp, a) if x < 1 else mp.mpf(0)


def entropy(mp, a):
    p, q = sigmoid(mp, a), sigmoid(mp, -a)
    return -p * mp.log(p) - q * mp.log(q)


ALONE = [(a,) for a in LOGITS]
BITS = list(product([0.0, 1.0], LOGITS))
INSIDE = list(product([0.0, 0.5], LOGITS))
METHODS = {
    "pdf": (pdf, BITS),
    "logpmf": (lambda mp, x, a: mp.log(pdf(mp, x, a)), BITS),
    "cdf": (cdf, BITS),
    "logcdf": (lambda mp, x, a: mp.log(cdf(mp, x, a)), INSIDE),
    "ccdf": (ccdf, BITS),
    "logccdf": (lambda mp, x, a: mp.log(ccdf(mp, x, a)), INSIDE),
    "icdf_logit": (lambda mp, t, a: mp.mpf(t + a >= 0), [(t, a) for t, a in product([-8.0, 0.25, 2.0], LOGITS)]),
    "mean": (sigmoid, ALONE),
    "variance": (lambda mp, a: sigmoid(mp, a) * sigmoid(mp, -a), ALONE),
    "entropy": (entropy, ALONE),
}
