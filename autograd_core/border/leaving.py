"""Ways out of the graph: what becomes a Python number has no derivative, so it leaves by an explicit word.

``item()``, ``numpy()``, ``detach()`` and ``ag.stop_gradient`` are such words, and nothing is recorded in ``no_grad()``.
``float(t)`` and ``complex(t)`` may be called by anybody's C code (``math.exp``, ``array[i] = t``, ``quad`` of SciPy's),
where a gradient would be lost unseen: a tensor that a running transform differentiates refuses them, and ``tolist()``;
one that ``backward()`` could differentiate answers them with a warning. The derivative of ``int(t)`` and of a
comparison is zero, so they are free.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import recording
from ..engine.errors import class_name, describe
from ..engine.node import Leaf, Variable
from ..engine.reverse import rows
from ..engine.tensor import Tensor
from ..ops.arithmetic import rounding
from ..support import caller

if TYPE_CHECKING:
    from types import ModuleType

    from ..support.types import Function


__all__ = ["GraphLostError", "GraphLostWarning", "NoDependenceWarning"]


class GraphLostWarning(UserWarning):
    """A value left the graph without a word that says so: what is computed from it has no gradient."""

    __module__ = "autograd_core"  # where it is imported from


class NoDependenceWarning(GraphLostWarning):
    """The result of a function does not depend on what it is to be differentiated by: its derivative is zero."""

    __module__ = "autograd_core"


class GraphLostError(TypeError):
    """A value that a running transform differentiates was about to leave the graph."""

    __module__ = "autograd_core"


_REFUSAL = (
    "{}: this tensor ({}) is being differentiated, and a Python number has no graph, so its gradient would be lost. "
    "Fix: use NumPy's functions on the tensor (np.exp(t), not math.exp(t)); build arrays with np.stack([...]) or "
    "x = x.at[i].set(value), not out[i] = value; where a constant is meant, ag.stop_gradient(x).item()."
)


def _number(what: str, convert: Callable[[Any], Any], warns: bool = True) -> Function:
    def leave(self: Tensor) -> Any:
        node = self._node
        if node is not None and recording.is_grad_enabled():
            # recording.blocks is not empty while any thread runs a transform; without one there is nothing to look for
            if recording.blocks and any(getattr(n, "bound", False) for n in rows([node], lenient=True)):
                message = _REFUSAL.format(what, describe(self))
                frame = sys._getframe(1)
                recording.thread.refused = frame.f_code, frame.f_lineno, message
                raise GraphLostError(message)
            if warns:
                caller.warn(
                    f"{what} of a recorded tensor is a constant: what is computed from it has no gradient. "
                    "Fix: t.item() or t.detach() where that is meant; else compute with the tensor itself.",
                    GraphLostWarning,
                )
        return convert(self._data)

    return leave


def _round(self: Tensor, ndigits: int | None = None) -> Any:
    return round(self.item()) if ndigits is None else rounding.round(self, ndigits)


def _length(self: Tensor) -> int:
    if not self.shape:
        raise TypeError("len() of a 0-d tensor")
    return self.shape[0]


def _format(self: Tensor, spec: str) -> str:
    return format(self._data.item(), spec) if spec and self.size == 1 else format(str(self), spec)


def _repr(self: Tensor) -> str:
    body = np.array2string(np.asarray(self._data), separator=", ", prefix="Tensor(")
    notes = f", dtype={self.dtype}"
    if isinstance(self._node, Leaf):
        notes += ", requires_grad=True"
    elif self._node is not None:
        notes += f", from={self._node.op.name}" if self._node.op else ""
    return f"{class_name(self)}({body}{notes})"


def _copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    _check_copyable(self, "deepcopy")
    copy = type(self).__new__(type(self))
    copy._data = self._data.copy()
    copy._node = None if self._node is None else Leaf(self._data.shape, self._data.dtype)
    if self.grad is not None:
        copy.grad = Tensor(self.grad._data.copy())
    memo[id(self)] = copy
    return copy


def _pickled(self: Tensor) -> Any:
    _check_copyable(self, "copy or pickle")
    return type(self), (self._data, self.requires_grad)


def _check_copyable(t: Tensor, what: str) -> None:
    node = t._node
    if not t.is_leaf or (isinstance(node, Variable) and node.bound):
        raise RuntimeError(
            f"{what}: this tensor ({t.dtype} {t.shape}) is part of a recorded graph; a copy would not be. "
            "Fix: t.copy() is a recorded copy; t.detach() is one without history."
        )


def _dlpack(self: Tensor, **options: Any) -> Any:
    if self._node is not None:
        raise BufferError(
            f"__dlpack__: this tensor ({describe(self)}) is recorded, and another library's array has no graph. "
            "Fix: np.from_dlpack(t.detach()) where the values are meant."
        )
    return self._data.__dlpack__(**options)


def _array_namespace(self: Tensor, *, api_version: Any = None) -> ModuleType:
    """The array's own namespace (NumPy's): its functions take tensors, and record."""
    array: Any = self._data  # NumPy's own types know the versions by name
    return array.__array_namespace__(api_version=api_version)


WAYS_OUT = {
    "__dlpack__": _dlpack,
    "__dlpack_device__": lambda self: self._data.__dlpack_device__(),
    "__array_namespace__": _array_namespace,
    "__len__": _length,
    "__bool__": lambda self: bool(self._data),
    "__index__": lambda self: operator.index(self._data),
    "__format__": _format,
    "__repr__": _repr,
    "__deepcopy__": _copy,
    "__reduce__": _pickled,
    "__float__": _number("float(t)", lambda data: float(data)),
    "__complex__": _number("complex(t)", lambda data: complex(data)),
    "tolist": _number("t.tolist()", lambda data: data.tolist(), warns=False),
    "__int__": lambda self: int(self._data),
    "__trunc__": lambda self: math.trunc(self._data),
    "__floor__": lambda self: math.floor(self._data),
    "__ceil__": lambda self: math.ceil(self._data),
    "__round__": _round,
}
