"""What is an array of some kind stays what it is, and lies where others lie; adding up at indices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.node import PLAIN

if TYPE_CHECKING:
    from .types import Function


def anyarray(x: object) -> Any:
    """``np.asanyarray`` that lets tensors, symbols and arrays of other kinds through.

    >>> anyarray([1, 2])
    array([1, 2])
    """
    return x if hasattr(x, "shape") else np.asarray(x)


def method_of(array: Any, name: str) -> Function:
    """A method of an array type of one's own: NumPy's function of that name, where the array is its first argument.

    >>> method_of(np.ones((2, 3)), "reshape")(3, 2).shape  # as np.reshape(x, (3, 2))
    (3, 2)
    """
    function, several = getattr(np, name), name in ("reshape", "transpose")
    return lambda *args, **kwargs: function(array, *((args,) if several and len(args) > 1 else args), **kwargs)


def brought(values: Any, x: Any) -> Any:
    """``values``, an array that NumPy made, where the array x lies: a copy on its device, or itself.

    >>> brought(np.ones(2), np.zeros(3))
    array([1., 1.])
    """
    x = getattr(x, "_data", x)
    if type(values) is not np.ndarray or type(x) in PLAIN or isinstance(x, np.generic) or hasattr(x, "apply_primitive"):
        return values  # arrays that hide an axis, or keep a pattern, take NumPy's beside them
    return np.asarray(values, like=x)


def hosted(x: Any) -> Any:
    """The values of an array as NumPy's, on whatever device it lies.

    >>> hosted([1, 2])
    array([1, 2])
    """
    return x.get() if on_device(x) else np.asarray(x)


def on_device(x: Any) -> bool:
    """Whether an array lies in another memory than NumPy's, as CuPy's do.

    >>> on_device(np.ones(2))
    False
    """
    return hasattr(x, "__array_function__") and hasattr(x, "get")


def add_at(out: Any, index: Any, values: Any) -> None:
    """``np.add.at``, to the bit; rows number by number, which NumPy does four times as fast.

    >>> total = np.zeros((3, 2))
    >>> add_at(total, np.array([2, 0, 2]), np.ones((3, 2)))
    >>> total
    array([[1., 1.],
           [0., 0.],
           [2., 2.]])
    """
    rows = type(out) is type(index) is type(values) is np.ndarray and index.dtype.kind == "i" and out.ndim > 1
    if not (rows and values.size > 1024 and values.shape == index.shape + out.shape[1:] and out.flags.c_contiguous):
        np.add.at(out, index, values)
        return
    width = math.prod(out.shape[1:])
    places = np.multiply.outer(index, width)[..., None] + np.arange(width)
    np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))


def highest(x: Any, axis: Any = None, keepdims: bool = False, **start: Any) -> Any:
    """``np.max``, by the shortest way that an array has; ``start`` is what there is of no elements.

    >>> highest(np.array([1, 3, 2]))
    np.int64(3)
    """
    if type(x) not in PLAIN and on_device(x):
        return np.max(x, axis=axis, keepdims=keepdims)
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims, **start)


def lowest(x: Any, axis: Any = None, keepdims: bool = False, **start: Any) -> Any:
    """``np.min`` in the same way.

    >>> lowest(np.array([3, 1, 2]))
    np.int64(1)
    """
    if type(x) not in PLAIN and on_device(x):
        return np.min(x, axis=axis, keepdims=keepdims)
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims, **start)
