"""Concrete: shares that sum to 1, two categories as one bit, and noise kept in the corners."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bernoulli_latent import BinaryConcrete, Concrete

numbers = st.floats(-30, 30)
temperatures = st.floats(0.05, 20)


@given(numbers, numbers, temperatures, st.floats(-50, 50))
def test_two_categories_are_a_binary_concrete_variable(a, b, s, y):
    pair, bit = Concrete(logits=[a, b], temperature=s), BinaryConcrete(logits=a - b, temperature=s)
    log_x = -np.logaddexp(0, [-y, y])
    scale = 1 + s * abs(y) + abs(a) + abs(b)
    assert pair.logpdf(log_x) == pytest.approx(bit.logit_law().logpdf(y), abs=1e-14 * scale)
    assert pair.logpdf_on_simplex(log_x) == pytest.approx(bit.logpdf_at_logit(y), abs=1e-14 * scale)
    assert pair.probabilities()[0] == pytest.approx(1 / (1 + math.exp(b - a)), rel=1e-14 * scale)


@given(numbers, numbers, temperatures, st.floats(-3, 50), st.floats(-3, 50))
def test_samples_of_two_categories_share_the_noise_of_a_bit(a, b, s, first, second):
    log_x = Concrete(logits=[a, b], temperature=s).sample_from(np.array([first, second]), kind="gumbel")
    y = BinaryConcrete(logits=a - b, temperature=s).logit_law().icdf_logit(first - second)
    scale = (1 + abs(a) + abs(b) + first + second + 6) / s
    np.testing.assert_allclose(log_x, -np.logaddexp(0, [-y, y]), rtol=1e-13 * scale, atol=1e-300)


@given(st.lists(st.floats(1e-3, 0.999), min_size=2, max_size=6), temperatures)
def test_shares_sum_to_one_and_keep_the_order_of_the_noise(u, s):
    log_x = Concrete(logits=np.zeros(len(u)), temperature=s).sample_from(np.array(u))
    assert np.exp(log_x).sum() == pytest.approx(1, abs=1e-14)
    assert (np.diff(log_x[np.argsort(u, kind="stable")]) >= 0).all()


def test_density_is_that_of_the_paper(torch):
    """Equation 10, with gamma functions and powers as it stands."""
    a, s = np.array([0.3, -1.0, 0.8, 0.1]), 0.7
    x = np.array([0.1, 0.2, 0.3, 0.4])
    weights = np.exp(a) * x**-s
    wanted = math.factorial(3) * s**3 * np.prod(weights / x) / weights.sum() ** 4
    law = Concrete(logits=torch.tensor(a), temperature=s)
    assert law.logpdf_on_simplex(torch.tensor(np.log(x))).item() == pytest.approx(math.log(wanted), rel=1e-14)


def test_density_of_three_categories_has_the_integral_one():
    law = Concrete(logits=[0.5, -1.0, 0.2], temperature=0.8)
    u = np.linspace(-60, 60, 601)
    ratios = np.stack([*np.meshgrid(u, u), np.zeros((601, 601))], axis=-1)
    log_x = ratios - np.logaddexp.reduce(ratios, axis=-1, keepdims=True)
    assert np.exp(law.logpdf(log_x)).sum() * 0.2**2 == pytest.approx(1, abs=1e-10)


def test_sampling_follows_the_law():
    """Chi-square of the largest share, and Kolmogorov-Smirnov of a log-ratio; false-alarm rate 1e-6."""
    law = Concrete(logits=np.array([[0.0, 1.0, -1.0], [2.0, 2.0, 0.0]]), temperature=np.array([0.3, 2.0]))
    log_x = law.sample(100_000, rng=0)
    for k, shares in enumerate(law.probabilities()):
        counts = np.bincount(log_x[:, k].argmax(-1), minlength=3)
        assert stats.chisquare(counts, shares * counts.sum()).pvalue > 2.5e-7
        bit = BinaryConcrete(logits=law.logits[k, 0] - law.logits[k, 1], temperature=law.temperature[k])
        ratio = log_x[:, k, 0] - log_x[:, k, 1]
        assert stats.kstest(ratio, lambda y, bit=bit: bit.logit_law().cdf(y)).pvalue > 2.5e-7


def test_uniform_and_gumbel_noise_agree(to_library):
    u = to_library(np.random.default_rng(0).random((5, 2, 3)))
    law = Concrete(logits=to_library(np.zeros((2, 3))), temperature=0.5)
    gumbel = to_library(-np.log(-np.log(np.asarray(u))))
    both = [law.sample_from(u), law.sample_from(gumbel, kind="gumbel")]
    np.testing.assert_allclose(*map(np.asarray, both), rtol=1e-14)
    with pytest.raises(ValueError, match="`kind` must be one of"):
        law.sample_from(u, kind="logit")


def test_shapes_dtypes_and_seeds(to_library):
    law = Concrete(logits=to_library(np.zeros((4, 1, 3), np.float32)), temperature=to_library(np.ones(2, np.float32)))
    assert law.shape == (4, 2)
    few, many = law.sample(2, rng=5), law.sample((7,), rng=5)
    assert tuple(many.shape) == (7, 4, 2, 3)
    assert bool((few == many[:2]).all())
    assert few.dtype == law.logits.dtype
    assert tuple(law.logpdf(many).shape) == (7, 4, 2)
    assert tuple(law.probabilities().shape) == (4, 2, 3)
    assert tuple(law.argmax().shape) == (4, 2)
    with pytest.raises(TypeError, match="`out` is for elementwise"):
        law.logpdf(many, out=np.empty((7, 4, 2)))


def test_argmax_is_the_most_probable_category():
    law = Concrete(logits=[[0.0, 3.0, 1.0], [5.0, 5.0, 1.0]], temperature=1.0)
    assert law.argmax().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (0.0, "`logits` must have at least 2 entries"),
        ([1.0], "`logits` must have at least 2 entries"),
        ([0.0, math.inf], r"`logits` must be finite; got inf at index \(1,\)"),
        ([[0.0, math.nan]], "`logits` must be finite; got nan"),
    ],
)
def test_logits_outside(logits, message):
    with pytest.raises(ValueError, match=message):
        Concrete(logits=logits, temperature=1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_are_finite(torch, dtype):
    dtype = getattr(torch, dtype)
    a = torch.tensor([[0.0, 0.0, 0.0], [1e4, -1e4, 0.0], [5.0, 5.0, -100.0]], dtype=dtype)[:, None].requires_grad_()
    s = torch.tensor([1e-3, 0.5, 1.0, 1e3], dtype=dtype, requires_grad=True)
    law = Concrete(logits=a, temperature=s)
    log_x = law.sample(50, rng=0)
    assert torch.allclose(log_x.exp().sum(-1), torch.ones((), dtype=dtype), atol=1e-6)
    for value in (log_x, law.logpdf(log_x), law.logpdf_on_simplex(log_x), law.probabilities()):
        assert torch.isfinite(value).all()
        for gradient in torch.autograd.grad(value.sum(), (a, s), retain_graph=True, allow_unused=True):
            assert gradient is None or torch.isfinite(gradient).all()


def test_the_largest_share_keeps_its_digits(torch):
    law = Concrete(logits=torch.tensor([0.0, -60.0, -61.0]), temperature=1.0)
    log_x = law.sample_from(torch.zeros(3), kind="gumbel")
    assert log_x[0].item() == pytest.approx(-math.exp(-60) - math.exp(-61), rel=1e-6)


def test_derivatives_in_torch(torch):
    a = torch.tensor([[0.3, -1.0, 0.8], [2.0, 2.0, 2.0]], dtype=torch.float64, requires_grad=True)
    s = torch.tensor([0.4, 1.7], dtype=torch.float64, requires_grad=True)
    u = torch.tensor([[0.2, 0.5, 0.9], [0.3, 0.3, 0.4]], dtype=torch.float64, requires_grad=True)

    def draw(u, a, s):
        return Concrete(logits=a, temperature=s).sample_from(u)

    def density(log_x, a, s):
        return Concrete(logits=a, temperature=s).logpdf(log_x)

    log_x = draw(u, a, s).detach().requires_grad_()
    for function, point in ((draw, u), (density, log_x)):
        assert torch.autograd.gradcheck(function, (point, a, s))
        assert torch.autograd.gradgradcheck(function, (point, a, s))


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_transforms_and_compilation(torch):
    a, s = torch.tensor([[0.3, -1.0, 0.8], [2.0, 0.0, 2.0]]), torch.tensor([0.4, 1.7])
    g = torch.tensor([[0.1, 2.0, -1.0], [0.5, 0.5, 0.0]])

    def loss(a, s, g):
        law = Concrete(logits=a, temperature=s)
        log_x = law.sample_from(g, kind="gumbel")
        return law.logpdf(log_x) + log_x[..., 0]

    plain = loss(a, s, g)
    torch.testing.assert_close(torch.vmap(loss)(a, s, g), plain)
    leaf = a.clone().requires_grad_()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")(leaf, s, g)
    torch.testing.assert_close(compiled.detach(), plain)
    compiled.sum().backward()
    torch.testing.assert_close(leaf.grad, torch.func.grad(lambda a: loss(a, s, g).sum())(a))
