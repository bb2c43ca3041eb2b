"""What would drop the graph in silence is refused: foreign NumPy functions, out=, in-place writes, conversions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag


def leaf() -> ag.Tensor:
    return ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)


# NumPy's functions ---------------------------------------------------------------------------------------------------

FOREIGN: dict[str, Callable[[Any], Any]] = {
    "numpy.unique": np.unique,
    "numpy.histogram": np.histogram,
    "numpy.packbits": np.packbits,
    "np.nextafter": lambda x: np.nextafter(x, 1.0),
    "np.spacing": np.spacing,
    "numpy.copyto": lambda x: np.copyto(np.zeros(2), x),
    "numpy.put": lambda x: np.put(np.zeros(2), [0, 1], x),
    "numpy.save": lambda x: np.savetxt("never written", x),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_numpy_function_that_cannot_be_differentiated(name: str) -> None:
    """The message names the function and two ways out."""
    with pytest.raises(TypeError) as caught:
        FOREIGN[name](leaf())
    assert name in str(caught.value)
    assert "not differentiable" in str(caught.value) and "Fix" in str(caught.value) and "detach" in str(caught.value)


def test_a_custom_ufunc_is_foreign_too() -> None:
    mine = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(TypeError, match="not differentiable"):
        mine(leaf())


def test_out_is_refused() -> None:
    buffer = np.zeros(2)
    for write in (
        lambda: np.exp(leaf(), out=buffer),
        lambda: np.add(leaf(), 1.0, out=buffer),
        lambda: np.add(buffer, 1.0, out=leaf()),
        lambda: np.sum(leaf(), out=buffer[0:1]),
        lambda: np.matmul(leaf(), leaf(), out=buffer),
    ):
        with pytest.raises(TypeError, match="out"):
            write()
    assert buffer.tolist() == [0.0, 0.0]


def test_an_array_does_not_absorb_a_tensor() -> None:
    """a += t would leave a plain array without the graph of t."""
    a = np.zeros(2)
    with pytest.raises(TypeError, match=r"np.add: out="):
        a += leaf()
    assert a.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("method", ["at", "reduceat"])
def test_methods_of_ufuncs(method: str) -> None:
    args = (leaf(), [0], leaf()) if method == "at" else (leaf(), [0])
    with pytest.raises(TypeError, match=f"np.add.{method} is not differentiable.*Fix"):
        getattr(np.add, method)(*args)


def test_keywords_that_are_not_answered() -> None:
    for call in (
        lambda: np.exp(leaf(), where=np.array([True, False])),
        lambda: np.add(leaf(), 1.0, casting="unsafe"),
    ):
        with pytest.raises(TypeError, match=r"(where|casting)=.*Fix"):
            call()


# Conversions ---------------------------------------------------------------------------------------------------------


def test_no_plain_array_of_a_recorded_tensor() -> None:
    x = leaf()
    for convert in (np.asarray, np.array, ag.Tensor, lambda x: np.array([x, x]), lambda x: ag.Tensor([x, x])):
        with pytest.raises(TypeError, match=r"lost in silence.*ag\.array.*stop_gradient"):
            convert(x)
        with pytest.raises(TypeError, match="lost in silence"):
            convert(x * 2)
    assert np.asarray(x.detach()).tolist() == x.numpy().tolist() == [1.0, 2.0]


def test_filling_an_array_with_a_recorded_number_is_refused() -> None:
    """NumPy does not see w there: np.full_like(x, w) of a plain x would be a constant. ag.full_like does."""
    w = ag.Tensor(2.0, requires_grad=True)
    for fill in (lambda: np.full_like(np.zeros(2), w), lambda: np.full((2,), w)):
        with pytest.raises(TypeError):
            fill()


# In-place writes -----------------------------------------------------------------------------------------------------


def write(t: ag.Tensor) -> None:
    t[0] = 5.0


def add(t: ag.Tensor) -> None:
    t += 1.0


def subtract(t: ag.Tensor) -> None:
    t -= 1.0


def multiply(t: ag.Tensor) -> None:
    t *= 2.0


def divide(t: ag.Tensor) -> None:
    t /= 2.0


WRITES = pytest.mark.parametrize("change", [write, add, subtract, multiply, divide])


@WRITES
def test_writes_to_a_leaf_are_refused(change: Callable[[ag.Tensor], None]) -> None:
    """Its values, and the derivatives of what used them, stay as they were."""
    x = leaf()
    y = (x * x * x).sum()
    with pytest.raises(RuntimeError, match=r"in-place.*float64 \(2,\).*Fix"):
        change(x)
    assert x.numpy().tolist() == [1.0, 2.0]
    y.backward()
    assert x.grad.tolist() == [3.0, 12.0]


@pytest.mark.parametrize("recording", [ag.enable_grad, ag.no_grad])
def test_an_element_of_a_result_is_not_written_to(recording: Any) -> None:
    h = leaf() * 1.0
    with recording(), pytest.raises(RuntimeError, match=r"in-place.*float64 \(2,\).*Fix: t = t.at"):
        h[0] = 5.0
    assert h.numpy().tolist() == [1.0, 2.0]


@WRITES
def test_a_leaf_may_be_updated_inside_no_grad_and_stays_a_leaf(change: Callable[[ag.Tensor], None]) -> None:
    """It gets a new array: the old one may be kept by a row that is still to be differentiated."""
    x = leaf()
    array = x.data
    before = array.copy()
    with ag.no_grad():
        change(x)
    assert x.requires_grad and x.is_leaf and (x.data != before).any() and (array == before).all()


def test_a_tensor_without_history_may_be_written_to() -> None:
    t = ag.Tensor(np.zeros(3))
    t[1:] = [4.0, 5.0]
    t[0] = ag.Tensor(3.0)
    t += 1.0
    t *= np.array([1.0, 2.0, 3.0])
    assert t.tolist() == [4.0, 10.0, 18.0]


def test_writing_a_recorded_value_into_a_plain_tensor_is_refused() -> None:
    t, w = ag.Tensor(np.zeros(2)), ag.Tensor(2.0, requires_grad=True)
    with pytest.raises((TypeError, RuntimeError), match="Fix"):
        t[0] = w
    with pytest.raises(TypeError, match="Fix"):
        t[:] = [w, 1.0]
    assert t.tolist() == [0.0, 0.0]


def test_a_failed_write_changes_nothing() -> None:
    t = ag.Tensor(np.zeros(2))
    for change in (lambda: t.__iadd__(np.ones(3)), lambda: t.__setitem__(slice(None), np.ones(3))):
        with pytest.raises(ValueError, match="broadcast"):
            change()
    with pytest.raises(TypeError):
        t.__iadd__(None)
    assert t.tolist() == [0.0, 0.0]


def test_a_leaf_updated_between_forward_and_backward_does_not_falsify_the_derivative() -> None:
    """y = w² at w = 3: after w += 1 the backward pass is refused, or still gives 6; 8 would be wrong in silence."""
    w = ag.Tensor(np.array([3.0]), requires_grad=True)
    y = (w * w).sum()
    with ag.no_grad():
        w += 1.0
    try:
        y.backward()
    except RuntimeError as error:
        assert "in-place" in str(error) and w.grad is None
    else:
        assert w.grad.tolist() == [6.0]


def test_recorded_tensors_have_no_truth_but_their_numbers() -> None:
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf() * 2)
    with pytest.raises(TypeError, match="0-d"):
        len(ag.Tensor(1.0))
    with pytest.raises(TypeError):
        iter(ag.Tensor(1.0)).__next__()
