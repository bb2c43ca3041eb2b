"""Arrays made of numbers and tensors: nested lists, and what stands between the brackets of ``r_`` and ``c_``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.forms import linear
from ...engine.tensor import Tensor, bare
from ...support.arrays import anyarray
from ..composites import holds_tensors

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike

__all__ = ["array", "c_", "r_"]


@linear(
    name="assembled",
    parts=lambda g, parts, starts, index: np.reshape(
        np.reshape(g, (-1,))[starts[index] : starts[index + 1]], parts[index].shape
    ),
)
def _array(*parts, starts=(), shape=()):
    return np.reshape(np.concatenate([np.reshape(p, (-1,)) for p in parts]), shape)


def array(object, dtype=None, *, ndmin=0, weak=False):
    """``np.array`` of nested lists of numbers, arrays and tensors, differentiable in the tensors.

    NumPy itself cannot be intercepted there: ``np.array([[c, -s], [s, c]])`` of recorded tensors is refused.

    Parameters
    ----------
    object : nested lists or tuples, rows of one shape
    dtype : what the numbers are converted to (their common dtype by default, as NumPy has it)
    ndmin : the least number of axes; new ones come first
    weak : Python numbers take the dtype of the tensors beside them

    Without tensors the result is an array, with them a tensor. Raises ValueError where rows differ in shape.

    >>> import autograd_core as ag
    >>> ag.grad(lambda a: (ag.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ [1.0, 0.0])[1])(np.array(0.0))
    array(1.)
    """
    if not holds_tensors((object,)):
        return _stacked(object, dtype, ndmin) if _holds_ducks(object) else np.array(object, dtype, ndmin=ndmin)
    parts: list[Any] = []
    shape = _read(object, parts)
    if weak:
        strong = tuple([p.dtype for p in parts if isinstance(p, Tensor)])
        parts = [p if isinstance(p, Tensor) else entry.operand(p.reshape(-1).tolist(), "array", strong) for p in parts]
    starts = tuple(accumulate([p.size for p in parts], initial=0))
    result = _array(*parts, starts=starts, shape=(*[1] * (ndmin - len(shape)), *shape))
    return result if dtype is None or result.dtype == dtype else result.astype(dtype)


def _holds_ducks(value: Any) -> bool:
    """Whether there are arrays of another type than NumPy's in nested lists."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_ducks, value))
    return hasattr(value, "__array_function__") and not issubclass(type(value), np.ndarray)


def _stacked(object: Any, dtype: Any, ndmin: int) -> AnyArray:
    """`array` of arrays that answer to NumPy's functions alone."""

    def stack(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return np.stack([stack(v) for v in value])
        return value if hasattr(value, "__array_function__") else np.asarray(value)

    found = stack(object)
    found = np.reshape(found, (*[1] * (ndmin - found.ndim), *found.shape))
    return found if dtype is None or found.dtype == dtype else found.astype(dtype)


def _read(value: Any, parts: list[Any]) -> tuple[int, ...]:
    """The shape of nested lists; their tensors, and the runs of constants between them, are added to ``parts``."""
    if isinstance(value, Tensor):
        parts.append(value)
        return value.shape
    if not isinstance(value, (list, tuple)) or not holds_tensors(value):
        constant = entry.operand(value, "array", ())
        constant = anyarray(constant)
        parts.append(constant)
        return constant.shape
    shapes = {_read(v, parts) for v in value}
    if len(shapes) > 1:
        raise ValueError(
            f"array: rows of shapes {', '.join(map(str, sorted(shapes)))} in one list. Fix: give rows of one shape, "
            "or join them with np.concatenate or np.block."
        )
    return (len(value), *shapes.pop())


def as_array(x: ArrayLike) -> Any:
    """Tensors and arrays as they are, lists and numbers as NumPy reads them."""
    return x if hasattr(x, "dtype") else array(x, weak=True)


def together(arrays: Iterable[ArrayLike], operation: str) -> list[Any]:
    """Arrays of one operation: lists among them take the tensors' dtype."""
    arrays = list(arrays)
    beside = tuple([a.dtype for a in arrays if isinstance(a, Tensor)])
    return [a if isinstance(a, (Tensor, np.ndarray)) else entry.operand(a, operation, beside) for a in arrays]


class _Joined:
    """``r_`` and ``c_``: what stands between the brackets, joined by NumPy's own object ``like``."""

    def __init__(self, like: Any, doc: str) -> None:
        self._like = like
        self.__doc__ = doc

    def __getitem__(self, key: Any) -> AnyArray:
        keys = key if isinstance(key, tuple) else (key,)
        if not holds_tensors(keys):
            return self._like[key]
        if isinstance(keys[0], str) and not keys[0][:1].isdigit() and not keys[0].startswith("-"):
            raise TypeError(f"r_[{keys[0]!r}, …] makes an np.matrix. Fix: ag.r_['0,2', …], or np.stack.")
        directive = keys[:1] if isinstance(keys[0], str) else ()
        parts = [_part(k) for k in keys[len(directive) :]]
        starts = accumulate([math.prod(np.shape(p)) for p in parts], initial=0)
        places = [np.arange(p.size).reshape(p.shape) + s if np.ndim(p) else np.intp(s) for p, s in zip(parts, starts)]  # noqa: B905
        origin = self._like[(*directive, *places)]  # NumPy says where each number goes
        dtype = np.result_type(*[bare(p) for p in parts])
        flat = [np.reshape(p if hasattr(p, "dtype") else np.asarray(p, dtype), (-1,)) for p in parts]
        return np.concatenate([p if p.dtype == dtype else p.astype(dtype) for p in flat])[origin]

    def __len__(self) -> int:
        return 0


def _part(key: Any) -> Any:
    if isinstance(key, slice):
        return np.r_[bare(key)]
    value = entry.operand(key, "r_", ()) if not isinstance(key, Tensor) else key
    return value


r_ = _Joined(
    np.r_,
    """``np.r_`` that also joins tensors: ``ag.r_[t, 0.0, u]`` along the first axis.

    Slices stand for ranges, and a leading string such as ``"-1"`` or ``"0,2"`` says where to join (see ``np.r_``).

    >>> r_[np.array([1.0, 2.0]), 0.0]
    array([1., 2., 0.])
    """,
)
c_ = _Joined(
    np.c_,
    """``np.c_`` that also joins tensors: ``ag.c_[t, u]`` has them as columns.

    >>> c_[np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    array([[1., 3.],
           [2., 4.]])
    """,
)
