"""Operators and NumPy's protocols: whatever stands beside a tensor, the result is a tensor that knows its history."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from rounding import assert_same_but_for_rounding
from samples.call import elementwise
from samples.linalg import product
from strategies import Numbers, positive

# An operator, the operation and the ufunc that it stands for; all are defined for positive operands.
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "+":  (operator.add,     ag.add,      np.add),
    "-":  (operator.sub,     ag.subtract, np.subtract),
    "*":  (operator.mul,     ag.multiply, np.multiply),
    "/":  (operator.truediv, ag.divide,   np.divide),
    "**": (operator.pow,     ag.power,    np.power),
}  # fmt: skip

BESIDE: dict[str, Any] = {
    "int": 2,
    "float": 2.5,
    "bool": True,
    "list": [1.0, 2.0],
    "nested list": [[1.0, 2.0], [3.0, 4.0]],
    "tuple": (1, 2),
    "float64": np.float64(2.5),
    "float32": np.float32(2.5),
    "int64": np.int64(2),
    "array": np.array([1.5, 2.5]),
    "float32 array": np.array([1.5, 2.5], np.float32),
    "integer array": np.array([1, 2]),
    "0-d array": np.array(2.5),
    "column": np.array([[1.5], [2.5]]),
    "tensor": ag.Tensor(np.array([1.5, 2.5])),
}


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("symbol", BINARY)
def test_whatever_stands_on_either_side(symbol: str, beside: str) -> None:
    """Operator, ufunc and operation record the same value and the same gradient, in NumPy's dtype."""
    sign, function, ufunc = BINARY[symbol]
    other, x = BESIDE[beside], np.array([2.0, 3.0])
    as_numpy = other.numpy() if isinstance(other, ag.Tensor) else other
    for swap in (False, True):
        expected = ufunc(as_numpy, x) if swap else ufunc(x, as_numpy)
        gradients = []
        for f in (sign, function, ufunc):
            leaf = ag.Tensor(x, requires_grad=True)
            y = f(other, leaf) if swap else f(leaf, other)
            assert type(y) is ag.Tensor and y.requires_grad
            assert_same_but_for_rounding(y.numpy(), expected)
            y.sum().backward()
            gradients.append(leaf.grad.numpy())
        numeric = (np.sum(ufunc(as_numpy, x + 1e-6) if swap else ufunc(x + 1e-6, as_numpy)) - np.sum(expected)) / 1e-6
        np.testing.assert_allclose(np.sum(gradients[0]), numeric, rtol=1e-4)
        assert_same_but_for_rounding(gradients[0], gradients[1])
        assert_same_but_for_rounding(gradients[0], gradients[2])


@pytest.mark.parametrize("symbol", BINARY)
@given(data=st.data())
def test_an_array_on_the_left_gives_a_tensor_of_the_right_shape(symbol: str, data: st.DataObject) -> None:
    """Never an array of objects: the operator of ndarray gives way to the tensor's."""
    left, right = data.draw(elementwise(positive, positive)).args
    sign = BINARY[symbol][0]
    expected = sign(left, right)
    for y in (sign(left, ag.Tensor(right, True)), sign(ag.Tensor(left, True), right)):
        assert type(y) is ag.Tensor and y.requires_grad and not y.is_leaf
        assert_same_but_for_rounding(y.numpy(), expected)


@given(call=product())
def test_matmul_with_arrays_and_lists_on_either_side(call: Any) -> None:
    left, right = call.args
    for x, y in ((left, ag.Tensor(right, True)), (ag.Tensor(left, True), right)):
        for f in (operator.matmul, np.matmul, ag.matmul):
            product = f(x, y)
            assert type(product) is ag.Tensor and product.requires_grad
            assert_same_but_for_rounding(product.numpy(), left @ right)
    listed = left.tolist() @ ag.Tensor(right, True)
    np.testing.assert_allclose(listed.numpy(), left @ right, rtol=1e-5, atol=1e-6)


@given(call=elementwise(positive))
def test_unary_operators(call: Any) -> None:
    (x,) = call.args
    for sign in (operator.neg, operator.pos, abs):
        leaf = ag.Tensor(x, True)
        np.testing.assert_array_equal(sign(leaf).numpy(), np.asarray(sign(x)), strict=True)
        assert sign(leaf).requires_grad


COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_are_plain_truth_values(compare: Callable[..., Any]) -> None:
    """Arrays of bool, without a graph, whatever the other side is."""
    x = np.array([1.0, 2.0, 3.0])
    t = ag.Tensor(x, requires_grad=True)
    for other in (2, 2.0, [1.0, 5.0, 3.0], np.array([3.0, 2.0, 1.0]), np.float64(2), t, ag.Tensor(2.0)):
        bare = other.numpy() if isinstance(other, ag.Tensor) else other
        for found, expected in ((compare(t, other), compare(x, bare)), (compare(other, t), compare(bare, x))):
            assert type(found) is np.ndarray
            np.testing.assert_array_equal(found, expected, strict=True)


def test_tensors_are_hashed_by_identity() -> None:
    a, b = ag.Tensor([1.0]), ag.Tensor([1.0])
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1


# What passes through NumPy without a derivative ----------------------------------------------------------------------

