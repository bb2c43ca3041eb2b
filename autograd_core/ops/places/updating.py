"""New arrays that differ from others at an index: ``x.at[index].set(v)``, where NumPy would write into x.

The names are JAX's. Where an index names a place several times, values are added, multiplied, … one after the other, as
NumPy's ``ufunc.at`` does, and of values set the last one stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.forms import linear
from ...engine.tensor import Tensor
from ..shapes.joining import resize
from ..shapes.shaping import astype, ravel
from .indexing import _along, _is_basic, _scatter

if TYPE_CHECKING:
    from ...support.types import AnyArray, Array, ArrayLike, Index

__all__ = ["fill_diagonal", "put_along_axis"]


@linear(
    name="put_at",
    x=lambda g, index: _put(g, 0, index),
    values=lambda g, index: g[index],
)
def _put(x, values, index):
    """x with ``values`` at an index that names no place twice."""
    out = np.copy(x)
    if type(out) is np.ndarray and type(values) is not np.ndarray and hasattr(values, "__array_function__"):
        out = np.zeros_like(values, shape=x.shape, dtype=x.dtype)  # room of the values' type
        out[...] = x
    out[index] = values
    return out


class At:
    """``x.at``: reads an index for ``x.at[index].set(v)`` and its relatives (see ``Place``)."""

    __slots__ = ("x",)

    def __init__(self, x: ArrayLike) -> None:
        self.x = x if isinstance(x, Tensor) else Tensor(x)

    def __getitem__(self, index: Index) -> Place:
        return Place(self.x, entry.index(index))


class Place:
    """``x.at[index]``: each method gives a new tensor of x's shape and dtype; x stays as it is.

    >>> x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    >>> x.at[1:].set(0.0)
    Tensor([1., 0., 0.], dtype=float64, from=put_at)
    >>> x.at[np.array([0, 0])].add(np.array([10.0, 20.0])).tolist()
    [31.0, 2.0, 3.0]
    """

    __slots__ = ("index", "x")

    def __init__(self, x: Tensor, index: Any) -> None:
        self.x = x
        self.index = index

    def get(self) -> Tensor:
        """The values at the index."""
        return self.x[self.index]

    def set(self, values: ArrayLike) -> Tensor:
        """x with ``values`` there; where a place is named twice, the last value stays."""
        fitting = self._fitting("set", values)
        if _is_basic(self.index):
            return _put(self.x, fitting, self.index)
        places, fitting = self._in_a_row(fitting)
        writer = np.empty(self.x.size, int)
        writer[places] = np.arange(places.size)
        last = writer[places] == np.arange(places.size)
        return self._shaped(_put(np.reshape(self.x, (-1,)), fitting[last], places[last]))

    def add(self, values: ArrayLike) -> Tensor:
        """x with ``values`` added there."""
        values = self._broadcast(self._fitting("add", values))
        return self.x + _scatter(values, shape=self.x.shape, index=self.index)

    def subtract(self, values: ArrayLike) -> Tensor:
        """x with ``values`` subtracted there."""
        values = self._broadcast(self._fitting("subtract", values))
        return self.x - _scatter(values, shape=self.x.shape, index=self.index)

    def multiply(self, values: ArrayLike) -> Tensor:
        """x multiplied by ``values`` there."""
        return self._combined("multiply", np.multiply, values)

    def divide(self, values: ArrayLike) -> Tensor:
        """x divided by ``values`` there."""
        return self._combined("divide", np.divide, values)

    def power(self, values: ArrayLike) -> Tensor:
        """x to the power of ``values`` there."""
        return self._combined("power", np.power, values)

    def min(self, values: ArrayLike) -> Tensor:
        """The smaller of x and ``values`` there; a tie shares the derivative."""
        return self._combined("min", np.minimum, values)

    def max(self, values: ArrayLike) -> Tensor:
        """The larger of x and ``values`` there; a tie shares the derivative."""
        return self._combined("max", np.maximum, values)

    def _combined(self, name: str, function: Callable[[Any, Any], Tensor], values: Any) -> Tensor:
        """A step for every time that a place is named: in one step no place is named twice."""
        values = self._fitting(name, values)
        if _is_basic(self.index):
            return _put(self.x, self._kept(name, function(self.x[self.index], values)), self.index)
        places, values = self._in_a_row(values)
        x: Any = np.reshape(self.x, (-1,))
        times = _times_before(places)
        for step in range(times.max(initial=-1) + 1):
            now = np.flatnonzero(times == step)
            x = _put(x, self._kept(name, function(x[places[now]], values[now])), places[now])
        return self._shaped(x)

    def _fitting(self, name: str, values: Any) -> Any:
        """The values in x's dtype; those that x's cannot hold are refused."""
        dtype = self.x.dtype
        if not isinstance(values, Tensor):
            values = entry.operand(values, f"at[...].{name}", (dtype,))
        if not hasattr(values, "dtype"):
            fits, given = np.result_type(values, dtype) == dtype, np.result_type(values)
        else:
            fits, given = np.can_cast(values.dtype, dtype, "same_kind"), values.dtype
        if not fits:
            raise TypeError(
                f"at[...].{name}: {given} values do not go into {dtype} {self.x.shape} without loss. "
                f"Fix: x.astype(np.{given}) first."
            )
        if not hasattr(values, "dtype"):
            return values
        extra = values.ndim - np.broadcast_to(False, self.x.shape)[self.index].ndim if values.ndim else 0
        if extra > 0:  # leading axes of length 1 are dropped, as in an assignment
            values = np.reshape(values, values.shape[extra:])
        return values if values.dtype == dtype else astype(values, dtype)

    def _kept(self, name: str, result: Tensor) -> Tensor:
        return result if result.dtype == self.x.dtype else self._fitting(name, result)

    def _broadcast(self, values: AnyArray) -> AnyArray:
        values = values if hasattr(values, "dtype") else self.x.dtype.type(values)
        return np.broadcast_to(values, np.broadcast_to(False, self.x.shape)[self.index].shape)

    def _in_a_row(self, values: AnyArray) -> tuple[Array, AnyArray]:
        """Places in the flattened x, and the value for each."""
        places = np.arange(self.x.size).reshape(self.x.shape)[self.index]
        return places.reshape(-1), np.reshape(self._broadcast(values), (-1,))

    def _shaped(self, flat: AnyArray) -> Any:
        return np.reshape(flat, self.x.shape)


def _times_before(places: Array) -> Array:
    """For each place how often it was named before."""
    order = np.argsort(places, kind="stable")
    there = places[order]
    first = np.searchsorted(there, there)
    times = np.empty_like(places)
    times[order] = np.arange(places.size) - first
    return times


def put_along_axis(arr, indices, values, axis):
    """A new array: ``arr`` with ``values`` at each row's own indices along ``axis`` (NumPy's writes into arr).

    >>> put_along_axis(np.zeros((2, 2)), np.array([[1], [0]]), 5.0, axis=1)
    array([[0., 5.],
           [5., 0.]])
    """
    if axis is None:
        return np.reshape(put_along_axis(np.reshape(arr, (-1,)), indices, values, 0), arr.shape)
    return _plain(At(arr)[_along("put_along_axis", arr, indices, axis)].set(values), arr, values)


def fill_diagonal(a, val, wrap=False):
    """A new array: ``a`` with ``val`` on its main diagonal, over and over as far as needed (NumPy's writes into a).

    wrap : of tall matrices, begin again below each square

    >>> fill_diagonal(np.zeros((2, 2)), np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    shape = a.shape
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ValueError(f"fill_diagonal: shape {shape}. Fix: give a matrix, or an array whose sides are equal.")
    step = 1 + sum(int(np.prod(shape[k:])) for k in range(1, len(shape)))
    end = shape[1] * shape[1] if len(shape) == 2 and not wrap else None
    diagonal = slice(None, end, step)
    count = len(range(a.size)[diagonal])
    values = resize(val, count) if np.ndim(val) else val
    flat = At(ravel(a))[diagonal].set(values) if count else ravel(At(a).x)
    return _plain(np.reshape(flat, shape), a, val)


def _plain(result: Any, *given: object) -> AnyArray:
    """The array of a result for which only arrays were given."""
    return result if any(isinstance(x, Tensor) for x in given) else result._data
