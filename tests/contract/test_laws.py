"""What holds for every continuous distribution, stated once."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import CONTINUOUS, parameters, typical
from scipy import special, stats

from bernoulli_latent._formula import Formula
from bernoulli_latent._namespaces.functions import Functions

EPSILON = 2.0**-52
ROOT_FINDING = {"PowerFunction": 8}
"""Laws whose quantile is a positive root, and by how many ulp of it quantiles at equal noise may be out of order."""
LONG = {"InverseGamma", "OverlappingExponential", "PowerFunction", "SmoothStepLogistic"}
"""Laws of many operations: here the stages of a compiler after the tracing are left out, which take seconds."""
each_law = pytest.mark.parametrize("kind", CONTINUOUS, ids=lambda kind: kind.__name__)
noise = st.floats(-40, 40)


def near(got, wanted, condition=1.0, ulp=64):
    """Whether two numbers agree to some units in the last place times a condition number."""
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    with np.errstate(invalid="ignore"):
        gap = np.abs(got - wanted)
    return np.all((gap <= ulp * EPSILON * (np.abs(wanted) * condition) + 1e-300) | (got == wanted))


@each_law
@given(st.data())
def test_distribution_function_and_complement_sum_to_one(kind, data):
    law = kind(**data.draw(parameters(kind)))
    x = law.icdf_logit(data.draw(noise))
    assert abs(law.cdf(x) + law.ccdf(x) - 1) <= 4 * EPSILON


@each_law
@given(st.data())
def test_logarithms_are_those_of_the_functions(kind, data):
    law = kind(**data.draw(parameters(kind)))
    x = law.icdf_logit(data.draw(noise))
    for name in ("pdf", "cdf", "ccdf"):
        value, log = float(getattr(law, name)(x)), float(getattr(law, f"log{name}")(x))
        if 1e-290 < value < 1e290:
            assert near(math.exp(log), value, condition=1 + abs(log)), name


@each_law
@given(st.data())
def test_quantiles_increase(kind, data):
    law = kind(**data.draw(parameters(kind)))
    low, high = sorted((data.draw(noise), data.draw(noise)))
    assert law.icdf_logit(low) <= law.icdf_logit(high) * (1 + ROOT_FINDING.get(kind.__name__, 0) * EPSILON)


@each_law
@given(st.data())
def test_quantiles_of_all_kinds_of_noise_agree(kind, data):
    law = kind(**data.draw(parameters(kind)))
    u = data.draw(st.floats(0.001, 0.999))
    t = float(special.logit(u))
    x = law.icdf(u)
    slack = 64 * EPSILON * (1 + abs(t))
    assert law.icdf_logit(t - slack) <= x <= law.icdf_logit(t + slack)
    slack = 64 * EPSILON / (u * (1 - u))
    assert law.icdf_logit(t - slack) <= law.iccdf(1 - u) <= law.icdf_logit(t + slack)


@each_law
def test_nan_gives_nan(kind):
    law = kind(**{name: float(x[0]) for name, x in typical(kind, 1).items()})
    for name in ("pdf", "logpdf", "cdf", "logcdf", "ccdf", "logccdf", "icdf", "iccdf", "icdf_logit"):
        got = getattr(law, name)(np.array([math.nan, 0.25]))
        assert math.isnan(got[0]), name
        assert not math.isnan(got[1]), name


@each_law
def test_extreme_quantiles_are_the_ends_of_the_support(kind, to_library):
    law = kind(**{name: to_library(x) for name, x in typical(kind, 3).items()})
    for level, end in zip((0.0, 1.0), law.support, strict=True):
        assert np.array_equal(np.asarray(law.icdf(to_library(np.full(3, level)))), np.full(3, end))
        assert np.array_equal(np.asarray(law.iccdf(to_library(np.full(3, 1 - level)))), np.full(3, end))


@each_law
def test_outside_the_support(kind):
    law = kind(**{name: float(x[0]) for name, x in typical(kind, 1).items()})
    low, high = law.support
    beyond = [low - 1 if math.isfinite(low) else low, high + 1 if math.isfinite(high) else high]
    for name, values in {
        "pdf": (0, 0),
        "logpdf": (-math.inf, -math.inf),
        "cdf": (0, 1),
        "logcdf": (-math.inf, 0),
        "ccdf": (1, 0),
        "logccdf": (0, -math.inf),
    }.items():
        assert np.array_equal(getattr(law, name)(np.array(beyond)), values), name
    assert np.isnan(law.icdf(np.array([-0.5, 1.5]))).all()


@each_law
def test_parameters_outside_are_named(kind):
    for name, domain in kind.domains.items():
        inside = {other: x[:3] for other, x in typical(kind, 3).items()}
        for bad in (math.nan, math.inf, domain.low if math.isfinite(domain.low) else -math.inf):
            values = {**inside, name: np.where([False, True, False], bad, inside[name])}
            with pytest.raises(ValueError, match=rf"`{name}` must be .*got .* at index \(1,\)"):
                kind(**values)


@each_law
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_shape_and_library_are_kept(kind, dtype, to_library):
    given_ = {name: to_library(x.astype(dtype)) for name, x in typical(kind, 4).items()}
    law = kind(**given_)
    x = to_library(np.full((3, 1), 0.25, dtype))
    for name in ("pdf", "logcdf", "icdf", "icdf_logit"):
        got = getattr(law, name)(x)
        assert (type(got), got.dtype, tuple(got.shape)) == (type(x), x.dtype, (3, 4)), name
    for name in ("mean", "variance", "entropy"):
        got = getattr(law, name)()
        assert (got.dtype, tuple(got.shape)) == (x.dtype, (4,)), name
    assert tuple(law.sample((2, 3), rng=0).shape) == (2, 3, 4)


@each_law
def test_libraries_agree(kind, torch):
    values = typical(kind, 200)
    tensors = kind(**{name: torch.as_tensor(x) for name, x in values.items()})
    arrays = kind(**values)
    t = np.random.default_rng(1).logistic(size=200)
    x = arrays.icdf_logit(t)
    for name in ("pdf", "logpdf", "cdf", "ccdf", "logcdf", "logccdf"):
        theirs, ours = getattr(tensors, name)(torch.as_tensor(x)).numpy(), getattr(arrays, name)(x)
        condition = 1 + np.abs(np.log(np.maximum(np.abs(ours), 1e-300)))
        assert near(theirs, ours, condition), name


@each_law
def test_sampling_follows_the_distribution_function(kind):
    """Kolmogorov-Smirnov at a false-alarm rate of 1e-6 a law; the jumps of a distribution function make it stricter."""
    values = typical(kind, 20, seed=3)
    for k in range(20):
        law = kind(**{name: float(x[k]) for name, x in values.items()})
        x = law.sample(20_000, rng=k)
        grid = law.icdf(np.linspace(0.01, 0.99, 99))
        grid = grid[(law.support[1] - grid > 1e-11) & (np.abs(grid) > 1e-300)]  # a sample may round to an end
        counts = np.searchsorted(np.sort(x), grid, side="right")
        p = stats.binom.cdf(counts, len(x), law.cdf(grid)), stats.binom.sf(counts - 1, len(x), law.cdf(grid))
        assert min(min(side, default=1) for side in p) > 1e-6 / (2 * 20 * 99)


@each_law
def test_seeds_repeat_and_first_rows_do_not_depend_on_the_number_drawn(kind, to_library):
    law = kind(**{name: to_library(x) for name, x in typical(kind, 3).items()})
    few, many = law.sample(2, rng=5), law.sample(7, rng=5)
    assert bool((few == many[:2]).all())
    assert bool((law.sample(2, rng=6) != few).any())


@each_law
def test_moments_are_those_of_samples(kind):
    """z-tests of means at a false-alarm rate of 1e-6 a law, where the variance is finite."""
    values = typical(kind, 5, seed=4)
    for k in range(5):
        law = kind(**{name: float(x[k]) for name, x in values.items()})
        if not math.isfinite(law.variance()):
            continue
        x = law.sample(200_000, rng=k)
        error = max(x.std(), math.sqrt(law.variance())) / math.sqrt(len(x))  # rare values may all be missing
        assert abs(x.mean() - law.mean()) <= 5.5 * error + 1e-12


@each_law
def test_derivatives_in_torch(kind, torch):
    """`gradcheck` and `gradgradcheck` by values and parameters, away from jumps."""
    values = {name: torch.as_tensor(x, dtype=torch.float64) for name, x in _moderate(kind, 3).items()}
    t = torch.linspace(-2.1, 2.3, 3, dtype=torch.float64)
    x = kind(**values).icdf_logit(t).detach()
    low, high = kind.support
    inside = (x > low) & (x < high)
    for name, point in {"logpdf": x, "cdf": x, "ccdf": x, "logcdf": x, "logccdf": x, "icdf_logit": t}.items():
        tensors = [v[inside].clone().requires_grad_() for v in (point, *values.values())]

        def function(v, *rest, name=name):
            return getattr(kind(**dict(zip(kind.domains, rest, strict=True))), name)(v)

        assert torch.autograd.gradcheck(function, tensors, atol=1e-7, rtol=1e-5), name
        assert torch.autograd.gradgradcheck(function, tensors, atol=1e-6, rtol=1e-4, fast_mode=True), name


@each_law
def test_density_is_the_derivative_of_the_distribution_function(kind, torch):
    values = {name: torch.as_tensor(x) for name, x in typical(kind, 50, seed=2).items()}
    law = kind(**values)
    x = law.icdf_logit(torch.linspace(-5, 5, 50, dtype=torch.float64)).detach().requires_grad_()
    slope = torch.autograd.grad(law.cdf(x).sum(), x)[0].numpy()
    pdf = law.pdf(x).detach().numpy()
    low, high = law.support
    inside = ((x > low) & (x < high)).numpy()
    assert near(slope[inside], pdf[inside], condition=100)


@each_law
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")  # raised by the compiler itself
def test_transforms_and_compilation(kind, torch):
    values = [torch.as_tensor(x, dtype=torch.float32) for x in _moderate(kind, 4).values()]
    t = torch.tensor([-2.0, -0.5, 0.75, 3.0])
    x = kind(**dict(zip(kind.domains, values, strict=True))).icdf_logit(t)

    def draw_and_density(t, x, *rest):
        law = kind(**dict(zip(kind.domains, rest, strict=True)))
        return torch.stack([law.icdf_logit(t), law.logpdf(x)])

    plain = draw_and_density(t, x, *values)
    torch.testing.assert_close(torch.vmap(draw_and_density, out_dims=1)(t, x, *values), plain)
    torch._dynamo.reset()
    backend = "eager" if kind.__name__ in LONG else "aot_eager"
    leaves = [v.clone().requires_grad_() for v in values]
    compiled = torch.compile(draw_and_density, fullgraph=True, backend=backend)(t, x, *leaves)
    torch.testing.assert_close(compiled.detach(), plain)
    compiled.sum().backward()
    wanted = torch.func.grad(lambda *rest: draw_and_density(t, x, *rest).sum(), tuple(range(len(values))))(*values)
    torch.testing.assert_close([leaf.grad for leaf in leaves], list(wanted))


@each_law
def test_pathwise_derivatives_average_to_those_of_the_mean(kind, torch):
    """Over 20,000 evenly spaced levels of the noise, whose tails are light enough to be left out."""
    values = {name: torch.as_tensor(x).requires_grad_() for name, x in _moderate(kind, 3).items()}
    law = kind(**values)
    if not bool(torch.isfinite(law.variance()).all()):
        return
    levels = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    paths = torch.autograd.grad(law.icdf_logit(torch.logit(levels)[:, None]).mean(dim=0).sum(), [*values.values()])
    exact = torch.autograd.grad(law.mean().sum(), [*values.values()], allow_unused=True)
    for path, wanted in zip(paths, exact, strict=True):
        torch.testing.assert_close(path, torch.zeros_like(path) if wanted is None else wanted, rtol=2e-3, atol=2e-3)


@each_law
def test_autocast_changes_nothing(kind, torch):
    law = kind(**{name: torch.as_tensor(x, dtype=torch.float32) for name, x in _moderate(kind, 4).items()})
    t = torch.tensor([-2.0, -0.5, 0.75, 3.0])
    plain = law.icdf_logit(t), law.logpdf(law.icdf_logit(t))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = law.icdf_logit(t), law.logpdf(law.icdf_logit(t))
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


@each_law
def test_half_precision_is_rounded_once(kind, torch):
    values = {name: torch.as_tensor(x, dtype=torch.bfloat16) for name, x in _moderate(kind, 8).items()}
    t = torch.linspace(-2, 2, 8).to(torch.bfloat16)
    wide = kind(**{name: x.float() for name, x in values.items()}).icdf_logit(t.float())
    assert torch.equal(kind(**values).icdf_logit(t), wide.to(torch.bfloat16))


@each_law
@settings(max_examples=5)
@given(st.data())
def test_formulas_round_little(kind, data):
    """Each formula in 30 digits is its own oracle of rounding."""
    from bernoulli_latent.testing import MpmathFunctions

    if "base" in kind.cdf.arguments:
        pytest.skip("its formulas take another law, which has the test to itself")
    f = MpmathFunctions(40)
    values = data.draw(parameters(kind))
    law = kind(**values)
    x = float(law.icdf_logit(data.draw(st.floats(-10, 10))))
    exact = [f.context.mpf(values[name]) for name in kind.domains]
    if not law.support[0] < x < law.support[1]:
        return
    for name in ("logpdf", "cdf", "ccdf"):
        true = float(getattr(kind, name)(f, f.context.mpf(x), *exact))
        scale = 1 + 4 * max(map(abs, (x, *values.values())))
        assert abs(getattr(law, name)(x) - true) <= 256 * EPSILON * scale * max(abs(true), name == "logpdf"), name


def formulas():
    for owner in (*CONTINUOUS, Functions):
        for name, value in vars(owner).items():
            if isinstance(value, Formula) and value.function.__module__ == owner.__module__:
                for function in (value.function, *value.derivatives.values()):
                    yield pytest.param(function, id=f"{owner.__name__}.{name}")


@pytest.mark.parametrize("function", list(formulas()))
def test_formulas_are_straight_lines(function):
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body
    statements = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    assert all(isinstance(statement, ast.Assign) for statement in statements[:-1])
    assert isinstance(statements[-1], ast.Return)
    assert not any(
        isinstance(node, ast.IfExp | ast.For | ast.While | ast.comprehension) for node in ast.walk(statements[-1])
    )


def _moderate(kind, size):
    """Typical parameters drawn towards the middle, where finite differences are accurate."""
    values = typical(kind, size, seed=1)
    return {
        name: np.clip(x, -2.5, 2.5) if kind.domains[name].low < 0 else np.clip(x, 0.5, 2.5)
        for name, x in values.items()
    }
