"""What an applied function is known by, whatever it is called: what is said of it is said of that object."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..engine.registry import implementations

if TYPE_CHECKING:
    from ..support.types import ArrayLike, Function


Expression: TypeAlias = Any
"""A symbol, or what may stand beside one: a number, an array, a list of expressions."""


def meaning(function: Any) -> Any:
    """The ufunc or else the primitive that a function stands for; a function that is neither stands for itself.

    >>> import autograd_core as ag
    >>> meaning(ag.exp) is meaning(np.exp) is np.exp, meaning(np.sum) is meaning(method("sum")) is ag.sum.primitive
    (True, True)
    """
    function = getattr(function, "of_numpy", None) or function
    op = getattr(function, "primitive", None) or getattr(implementations.get(function), "primitive", None)
    return function if op is None else op.forward if isinstance(op.forward, np.ufunc) else op


@functools.cache
def method(name: str) -> Function:
    """A method of arrays as a function; it means what NumPy's function of that name does."""

    def call(x: Expression, *args: object, **kwargs: object) -> Any:
        return getattr(x, name)(*args, **kwargs)

    call.__name__ = name
    call.of_numpy = getattr(np, name, None)  # type: ignore[attr-defined]
    return call


def said_of(table: Mapping[Any, Any]) -> dict[Any, Any]:
    """A table by function as one by meaning."""
    return {meaning(function): words for function, words in table.items()}


def applies(function: Function, symbol: ArrayLike) -> bool:
    """True of an application of this function."""
    applied = getattr(symbol, "function", None)
    return applied is not None and meaning(applied) is meaning(function)
