"""A strict duck array: NumPy reaches it through its two protocols only, as it would an array on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Duck(NDArrayOperatorsMixin):
    """An array that never becomes an ndarray and never computes with one, as CuPy's does not.

    Beside a duck only ducks, Python's numbers and NumPy's scalars are accepted; indices may be plain arrays.
    """

    def __init__(self, array: Any) -> None:
        self._array = np.asarray(array)

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    T = property(lambda self: Duck(self._array.T))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a duck array was converted to a NumPy array")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operands = inputs if method == "__call__" else inputs[::2]  # what stands between is an index or an axis
        _refuse_arrays(ufunc.__name__, (*operands, *kwargs.get("out", ())))
        if not all(isinstance(x, (Duck, int, float, np.generic)) for x in operands):
            return NotImplemented
        return wrap(getattr(ufunc, method)(*map(unwrap, inputs), **{k: unwrap(v) for k, v in kwargs.items()}))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, np.ndarray) for kind in types):
            raise TypeError(f"{function.__name__} of a duck array and a NumPy array")
        if not all(issubclass(kind, Duck) for kind in types):
            return NotImplemented
        return wrap(function(*map(unwrap, args), **{k: unwrap(v) for k, v in kwargs.items()}))

    def __getitem__(self, index: Any) -> Duck:
        return Duck(self._array[unwrap(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("a NumPy array was written into a duck array")
        self._array[unwrap(index)] = unwrap(value)

    def astype(self, dtype: Any, copy: bool = True) -> Duck:
        return Duck(self._array.astype(dtype, copy=copy))

    def copy(self) -> Duck:
        return Duck(self._array.copy())

    def item(self) -> Any:
        return self._array.item()

    def __repr__(self) -> str:
        return f"Duck({self._array!r})"


def _refuse_arrays(name: str, operands: Any) -> None:
    if any(isinstance(x, np.ndarray) for x in operands):
        raise TypeError(f"{name} of a duck array and a NumPy array")


def unwrap(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(map(unwrap, value))
    return value._array if isinstance(value, Duck) else value


def wrap(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and any(isinstance(v, (np.ndarray, np.generic)) for v in value):
        return type(value)(*map(wrap, value)) if hasattr(value, "_fields") else type(value)(map(wrap, value))
    return Duck(value) if isinstance(value, (np.ndarray, np.generic)) else value
