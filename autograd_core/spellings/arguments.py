"""Arguments as PyTorch gives them: sizes one by one or as a tuple, axes as ``dim``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.tensor import Tensor, bare
from ..ops.shapes.shaping import astype

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, Axis, DTypeLike, Index


def sizes(given: Args, named: Any = None) -> tuple[Any, ...]:
    """``(2, 3)`` of f(2, 3), of f((2, 3)) and of f(size=(2, 3)); of f(size=2) ``(2,)``."""
    if named is not None:
        if given:
            raise TypeError(f"sizes {given} and {named} given; give them once.")
        given = (named,)
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else tuple(given)


def axes(dim: Any) -> Any:
    """PyTorch's dim as NumPy's axis; an empty list means all."""
    return None if dim is None or dim == [] or dim == () else tuple(dim) if isinstance(dim, (list, tuple)) else dim


def axis_of(input: AnyArray, dim: Axis) -> Any:
    """``axes``, where a single number has axis 0 and −1, too."""
    return axes(dim) if np.ndim(input) else None


def along(input: AnyArray, dim: int, index: Index) -> Any:
    """The index that takes ``index`` along one axis."""
    n = np.ndim(input)
    if not -n <= dim < n:
        raise IndexError(f"dim={dim}: a tensor of shape {np.shape(input)} has no such axis.")
    return (*(slice(None),) * (dim % n), index)


def cast(input: AnyArray, dtype: DTypeLike) -> AnyArray:
    """``input`` in another dtype; None leaves it as it is."""
    return input if dtype is None or input.dtype == dtype else astype(input, dtype)


def whole(index: Any) -> Any:
    """Indices as an array of integers."""
    return np.asarray(bare(index)) if not isinstance(index, Tensor) else index._data
