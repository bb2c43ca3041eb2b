"""Laws of differentiation that hold for every primitive, on every sample call."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.engine.forms import General
from autograd_core.engine.forward import transposed
from autograd_core.engine.primitive import Primitive
from samples import (
    COMPOSITES,
    LIBRARY,
    REAL,
    SAMPLED,
    SAMPLES,
    Call,
    differentiable,
    inner,
    numbers_like,
    of_differentiable,
)
from strategies import generators

every_primitive = pytest.mark.parametrize("name", SAMPLED)
every_real_primitive = pytest.mark.parametrize("name", REAL)
ELEMENTWISE_OF_TWO = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "where"]


def test_every_primitive_has_samples_and_every_sample_a_primitive() -> None:
    """The library's own, those of nn's layers and losses included."""
    missing, unknown = set(LIBRARY) - set(SAMPLES), set(SAMPLES) - set(LIBRARY)
    assert not missing, f"add a row of samples in tests/samples/ for {sorted(missing)}"
    assert not unknown, f"no primitive is called {sorted(unknown)}"


def test_no_two_primitives_share_a_name() -> None:
    """Whichever module was imported first: a later one of the same name would drop the earlier out of every law."""
    ours = [module for name, module in sys.modules.items() if name.split(".")[0] in ("autograd_core", "nn")]
    functions = [value for module in ours for value in vars(module).values() if callable(value)]
    found = [f.primitive for f in functions if isinstance(getattr(f, "primitive", None), Primitive)]
    assert len(found) > len(SAMPLES) / 2
    assert not [op.name for op in found if op.name in LIBRARY and LIBRARY[op.name] is not op]


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-10 * max(1.0, abs(a), abs(b))


@every_primitive
@given(data=st.data(), rng=generators)
def test_forward_and_reverse_mode_are_adjoint(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """⟨J v, u⟩ = ⟨v, Jᵀ u⟩."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    v = [numbers_like(rng, a) for a in x]
    value, pullback = ag.vjp(f, *x)
    u = numbers_like(rng, value)
    assert close(inner(ag.jvp(f, x, v)[1], u), inner(v, pullback(u)))


