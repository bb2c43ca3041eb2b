"""What a module owns: parameters, which are learned, and buffers, which are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core import Tensor

if TYPE_CHECKING:
    from autograd_core.support.types import Array, ArrayLike, DTypeLike


class Parameter(Tensor):
    """A tensor that a module learns: it requires gradients and is found by ``parameters()``.

    data : an array, or what becomes one; it is not copied
    requires_grad : whether it is learned
    dtype : another dtype

    >>> Parameter([1.0, 2.0])
    Parameter([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, requires_grad: bool = True, dtype: DTypeLike = None) -> None:
        super().__init__(data._data if isinstance(data, Tensor) else data, requires_grad, dtype)


class Buffer(Tensor):
    """A tensor that a module keeps and does not learn; assigned as an attribute it is a registered buffer.

    data : an array, or what becomes one; it is not copied
    persistent : whether ``state_dict`` has it
    """

    __slots__ = ("persistent",)

    def __init__(self, data: ArrayLike, *, persistent: bool = True) -> None:
        super().__init__(data._data if isinstance(data, Tensor) else data)
        self.persistent = persistent

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        memo[id(self)] = copy = Buffer(self._data.copy(), persistent=self.persistent)
        return copy

    def __reduce__(self) -> Any:
        return _rebuilt, (self._data, self.persistent)


def _rebuilt(data: Array, persistent: bool) -> Buffer:
    return Buffer(data, persistent=persistent)
