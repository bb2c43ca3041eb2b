"""Calls as functions of the arrays in them: lists, tuples and dicts taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

import autograd_core as ag
from samples.call import Call
from strategies import Array


class Constant(NamedTuple):
    """An array in a call that is not to be differentiated."""

    array: Array


def is_variable(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def mapped(tree: Any, leaf: Callable[[Any], Any], constant: Callable[[Any], Any] = attrgetter("array")) -> Any:
    """The same tree with ``leaf`` applied to every variable in it, and constants unwrapped."""
    if isinstance(tree, Constant):
        return constant(tree)
    if isinstance(tree, dict):
        return {k: mapped(v, leaf, constant) for k, v in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(mapped(v, leaf, constant) for v in tree)
    return leaf(tree) if is_variable(tree) else tree


def flat(result: Any) -> list[Any]:
    """The arrays, tensors and numbers of a result, which may be a tuple, a named tuple or a list."""
    return [x for part in result for x in flat(part)] if isinstance(result, (tuple, list)) else [result]


def variables(call: Call) -> list[Array]:
    found: list[Array] = []
    mapped((call.args, call.params), lambda x: found.append(x))
    return found


def with_variables(f: Callable[..., Any], call: Call) -> Callable[..., list[Any]]:
    """f's results as a list, as a function of the call's variables alone."""

    def g(*values: Any) -> list[Any]:
        rest = iter(values)
        args, params = mapped((call.args, call.params), lambda x: next(rest))
        return flat(f(*args, **params))

    return g


def real_function(f: Callable[..., Any], call: Call) -> tuple[Callable[..., Any], list[Array]]:
    """One real vector of everything that f returns, as a function of real arrays: a complex array is two of them."""
    given = variables(call)
    g = with_variables(f, call)

    def h(*parts: Any) -> Any:
        rest = iter(parts)
        values = [next(rest) + 1j * next(rest) if x.dtype.kind == "c" else next(rest) for x in given]
        results = [y for y in g(*values) if np.result_type(y).kind in "fc"]
        pieces = [p for y in results for p in ((np.real(y), np.imag(y)) if np.result_type(y).kind == "c" else (y,))]
        return ag.concatenate([np.reshape(p, (-1,)) for p in pieces])

    return h, [np.array(p) for x in given for p in ((x.real, x.imag) if x.dtype.kind == "c" else (x,))]
