"""Operators and NumPy's methods on tensors: each is one of the operations, named where NumPy names it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name
from ..engine.node import WEAK
from ..engine.tensor import Tensor, bare
from ..ops.arithmetic import complex, elementwise, rounding
from ..ops.places import indexing, selecting, updating
from ..ops.products import contractions
from ..ops.shapes import axes, diagonals, joining, shaping
from ..ops.sums import extremes, reductions, scans, spread
from . import writing
from .arrays import admitted, respelled
from .asking import ASKED
from .backward import backward
from .leaving import WAYS_OUT

if TYPE_CHECKING:
    from types import ModuleType

    from ..support.types import AnyArray, Function


def _reflected(function: Function) -> Function:
    return lambda self, other: function(other, self)


def _power(x: AnyArray, y: Any) -> Tensor:
    number = type(y) in (int, float) or type(y) in WEAK
    return elementwise.square(x) if number and y == 2 else elementwise.power(x, y)


def _on_arrays(ufunc: np.ufunc) -> Function:
    """Comparisons and the operators on bits: their results have no derivative."""
    return lambda self, other: ufunc(bare(self), bare(admitted(other, ufunc.__name__)))


def _reshape(self: Tensor, *shape: object, order: str = "C", copy: bool | None = None) -> Tensor:
    return shaping.reshape(self, shape[0] if len(shape) == 1 else shape, order, copy=copy)


def _transpose(self: Tensor, *order: object) -> Tensor:
    return axes.transpose(self, (order[0] if len(order) == 1 else order) or None)


def _iterate(self: Tensor) -> Iterator[Tensor]:
    return (self[i] for i in range(len(self)))


def _flat(self: Tensor) -> Any:
    raise AttributeError("flat: an iterator over a tensor's memory has no graph. Fix: t.ravel(), or t.ravel()[i].")


def _flatten(self: Tensor, *args: object, **kwargs: object) -> Tensor:
    if (args and not isinstance(args[0], str)) or "start_dim" in kwargs or "end_dim" in kwargs:
        return _spellings("shapes").flatten(self, *args, **kwargs)  # PyTorch's axes; NumPy's order is a letter
    return shaping.ravel(self, *args, **kwargs)


class Size(int):
    """The number of elements; called, as in PyTorch, the shape, or one of its sizes."""

    shape: tuple[int, ...]

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]


def _size(self: Tensor) -> Size:
    size = Size(self._data.size)
    size.shape = self._data.shape
    return size


def _spellings(module: str) -> ModuleType:
    return importlib.import_module(f"autograd_core.spellings.{module}")  # which stands on this room


def _missing(self: Tensor, name: str) -> Any:
    """``__getattr__``: PyTorch's methods are attached when first asked for; another name gets an answer."""
    if name.startswith("__"):
        raise AttributeError(f"{class_name(self)!r} object has no attribute {name!r}")
    if hasattr(type(self), name):  # a property that failed: its own error says more
        return object.__getattribute__(self, name)
    methods = _spellings("methods")
    methods.attach()
    return getattr(self, name) if hasattr(type(self), name) else methods.missing(self, name)


def _passing(function: Function) -> Function:
    def method(self: Tensor, *args: object, **kwargs: object) -> AnyArray:
        if "dim" in kwargs or "keepdim" in kwargs:
            kwargs = respelled(function.__name__, kwargs)
        return function(self, *args, **kwargs)

    return method


def _writing_method(name: str) -> Function:
    def refuse(self: Tensor, *args: object, **kwargs: object) -> None:
        raise TypeError(f"{name}: t.{name}() would write into a tensor's array. Fix: t = np.{name}(t).")

    return refuse


