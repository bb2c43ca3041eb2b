"""How a primitive is called: one short path for up to three arguments, and a general one.

These few lines run for every operation of every program. What they avoid, each measured on ten elements: a generic
loop over arguments (1 µs), NumPy's conversion of a Python number (0.35 µs), a ufunc call on a NumPy scalar where
Python's operator does (1 µs), a Python-level constructor (0.15 µs), a question that the declaration has answered
(0.03 µs each). Therefore the short path is a text, ``_SHORT``, filled in and compiled at the primitive's first call.
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
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
}  # fmt: skip

# a, b, c: the arrays of the arguments x, y, z; p, q, r: their nodes
_SHORT = """\
def function({signature}):
    {arrays}
    try:
        {call}
    except Exception as error:
        raise explain(op, ({values},), params, error) from error
    if recording.special{mixed}:
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
    node.shape = {shape}
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
        given, count = kwargs, len(args) - 1
        if count:
            if count > len(settings) or (kwargs and not kwargs.keys().isdisjoint(settings[:count])):
                op.bind_call(args, kwargs)  # says what is wrong
            given = {settings[0]: args[1], **kwargs} if count == 1 else {**dict(zip(settings, args[1:])), **kwargs}
        params = {**defaults, **entry.settled(op.name, given)}
        if len(params) != len(settings):
            return op(*op.bind_call(args, kwargs))
    a, p = x._data, x._node"""
_TWO = """\
if isinstance(x, Tensor):
        a, p = x._data, x._node
        if isinstance(y, Tensor):
            b, q = y._data, y._node
        else:
            b, q = beside(y, a, op, 1), None
            if type(b) is Tensor:  # a list that holds tensors
                return function(x, b)
    elif isinstance(y, Tensor):
        b, q = y._data, y._node
        a, p = beside(x, b, op, 0), None
        if type(a) is Tensor:
            return function(a, y)
    else:
        return op.on_plain((x, y), params)"""
_THREE = """\
if kwargs or len(args) != 3:
        args, kwargs = op.bind_call(args, kwargs)
    x, y, z = args
    if not (isinstance(x, Tensor) and isinstance(y, Tensor) and isinstance(z, Tensor)):
        return op(args, params)
    a, p, b, q, c, r = x._data, x._node, y._data, y._node, z._data, z._node"""
_PERHAPS_SCALARS = """\
if type(a) is type(b) is ndarray or (type(a) in PLAIN and type(b) in PLAIN):
            out = forward(a, b)
        else:
            a = a[()] if type(a) in PLAIN and not a.ndim else a  # a 0-d array as the NumPy scalar that it holds
            b = b[()] if type(b) in PLAIN and not b.ndim else b
            out = (on_scalars if isinstance(a, _SCALARS) and isinstance(b, _SCALARS) else forward)(a, b)"""
_PRECISE = """
    if not (type(a) is type(b) and a.dtype is b.dtype):
        a, b = as_precise(a, out.dtype), as_precise(b, out.dtype)"""

_GENERAL = "def function(*args, **kwargs): return op(*op.bind_call(args, kwargs))"
_AN_ARRAY = "\n        shape = out.shape\n        if type(out) is Tensor:\n            raise not_an_array(op, out)"


def make_function(op: Primitive) -> Callable[..., Any]:
    """The function that users call, with the forward's signature and documentation."""
    settings = op.arguments != op.parameters
    if op.variadic or not op.orderly or len(op.arguments) > (1 if settings else 3):
        exec(_compiled(_GENERAL), space := {"op": op})
        function: Callable[..., Any] = space["function"]
    elif len(op.arguments) == 3:
        function = _short(op, "*args, **kwargs", _THREE, "out = forward(a, b, c)")
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


def _short(op: Primitive, signature: str, arrays: str, call: str) -> Any:
    settings, complete = op.parameters[1:], len(op.defaults) == len(op.parameters) - 1
    space = _NAMES | {"op": op, "forward": op.forward, "on_scalars": ON_SCALARS.get(op.forward), "params": NO_SETTINGS}

    def ready() -> Callable[..., Any]:
        space["beside"] = entry.beside  # which the border has put there by now
        exec(_compiled(_source(op, signature, arrays, call)), made := space.copy())
        function.__code__ = made["function"].__code__.replace()  # its own: Python adapts it to where it finds names
        return function

    space |= {"defaults": op.defaults, "settings": settings, "complete": complete, "ready": ready}
    exec(_compiled(f"def function({signature}): return ready()({signature})"), space)
    function: Any = space["function"]
    return function


def _source(op: Primitive, signature: str, arrays: str, call: str) -> str:
    """The text of a short path: how it finds its ``arrays``, and how it calls the forward."""
    count = len(op.arguments)
    given, values, nodes = "xyz"[:count], "abc"[:count], "pqr"[:count]
    names = {"given": ", ".join(given), "values": ", ".join(values), "nodes": ", ".join(nodes)}
    names |= {"untracked": " and ".join(f"{p} is None" for p in nodes), "kept": _kept(op, values, nodes)}
    precise = any(PRECISE in op.keeps(i).values() for i in range(count))
    names["precise"] = _PRECISE if precise and count == 2 else ""
    names["mixed"] = " or not a.dtype is b.dtype is c.dtype is out.dtype" if precise and count == 3 else ""
    names["shape"] = "out.shape" if isinstance(op.forward, np.ufunc) else "shape"
    call += "" if isinstance(op.forward, np.ufunc) else _AN_ARRAY
    return _SHORT.format(signature=signature, arrays=arrays, call=call, **names)


def _kept(op: Primitive, values: str, nodes: str, on: tuple[bool, ...] = ()) -> str:
    """What a row keeps of its arguments and its result where those are tracked, as the text of a choice of tuples."""
    if len(on) < len(nodes):
        yes = _kept(op, values, nodes, (*on, True))
        if len(on) == len(nodes) - 1 and not any(on):  # one of them is tracked
            return yes
        no = _kept(op, values, nodes, (*on, False))
        return yes if yes == no else f"({yes} if {nodes[len(on)]} is not None else {no})"
    text = {VALUE: "{}", PRECISE: "{}", SPEC: "keep({}, SPEC, out)"}
    levels = zip((*values, "out"), op.plan(on), strict=True)
    return f"({', '.join(text.get(level, 'None').format(name) for name, level in levels)})"


@functools.cache
def _compiled(source: str) -> Any:
    file = f"{__file__} ({_compiled.cache_info().misses})"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # tracebacks show the text
    return compile(source, file, "exec")


_NAMES: dict[str, Any] = {f.__name__: f for f in (explain, keep, as_precise, Tensor, Node)}
_NAMES |= {"not_an_array": not_an_array, "recording": recording, "entry": entry, "__name__": __name__}
_NAMES |= {"ndarray": np.ndarray, "PLAIN": PLAIN, "_new": object.__new__, "_SCALARS": _SCALARS, "SPEC": SPEC}
"""What the text of ``_SHORT`` mentions, beside the primitive's own."""
