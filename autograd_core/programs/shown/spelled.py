"""How values, dtypes and functions of NumPy are spelled in code: text, and how tightly it binds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...support.types import DType, Function


def without_broadcast(arrays: Any, shape: tuple[int, ...]) -> list[Any]:
    """The same arguments, those that NumPy broadcasts by itself as they were before."""
    found = list(arrays)
    for k, array in enumerate(found):
        small = array
        while isinstance(small, np.ndarray) and small.ndim and small.strides[0] == 0:
            small = small[(0, ...)]
        rest = [np.shape(a) for a in (*found[:k], small, *found[k + 1 :])]
        if np.broadcast_shapes(*rest) == shape:
            found[k] = small
    return found


def atom(text: str) -> tuple[str, int]:
    """Text that never needs brackets."""
    return text, 9


def home(function: Function, name: str) -> str:
    """A function of NumPy with its module."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1) if module.startswith('numpy') and '._' not in module else 'np'}.{name}"


def dtype(dtype: Any) -> str:
    """A dtype."""
    return "bool" if dtype.kind == "b" else f"np.{dtype.name}" if dtype.isnative else f"np.dtype({dtype.str!r})"


def literal(number: complex, kind: DType) -> tuple[str, int]:
    """A number of this dtype, with its dtype where Python's would be another."""
    if kind in (np.dtype(float), np.dtype(int), np.dtype(bool)) or number in (0, 1):
        return literal_of(number)
    return f"np.{kind.name}({number!r})", 9


def literal_of(x: object) -> tuple[str, int]:
    """A number, slice, dtype or whatever else Python writes down."""
    if isinstance(x, slice):
        parts = ["" if k is None else str(k) for k in (x.start, x.stop, x.step)]
        return f"slice({x.start}, {x.stop}, {x.step})" if parts[2] else f"{parts[0]}:{parts[1]}", 9
    if isinstance(x, np.dtype):
        return dtype(x), 9
    if isinstance(x, type) and issubclass(x, np.generic):
        return f"np.{np.dtype(x).name}", 9
    if isinstance(x, np.generic):
        return f"np.{x.dtype.name}({x.item()!r})", 9
    if isinstance(x, float) and (x != x or x in (float("inf"), float("-inf"))):
        return {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}[repr(x)], 6
    if x is Ellipsis:
        return "...", 9
    return repr(x), 6 if isinstance(x, (int, float)) and x < 0 else 9
