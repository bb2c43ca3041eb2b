"""Tensor: an array and the row of the computation that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import entry
from .errors import describe
from .node import Leaf, Node

__all__ = ["Tensor"]


class Tensor:
    """An array that remembers how it was computed.

    data : an array, which keeps its dtype and is not copied, or a number or nested list, of the default dtype then
    requires_grad : record what is computed from this tensor, so that gradients with respect to it exist
    dtype : optional dtype to convert to

    Raises TypeError for gradients of integers or booleans, data that is not an array of numbers, and ``Tensor(3, 4)``.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    Tensor([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_data", "_node")

    _data: np.ndarray[tuple[int, ...], np.dtype[Any]]  # or another array type
    _node: Node | None

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        self._data = entry.as_array(data, dtype)
        self._node = None
        if requires_grad is not False:
            self.requires_grad = requires_grad

    # The array -----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The array itself. Assigning replaces it and keeps the gradient's history out of it."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        node = self._node
        array = entry.as_array(value, None)
        if node is not None:
            if not isinstance(node, Leaf):
                raise RuntimeError(
                    "data: this tensor was computed and its value is part of a recorded graph. "
                    "Fix: assign to a leaf, or to t.detach()."
                )
            check_differentiable(array)
            node.shape, node.dtype = array.shape, array.dtype
        self._data = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the elements."""
        return self._data.dtype

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a NumPy array, outside the graph: shared memory, or a copy from another device."""
        return self._data.get() if hasattr(self._data, "get") else np.asarray(self._data)

    def item(self, *index: int) -> Any:
        """The value of a one-element tensor, or of the element at an index, as a Python number."""
        return self._data.item(*index)

    def detach(self) -> Tensor:
        """The same array (shared memory) without its history."""
        return make_tensor(self._data, None)

    # The graph -----------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """True where gradients flow through this tensor. Settable on tensors that were not computed."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        if not isinstance(on, (bool, np.bool_)):
            raise TypeError(f"Tensor: requires_grad={describe(on)}; give True or False. Fix: Tensor(np.zeros(shape)).")
        if not self.is_leaf:
            raise RuntimeError(
                "requires_grad: this tensor was computed from others; only a leaf can be switched. "
                "Fix: use t.detach() for a copy without history."
            )
        if not on:
            self._node = None
        elif self._node is None:
            check_differentiable(self._data)
            self._node = Leaf(self._data.shape, self._data.dtype)

    @property
    def is_leaf(self) -> bool:
        """True where no recorded operation made this tensor."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad(self) -> Tensor | None:
        """What ``backward`` has accumulated here: a tensor of this shape and dtype, or None before the first one."""
        node = self._node
        if isinstance(node, Leaf):
            return node.grad
        return node.params["watch"].grad if node is not None and node.params and "watch" in node.params else None

    @grad.setter
    def grad(self, value: Any) -> None:
        node = self._node
        if not isinstance(node, Leaf):
            raise RuntimeError("grad: only a leaf with requires_grad=True has a gradient to set.")
        if value is not None:
            value = value if isinstance(value, Tensor) else Tensor(value)
            if value.shape != node.shape or value.dtype != node.dtype:
                raise ValueError(
                    f"grad: {value.dtype} {value.shape} given for a tensor of {node.dtype} {node.shape}; "
                    "shape and dtype must agree."
                )
        node.grad = value

    if TYPE_CHECKING:
        # Attached in the border: arithmetic and NumPy's methods, which are primitives, writing, and ways out.
        __array__: Any

        def backward(self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None: ...

        T: Tensor
        mT: Tensor

        def __getattr__(self, name: str) -> Any: ...
        def __len__(self) -> int: ...
        def __index__(self) -> int: ...
        def __float__(self) -> float: ...
        def __complex__(self) -> complex: ...
        def __int__(self) -> int: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__
        __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __add__


_new = object.__new__


def bare(value: Any) -> Any:
    """The array of a tensor, also inside lists, tuples and slices; anything else as it is."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(bare, value)) if type(value) in (list, tuple) else value
    if type(value) is slice:
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value._data if isinstance(value, Tensor) else value


def make_tensor(data: Any, node: Node | None) -> Tensor:
    """A tensor around an array that is known to be good: the engine's own constructor."""
    tensor = _new(Tensor)
    tensor._data = data
    tensor._node = node
    return tensor


def check_differentiable(array: Any) -> None:
    """Raise TypeError where an array is not of floating or complex numbers."""
    if array.dtype.kind not in "fc":
        raise TypeError(
            f"requires_grad: gradients of {array.dtype} {tuple(array.shape)} do not exist; only floating (or complex) "
            "tensors have them. Fix: convert, e.g. Tensor(array, dtype=float)."
        )
