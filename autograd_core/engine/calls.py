"""How a primitive is called: one short path for one argument or for two, and a general one.

These few lines run for every operation of every program. What they avoid, each measured on ten elements: a generic
loop over arguments (1 µs), NumPy's conversion of a Python number (0.35 µs), a ufunc call on a NumPy scalar where
Python's operator does (1 µs), a Python-level constructor (0.15 µs), a question that the declaration has answered
(0.03 µs each). Therefore the short path is a text, ``_SHORT``, filled in and compiled for each kind of primitive.
"""

from __future__ import annotations

import functools
import linecache
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import entry, recording
from .errors import explain, not_an_array
from .node import PLAIN, PRECISE, SPEC, VALUE, Node, as_precise, keep
from .tensor import Tensor

if TYPE_CHECKING:
    from .primitive import Primitive

NO_SETTINGS: dict[str, Any] = {}

_SCALARS = (np.generic, float, int)
ON_SCALARS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
}

# a, b: the arrays of the arguments x, y; p, q: their nodes
_SHORT = """\
def function({signature}):
    {arrays}
    try:
        {call}
        shape = out.shape
    except Exception as error:
        raise explain(op, ({values},), params, error) from error
    if recording.special:
        return op.finish(({given},), params, ({values},), ({nodes},), out)
    result = _new(Tensor)
    result._data = out
    if {untracked}:
        result._node = None
        return result{precise}
    result._node = node = _new(Node)
    node.op = op
    node.parents = ({nodes},)
    node.saved = {kept}
    node.params = params
    node.shape = shape
    return result
"""
_ONE = """\
if not isinstance(x, Tensor):
        return forward(x) if type(x) in PLAIN else op.on_plain((x,), params)
    a, p = x._data, x._node"""
_ONE_AND_SETTINGS = """\
x = args[0] if args else None
    if not isinstance(x, Tensor):
        return forward(*args, **kwargs) if type(x) in PLAIN else op(*op.bind_call(args, kwargs))
    params = defaults
    if kwargs or len(args) > 1 or not complete:
        given = len(args) - 1
        params = {**defaults, **dict(zip(settings, args[1:])), **kwargs}
        if len(params) != len(settings) or given > len(settings) or not kwargs.keys().isdisjoint(settings[:given]):
            op.bind_call(args, kwargs)  # says what is wrong
        params = entry.settled(op.name, params)
    a, p = x._data, x._node"""
_TWO = """\
if isinstance(x, Tensor):
        a, p = x._data, x._node
        if isinstance(y, Tensor):
            b, q = y._data, y._node
        else:
            b, q = entry.beside(y, a, op, 1), None
            if type(b) is Tensor:  # a list that holds tensors
                return function(x, b)
    elif isinstance(y, Tensor):
        b, q = y._data, y._node
        a, p = entry.beside(x, b, op, 0), None
        if type(a) is Tensor:
            return function(a, y)
    else:
        return op.on_plain((x, y), params)"""
_PERHAPS_SCALARS = """\
if type(a) in PLAIN and type(b) in PLAIN:
            out = forward(a, b)
        else:
            a, b = _scalar(a), _scalar(b)
            out = (on_scalars if isinstance(a, _SCALARS) and isinstance(b, _SCALARS) else forward)(a, b)"""
_PRECISE = """
    if type(a) is not type(b) or a.dtype is not b.dtype:
        a, b = as_precise(a, out.dtype), as_precise(b, out.dtype)"""

_NO_TENSOR = "\n        if type(out) is Tensor:\n            raise not_an_array(op, out)"


def make_function(op: Primitive) -> Callable[..., Any]:
    """The function that users call, with the forward's signature and documentation."""
    settings = op.arguments != op.parameters
    if op.variadic or not op.orderly or len(op.arguments) > (1 if settings else 2):
        function = _general(op)
    elif len(op.arguments) == 2:
        function = _short(op, "x, y", _TWO, _PERHAPS_SCALARS if op.forward in ON_SCALARS else "out = forward(a, b)")
    elif settings:
        function = _short(op, "*args, **kwargs", _ONE_AND_SETTINGS, "out = forward(a, **params)")
    else:
        function = _short(op, "x", _ONE, "out = forward(a)")
    function.__name__ = function.__qualname__ = op.name
    if isinstance(op.forward, np.ufunc):
        function.__module__, call = "autograd_core", f"np.{op.name}({', '.join(op.parameters)})"
        function.__doc__ = f"``{call}`` on tensors, recorded; on arrays it is NumPy's own."
    else:
        function.__module__, function.__doc__ = op.forward.__module__, op.forward.__doc__
        function.__wrapped__ = op.forward  # type: ignore[attr-defined]  # where help() finds the signature
    function.primitive = op  # type: ignore[attr-defined]
    return function


def _general(op: Primitive) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        return op(*op.bind_call(args, kwargs))

    return function


def _short(op: Primitive, signature: str, arrays: str, call: str) -> Callable[..., Any]:
    if len(op.arguments) == 1:
        names = {"given": "x", "values": "a", "nodes": "p", "untracked": "p is None", "precise": ""}
        kept = _kept("a", op.plan((True,)))
    else:
        names = {"given": "x, y", "values": "a, b", "nodes": "p, q", "untracked": "p is None and q is None"}
        plans = [op.plan(on) for on in ((True, True), (True, False), (False, True))]
        names["precise"] = _PRECISE if any(PRECISE in plan for plan in plans) else ""
        kept = "({} if q is not None else {}) if p is not None else {}".format(*(_kept("ab", p) for p in plans))
    call += "" if isinstance(op.forward, np.ufunc) else _NO_TENSOR
    source = _SHORT.format(signature=signature, arrays=arrays, call=call, kept=kept, **names)
    settings, complete = op.parameters[1:], len(op.defaults) == len(op.parameters) - 1
    of_op = {"op": op, "forward": op.forward, "on_scalars": ON_SCALARS.get(op.forward), "params": NO_SETTINGS}
    of_op |= {"defaults": op.defaults, "settings": settings, "complete": complete}
    space = _NAMES | of_op
    exec(_compiled(source), space)
    function: Callable[..., Any] = space["function"]
    return function


def _kept(values: str, plan: tuple[int, ...]) -> str:
    """What a row keeps of its arguments and its result, as the text of a tuple."""
    text = {VALUE: "{}", PRECISE: "{}", SPEC: "keep({}, SPEC, out)"}
    levels = zip((*values, "out"), plan, strict=True)
    return f"({', '.join(text.get(level, 'None').format(name) for name, level in levels)})"


@functools.cache
def _compiled(source: str) -> Any:
    file = f"{__file__} ({_compiled.cache_info().misses})"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # tracebacks show the text
    return compile(source, file, "exec")


def _scalar(value: Any) -> Any:
    """A 0-d array as the NumPy scalar that it holds."""
    return value[()] if type(value) in PLAIN and not value.ndim else value


_NAMES: dict[str, Any] = {f.__name__: f for f in (explain, keep, as_precise, Tensor, Node, _scalar)}
_NAMES |= {"not_an_array": not_an_array, "recording": recording, "entry": entry, "__name__": __name__}
_NAMES |= {"PLAIN": PLAIN, "_new": object.__new__, "_SCALARS": _SCALARS, "SPEC": SPEC}
"""What the text of ``_SHORT`` mentions, beside the primitive's own."""
