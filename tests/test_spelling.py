"""One operation, however it is spelled: ag.f(t), np.f(t), t.f() — and NumPy's own value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.engine.registry import implementations
from rounding import assert_same_but_for_rounding
from samples import COMPOSITES, LIBRARY, NUMPYS, SAMPLES, Call, numbers_like
from strategies import generators

Function = Callable[..., Any]
NAMES = [*NUMPYS, *COMPOSITES]
draws = {**SAMPLES, **COMPOSITES}


def ours(name: str) -> Function:
    return getattr(ag, name, None) or LIBRARY[name].function


def called(name: str, f: Function) -> Function:
    """``f(*args, **params)``, whatever NumPy wants to be given as a list or without a keyword."""
    if name == "concatenate":
        return lambda *arrays, **params: f(arrays, **params)
    if name in ("reshape", "transpose", "astype"):
        return lambda x, **params: f(x, *params.values())
    return f


def numpys(name: str) -> list[Function]:
    """NumPy's functions that record this operation on tensors."""
    return [called(name, f) for f, implementation in implementations.items() if implementation is ours(name)]


def spellings(name: str) -> Iterator[Function]:
    yield called(name, ours(name))
    if name in LIBRARY:
        yield LIBRARY[name].function
    yield from numpys(name)
    if hasattr(np.ndarray, name):
        yield called(name, getattr(ag.Tensor, name))
    if name == "getitem":
        yield lambda x, index: x[index]


def as_numpy(name: str, call: Call) -> Any:
    if name == "getitem":
        return call.args[0][call.params["index"]]
    return numpys(name)[0](*call.args, **call.params)


REACHED = [name for name in NAMES if name == "getitem" or numpys(name)]


def test_an_operation_of_numpys_name_is_reached_through_numpy() -> None:
    """What NumPy has under the same name, ``linalg.det`` too: from its ufunc, or said to be implemented."""
    found = {name: reduce(lambda home, part: getattr(home, part, None), name.split("."), np) for name in NAMES}
    numpy_has = {name: f for name, f in found.items() if callable(f) and not isinstance(f, type)}
    assert len(numpy_has) > 120 and {"exp", "linalg.det"} <= numpy_has.keys()
    assert {name for name, f in numpy_has.items() if f not in implementations} == set()


@pytest.mark.parametrize("name", REACHED)
@given(data=st.data())
def test_the_value_is_numpys_own(name: str, data: st.DataObject) -> None:
    """Numbers, shape and dtype, in both precisions."""
    call = data.draw(draws[name])
    precision = data.draw(st.sampled_from([np.float32, np.float64]))
    args = tuple(a.astype(precision) if a.dtype.kind == "f" else a for a in call.args)
    expected = as_numpy(name, Call(args, call.params))
    for f in spellings(name):
        recorded = f(*[ag.Tensor(a, a.dtype.kind == "f") for a in args], **call.params)
        assert isinstance(recorded, ag.Tensor) and recorded.requires_grad
        assert_same_but_for_rounding(recorded.numpy(), expected)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data(), rng=generators)
def test_every_spelling_has_the_same_derivative(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    call = data.draw(draws[name])
    gradients = []
    for f in spellings(name):
        leaves = [ag.Tensor(a, a.dtype.kind == "f") for a in call.args]
        y = f(*leaves, **call.params)
        y.backward(numbers_like(np.random.default_rng(1), y.data))
        gradients.append([leaf.grad.numpy() for leaf in leaves if leaf.requires_grad])
    for other in gradients[1:]:
        for a, b in zip(gradients[0], other, strict=True):
            assert_same_but_for_rounding(a, b)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_without_tensors_an_operation_stays_in_numpy(name: str, data: st.DataObject) -> None:
    call = data.draw(draws[name])
    result = called(name, ours(name))(*call.args, **call.params)
    assert isinstance(result, (np.ndarray, np.generic))
    tensor = called(name, ours(name))(*map(ag.Tensor, call.args), **call.params)
    assert_same_but_for_rounding(tensor.numpy(), result)


CLOSED_FORMS: dict[str, Function] = {
    "relu": lambda x: x * (x > 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
    "softmax": lambda x, axis: np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True),
    "log_softmax": lambda x, axis: np.log(np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
@given(data=st.data())
def test_what_numpy_has_not_equals_its_formula(name: str, data: st.DataObject) -> None:
    """At moderate numbers, where the formula as written is accurate."""
    args, params = data.draw(draws[name])
    expected = CLOSED_FORMS[name](*args, **params)
    np.testing.assert_allclose(ours(name)(*map(ag.Tensor, args), **params).numpy(), expected, rtol=1e-13, atol=1e-15)


@given(data=st.data())
def test_stack_is_concatenation_along_a_new_axis(data: st.DataObject) -> None:
    call = data.draw(SAMPLES["add"].filter(lambda c: c.args[0].shape == c.args[1].shape))
    place = data.draw(st.integers(-call.args[0].ndim - 1, call.args[0].ndim))
    expected = np.stack(call.args, axis=place)
    for f in (ag.stack, np.stack):
        leaves = [ag.Tensor(a, True) for a in call.args]
        y = f(leaves, axis=place)
        np.testing.assert_array_equal(y.numpy(), expected, strict=True)
        u = numbers_like(np.random.default_rng(0), expected)
        y.backward(u)
        for i, leaf in enumerate(leaves):
            np.testing.assert_array_equal(leaf.grad.numpy(), np.take(u, i, axis=place))
