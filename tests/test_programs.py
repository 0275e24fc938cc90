"""Which arrays and tensors go by programs, with the same values and derivatives as without."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

from bernoulli_latent import (
    BinaryConcrete,
    InverseGamma,
    Logistic,
    Normal,
    NormalGamma,
    OverlappingExponential,
    PowerFunction,
    StepLogistic,
    _programs,
    kl_divergence,
)
from bernoulli_latent._formula import Formula
from bernoulli_latent._kernels import elementwise
from bernoulli_latent._kernels._jit import kernel
from bernoulli_latent._namespaces.functions import Functions
from bernoulli_latent._namespaces.trace import program_of

N = 3000
FLOATS = ["float32", "float64"]
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


def numbers(dtype, *shape, seed=0):
    return (3 * np.random.default_rng(seed).standard_normal(shape or N)).astype(dtype)


@pytest.fixture(autouse=True)
def compiled_at_once(monkeypatch):
    monkeypatch.setattr(_programs, "PATIENCE", 0)


# --- what has a program ---


def test_operations_are_written_once():
    twice = Formula(lambda f, x: f.exp(x) * f.exp(x) + f.sigmoid(-x) * f.sigmoid(x))
    once = Formula(lambda f, x: f.exp(x))
    lines = program_of(twice, np.float32, (None,)).splitlines()
    assert len(lines) == len(set(lines))
    assert len(lines) < 3 * len(program_of(once, np.float32, (None,)).splitlines())


def test_what_is_not_needed_is_left_out():
    unused = Formula(lambda f, x, y: (f.log(y), x * 2)[1])
    assert program_of(unused, np.float64, (None, None)).splitlines() == [
        "argument 0",
        "constant 0x1.0000000000000p+1",
        "multiply 0 1",
    ]


@pytest.mark.parametrize(
    "formula",
    [
        Normal.cdf,
        BinaryConcrete.mean,
        Functions.log_softmax,
        Formula(lambda f, x: x if x > 0 else -x),
        Formula(lambda f, x: x**0.3),
        Formula(lambda f, x: f.logit(sum(f.exp(k * x) for k in range(200)))),
    ],
)
def test_other_formulas_have_none(formula):
    assert program_of(formula, np.float64, (None,) * len(formula.arguments)) is None


def test_a_number_with_a_sign_stays_an_argument():
    reciprocal = Formula(lambda f, x, y: x / y)
    for zero, wanted in ((0.0, np.inf), (-0.0, -np.inf)):
        out = np.empty(N)
        assert _programs.fill(reciprocal, [np.ones(N), zero], out)
        assert (out == wanted).all()


# --- arrays ---


@each_dtype
def test_values_do_not_depend_on_their_number_nor_on_what_ran_before(dtype, monkeypatch):
    law, x = BinaryConcrete(logits=0.3, temperature=0.7), np.random.default_rng(0).random(N).astype(dtype)
    wanted = law.logpdf(x)
    monkeypatch.setattr(_programs, "PATIENCE", N)
    _programs.runner.cache_clear()
    for n in (1, 2, 300, 1, N, 1, 5):
        assert np.array_equal(law.logpdf(x[:n]), wanted[:n])
    assert law.logpdf(x[0]) == wanted[0]


@each_dtype
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (0,)])
def test_arguments_that_fit_take_the_short_way_to_the_same_values(dtype, shape):
    values, logits = numbers(dtype, *shape, 2)[..., 0], numbers(dtype, *shape, 2, seed=1)[..., 1].copy()
    for law in (StepLogistic(logits=logits), StepLogistic(logits=0.5)):
        wanted = law.cdf(values)
        x, out = values.copy(), np.empty(shape, dtype)
        for got in (law.cdf(x), law.cdf(x, out=out), out, law.cdf(x, out=x)):
            assert np.array_equal(got, wanted)
            assert got.dtype == dtype
            assert got.shape == shape


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_numbers_are_computed_as_arrays_are(kind):
    law = Logistic(loc=0.5, scale=2.0)
    result = law.cdf(kind(0.3))
    assert type(result) is (np.float32 if kind is np.float32 else np.float64)
    assert result == law.cdf(np.array([0.3], result.dtype))[0]
    assert StepLogistic(logits=np.array([1.0])).cdf(kind(0.3)).shape == (1,)
    with pytest.raises(ValueError, match="`out` must be"):
        law.cdf(kind(0.3), out=0.0)


def test_parameters_are_looked_at_in_every_call():
    logits, x = numbers("float64"), numbers("float64", seed=1)
    law = StepLogistic(logits=logits)
    law.cdf(x)
    logits += 1
    assert np.array_equal(law.cdf(x), StepLogistic(logits=logits).cdf(x))


def test_wrong_numbers_of_values_are_refused():
    law = StepLogistic(logits=0.5)
    law.cdf(np.ones(3))
    with pytest.raises(TypeError, match=r"`cdf` takes 1 values \('z',\); got 2"):
        law.cdf(np.ones(3), np.ones(3))


@pytest.mark.needs_jit
@each_dtype
def test_programs_agree_with_numpy(dtype, without_programs):
    law, x = StepLogistic(logits=numbers(dtype, seed=1)), numbers(dtype)
    names = ("pdf", "logpdf", "cdf", "logcdf", "ccdf", "logccdf", "icdf_logit")
    got = [getattr(law, name)(x) for name in names]
    without_programs()
    for name, value in zip(names, got, strict=True):
        wanted = getattr(law, name)(x)
        np.testing.assert_allclose(value, wanted, rtol=16 * np.finfo(dtype).eps, err_msg=name)
    assert not all(np.array_equal(value, getattr(law, name)(x)) for name, value in zip(names, got, strict=True))


@each_dtype
def test_layout_does_not_matter(dtype):
    x, logits = numbers(dtype, 60, 50), numbers(dtype, 60, 50, seed=1)
    wanted = StepLogistic(logits=logits).cdf(x)
    fixed = x.copy()
    fixed.flags.writeable = False
    shifted = np.frombuffer(b"0" + x.tobytes(), np.uint8)[1:].view(dtype).reshape(x.shape)
    spread = np.repeat(x, 2, axis=1)[:, ::2]
    for other in (np.asfortranarray(x), x[::-1][::-1], spread, fixed, shifted):
        assert np.array_equal(StepLogistic(logits=logits).cdf(other), wanted)
        assert np.array_equal(StepLogistic(logits=np.asfortranarray(logits)).cdf(other), wanted)
    out = np.empty_like(wanted, order="F")
    assert StepLogistic(logits=logits).cdf(x, out=out) is out
    assert np.array_equal(out, wanted)


@each_dtype
def test_broadcasting(dtype):
    x, logits = numbers(dtype, 700, 1), numbers(dtype, 1, 50, seed=1)
    wanted = StepLogistic(logits=np.tile(logits, (700, 1))).cdf(np.tile(x, (1, 50)))
    assert np.array_equal(StepLogistic(logits=logits).cdf(x), wanted)
    assert np.array_equal(StepLogistic(logits=logits[:, :1]).cdf(x), wanted[:, :1])
    assert StepLogistic(logits=logits).cdf(x[:0]).shape == (0, 50)
    assert StepLogistic(logits=logits).cdf(x[0, 0]).shape == (1, 50)


def test_precisions_are_joined():
    x, logits = numbers("float32"), numbers("float64", seed=1)
    got = StepLogistic(logits=logits).cdf(x)
    assert got.dtype == np.float64
    assert np.array_equal(got, StepLogistic(logits=logits).cdf(x.astype(float)))
    rounded = np.empty(N, np.float32)
    StepLogistic(logits=logits).cdf(x, out=rounded)
    np.testing.assert_allclose(rounded, got, rtol=1e-7)
    assert StepLogistic(logits=logits.astype(np.float16)).cdf(x.astype(np.float16)).dtype == np.float16


@each_dtype
def test_out_may_share_memory_with_operands(dtype):
    store = numbers(dtype, N + 1)
    law = StepLogistic(logits=numbers(dtype, seed=1))
    for part, place in (
        (np.s_[:-1], np.s_[:-1]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:0:-1], np.s_[1:]),
    ):
        x = store.copy()
        wanted = law.cdf(x[part].copy())
        law.cdf(x[part], out=x[place])
        assert np.array_equal(x[place], wanted)


def test_out_that_does_not_fit_is_refused():
    law, x = Logistic(loc=0.0, scale=1.0), numbers("float64")
    for out in (np.empty(N - 1), np.empty(N, int), [0.0] * N):
        with pytest.raises(ValueError, match=r"`out` must be a floating NumPy array of shape \(3000,\); got "):
            law.cdf(x, out=out)
    fixed = np.empty(N)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        law.cdf(x, out=fixed)


@each_dtype
def test_draws_do_not_depend_on_their_number(dtype):
    law = StepLogistic(logits=numbers(dtype, 3))
    many = law.sample(2000, rng=5)
    for n in (1, 2, 341, 342, 1999):
        assert np.array_equal(law.sample(n, rng=5), many[:n])
    law = Logistic(loc=0.5, scale=2.0)
    assert law.sample((), rng=5) == law.sample(1, rng=5)[0] == law.sample(5000, rng=5)[0]


@pytest.mark.needs_jit
def test_threads_do_not_matter(monkeypatch):
    x = numbers("float32", 2**18 + 77)
    law = StepLogistic(logits=-x)
    wanted = law.cdf(x)
    monkeypatch.setenv("BERNOULLI_LATENT_THREADS", "3")
    assert np.array_equal(law.cdf(x), wanted)


@pytest.mark.needs_jit
def test_draws_are_the_same_without_a_compiler():
    source = "import numpy as np, bernoulli_latent as b; print(b.StepLogistic(logits=np.float32(0.3)).sample(4, rng=1))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    answers = [
        subprocess.run(
            [sys.executable, "-c", source], env=environment | jit, capture_output=True, text=True, check=True
        )
        for jit in ({}, {"NUMBA_DISABLE_JIT": "1"})
    ]
    assert answers[0].stdout == answers[1].stdout


def test_declared_derivatives_are_one_formula():
    law = StepLogistic(logits=1.0)
    assert law.cdf.derivative("z").formula is law.cdf.derivative("z").formula


# --- tensors ---


@each_dtype
def test_tensors_go_by_the_same_program(dtype, torch):
    x, logits = numbers(dtype), numbers(dtype, seed=1)
    got = StepLogistic(logits=torch.as_tensor(logits)).cdf(torch.as_tensor(x))
    assert np.array_equal(got.numpy(), StepLogistic(logits=logits).cdf(x))
    leaf = torch.as_tensor(logits).requires_grad_()
    assert torch.equal(StepLogistic(logits=leaf).cdf(torch.as_tensor(x)).detach(), got)
    assert not StepLogistic(logits=torch.as_tensor(logits)).cdf(torch.as_tensor(x)).requires_grad


@pytest.mark.parametrize("method", ["cdf", "logccdf", "icdf_logit"])
def test_derivatives_of_tensors_agree(method, torch, without_programs):
    def gradients():
        t = torch.as_tensor(numbers("float64", 40, 50)).requires_grad_()
        logits = torch.as_tensor(numbers("float64", 1, 50, seed=1)).requires_grad_()
        result = getattr(StepLogistic(logits=logits), method)(t)
        return torch.autograd.grad(result, [t, logits], torch.ones(50, dtype=t.dtype).expand(40, 50))

    got = gradients()
    without_programs()
    torch.testing.assert_close(got, gradients(), rtol=1e-13, atol=1e-14)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # raised by torch itself
def test_everything_that_follows_derivatives(torch):
    t, logits = (torch.as_tensor(numbers("float64", 4, seed=k)) for k in (2, 3))

    def draw(t, logits):
        return StepLogistic(logits=logits).icdf_logit(t)

    leaves = [x.clone().requires_grad_() for x in (t, logits)]
    assert torch.autograd.gradcheck(draw, leaves, check_batched_grad=True, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(draw, leaves)
    (wanted,) = torch.autograd.grad(draw(t, leaves[1]).sum(), leaves[1])
    torch.testing.assert_close(torch.func.grad(lambda a: draw(t, a).sum())(logits), wanted)
    torch.testing.assert_close(torch.vmap(draw)(t, logits), draw(t, logits))
    torch.testing.assert_close(torch.func.jvp(lambda a: draw(t, a), (logits,), (torch.ones_like(logits),))[1], wanted)


def test_others_that_look_at_operations_see_them(torch):
    """Tensors without data, modes that record operations, and tracing."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils.flop_counter import FlopCounterMode

    law = Logistic(loc=0.0, scale=1.0)
    with FakeTensorMode():
        assert law.cdf(torch.ones(5)).shape == (5,)
    with FlopCounterMode(display=False):
        assert law.cdf(torch.zeros(5))[0] == 0.5
    assert law.cdf(torch.ones(5, device="meta")).shape == (5,)


