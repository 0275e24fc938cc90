"""The bottleneck in training and evaluation, alone and inside torch's machinery."""

from __future__ import annotations

import io

import pytest

from bernoulli_latent.torch import (
    BernoulliBottleneck,
    Logistic,
    LogitNormal,
    Normal,
    SpikeExponential,
    StepLogistic,
    StraightThroughSign,
    straight_through_bernoulli,
)

KINDS = {
    "tanh_sign": {},
    "straight_through": {},
    StepLogistic: {"steepness": 5.0},
    Logistic: {"scale": 1.0},
    Normal: {"scale": 0.5},
    LogitNormal: {"scale": 2.0},
}
each_kind = pytest.mark.parametrize(
    ("kind", "parameters"), KINDS.items(), ids=[k if isinstance(k, str) else k.__name__ for k in KINDS]
)


@pytest.fixture
def x(torch):
    return torch.tensor([[-3.0, -0.1, 0.0, 0.4], [2.0, -1.0, 5.0, -20.0]], requires_grad=True)


@each_kind
def test_shapes_and_gradients(torch, x, kind, parameters):
    codes, divergence = BernoulliBottleneck(kind, **parameters)(x)
    assert (codes.shape, divergence.shape) == ((2, 4), (2,))
    (2 * codes.sum() + divergence.sum()).backward()
    assert torch.isfinite(x.grad).all()
    assert (x.grad != 0).all()


@each_kind
def test_codes_of_evaluation_are_hard_and_not_random(torch, x, kind, parameters):
    bottleneck = BernoulliBottleneck(kind, **parameters).eval()
    low = -1.0 if kind == "tanh_sign" else 0.0
    assert bottleneck(x)[0].tolist() == [[low, low, 1, 1], [1, low, 1, low]]


@each_kind
def test_divergence_is_the_same_in_both_modes(torch, x, kind, parameters):
    bottleneck = BernoulliBottleneck(kind, **parameters)
    training = bottleneck(x)[1]
    assert torch.equal(training, bottleneck.eval()(x)[1])
    assert torch.equal(bottleneck(torch.zeros(3, 4))[1], torch.zeros(3))
    assert (training >= 0).all()


def test_tanh_sign_has_the_gradient_of_tanh(torch, x):
    codes, divergence = BernoulliBottleneck("tanh_sign")(x)
    (codes.sum() + divergence.sum()).backward()
    torch.testing.assert_close(x.grad, torch.cosh(x.detach()) ** -2, rtol=1e-5, atol=0)


def test_straight_through_draws_bits(torch, x):
    torch.manual_seed(0)
    expected = straight_through_bernoulli(x)
    torch.manual_seed(0)
    assert torch.equal(BernoulliBottleneck("straight_through")(x)[0], expected)


def test_divergences_of_step_logistic_and_of_bits_are_equal(torch, x):
    step, bits = (BernoulliBottleneck(kind)(x)[1] for kind in (StepLogistic, "straight_through"))
    torch.testing.assert_close(step, bits)


def test_codes_of_a_law_on_the_line_are_steep_sigmoids(torch, x):
    torch.manual_seed(0)
    expected = torch.sigmoid(3 * StepLogistic(x).rsample())
    torch.manual_seed(0)
    torch.testing.assert_close(BernoulliBottleneck(StepLogistic, steepness=3.0)(x)[0], expected)


def test_prior(torch, x):
    prior = Normal(torch.tensor([0.0, 1.0, 2.0, 3.0]), 2.0)
    bottleneck = BernoulliBottleneck(Normal, prior=prior, scale=0.5)
    expected = torch.distributions.kl_divergence(Normal(x, 0.5), prior).sum(-1)
    torch.testing.assert_close(bottleneck(x)[1], expected)
    assert {"prior_loc", "prior_scale", "scale", "steepness"} == bottleneck.state_dict().keys()


def test_state_keeps_what_was_changed_in_place(torch, x):
    first, second = (BernoulliBottleneck(Normal, scale=0.5) for _ in range(2))
    first.scale.fill_(0.25)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert float(second.scale) == 0.25
    assert torch.equal(first(x)[1], second(x)[1])


def test_representation():
    assert repr(BernoulliBottleneck()) == "BernoulliBottleneck('tanh_sign')"
    assert repr(BernoulliBottleneck(Normal, scale=0.5)) == "BernoulliBottleneck(Normal, steepness=10.0, scale=0.5)"


def test_compiler_sees_that_posterior_and_prior_share_a_buffer(torch, compiled, x):
    bottleneck = BernoulliBottleneck(SpikeExponential, sharpness=5.0)
    divergence, of_bits = compiled(bottleneck)(x)[1], BernoulliBottleneck("straight_through")(x)[1]
    torch.testing.assert_close(divergence, of_bits)


@pytest.mark.parametrize("kind", ["tanh_sign", "straight_through", StepLogistic, Normal])
def test_compile(torch, compiled, x, kind):
    parameters = KINDS[kind]
    bottleneck = BernoulliBottleneck(kind, **parameters)
    compiled = compiled(bottleneck)
    for mode in (True, False):
        results = []
        for module in (bottleneck, compiled):
            module.train(mode)
            torch.manual_seed(0)
            codes, divergence = module(x)
            results.append(
                (codes, divergence, torch.autograd.grad(codes.sum() + divergence.sum(), x)[0]) if mode else codes
            )
        torch.testing.assert_close(*results)


@each_kind
def test_half_precision(torch, x, kind, parameters):
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), BernoulliBottleneck(kind, **parameters))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        codes, divergence = model(x)
    assert (codes.dtype, divergence.dtype) == (torch.bfloat16, torch.float32)
    codes, divergence = model.double()(x.double())
    assert codes.dtype == divergence.dtype == torch.float64


def test_sign_layer(torch, x):
    signs = torch.nn.Sequential(torch.nn.Tanh(), StraightThroughSign())(x)
    assert torch.equal(signs, BernoulliBottleneck()(x)[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "sign"}, ValueError, "`kind` must be 'tanh_sign'"),
        ({"kind": int}, ValueError, "`kind` must be 'tanh_sign'"),
        ({"kind": "tanh_sign", "scale": 1.0}, TypeError, "has no law"),
        ({"kind": Normal}, TypeError, "scale"),
        ({"kind": Normal, "scale": -1.0}, ValueError, "scale"),
        ({"kind": Normal, "scale": 1.0, "steepness": 0.0}, ValueError, "`steepness` must be positive"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        BernoulliBottleneck(**arguments)
