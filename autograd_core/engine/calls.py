"""How a primitive is called: one short path for one argument, one for two, and a general one.

These few lines run for every operation of every program. What they avoid, each measured on ten elements: a generic
loop over arguments (1 µs), NumPy's conversion of a Python number (0.35 µs), a ufunc call on a NumPy scalar where
Python's operator does (1 µs), a Python-level constructor (0.15 µs).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import entry, recording
from .errors import explain
from .node import Node, as_precise, keep
from .tensor import Tensor

if TYPE_CHECKING:
    from .primitive import Primitive

NO_SETTINGS: dict[str, Any] = {}
NONE_KEPT = (None, None, None)  # by a row of two arguments; one tuple for all of them

_ndarray, _new = np.ndarray, object.__new__
_SCALARS = (np.generic, float, int)
_NUMBERS = (float, int, bool, complex)
_ON_SCALARS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
}
_numbers: dict[Any, dict[float, Any]] = {np.dtype(t): {} for t in (np.float16, np.float32, np.float64)}
"""Python numbers as 0-d arrays, by dtype: the cheapest second operand that a ufunc takes."""


def make_function(op: Primitive) -> Callable[..., Any]:
    """The function that users call, with the forward's signature and documentation."""
    if op.arguments == op.parameters and len(op.arguments) == 1 and not op.variadic:
        function = _unary(op)
    elif op.arguments == op.parameters and len(op.arguments) == 2:
        function = _binary(op)
    elif len(op.arguments) == 1 and op.orderly and not op.variadic:
        function = _unary_with_settings(op)
    else:
        settled = NO_SETTINGS if op.arguments == op.parameters and not op.variadic else None

        def function(*args: Any, **kwargs: Any) -> Any:
            if settled is not None and len(args) == len(op.arguments) and not kwargs:
                return op(args, settled)
            return op(*op.bind_call(args, kwargs))

    function.__name__ = function.__qualname__ = op.name
    if isinstance(op.forward, np.ufunc):
        function.__module__ = "autograd_core"
        function.__doc__ = (
            f"``np.{op.name}({', '.join(op.parameters)})`` on tensors, recorded; on arrays it is NumPy's own."
        )
    else:
        function.__module__, function.__doc__ = op.forward.__module__, op.forward.__doc__
        function.__wrapped__ = op.forward  # type: ignore[attr-defined]  # where help() finds the signature
    function.primitive = op  # type: ignore[attr-defined]
    return function


