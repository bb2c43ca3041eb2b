"""Whether something is being differentiated, and its value."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from ..engine.tensor import Tensor
from .installing import missing

if TYPE_CHECKING:
    from ..support.types import Function


Box = Tensor
"""What stands for an array while it is being differentiated."""


def isbox(x: object) -> bool:
    """Whether ``x`` is being differentiated."""
    return isinstance(x, Tensor)


def getval(x: Any) -> Any:
    """The array that a box stands for; anything else as it is.

    x : a box, or something else
    """
    if not isinstance(x, Tensor):
        return x
    return x._data if x.ndim else x._data[()]


def notrace_primitive(f: Function) -> Function:
    """A function that sees values and whose result is a constant.

    f : a function of arrays
    """

    @wraps(f)
    def of_values(*args: object, **kwargs: object) -> Any:
        return f(*map(getval, args), **kwargs)

    return of_values


__getattr__ = missing(__name__)
