"""A strict duck array: NumPy reaches it through its two protocols only, as it would an array on a GPU."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

ABOUT = {"dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"}
METHODS = {
    *("all", "any", "argmax", "argmin", "argsort", "astype", "choose", "clip", "conj", "conjugate", "copy", "cumprod"),
    *("cumsum", "diagonal", "dot", "fill", "flatten", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat"),
    *("reshape", "round", "sort", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var", "view"),
}
"""The methods of CuPy's arrays."""

OF_UFUNCS = {
    "reduce": {"add", "multiply"},
    "accumulate": {"add", "multiply"},
    "reduceat": {"add"},
    "at": {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"},
}
"""The ufuncs whose methods CuPy has."""

MAKING = {np.asarray, np.array, np.zeros, np.ones, np.empty, np.full, np.arange, np.eye}
"""What takes ``like=``."""


class Duck(NDArrayOperatorsMixin):
    """An array that never becomes an ndarray and never computes with one, as CuPy's does not.

    Beside a duck only ducks, Python's numbers and NumPy's scalars are accepted; indices may be plain arrays.
    """

    transfers: ClassVar[collections.Counter[str]] = collections.Counter()
    """How often numbers crossed over: "in" by ``like=``, "out" as Python's numbers or by ``get``."""

    lacking: ClassVar[set[Any]] = set()
    """NumPy's functions that it is to know nothing of."""

    def __init__(self, array: Any) -> None:
        self._array = np.asarray(array)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a duck array was converted to a NumPy array")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operands = inputs if method == "__call__" else inputs[::2]  # what stands between is an index or an axis
        if self.lacking and method == "reduce":
            _take_no_more("reduce", "array axis dtype out keepdims", inputs, kwargs)
        if ufunc in self.lacking or (self.lacking and ufunc.__name__ not in OF_UFUNCS.get(method, {ufunc.__name__})):
            return NotImplemented
        _refuse_arrays(ufunc.__name__, (*operands, *kwargs.get("out", ()), kwargs.get("where")))
        if not all(isinstance(x, (Duck, int, float, complex, np.generic)) for x in operands):
            return NotImplemented
        result = getattr(ufunc, method)(*map(unwrap, inputs), **{k: unwrap(v) for k, v in kwargs.items()})
        out = kwargs.get("out")
        return wrap(result) if out is None else out[0] if len(out) == 1 else out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in self.lacking:
            return NotImplemented
        if self.lacking and function not in MAKING:
            name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
            _take_no_more(name, CUPY["functions"].get(name), args, kwargs)
        if function in MAKING:
            self.transfers["in"] += 1
        elif any(issubclass(kind, np.ndarray) for kind in types):
            raise TypeError(f"{function.__name__} of a duck array and a NumPy array")
        elif not all(issubclass(kind, Duck) for kind in types):
            return NotImplemented
        result = wrap(function(*map(unwrap, args), **{k: unwrap(v) for k, v in kwargs.items()}))
        return kwargs["out"] if isinstance(kwargs.get("out"), Duck) else result

    def __getattr__(self, name: str) -> Any:
        if name in ABOUT:
            return getattr(self._array, name)
        if name in ("T", "mT", "real", "imag", "base"):
            return wrap(getattr(self._array, name))
        if name not in METHODS:
            raise AttributeError(f"'Duck' object has no attribute {name!r}")

        def method(*args: Any, **kwargs: Any) -> Any:
            operands = (*args, *kwargs.values())
            if self.lacking:
                _take_no_more(name, CUPY["methods"].get(name), args, kwargs)
            if name not in ("take", "choose"):  # indices may be plain
                _refuse_arrays(name, operands)
            return wrap(getattr(self._array, name)(*map(unwrap, args), **{k: unwrap(v) for k, v in kwargs.items()}))

        return method

    def __getitem__(self, index: Any) -> Duck:
        return Duck(self._array[unwrap(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("a NumPy array was written into a duck array")
        self._array[unwrap(index)] = unwrap(value)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Duck]:
        return (self[i] for i in range(len(self)))

    def item(self, *place: int) -> Any:
        self.transfers["out"] += 1
        return self._array.item(*place)

    def get(self) -> np.ndarray:
        """The values as a NumPy array, as CuPy's method of this name."""
        self.transfers["out"] += 1
        return self._array.copy()

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    __index__ = __int__

    def __complex__(self) -> complex:
        return complex(self.item())

    def __repr__(self) -> str:
        return f"Duck({self._array!r})"


CUPY: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("cupy_signatures.json").read_text())


def _take_no_more(name: str, parameters: str | None, args: Any, kwargs: Any) -> None:
    """TypeError for arguments that CuPy's function of this name does not take."""
    known = None if parameters is None else parameters.split()
    if known is not None and (len(args) > len(known) or set(kwargs) - set(known)):
        raise TypeError(f"{name}({len(args)} arguments, {sorted(kwargs)}): CuPy takes {parameters}")


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
