"""A recording array: it notes every NumPy call, and nothing turns it into a plain array or a Python number.

What computes with recording arrays, and beside them with constants and numbers that are the same at every step, can be
run again from the notes. Beside the arrays stand a generator whose draws are recording arrays, and `Number`: a number
that changes from step to step, and is found again in the place that it came from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

import autograd_core as ag
from autograd_core.engine.node import PLAIN
from autograd_core.support.random import use_generator

Note = tuple[str, list[Any]]
"""The name of a call, and the constants that it was given: plain arrays and Python's numbers."""

_ABOUT = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
"""What is asked about an array is no call: the same at every step of a signature."""


class Recording(NDArrayOperatorsMixin):
    """A NumPy array that is reached through NumPy's protocols and an array's methods only, all of them noted."""

    notes: ClassVar[list[Note]] = []

    def __init__(self, array: Any) -> None:
        self._array = array

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a recording array was converted to a plain one")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, ag.Tensor) for x in inputs):
            return NotImplemented
        result = noted(f"{ufunc.__name__}.{method}", getattr(ufunc, method), *inputs, **kwargs)
        return kwargs["out"][0] if "out" in kwargs else result

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, (Recording, np.ndarray)) for kind in types):
            return NotImplemented
        result = noted(function.__name__, function, *args, **kwargs)
        return kwargs.get("out", result)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # no back door: __array_interface__ and its like
            raise AttributeError(name)
        value = getattr(self._array, name)
        if name in _ABOUT or value is None:
            return value
        return (lambda *a, **k: noted(name, _method, self, name, *a, **k)) if callable(value) else wrap(value)

    def __pow__(self, other: Any) -> Any:
        """Of an array a power is not always np.power: a square may be np.square, which rounds otherwise."""
        if type(other) in (int, float):
            return noted("power", operator.pow, self, other)
        return super().__pow__(other)

    def __getitem__(self, index: Any) -> Any:
        return noted("getitem", operator.getitem, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        noted("setitem", operator.setitem, self, index, value)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        """A branch on a value: a recorder checks it again at every step."""
        self.notes.append(("bool", [bool(self._array)]))
        return bool(self._array)

    def __float__(self) -> float:
        raise TypeError("a recording array was converted to a Python number; item() takes one out and notes it.")

    __int__ = __index__ = __complex__ = __float__

    def item(self, *place: int) -> Number:
        return Number(self._array.item(*place))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._array!r})"

    def __format__(self, spec: str) -> str:
        return format(self._array, spec)


def _method(array: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(array, name)(*args, **kwargs)


class Scalar(Recording):
    """The same of a NumPy scalar, which operations in place replace; it takes other ways than an array."""

    __iadd__, __isub__ = NDArrayOperatorsMixin.__add__, NDArrayOperatorsMixin.__sub__
    __pow__ = NDArrayOperatorsMixin.__pow__
    __imul__, __itruediv__ = NDArrayOperatorsMixin.__mul__, NDArrayOperatorsMixin.__truediv__


class Number:
    """A Python number that is another one at the next step; what is computed from it by operators is one, too."""

    shape, dtype = (), np.dtype(float)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __float__(self) -> float:
        raise TypeError("a number that changes between steps was converted, so that it could not be computed again")

    __int__ = __index__ = __float__

    def __repr__(self) -> str:
        return f"Number({self.value})"

    def __neg__(self) -> Number:
        return Number(-self.value)

    __hash__ = None  # type: ignore[assignment]


def _operator(name: str, kind: Callable[[Any], Any]) -> None:
    compute = getattr(operator, name.strip("_"))

    def forwards(self: Number, other: Any) -> Any:
        return kind(compute(self.value, unwrap(other))) if isinstance(other, (int, float, Number)) else NotImplemented

    def backwards(self: Number, other: Any) -> Any:
        return kind(compute(other, self.value)) if isinstance(other, (int, float)) else NotImplemented

    setattr(Number, name, forwards)
    if kind is Number:
        setattr(Number, name.replace("__", "__r", 1), backwards)


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _operator(f"__{_name}__", Number)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _operator(f"__{_name}__", bool)  # a branch that a recorder checks again


class Generator:
    """The generator of `recording`: what it draws are recording arrays, a draw of several calls as a whole."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def draw(self, function: Callable[..., Any], *args: Any) -> Any:
        return noted(function.__name__, function, *args, self.generator)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: noted(name, getattr(self.generator, name), *args, **kwargs)


@contextmanager
def recording(generator: np.random.Generator) -> Iterator[list[Note]]:
    """A block in which recording arrays take the ways of NumPy's own; gives the list of what they note."""
    before = Recording.notes
    Recording.notes = []
    PLAIN.add(Recording)
    try:
        with use_generator(Generator(generator)):  # type: ignore[arg-type]
            yield Recording.notes
    finally:
        PLAIN.discard(Recording)
        Recording.notes = before


def noted(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    result = function(*unwrap(args), **unwrap(kwargs))
    Recording.notes.append((name, list(_constants((*args, *kwargs.values())))))
    return wrap(result)


def _constants(value: Any) -> Iterator[Any]:
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from _constants(v)
    elif isinstance(value, slice):
        yield from _constants((value.start, value.stop, value.step))
    elif isinstance(value, np.ndarray):
        yield value.copy()
    elif isinstance(value, (int, float, complex, np.generic)):
        yield value


def unwrap(value: Any) -> Any:
    """The plain arrays and numbers in it."""
    if type(value) in (tuple, list):
        return type(value)(map(unwrap, value))
    if type(value) is dict:
        return {k: unwrap(v) for k, v in value.items()}
    if type(value) is slice:
        return slice(unwrap(value.start), unwrap(value.stop), unwrap(value.step))
    return value._array if isinstance(value, Recording) else value.value if isinstance(value, Number) else value


def wrap(value: Any) -> Any:
    """Arrays as recording ones, NumPy's scalars as recording scalars."""
    if isinstance(value, (tuple, list)):
        return type(value)(*map(wrap, value)) if hasattr(value, "_fields") else type(value)(map(wrap, value))
    if isinstance(value, np.ndarray):
        return Recording(value)
    return Scalar(value) if isinstance(value, np.generic) else value
