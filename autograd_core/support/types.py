"""Types for annotations: what counts as an array, and what becomes one. Nothing here is needed while a program runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..engine.tensor import Tensor

Array: TypeAlias = np.ndarray[Any, Any]
TensorLike: TypeAlias = Tensor | Array
"""A tensor or an array; what is computed from arrays alone is an array, too."""

ArrayLike: TypeAlias = Tensor | npt.ArrayLike
"""What becomes an array as well: numbers, lists of them, containers of other libraries."""

DType: TypeAlias = np.dtype[Any]
DTypeLike: TypeAlias = npt.DTypeLike | None
Shape: TypeAlias = tuple[int, ...]
Index: TypeAlias = "int | slice | EllipsisType | AnyArray | Sequence[Any] | None"
"""What stands between brackets."""

Axis: TypeAlias = int | tuple[int, ...] | None
"""Along which axes; None for all."""

StateDict: TypeAlias = dict[str, Any]
"""What can be saved and loaded again: names of arrays, numbers and strings, and of lists and dictionaries of them."""

State: TypeAlias = Mapping[str, Any]
"""A ``StateDict`` that is only read."""

Hook: TypeAlias = Callable[..., Any]
"""A function that is called at some point of another one's work; what it gives, if anything, takes a value's place."""

Function: TypeAlias = Callable[..., Any]
"""A function of somebody's: what it takes and gives is its own affair."""

Args: TypeAlias = tuple[Any, ...]
"""What a function is called with, by position."""

Settings: TypeAlias = dict[str, Any]
"""What a primitive is called with beside its arrays, by name."""

Fields: TypeAlias = dict[str, Any]
"""What is known of one thing, by name: a row for pandas, or an object of JSON."""

Wrt: TypeAlias = str | int | Tensor | Sequence[str | int | Tensor] | None
"""The variables to differentiate by: their names, numbers or tensors; None: all."""

Tree: TypeAlias = Any
"""Arrays, tensors and numbers in lists, tuples, dictionaries and dataclasses, nested at will; or one alone."""

PerAxis: TypeAlias = int | Sequence[int]
"""One number for every axis, or one for each."""


class AnyArray(Protocol):
    """An array of any library, a tensor, or a symbol that stands for one: what rules run on, and what they give."""

    @property
    def shape(self) -> Shape:
        """The size of each axis."""

    @property
    def ndim(self) -> int:
        """The number of axes."""

    @property
    def size(self) -> int:
        """The number of elements."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the elements."""

    @property
    def T(self) -> Any:
        """The axes reversed."""

    @property
    def real(self) -> Any:
        """The real parts."""

    @property
    def imag(self) -> Any:
        """The imaginary parts."""

    def __array__(self) -> Array: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Any: ...
    def __getitem__(self, index: Any, /) -> Any: ...
    def __setitem__(self, index: Any, value: Any, /) -> None: ...
    def __eq__(self, other: Any, /) -> Any: ...
    def __ne__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __rmatmul__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...
    def astype(self, dtype: Any, /) -> Any:
        """Converted to another dtype."""

    def reshape(self, shape: Any, /) -> Any:
        """The same numbers in another shape."""

    def tolist(self) -> Any:
        """The numbers in nested lists."""

    def copy(self) -> Any:
        """The same numbers in memory of their own."""

    def transpose(self, axes: Any, /) -> Any:
        """The axes in another order."""

    def conj(self) -> Any:
        """The complex conjugates."""

    def sum(self, *, axis: Axis = ..., keepdims: bool = ...) -> Any:
        """The sum along an axis."""

    def mean(self, *, axis: Axis = ..., keepdims: bool = ...) -> Any:
        """The mean along an axis."""

    def max(self, *, axis: Axis = ..., keepdims: bool = ...) -> Any:
        """The largest along an axis."""

    def min(self, *, axis: Axis = ..., keepdims: bool = ...) -> Any:
        """The smallest along an axis."""


Mask: TypeAlias = AnyArray | bool
"""``where``: True for everything."""