def _unary(op: Primitive) -> Callable[..., Any]:
    forward = op.forward
    keep_x, keep_ans = op.plan((True,))
    inline = op.keeps_values_only

    def function(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return forward(x) if type(x) is _ndarray else op.on_plain((x,), NO_SETTINGS)
        a = x._data
        parent = x._node
        try:
            out = forward(a)
            shape = out.shape
        except Exception as error:
            raise explain(op, (a,), NO_SETTINGS, error) from error
        if recording.special or not inline:
            return op.finish((x,), NO_SETTINGS, (a,), (parent,), out)
        result = _new(Tensor)
        result._data = out
        if parent is None:
            result._node = None
        else:
            result._node = node = _new(Node)
            node.op = op
            node.parents = (parent,)
            node.saved = (a if keep_x else None, out if keep_ans else None)
            node.params = NO_SETTINGS
            node.shape = shape
        return result

    return function


def _unary_with_settings(op: Primitive) -> Callable[..., Any]:
    forward, settings, defaults = op.forward, op.parameters[1:], op.defaults
    complete = len(defaults) == len(settings)
    keep_x, keep_ans = op.plan((True,))

    def function(*args: Any, **kwargs: Any) -> Any:
        x = args[0] if args else None
        if not isinstance(x, Tensor):
            if type(x) is _ndarray:
                return forward(*args, **kwargs)
            return op(*op.bind_call(args, kwargs))
        if kwargs or len(args) > 1 or not complete:
            given = len(args) - 1
            params = {**defaults, **dict(zip(settings, args[1:])), **kwargs}  # noqa: B905 (checked in the next line)
            if len(params) != len(settings) or given > len(settings) or not kwargs.keys().isdisjoint(settings[:given]):
                op.bind_call(args, kwargs)  # says what is wrong
            params = entry.settled(op.name, params)
        else:
            params = defaults
        a = x._data
        parent = x._node
        try:
            out = forward(a, **params)
            shape = out.shape
        except Exception as error:
            raise explain(op, (a,), params, error) from error
        if recording.special:
            return op.finish((x,), params, (a,), (parent,), out)
        result = _new(Tensor)
        result._data = out
        if parent is None:
            result._node = None
        else:
            result._node = node = _new(Node)
            node.op = op
            node.parents = (parent,)
            node.saved = (keep(a, keep_x, out), keep(out, keep_ans, out))
            node.params = params
            node.shape = shape
        return result

    return function


def _binary(op: Primitive) -> Callable[..., Any]:
    forward = op.forward
    on_scalars = _ON_SCALARS.get(forward)
    plan_x, plan_y, plan_xy = ((*p, any(p)) for p in map(op.plan, ((True, False), (False, True), (True, True))))
    inline = op.keeps_values_only

    def function(x: Any, y: Any) -> Any:
        if isinstance(x, Tensor):
            a, x_node = x._data, x._node
            if isinstance(y, Tensor):
                b, y_node = y._data, y._node
                mixed = a.dtype is not b.dtype
            else:
                b, y_node = _beside(y, a, op, 1), None
                if type(b) is Tensor:  # a list that holds tensors
                    return function(x, b)
                mixed = type(y) not in _NUMBERS
        elif isinstance(y, Tensor):
            b, y_node = y._data, y._node
            a, x_node = _beside(x, b, op, 0), None
            if type(a) is Tensor:
                return function(a, y)
            mixed = type(x) not in _NUMBERS
        else:
            return op.on_plain((x, y), NO_SETTINGS)
        try:
            if on_scalars is None or (type(a) is _ndarray and type(b) is _ndarray):
                out = forward(a, b)
            else:
                a, b = _scalar(a), _scalar(b)
                both = isinstance(a, _SCALARS) and isinstance(b, _SCALARS)
                out = on_scalars(a, b) if both else forward(a, b)
            shape = out.shape
        except Exception as error:
            raise explain(op, (a, b), NO_SETTINGS, error) from error
        if recording.special or not inline:
            return op.finish((x, y), NO_SETTINGS, (a, b), (x_node, y_node), out)
        result = _new(Tensor)
        result._data = out
        if x_node is not None:
            keep_x, keep_y, keep_ans, keep_some = plan_x if y_node is None else plan_xy
        elif y_node is not None:
            keep_x, keep_y, keep_ans, keep_some = plan_y
        else:
            result._node = None
            return result
        result._node = node = _new(Node)
        node.op = op
        node.parents = (x_node, y_node)
        node.saved = NONE_KEPT
        if keep_some:
            if mixed:
                a, b = as_precise(a, out.dtype), as_precise(b, out.dtype)
            node.saved = (a if keep_x else None, b if keep_y else None, out if keep_ans else None)
        node.params = NO_SETTINGS
        node.shape = shape
        return result

    return function


def _beside(value: Any, array: Any, op: Primitive, place: int) -> Any:
    """The constant argument in the form that is cheapest beside ``array``; never one that widens its dtype."""
    kind = type(value)
    if kind is not float and kind is not int:
        if kind is not bool:
            return entry.operand(value, op.name, () if op.rules[place] is None else (array.dtype,))
        value = int(value)
    if type(array) is _ndarray or (isinstance(array, np.generic) and op.forward not in _ON_SCALARS):
        numbers = _numbers.get(array.dtype)
        if numbers is not None:
            known = numbers.get(value)
            return _remember(value, array.dtype, numbers) if known is None else known
    if not value and array.dtype.kind in "fc":
        return array.dtype.type(value)  # in a rule, Python's own 1/0 would be an error
    return value


def _remember(value: float, dtype: Any, numbers: dict[float, Any]) -> Any:
    number = np.array(value, dtype)
    if value == 0 or value != value:  # −0.0 equals 0.0 as a key, NaN equals nothing
        return number
    if len(numbers) >= 1024:
        numbers.clear()
    number.flags.writeable = False  # every row that multiplies by this value shares it
    numbers[value] = number
    return number


def _scalar(value: Any) -> Any:
    """A 0-d array as the NumPy scalar that it holds."""
    return value[()] if type(value) is _ndarray and not value.ndim else value
