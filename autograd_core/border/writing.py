"""Writing: ``t[i] = v``, ``t += v`` and ``out=``. None of them changes what a recorded row still needs.

Writing gives a tensor a new array: the old one may be kept by a row that is still to be differentiated. On a tensor
that was computed, ``t += v`` means ``t = t + v``, as in JAX; other names for the old value keep it. A leaf is written
to inside ``no_grad()`` only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import recording
from ..engine.errors import class_name
from ..engine.node import Leaf, Variable
from ..engine.tensor import Tensor, bare

if TYPE_CHECKING:
    from ..support.types import Args, ArrayLike, Function, Index, Settings


def is_recorded(value: object) -> bool:
    """True of a tensor that has a graph, and of a list or tuple that holds one."""
    if type(value) in (list, tuple):
        return any(map(is_recorded, value))  # type: ignore[call-overload]
    return isinstance(value, Tensor) and value._node is not None


def set_item(self: Tensor, index: Index, value: object) -> None:
    """``t[index] = value`` of a tensor without history, or inside no_grad() of a leaf."""
    _check_writable(self, value, "t[index] = value", "t = t.at[index].set(value)")
    array = self._data.copy()
    array[bare(index)] = bare(value)
    self._data = array


def _check_writable(t: Tensor, value: object, what: str, instead: str) -> None:
    if t._node is not None and (recording.is_grad_enabled() or not t.is_leaf):
        raise RuntimeError(
            f"{what}: in-place writes to a recorded tensor ({t.dtype} {t.shape}) would make its derivatives wrong. "
            f"Fix: {instead}; a leaf may be written to inside no_grad()."
        )
    if recording.is_grad_enabled() and is_recorded(value):
        given = f"{value.dtype} {value.shape}" if isinstance(value, Tensor) else class_name(value)
        raise TypeError(
            f"{what}: the value ({given}) is recorded, and its graph would be lost. Fix: {instead}, or value.detach()."
        )


def _in_place(symbol: str, ufunc: np.ufunc, operator: Callable[[Any, Any], Tensor]) -> Function:
    def change(self: Tensor, other: ArrayLike) -> Tensor:
        node = self._node
        if node is None:
            computed = recording.is_grad_enabled() and is_recorded(other)
        else:
            computed = not isinstance(node, Leaf) or isinstance(node, Variable)
        if computed:
            return operator(self, other)
        _check_writable(self, None, f"t {symbol}= value", f"t = t {symbol} value")
        self._data = ufunc(self._data, bare(other), out=np.empty_like(self._data))
        return self

    return change


SYMBOLS = {
    "add": ("+", np.add),
    "sub": ("-", np.subtract),
    "mul": ("*", np.multiply),
    "truediv": ("/", np.divide),
    "floordiv": ("//", np.floor_divide),
    "mod": ("%", np.remainder),
    "pow": ("**", np.power),
    "matmul": ("@", np.matmul),
    "and": ("&", np.bitwise_and),
    "or": ("|", np.bitwise_or),
    "xor": ("^", np.bitwise_xor),
    "lshift": ("<<", np.left_shift),
    "rshift": (">>", np.right_shift),
}


def operators(binary: dict[str, Callable[[Any, Any], Tensor]]) -> dict[str, Any]:
    """``__iadd__`` and its kin, from ``__add__`` and its kin."""
    return {
        f"__i{name}__": _in_place(symbol, ufunc, binary[f"__{name}__"]) for name, (symbol, ufunc) in SYMBOLS.items()
    }


# NumPy's out= --------------------------------------------------------------------------------------------------------

WRITERS: set[Function] = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
"""NumPy's functions that write into their first argument."""


def is_free(args: Args, kwargs: Settings) -> bool:
    """True where ``np.copyto(array, t)``, ``np.add.at(array, indices, t)`` and their kin lose no graph."""
    return bool(args) and not isinstance(args[0], Tensor) and not _records(args, kwargs)


def into(name: str, function: Function, out: Any, args: Any, kwargs: Settings) -> Any:
    """``function(*args, out=out, **kwargs)`` where no graph is lost by that; returns ``out``."""
    outs = out if isinstance(out, tuple) else (out,)
    if _records(args, kwargs):
        raise TypeError(
            f"{name}: out= (or a += t on an array a) would lose the graph of the tensor. "
            f"Fix: use the result, y = {name}(...), or a = a + t."
        )
    for o in outs:
        if isinstance(o, Tensor) and o._node is not None and (recording.is_grad_enabled() or not o.is_leaf):
            raise TypeError(
                f"{name}: out= is a recorded tensor ({o.dtype} {o.shape}), whose derivatives would become wrong. "
                f"Fix: use the result, y = {name}(...); a leaf may be written to inside no_grad()."
            )
    arrays = tuple(o._data.copy() if isinstance(o, Tensor) else o for o in outs)
    where = arrays if isinstance(out, tuple) else arrays[0]
    found = function(*map(bare, args), out=where, **{key: bare(value) for key, value in kwargs.items()})
    for o, array in zip(outs, arrays, strict=True):
        if isinstance(o, Tensor):
            o._data = array
    if isinstance(found, tuple):
        return tuple(f if o is None else o for f, o in zip(found, outs, strict=True))
    return found if outs[0] is None else outs[0]


def _records(args: Args, kwargs: Settings) -> bool:
    return recording.is_grad_enabled() and (is_recorded(args) or is_recorded([*kwargs.values()]))
