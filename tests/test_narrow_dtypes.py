"""Rules compute in the result's dtype, whatever dtype a constant has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_core as ag
from functions import FUNCTIONS
from functions.trees import variables, with_variables
from samples import LIBRARY, REAL, SAMPLED, SAMPLES, differentiable, numbers_like
from strategies import Array
from test_functions import ours

NARROW = [np.bool_, np.uint8, np.int8, np.int64]
OF_SEVERAL = [name for name in SAMPLED if LIBRARY[name].variadic or sum(r is not None for r in LIBRARY[name].rules) > 1]


def narrowed(array: Array, dtype: Any) -> Array:
    """Whole numbers near those of the array, as the dtype holds them."""
    if dtype is np.bool_:
        return np.greater(np.real(array), 0)
    whole = np.rint(3 * np.real(array))
    return (np.absolute(whole) if dtype is np.uint8 else whole).astype(dtype)


def derivatives(f: Any, x: list[Any], seed: int = 0) -> list[Any]:
    """A pullback, a pushforward, and the gradient of the sum of squares of the former, at random (co)tangents."""
    rng = np.random.default_rng(seed)
    value, pullback = ag.vjp(f, *x)
    u, v = numbers_like(rng, value), [numbers_like(rng, a) for a in x]

    def phi(*at: Any) -> Any:
        return sum(np.sum(np.real(g * np.conjugate(g))) for g in ag.vjp(f, *at)[1](u))

    return [value, *pullback(u), ag.jvp(f, x, v)[1], *ag.grad(phi, tuple(range(len(x))))(*x)]


def assert_same(found: list[Any], right: list[Any], eps: float) -> None:
    for a, b in zip(found, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=eps, atol=eps * np.max(np.abs(b), initial=0, where=np.isfinite(b)))


@pytest.mark.parametrize("name", OF_SEVERAL)
@given(dtype=st.sampled_from(NARROW), data=st.data())
def test_a_constants_own_dtype_is_no_matter(name: str, dtype: Any, data: st.DataObject) -> None:
    """Derivatives of first and second order beside integers or truth values are those beside the same numbers."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    where = differentiable(op, call)
    assume(len(where) > 1)
    held = data.draw(st.sampled_from(where))
    free = [i for i in where if i != held]
    precision = data.draw(st.sampled_from([np.float32, np.float64])) if name in REAL else np.float64
    x = [call.args[i].astype(np.result_type(call.args[i], precision) if name not in REAL else precision) for i in free]

    def beside(constant: Any) -> Any:
        def f(*given: Any) -> Any:
            args: list[Any] = list(call.args)
            for i, a in zip(free, given, strict=True):
                args[i] = a
            args[held] = constant
            return op.function(*args, **call.params)

        return f

    constant = narrowed(call.args[held], dtype)
    with np.errstate(all="ignore"):
        try:
            found = derivatives(beside(constant), x)
        except (np.linalg.LinAlgError, TypeError):  # a singular matrix; nothing that NumPy has a loop for
            assume(False)
        assert_same(found, derivatives(beside(constant.astype(found[0].dtype)), x), 1e3 * np.finfo(precision).eps)


@pytest.mark.parametrize("name", [name for name in OF_SEVERAL if name in REAL])
@given(data=st.data())
def test_operands_of_two_precisions_meet_in_the_wider_one(name: str, data: st.DataObject) -> None:
    """Single precision enters its own operand and its own gradient alone: all else is right to double's digits."""
    op, call = LIBRARY[name], data.draw(SAMPLES[name])
    where = differentiable(op, call)
    assume(len(where) > 1)
    single = data.draw(st.sampled_from(where))
    tracked = data.draw(st.booleans())
    rounded = call.args[single].astype(np.float32)
    free = where if tracked else [i for i in where if i != single]

    def beside(constant: Any) -> Any:
        def f(*given: Any) -> Any:
            args: list[Any] = list(call.args)
            args[single] = constant
            for i, a in zip(free, given, strict=True):
                args[i] = a.astype(constant.dtype) if i == single else a
            return op.function(*args, **call.params)

        return f

    x = [rounded.astype(np.float64) if i == single else call.args[i] for i in free]
    with np.errstate(all="ignore"):
        found, right = (ag.jvp(beside(c), x, [np.ones_like(a) for a in x]) for c in (rounded, rounded.astype(float)))
        assume(found[0].dtype == np.float64)
        assert_same(list(found), list(right), 1e-12)
        pulled = [ag.vjp(beside(c), *x)[1](np.ones_like(found[0])) for c in (rounded, rounded.astype(float))]
        for i, a, b in zip(free, *pulled, strict=True):
            assert_same([a], [b], 1e-6 if i == single else 1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=8)
@given(dtype=st.sampled_from(NARROW), data=st.data())
def test_nor_is_it_in_numpys_functions(name: str, dtype: Any, data: st.DataObject) -> None:
    """The same for every function on every sample call, whichever array in it is the constant."""
    call = data.draw(FUNCTIONS[name])
    given = variables(call)
    real = [i for i, a in enumerate(given) if a.dtype.kind == "f"]
    if len(given) == 1 or not real:
        return  # nothing is left to differentiate beside it
    held = data.draw(st.sampled_from(real))
    f = with_variables(ours(name), call)

    def beside(constant: Any) -> Any:
        def g(*x: Any) -> Any:
            results = [y for y in f(*x[:held], constant, *x[held:]) if getattr(y, "requires_grad", False)]
            parts = [p for y in results for p in ((np.real(y), np.imag(y)) if np.iscomplexobj(y) else (y,))]
            return ag.concatenate([np.reshape(p, (-1,)) for p in parts])

        return g

    x = [a for i, a in enumerate(given) if i != held]
    constant = narrowed(given[held], dtype)
    with np.errstate(all="ignore"):
        try:
            found = derivatives(beside(constant), x)
        except (np.linalg.LinAlgError, TypeError, ZeroDivisionError, ValueError):  # not even NumPy answers
            return
        assert_same(found, derivatives(beside(constant.astype(np.float64)), x), 1e-11)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_quotient_by_zero_has_an_infinite_derivative(dtype: Any, shape: tuple[int, ...]) -> None:
    """By Python's zero, too, beside a number that was computed: NumPy's arithmetic, not Python's error."""
    x = np.ones(shape, dtype)
    for zero in (0, 0.0, False, np.zeros((), dtype)):
        with np.errstate(all="ignore"):
            pulled = ag.vjp(lambda x, zero=zero: 2 * x / zero, x)[1](x)[0]
            pushed = ag.jvp(lambda x, zero=zero: 2 * x / zero, (x,), (x,))[1]
        assert not np.isfinite(pulled).any() and not np.isfinite(pushed).any()