@every_primitive
@given(data=st.data(), rng=generators)
def test_one_tangent_at_a_time_sums_to_all_at_once(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """J v = Σ ∂f/∂xᵢ vᵢ, each term taken with the other arguments constant."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    f, x = of_differentiable(op, call)
    v = [numbers_like(rng, a) for a in x]
    value, whole = ag.jvp(f, x, v)
    parts = np.zeros_like(value)
    for i, (a, t) in enumerate(zip(x, v, strict=True)):
        parts = parts + ag.jvp(lambda y, i=i: f(*x[:i], y, *x[i + 1 :]), (a,), (t,))[1]
    np.testing.assert_allclose(whole, parts, rtol=1e-10, atol=1e-10)


@every_primitive
@given(data=st.data(), rng=generators)
def test_the_pullback_is_linear(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """Jᵀ(a u + b w) = a Jᵀu + b Jᵀw, and Jᵀ0 = 0."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    value, pullback = ag.vjp(f, *x)
    u, w, a, b = numbers_like(rng, value), numbers_like(rng, value), *rng.normal(size=2)
    combined, pulled, also, nothing = pullback(a * u + b * w), pullback(u), pullback(w), pullback(0 * u)
    for c, p, q, zero in zip(combined, pulled, also, nothing, strict=True):
        np.testing.assert_allclose(c, a * p + b * q, rtol=1e-10, atol=1e-10)
        np.testing.assert_array_equal(zero, np.zeros_like(zero))


@every_primitive
@settings(max_examples=5)
@given(data=st.data(), rng=generators)
def test_a_pullback_is_a_pure_function_of_its_argument(
    name: str, data: st.DataObject, rng: np.random.Generator
) -> None:
    """It answers by the numbers that it is given, not by the array that holds them."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    value, pullback = ag.vjp(f, *x)
    u = numbers_like(rng, value)
    pulled = pullback(u)
    before = [np.copy(p) for p in pulled]
    u[...] = numbers_like(rng, value)
    for again, fresh in zip(pullback(u), ag.vjp(f, *x)[1](u.copy()), strict=True):
        np.testing.assert_array_equal(again, fresh)
    for p, b in zip(pulled, before, strict=True):
        np.testing.assert_array_equal(p, b)


@pytest.mark.parametrize("name", [n for n in SAMPLED if isinstance(LIBRARY[n], General) and LIBRARY[n].pushes])
@settings(max_examples=5)
@given(data=st.data(), rng=generators)
def test_the_transposed_vjp_is_the_jvp(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """What the engine makes of a vjp alone is what was written down by hand."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    places = differentiable(op, call)
    y = op.function(*[ag.Tensor(a, i in places) for i, a in enumerate(call.args)], **call.params)
    tangents = [numbers_like(rng, a) if i in places else None for i, a in enumerate(call.args)]
    node = y._node
    expected, found = op.jvp(node, node.saved, tangents), transposed(node, (*node.saved[:-1], y.data), tangents)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@every_primitive
@settings(max_examples=10)
@given(data=st.data())
def test_derivatives_equal_finite_differences(name: str, data: st.DataObject) -> None:
    """First order at every index, second order at three of them, both modes."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    ag.gradcheck(f, *x, name=name)
    ag.gradcheck(f, *x, name=name, order=2, samples=3)


FOR_REAL_NUMBERS_ALONE = {
    "sign": "np.sign of complex numbers is the primitive phase",
    "absolute": "np.absolute of complex numbers is the primitive modulus",
    "ive": "no complex argument reaches it",
    "astype": "the sample's own dtypes are real",
    "linalg.qr": "columns that complete a complex basis move as little as they can, not as LAPACK turns them",
}
ENGINES = [n for n in REAL if n not in FOR_REAL_NUMBERS_ALONE and LIBRARY[n].function.__module__.startswith("autograd")]


@pytest.mark.parametrize("name", ENGINES)
@settings(max_examples=5)
@given(data=st.data(), rng=generators)
def test_derivatives_in_complex_numbers_equal_finite_differences(name: str, data: Any, rng: Any) -> None:
    """Of every primitive whose forward takes them: each part of each number moves; both modes."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    if name == "linalg.svd" and call.params.get("full") and len({*call.args[0].shape[-2:]}) == 2:
        return  # the phase of a column that completes a basis is LAPACK's choice
    places = differentiable(op, call)
    x = [call.args[i] + 0.1j * rng.normal(size=np.shape(call.args[i])) for i in places]

    def f(*given: Any) -> Any:
        args: list[Any] = list(call.args)
        for i, a in zip(places, given, strict=True):
            args[i] = a
        return op.function(*args, **call.params)

    with np.errstate(all="ignore"):
        try:
            value = f(*x)
        except (TypeError, ValueError, np.linalg.LinAlgError):
            return  # NumPy has no answer there, either
        if np.all(np.isfinite(value)):
            ag.gradcheck(f, *x, name=name, samples=3, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", COMPOSITES)
@settings(max_examples=10)
@given(data=st.data())
def test_derivatives_of_composites_equal_finite_differences(name: str, data: st.DataObject) -> None:
    args, params = data.draw(COMPOSITES[name])
    ag.gradcheck(lambda *x: getattr(ag, name)(*x, **params), *args, name=name)
    ag.gradcheck(lambda *x: getattr(ag, name)(*x, **params), *args, name=name, order=2, samples=3)


@every_primitive
@settings(max_examples=10)
@given(data=st.data(), rng=generators)
def test_four_ways_to_the_second_derivative_agree(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """vᵀ H w of φ = ⟨u, f⟩: reverse or forward mode, over reverse or forward mode."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    u = numbers_like(rng, ag.vjp(f, *x)[0])
    v, w = ([numbers_like(rng, a) for a in x] for _ in range(2))
    every = tuple(range(len(x)))

    def phi(*at: Any) -> Any:
        return np.sum(u * f(*at))

    def slope_reverse(*at: Any) -> Any:
        return sum((np.sum(t * g) for t, g in zip(v, ag.grad(phi, every)(*at), strict=True)), start=0.0)

    def slope_forward(*at: Any) -> Any:
        return ag.jvp(phi, at, v)[1]

    def along_w(slope: Any, mode: str) -> float:
        if mode == "forward":
            return float(ag.jvp(slope, x, w)[1])
        return inner(ag.grad(slope, every)(*x), w)

    assert close(slope_reverse(*x), slope_forward(*x))
    first, *others = (along_w(slope, m) for slope in (slope_reverse, slope_forward) for m in ("reverse", "forward"))
    assert all(close(first, other) for other in others)


# Dtypes, shapes, broadcasting ----------------------------------------------------------------------------------------


@every_real_primitive
@given(data=st.data())
def test_a_gradient_has_the_shape_and_dtype_of_its_leaf(name: str, data: st.DataObject) -> None:
    """Whatever dtypes meet in the operation."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    halves = [] if name.startswith("linalg.") else [np.float16]  # LAPACK has none
    floats = st.sampled_from([*halves, np.float32, np.float64])
    args: list[Any] = list(call.args)
    for i in differentiable(op, call):
        args[i] = ag.Tensor(args[i].astype(data.draw(floats)), requires_grad=True)
    y = op.function(*args, **call.params)
    tangents = [numbers_like(np.random.default_rng(0), a.data) for a in args if isinstance(a, ag.Tensor)]
    y.backward(np.ones(y.shape, y.dtype))
    for leaf in args:
        if isinstance(leaf, ag.Tensor):
            assert (leaf.grad.shape, leaf.grad.dtype) == (leaf.shape, leaf.dtype)
    f, _ = of_differentiable(op, call)
    value, t = ag.jvp(f, [a.detach() for a in args if isinstance(a, ag.Tensor)], tangents)
    assert (t.shape, t.dtype) == (value.shape, value.dtype) == (y.shape, y.dtype)


@pytest.mark.parametrize("name", [n for n in REAL if n not in ("astype", "float_power", "bincount", "geomspace")])
@given(data=st.data())
def test_no_rule_widens_a_dtype(name: str, data: st.DataObject) -> None:
    """From float32 operands and a float32 cotangent or tangent, nothing but float32 is computed on the way."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    where = differentiable(op, call)
    args = [ag.Tensor(a.astype(np.float32), True) if i in where else a for i, a in enumerate(call.args)]
    ones = [ag.Tensor(np.ones_like(args[i].data), True) for i in where]
    settings = {
        k: v.astype(np.float32) if getattr(v, "dtype", None) == np.float64 else v for k, v in call.params.items()
    }
    f, _ = of_differentiable(op, Call(tuple(args), settings))
    met = set()
    with ag.observe(lambda op, args, params, result: met.add(result.dtype)):
        f(*[args[i] for i in where]).sum().backward(create_graph=True)
        ag.jvp(f, [args[i] for i in where], ones)
    assert met == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ELEMENTWISE_OF_TWO)
@given(data=st.data(), rng=generators)
def test_broadcasting_is_repetition(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """The cotangent of a broadcast operand is the sum over its copies in the explicitly repeated computation."""
    f, x = of_differentiable(LIBRARY[name], data.draw(SAMPLES[name]))
    value, pullback = ag.vjp(f, *x)
    repeated = [np.array(np.broadcast_to(a, value.shape)) for a in x]
    u = numbers_like(rng, value)
    for a, short, long in zip(x, pullback(u), ag.vjp(f, *repeated)[1](u), strict=True):
        origin = np.broadcast_to(np.arange(a.size).reshape(a.shape), value.shape)
        summed = np.bincount(origin.ravel(), weights=long.ravel(), minlength=a.size).reshape(a.shape)
        np.testing.assert_allclose(short, summed, rtol=1e-12, atol=1e-12)


# Combining functions -------------------------------------------------------------------------------------------------

BOUNDED = {"arcsin", "arccos", "arctanh", "arccosh"}
NUMPYS = [n for n in REAL if n not in BOUNDED and LIBRARY[n].function.__module__ == "autograd_core"]
UNARY = [n for n in NUMPYS if LIBRARY[n].forward.nin == 1]
unary = st.sampled_from([LIBRARY[name].function for name in [*UNARY, "relu", "sigmoid", "softplus"]])
points = st.floats(0.3, 2.0).map(np.array)


@given(f=unary, g=unary, x=points)
def test_product_rule(f: Any, g: Any, x: Any) -> None:
    """(f g)′ = f′ g + f g′."""

    def product(x: Any) -> Any:
        return f(x) * g(x)

    expected = ag.grad(f)(x) * g(x) + f(x) * ag.grad(g)(x)
    for found in (ag.grad(product)(x), ag.jvp(product, (x,), (np.array(1.0),))[1]):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(f=unary, g=unary, x=points)
def test_chain_rule(f: Any, g: Any, x: Any) -> None:
    """(f ∘ g)′ = (f′ ∘ g) g′, taken at 1 + g² so that every f is defined."""

    def inner_function(x: Any) -> Any:
        return 1 + g(x) ** 2

    expected = ag.grad(f)(inner_function(x)) * 2 * g(x) * ag.grad(g)(x)
    np.testing.assert_allclose(ag.grad(lambda x: f(inner_function(x)))(x), expected, rtol=1e-12, atol=1e-12)