def test_divergences_of_tensors(torch, without_programs):
    p, q = (StepLogistic(logits=torch.as_tensor(numbers("float64", seed=k))) for k in (1, 2))
    got = kl_divergence(p, q)
    without_programs()
    torch.testing.assert_close(got, kl_divergence(p, q), rtol=1e-12, atol=0)


# --- what programs are not for ---


@pytest.mark.parametrize(
    ("law", "method", "x", "expected"),
    [
        (OverlappingExponential(logits=np.float32(-100), sharpness=np.float32(1000)), "icdf_logit", 88.0, 0.088),
        (OverlappingExponential(logits=np.float32(-1000), sharpness=np.float32(1000)), "icdf_logit", 100.0, 0.1),
        (PowerFunction(logits=np.float32(2.5), sharpness=np.float32(1e20)), "variance", None, 0.0701037),
        (InverseGamma(concentration=np.float32(1e10), rate=np.float32(1e30)), "variance", None, 1e30),
    ],
)
def test_wide_formulas_are_computed_in_double(law, method, x, expected):
    """These leave the range of single precision between arguments and value."""
    values = () if x is None else (np.full(3, x, np.float32),)
    result = getattr(law, method)(*values)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-50, 1e39, 1e299])
def test_numbers_beyond_single_precision_stay_what_they_are(scale):
    x = np.array([0.0, 1.0], np.float32)
    expected = Logistic(loc=0.0, scale=scale).cdf(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(Logistic(loc=0.0, scale=scale).cdf(x), expected)
    np.testing.assert_array_equal(Logistic(loc=0.0, scale=scale).cdf(np.stack([x, x])[:, ::-1])[0, ::-1], expected)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_number_beside_a_tensor_that_is_followed(torch, compiled):
    law, x = NormalGamma(loc=0.0, kappa=1.0, concentration=2.0, rate=2.0), torch.tensor(0.3, requires_grad=True)

    def density(precision):
        return law.logpdf(0.5, precision)

    function = torch.compile(density, fullgraph=True, backend="eager") if compiled else density
    (slope,) = torch.autograd.grad(function(x), x)
    assert torch.isfinite(slope)


def test_methods_can_be_referred_to_weakly():
    law = Logistic(loc=0.0, scale=1.0)
    method = law.cdf
    assert weakref.ref(method)() is method


@pytest.mark.needs_jit
def test_every_program_has_a_name_of_its_own_in_the_cache():
    """Numba takes turns in writing to its files by the name of a function, and processes do not wait for each other."""
    names = {elementwise._compiled(program, dtype).__qualname__ for program in ("a", "b") for dtype in ("f", "d")}
    assert len(names) == 4


@pytest.mark.needs_jit
def test_kernels_compile_where_nothing_can_be_kept(monkeypatch):
    monkeypatch.setattr("numba.core.caching.CompileResultCacheImpl._locator_classes", [])
    assert kernel(lambda x: x + 1)(2) == 3
