"""What holds for every function of NumPy that is differentiable here, on every sample call."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.ops.products import contractions
from functions import FUNCTIONS
from functions.trees import flat, mapped, real_function
from rounding import assert_same_but_for_rounding
from samples import inner, numbers_like
from samples.call import Call
from strategies import generators

every_function = pytest.mark.parametrize("name", FUNCTIONS)
IN_PLACE = {"sort", "partition"}  # as methods
few = settings(max_examples=8)
OLDER = np.lib.NumpyVersion(np.__version__) < "2.3.0"
"""NumPy 2.0 to 2.2 take less and promote otherwise at a few corners: there our operations are as newer releases."""


def ours(name: str) -> Callable[..., Any]:
    if name == "trace":  # ag.trace traces a computation; that of a matrix is np.trace(t)
        return contractions.trace
    return attrgetter(name)(ag)


def theirs(name: str) -> Callable[..., Any]:
    if name.startswith("special."):
        import scipy

        return attrgetter(name)(scipy)
    return attrgetter(name)(np)


def spellings(name: str, call: Call) -> list[Callable[..., Any]]:
    """ag.f, np.f, and the method where tensors and arrays have one of that name."""
    found = [ours(name)]
    if not name.startswith("special."):
        found.append(theirs(name))
    has_method = callable(getattr(np.ndarray, name, None)) and hasattr(ag.Tensor, name) and name not in IN_PLACE
    if isinstance(call.args[0], np.ndarray) and has_method:
        found.append(getattr(ag.Tensor, name))
    return found


def in_single_precision(x: Any) -> Any:
    return x.astype(np.complex64 if x.dtype.kind == "c" else np.float32)


@every_function
@few
@given(data=st.data())
def test_the_value_is_numpys_own_however_it_is_called(name: str, data: st.DataObject) -> None:
    """Numbers, shape and dtype of every result, in both precisions; what has a derivative is recorded."""
    call = data.draw(FUNCTIONS[name])
    single = data.draw(st.booleans())
    if single:
        call = Call(*mapped((call.args, call.params), in_single_precision, constant=lambda c: c))
    args, params = mapped((call.args, call.params), np.copy)
    try:
        expected = flat(theirs(name)(*args, **params))
    except (TypeError, ValueError, RuntimeWarning):
        assert OLDER  # and takes less
        return
    for f in spellings(name, call):
        recorded = mapped((call.args, call.params), lambda x: ag.Tensor(x, requires_grad=True))
        results = flat(f(*recorded[0], **recorded[1]))
        assert len(results) == len(expected)
        for y, right in zip(results, expected, strict=True):
            if np.result_type(right).kind in "fc":
                assert isinstance(y, ag.Tensor)
            y = y.numpy() if isinstance(y, ag.Tensor) else y
            if OLDER:
                right = np.asarray(right if np.iscomplexobj(y) else np.real(right), y.dtype)
            assert_same_but_for_rounding(y, right)


@every_function
@few
@given(data=st.data())
def test_derivatives_equal_finite_differences(name: str, data: st.DataObject) -> None:
    """First order at every index, second order at three of them, both modes."""
    f, x = real_function(ours(name), data.draw(FUNCTIONS[name]))
    ag.gradcheck(f, *x, name=name, samples=12)
    ag.gradcheck(f, *x, name=name, order=2, samples=2)


@every_function
@few
@given(data=st.data(), rng=generators)
def test_forward_and_reverse_mode_are_adjoint(name: str, data: st.DataObject, rng: np.random.Generator) -> None:
    """⟨J v, u⟩ = ⟨v, Jᵀ u⟩."""
    f, x = real_function(ours(name), data.draw(FUNCTIONS[name]))
    v = [numbers_like(rng, a) for a in x]
    value, pullback = ag.vjp(f, *x)
    u = numbers_like(rng, value)
    left, right = inner(ag.jvp(f, x, v)[1], u), inner(v, pullback(u))
    assert abs(left - right) <= 1e-9 * max(1.0, abs(left), abs(right))


@every_function
@few
@given(data=st.data())
def test_gradients_have_the_shape_and_dtype_of_their_leaves(name: str, data: st.DataObject) -> None:
    """Also in single precision."""
    call = data.draw(FUNCTIONS[name])
    leaves: list[ag.Tensor] = []

    def leaf(x: Any) -> ag.Tensor:
        leaves.append(ag.Tensor(in_single_precision(x), requires_grad=True))
        return leaves[-1]

    args, params = mapped((call.args, call.params), leaf)
    for y in flat(ours(name)(*args, **params)):
        if isinstance(y, ag.Tensor) and y.requires_grad:
            y.backward(np.ones(y.shape, y.dtype), retain_graph=True)
    for x in leaves:
        if x.grad is not None:
            assert (x.grad.shape, x.grad.dtype) == (x.shape, x.dtype)
