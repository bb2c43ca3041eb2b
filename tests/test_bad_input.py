"""Wrong input is named: operation, shapes, dtypes, and the fix; and nothing is half-applied."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag

Action = Callable[[], Any]


def leaf(*shape: int) -> ag.Tensor:
    return ag.Tensor(np.ones(shape), requires_grad=True)


def refused(kind: type[Exception], *mentioned: str, action: Action) -> None:
    """The action raises this kind of exception, and its message mentions all that is named."""
    with pytest.raises(kind) as caught:
        action()
    message = str(caught.value)
    missing = [part for part in mentioned if part not in message]
    assert not missing, f"{missing} not in: {message}"


# Shapes that do not fit ----------------------------------------------------------------------------------------------

SHAPES: dict[str, tuple[Action, tuple[str, ...]]] = {
    "matmul of matrices": (
        lambda: leaf(2, 3) @ leaf(4, 5),
        ("matmul", "x.shape[-1] == y.shape", "(3 != 4)", "float64 (2, 3)", "float64 (4, 5)"),
    ),
    "matmul with a vector": (
        lambda: leaf(2, 3) @ leaf(4),
        ("matmul", "4 is different from 3", "(2, 3)", "float64 (4,)"),
    ),
    "matmul of a vector": (lambda: leaf(3) @ np.ones((4, 2)), ("matmul", "(3 != 4)", "(4, 2)")),
    "matmul with a number": (lambda: leaf(2, 3) @ leaf(), ("matmul", "enough dimensions", "(2, 3)", "float64 ()")),
    "matmul of unlike stacks": (lambda: leaf(2, 3, 3) @ leaf(4, 3, 3), ("matmul", "(2, 3, 3)", "(4, 3, 3)")),
    "broadcast": (lambda: leaf(2, 3) + leaf(2), ("add", "float64 (2, 3)", "float64 (2,)", "Fix", "broadcast")),
    "broadcast with an array": (lambda: np.ones(4) * leaf(3), ("multiply", "(4,)", "(3,)", "Fix")),
    "where": (lambda: np.where(np.ones(2, bool), leaf(3), 0.0), ("where", "bool (2,)", "float64 (3,)")),
    "reshape": (lambda: leaf(2, 3).reshape(4, 2), ("reshape", "float64 (2, 3)", "(4, 2)")),
    "broadcast_to": (lambda: np.broadcast_to(leaf(3), (2, 2)), ("broadcast_to", "(3,)", "(2, 2)")),
    "concatenate": (lambda: np.concatenate([leaf(2, 3), leaf(2, 4)]), ("concatenate", "(2, 3)", "(2, 4)")),
    "stack": (lambda: np.stack([leaf(2), leaf(3)]), ("stack", "(2,)", "(3,)")),
    "squeeze": (lambda: np.squeeze(leaf(2, 3), axis=0), ("squeeze", "(2, 3)", "axis=0")),
    "sum over a missing axis": (lambda: leaf(2, 3).sum(axis=2), ("sum", "axis", "2", "(2, 3)")),
    "max over a missing axis": (lambda: leaf(2, 3).max(axis=-3), ("max", "axis", "-3", "(2, 3)", "Fix")),
    "softmax over a missing axis": (lambda: ag.softmax(leaf(2), axis=1), ("axis", "(2,)")),
    "transpose": (lambda: np.transpose(leaf(2, 3), (0, 1, 2)), ("transpose", "(2, 3)", "(0, 1, 2)")),
    "swapaxes": (lambda: leaf(2, 3).swapaxes(0, 5), ("swapaxes", "(2, 3)", "5")),
    "expand_dims": (lambda: np.expand_dims(leaf(2), 4), ("expand_dims", "(2,)", "4")),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_that_do_not_fit(case: str) -> None:
    action, mentioned = SHAPES[case]
    refused(ValueError, *mentioned, action=action)


INDICES: dict[str, tuple[Any, str]] = {
    "out of bounds": (5, "out of bounds"),
    "too many": ((0, 0, 0), "too many indices"),
    "a float": (1.5, "valid indices"),
    "a mask of another shape": (np.ones(5, bool), "boolean index"),
    "floats": (np.array([0.5]), "integer"),
    "a tensor of floats": (ag.Tensor([0.5]), "integer"),
}


@pytest.mark.parametrize("case", INDICES)
def test_indices_that_do_not_fit(case: str) -> None:
    index, complaint = INDICES[case]
    refused(IndexError, "getitem", complaint, "float64 (2, 3)", action=lambda: leaf(2, 3)[index])


def test_the_original_exception_is_chained_and_the_operands_stay_usable() -> None:
    x, y = leaf(2, 3), leaf(2)
    with pytest.raises(ValueError, match="add") as caught:
        x + y
    assert isinstance(caught.value.__cause__, ValueError)
    (x + y.reshape(2, 1)).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([[1.0] * 3] * 2, [3.0, 3.0])


# Operands that are no numbers ----------------------------------------------------------------------------------------

NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "None": (None, "NoneType"),
    "a string": ("text", "str"),
    "a dictionary": ({"a": 1}, "dict"),
    "a set": ({1, 2}, "set"),
    "a function": (abs, "builtin_function"),
    "an array of objects": (np.array([None, 1.0], object), "object"),
    "an array of strings": (np.array(["a", "b"]), "<U1"),
    "a list of strings": (["a", "b"], "<U1"),
    "a list with None": ([None, 1.0], "object"),
}
OPERATIONS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "x + y": ("add", lambda x, y: x + y),
    "y - x": ("subtract", lambda x, y: y - x),
    "x / y": ("divide", lambda x, y: x / y),
    "x ** y": ("power", lambda x, y: x**y),
    "x @ y": ("matmul", lambda x, y: x @ y),
    "np.maximum": ("maximum", lambda x, y: np.maximum(x, y)),
    "ag.add": ("add", lambda x, y: ag.add(x, y)),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_operands_that_are_no_numbers(operation: str, case: str) -> None:
    operand, described = NO_NUMBERS[case]
    name, apply = OPERATIONS[operation]
    refused(TypeError, name, described, action=lambda: apply(leaf(2), operand))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (np.log, "log: divide by zero.* Fix: keep the arguments"),
        (lambda x: np.sqrt(x - 1), "sqrt: invalid value.* Fix: keep the arguments"),
    ],
)
def test_what_numpy_is_told_to_raise_is_not_blamed_on_the_shapes(operation: Any, message: str) -> None:
    x = ag.Tensor(np.zeros(2), requires_grad=True)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=message):
        operation(x)
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match=message):
            operation(x)


def test_a_wrong_dtype_is_not_blamed_on_the_shapes() -> None:
    with pytest.raises(TypeError) as caught:
        leaf(2) + np.array(["a", "b"])
    assert "broadcast" not in str(caught.value)


@pytest.mark.parametrize("data", [None, "text", object(), ["a"], [None], {"a": 1}, np.array([None], object)])
def test_tensors_of_no_numbers(data: Any) -> None:
    refused(TypeError, "Tensor", "give an array of numbers", action=lambda: ag.Tensor(data))


def test_a_ragged_list() -> None:
    refused(ValueError, "Tensor", action=lambda: ag.Tensor([[1.0], [1.0, 2.0]]))


@pytest.mark.parametrize("data", [np.arange(3), np.array([True]), np.int64(3)])
def test_integers_have_no_gradients(data: Any) -> None:
    described = f"{data.dtype} {data.shape}"
    refused(TypeError, "requires_grad", described, "Fix", "dtype=float", action=lambda: ag.Tensor(data, True))


def test_the_mend_for_integers_works() -> None:
    assert ag.Tensor(np.arange(3), requires_grad=True, dtype=float).dtype == np.float64


# backward() ----------------------------------------------------------------------------------------------------------


def test_several_numbers_have_no_single_gradient() -> None:
    x = leaf(2, 3)
    y = x * 2
    refused(ValueError, "backward", "float64 (2, 3)", "Fix", "sum()", "cotangent", action=y.backward)
    assert x.grad is None
    y.backward(np.ones((2, 3)))
    assert x.grad.tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize("cotangent", [np.ones(3), np.ones((1, 2)), 1.0, [[1.0], [1.0]]])
def test_a_cotangent_of_another_shape(cotangent: Any) -> None:
    x = leaf(2)
    y = x * 2
    given = str(np.shape(cotangent))
    refused(ValueError, "backward", "cotangent", given, "float64 (2,)", action=lambda: y.backward(cotangent))
    assert x.grad is None
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("cotangent", ["text", np.array([None, None], object)])
def test_a_cotangent_of_no_numbers(cotangent: Any) -> None:
    x = leaf(2)
    y = x * 2
    refused(TypeError, "numbers", action=lambda: y.backward(cotangent))
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_nothing_to_differentiate() -> None:
    for constant in (ag.Tensor(1.0), ag.Tensor(1.0) * 2, leaf().detach() * 2):
        refused(RuntimeError, "backward", "requires_grad=True", action=constant.backward)
    with ag.no_grad():
        y = leaf() * 2
    refused(RuntimeError, "backward", "no_grad", action=y.backward)


def test_a_second_backward_after_release() -> None:
    x = leaf()
    y = x * x
    y.backward()
    refused(RuntimeError, "backward", "released", "retain_graph=True", "Fix", action=y.backward)
    refused(RuntimeError, "released", action=(y * 2).backward)
    assert x.grad.item() == 2.0


def test_a_rule_that_fails_leaves_every_gradient_as_it_was() -> None:
    x, w = leaf(), leaf()
    (x * w).backward()
    y = shaky(x * 3.0) * w
    refused(FloatingPointError, "rule failed", action=y.backward)
    assert (x.grad.item(), w.grad.item()) == (1.0, 1.0)


def test_a_retained_graph_is_usable_after_a_rule_has_failed() -> None:
    """Once the reason is gone, backward() succeeds; a graph that was not to be retained says that it is gone."""
    x, w = leaf(), leaf()
    y = shaky(x * 3.0) * w
    refused(FloatingPointError, "rule failed", action=lambda: y.backward(retain_graph=True))
    with np.errstate(divide="ignore"):
        y.backward()
    assert (x.grad.item(), w.grad.item()) == (18.0, 9.0)
    z = shaky(x * 3.0) * w
    refused(FloatingPointError, "rule failed", action=z.backward)
    refused(RuntimeError, "released", "retain_graph=True", action=z.backward)
    assert (x.grad.item(), w.grad.item()) == (18.0, 9.0)


def _fails_unless_ignored(x: Any) -> Any:
    if np.geterr()["divide"] != "ignore":
        raise FloatingPointError("rule failed")
    return 2.0 * x


shaky = ag.elementwise(lambda x: x * x, name="shaky", x=_fails_unless_ignored)
