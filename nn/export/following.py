"""Arrays that know how they were computed: what NumPy is asked for while a model runs, as a graph of values."""

from __future__ import annotations

import itertools
import operator
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd_core.engine.errors import printable
from autograd_core.engine.tensor import Tensor
from autograd_core.support import caller

_LIBRARY = tuple(str(Path(__file__).parents[2] / name) + "/" for name in ("autograd_core", "nn"))
_AS_FUNCTIONS = {"all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "dot", "max", "mean", "min"}
_AS_FUNCTIONS |= {"prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes", "take"}
_AS_FUNCTIONS |= {"transpose", "var", "nonzero"}
_OF_METHODS = {
    ("add", "reduce"): "sum", ("multiply", "reduce"): "prod", ("maximum", "reduce"): "max",
    ("minimum", "reduce"): "min", ("logical_and", "reduce"): "all", ("logical_or", "reduce"): "any",
    ("add", "accumulate"): "cumsum", ("multiply", "accumulate"): "cumprod",
}  # fmt: skip
_LIKE = {np.zeros_like, np.ones_like, np.full_like}
_CONVERSIONS = {"__bool__", "__float__", "__int__", "__index__", "__complex__", "_convert", "item", "tolist"}


class Refused(ValueError):
    """There is no operator for this, and why."""


class Made:
    """A value of the run: the call that gave it, and its arguments, in which arrays that are known are values again.

    array : its numbers where they do not depend on the model's inputs; None where they do
    path : of the module that made the call
    number : values are numbered in the order in which they are made
    """

    __slots__ = ("args", "array", "dtype", "name", "number", "params", "path", "shape")

    def __init__(self, run: Run, name: str, args: Any, params: Any, like: Any, depends: bool) -> None:
        self.name, self.args, self.params = name, args, params
        self.shape, self.dtype = like.shape, like.dtype
        self.array = None if depends else like
        self.path, self.number = run.path(), run.count()


class Run:
    """One run of a model: in which module it is, and how many values it has made."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self._made = 0

    def path(self) -> str:
        """Of the innermost module that is running."""
        return self.modules[-1] if self.modules else ""

    def count(self) -> int:
        """The number of the next value."""
        self._made += 1
        return self._made

    def begin(self, array: Any, name: str, params: Any = None, depends: bool = False) -> Followed:
        """An array that nothing in the run has made: an input, or a weight."""
        return Followed(array, Made(self, name, (), params or {}, array, depends), self)

    def note(self, name: str, args: Any, params: Any, result: Any) -> Any:
        """What a call gave, followed from here."""
        if result is None:
            raise Refused(f"{name}, which changes an array in place")
        if isinstance(result, (tuple, list)):
            many = [self.note(f"{name}, result {k}", args, params, r) for k, r in enumerate(result)]
            return type(result)(*many) if hasattr(result, "_fields") else type(result)(many)
        if not isinstance(result, (np.ndarray, np.generic)):
            return result
        kind = Followed if isinstance(result, np.ndarray) else Scalar
        return kind(result, self.made(name, args, params, result), self)

    def made(self, name: str, args: Any, params: Any, result: Any) -> Made:
        """The value of a call's result."""
        given = {k: v for k, v in params.items() if k != "out" and v is not np._NoValue}  # type: ignore[attr-defined]
        args, params = value_of(args), value_of(given)
        depends = any(made.array is None for made in _values((args, params)))
        return Made(self, name, args, params, result, depends)


class Followed(NDArrayOperatorsMixin):
    """An array of a run, reached by NumPy's protocols and an array's methods only, all of them noted."""

    def __init__(self, array: Any, made: Made, run: Run, part_of: Any = None) -> None:
        self.array, self.made, self.run, self._part_of = array, made, run, part_of

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        self._leave("it was converted to a plain NumPy array")
        return np.array(self.array, *args, **kwargs)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        name = ufunc.__name__ if method == "__call__" else _OF_METHODS.get((ufunc.__name__, method))
        name = name or f"{ufunc.__name__}.{method}"
        if method in ("reduce", "accumulate"):
            kwargs = {"axis": 0, **kwargs}
        if method == "at":
            self._about_to_change()
            ufunc.at(*plain(inputs))
            self.made = self.run.made(name, inputs, {}, self.array)
            return None
        if out is not None:
            inputs = tuple(x.copy() if type(x) is np.ndarray and x is out[0] else x for x in inputs)  # as it was
        result = getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
        if out is None:
            return self.run.note(name, inputs, kwargs, result)
        return self._into(out, self.run.note(name, inputs, kwargs, np.asarray(result)))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, (Followed, np.ndarray)) for kind in types):
            return NotImplemented
        out = kwargs.pop("out", None)
        function = np.zeros_like if function is np.empty_like else function  # the same numbers in every run
        result = function(*plain(args), **plain(kwargs))
        if function is np.full_like and any(made.array is None for made in _values(value_of((*args[1:], kwargs)))):
            raise Refused("an array that is filled with a number of another")
        if function in _LIKE:
            return Followed(result, Made(self.run, "constant", (), {}, result, False), self.run)
        room = "linalg." if function.__module__ == "numpy.linalg" else ""
        found = self.run.note(room + function.__name__, args, kwargs, result)
        return found if out is None else self._into((out,), found)

    def _into(self, out: Any, found: Any) -> Any:
        """``found`` in ``out``; of a plain array, which cannot tell where its numbers come from, in its place."""
        if len(out) > 1:
            raise Refused("results that are written into several arrays")
        if not isinstance(out[0], Followed):
            np.copyto(out[0], found.array)
            return found
        out[0][...] = found
        return out[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # no back door: __array_interface__ and its like
            raise AttributeError(name)
        if name in _AS_FUNCTIONS:
            function = getattr(np, name)
            many = name in ("reshape", "transpose")
            return lambda *args, **kwargs: function(self, *((args,) if many and len(args) > 1 else args), **kwargs)
        value = getattr(self.array, name)
        if callable(value):
            return lambda *args, **kwargs: self.run.note(name, (self, *args), kwargs, value(*plain(args), **kwargs))
        if isinstance(value, np.ndarray):
            if name == "mT":
                return self.run.note("swapaxes", (self, -1, -2), {}, value)
            return self.run.note("transpose" if name == "T" else name, (self,), {}, value)
        return value

    def copy(self, order: str = "C") -> Any:
        """As of an array."""
        return Followed(self.array.copy(), self.made, self.run)

    def __getitem__(self, index: Any) -> Any:
        found = self.run.note("getitem", (self,), {"index": index}, self.array[plain(index)])
        if np.may_share_memory(found.array, self.array):
            found._part_of = self, index
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        part = getattr(value, "_part_of", None)
        around = self._about_to_change()
        self.array[plain(index)] = plain(value)
        if part is not None and part[0] is self and self.made.name == "setitem" and self.made.args[1] is value.made:
            return  # a += b on a part ends in storing the part where it lies
        if not (index is Ellipsis or (type(index) is slice and index == slice(None))):
            self.made = self.run.made("setitem", (self, value), {"index": index}, self.array)
        elif isinstance(value, Followed) and (value.shape, value.dtype) == (self.shape, self.dtype):
            self.made = value.made
        else:
            self.made = self.run.made("filled", (value,), {}, self.array)
        for x, parent in itertools.pairwise(around):
            parent.made = self.run.made("setitem", (parent, x), {"index": x._part_of[1]}, parent.array)

    def _about_to_change(self) -> list[Any]:
        """This array and those that it is a part of; what is known of them as constants stays as it was."""
        around: list[Any] = [self]
        while around[-1]._part_of is not None:
            around.append(around[-1]._part_of[0])
        for x in around:
            if x.made.array is x.array:
                x.made.array = x.array.copy()
        return around

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def _convert(self, convert: Callable[[Any], Any], what: str) -> Any:
        self._leave(what)
        return convert(self.array)

    def __bool__(self) -> bool:
        return bool(self._convert(bool, "the program decides by it"))

    def __float__(self) -> float:
        return float(self._convert(float, "it becomes a Python number"))

    def __int__(self) -> int:
        return int(self._convert(int, "it becomes a Python number"))

    def __complex__(self) -> complex:
        return complex(self._convert(complex, "it becomes a Python number"))

    def __index__(self) -> int:
        return operator.index(self._convert(operator.index, "it becomes an index"))

    def item(self, *place: int) -> Any:
        """As of an array."""
        return self._convert(lambda array: array.item(*place), "it becomes a Python number")

    def tolist(self) -> Any:
        """As of an array."""
        return self._convert(lambda array: array.tolist(), "it becomes Python numbers")

    def __repr__(self) -> str:
        return repr(self.array)

    def __format__(self, spec: str) -> str:
        return format(self.array, spec)

    def _leave(self, what: str) -> None:
        """Refuse what nothing follows any more. The library's own decisions (checks of labels, say) are let go."""
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_name in _CONVERSIONS:
            frame = frame.f_back
        of_truth = what.startswith("the program") or self.dtype == bool
        decided = of_truth and frame.f_code.co_filename.startswith(_LIBRARY)
        if self.made.array is None and not decided:
            frame = caller.frame()
            line = f"{printable(Path(frame.f_code.co_filename).name)}:{frame.f_lineno}"
            raise Refused(f"a value depends on the input, and at {line} {what}")


class Scalar(Followed):
    """The same of a NumPy scalar, which operations in place replace."""

    __iadd__, __isub__ = NDArrayOperatorsMixin.__add__, NDArrayOperatorsMixin.__sub__
    __imul__, __itruediv__ = NDArrayOperatorsMixin.__mul__, NDArrayOperatorsMixin.__truediv__


def plain(value: Any) -> Any:
    """NumPy's own arrays in it."""
    return _mapped(value, Followed, lambda x: x.array)


def value_of(value: Any) -> Any:
    """The values of followed arrays, and of tensors that hold them, in it."""
    found = _mapped(value, Tensor, lambda t: t._data)
    return _mapped(found, Followed, lambda x: x.made)


def _mapped(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    if type(value) in (tuple, list):
        return type(value)(_mapped(v, kind, change) for v in value)
    if type(value) is dict:
        return {k: _mapped(v, kind, change) for k, v in value.items()}
    if type(value) is slice:
        return slice(*(_mapped(v, kind, change) for v in (value.start, value.stop, value.step)))
    return change(value) if isinstance(value, kind) else value


def _values(value: Any) -> Iterator[Made]:
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from _values(v)
    elif isinstance(value, dict):
        yield from _values(list(value.values()))
    elif isinstance(value, slice):
        yield from _values((value.start, value.stop, value.step))
    elif isinstance(value, Made):
        yield value