PASSING: dict[str, Callable[[Any], Any]] = {
    "np.argmax": lambda x: np.argmax(x, axis=0),
    "np.argsort": lambda x: np.argsort(x, axis=-1),
    "np.isnan": np.isnan,
    "np.isfinite": np.isfinite,
    "np.signbit": np.signbit,
    "np.shape": np.shape,
    "np.ndim": np.ndim,
    "np.size": np.size,
    "np.count_nonzero": np.count_nonzero,
    "np.nonzero": lambda x: np.nonzero(x)[0],
    "np.any": lambda x: np.any(x, axis=1),
    "np.allclose": lambda x: np.allclose(x, x),
    "np.array_equal": lambda x: np.array_equal(x, x),
    "np.logical_and": lambda x: np.logical_and(x, True),
    "np.less": lambda x: np.less(0.0, x),
    "np.zeros_like": np.zeros_like,
    "np.ones_like": lambda x: np.ones_like(x, dtype=np.float32),
    "np.result_type": lambda x: np.result_type(x, np.float32),
    "argmax": lambda x: x.argmax(axis=1),
    "argmin": lambda x: x.argmin(),
}


@pytest.mark.parametrize("name", PASSING)
def test_integers_truth_values_and_shapes_pass_as_numpy_gives_them(name: str) -> None:
    x = np.array([[1.0, -2.0, 3.0], [0.0, 5.0, -1.0]])
    expected = PASSING[name](x)
    found = PASSING[name](ag.Tensor(x, requires_grad=True))
    assert type(found) is type(expected)
    np.testing.assert_equal(found, expected)


# Looking like an array -----------------------------------------------------------------------------------------------


def test_a_tensor_has_the_attributes_of_its_array() -> None:
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    t = ag.Tensor(x)
    assert (t.shape, t.ndim, t.size, t.dtype, len(t)) == (x.shape, x.ndim, x.size, x.dtype, len(x))
    assert t.tolist() == x.tolist() and t.numpy() is x and np.asarray(t) is x
    assert [row.tolist() for row in t] == x.tolist()
    np.testing.assert_array_equal(t.T.numpy(), x.T)
    np.testing.assert_array_equal(t.mT.numpy(), x.mT)


def test_a_tensor_is_iterated_by_recorded_rows() -> None:
    t = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    first, second = t
    (first * 2 + second * 3).sum().backward()
    assert t.grad.tolist() == [[2.0] * 3, [3.0] * 3]


@pytest.mark.parametrize("spell", [lambda t: t.reshape(3, 2), lambda t: t.reshape((3, 2)), lambda t: t.reshape(-1, 2)])
def test_reshape_takes_a_shape_or_its_numbers(spell: Callable[..., Any]) -> None:
    assert spell(ag.Tensor(np.ones((2, 3)))).shape == (3, 2)


def test_transpose_takes_axes_or_nothing() -> None:
    t = ag.Tensor(np.ones((2, 3, 4)))
    assert t.transpose().shape == t.T.shape == t.transpose(None).shape == (4, 3, 2)
    assert t.transpose(1, 0, 2).shape == t.transpose((1, 0, 2)).shape == (3, 2, 4)


def test_integer_tensors_serve_as_indices_and_counts() -> None:
    x = ag.Tensor(np.array([10.0, 20.0, 30.0]), requires_grad=True)
    index = ag.Tensor(np.array([2, 0]))
    x[index].sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 1.0]
    assert x[ag.Tensor(np.array([True, False, False]))].tolist() == [10.0]
    assert x[x > 15].tolist() == [20.0, 30.0]
    assert list(range(ag.Tensor(np.array(3)))) == [0, 1, 2]


@pytest.mark.parametrize("numbers", [positive])
@given(data=st.data())
def test_repr_shows_the_numbers_and_the_origin(numbers: Numbers, data: st.DataObject) -> None:
    (x,) = data.draw(elementwise(numbers)).args
    leaf = ag.Tensor(x, requires_grad=True)
    assert repr(leaf).startswith("Tensor(") and "requires_grad=True" in repr(leaf) and "float64" in repr(leaf)
    assert "from=exp" in repr(np.exp(leaf)) and "requires_grad" not in repr(leaf.detach())


def test_the_array_namespace_is_numpys_whose_functions_record() -> None:
    x = ag.Tensor(np.array([[2.0, 1.0], [1.0, 3.0]]), requires_grad=True)
    xp = x.__array_namespace__(api_version="2022.12")
    assert xp is np.ones(1).__array_namespace__()
    xp.sum(xp.linalg.inv(xp.matrix_transpose(x) + xp.eye(2))).backward()
    inverse = np.linalg.inv(x.numpy() + np.eye(2))
    assert np.allclose(x.grad, -np.outer(inverse.sum(0), inverse.sum(1)))
    with pytest.raises(ValueError, match=r"1999\.1"):
        x.__array_namespace__(api_version="1999.1")


def test_dlpack_shares_the_memory_of_what_has_no_history() -> None:
    x = ag.Tensor(np.ones(3), requires_grad=True)
    assert np.shares_memory(np.from_dlpack(x.detach()), x.numpy())
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match=r"t\.detach"):
        np.from_dlpack(x)