OPERATORS = {
    "__neg__": elementwise.negative,
    "__pos__": elementwise.positive,
    "__abs__": complex.absolute,
    "__add__": elementwise.add,
    "__radd__": _reflected(elementwise.add),
    "__sub__": elementwise.subtract,
    "__rsub__": _reflected(elementwise.subtract),
    "__mul__": elementwise.multiply,
    "__rmul__": _reflected(elementwise.multiply),
    "__truediv__": elementwise.divide,
    "__rtruediv__": _reflected(elementwise.divide),
    "__mod__": rounding.remainder,
    "__rmod__": _reflected(rounding.remainder),
    "__floordiv__": rounding.floor_divide,
    "__rfloordiv__": _reflected(rounding.floor_divide),
    "__divmod__": rounding.divmod,
    "__rdivmod__": _reflected(rounding.divmod),
    "__pow__": _power,
    "__rpow__": _reflected(elementwise.power),
    "__matmul__": contractions.matmul,
    "__rmatmul__": _reflected(contractions.matmul),
    "__and__": _on_arrays(np.bitwise_and),
    "__rand__": _on_arrays(np.bitwise_and),
    "__or__": _on_arrays(np.bitwise_or),
    "__ror__": _on_arrays(np.bitwise_or),
    "__xor__": _on_arrays(np.bitwise_xor),
    "__rxor__": _on_arrays(np.bitwise_xor),
    "__lshift__": _on_arrays(np.left_shift),
    "__rlshift__": _reflected(_on_arrays(np.left_shift)),
    "__rshift__": _on_arrays(np.right_shift),
    "__rrshift__": _reflected(_on_arrays(np.right_shift)),
    "__invert__": lambda self: np.invert(self._data),
    "__getitem__": indexing.getitem,
    "__setitem__": writing.set_item,
    "__iter__": _iterate,
    "__lt__": _on_arrays(np.less),
    "__le__": _on_arrays(np.less_equal),
    "__gt__": _on_arrays(np.greater),
    "__ge__": _on_arrays(np.greater_equal),
    "__eq__": _on_arrays(np.equal),
    "__ne__": _on_arrays(np.not_equal),
    "__hash__": object.__hash__,
}

METHODS = {
    "real": property(lambda self: complex.real(self)),
    "imag": property(lambda self: complex.imag(self)),
    "conj": complex.conjugate,
    "conjugate": complex.conjugate,
    "clip": lambda self, min=None, max=None: elementwise.clip(self, min, max),
    "round": rounding.round,
    "backward": backward,
    "dot": contractions.dot,
    "trace": contractions.trace,
    "sum": reductions.sum,
    "mean": reductions.mean,
    "max": extremes.max,
    "min": extremes.min,
    "var": spread.var,
    "reshape": _reshape,
    "transpose": _transpose,
    "swapaxes": axes.swapaxes,
    "squeeze": shaping.squeeze,
    "ravel": shaping.ravel,
    "flatten": _flatten,
    "size": property(_size),
    "__getattr__": _missing,
    "repeat": joining.repeat,
    "diagonal": diagonals.diagonal,
    "take": selecting.take,
    "choose": selecting.choose,
    "compress": lambda self, condition, axis=None, out=None: selecting.compress(condition, self, axis, out),
    "astype": shaping.astype,
    "copy": lambda self, order="C": shaping.copy(self, order),
    "at": property(updating.At),
    "flat": property(_flat),
    "std": spread.std,
    "prod": reductions.prod,
    "cumsum": scans.cumsum,
    "cumprod": scans.cumprod,
    "sort": _writing_method("sort"),
    "partition": _writing_method("partition"),
    **{name: _passing(getattr(np, name)) for name in ("all", "any", "argmax", "argmin", "argpartition", "argsort")},
    **{name: _passing(getattr(np, name)) for name in ("nonzero", "searchsorted")},
    "T": property(lambda self: axes.transpose(self)),
    "mT": property(lambda self: axes.swapaxes(self, -1, -2)),
}

for name, function in (OPERATORS | writing.operators(OPERATORS) | METHODS | WAYS_OUT | ASKED).items():
    setattr(Tensor, name, function)
