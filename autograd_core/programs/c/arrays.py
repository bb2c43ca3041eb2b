"""The arrays of a file of C, and how results and arguments are called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..results import array_of, is_array, named
from .expressions import number

if TYPE_CHECKING:
    from ...support.types import Tree


class Array(NamedTuple):
    """One array of the file.

    public : whether the header names it; ``note``: what it is; ``values``: what it begins with, None for zeros;
    example : whether the values are those of the recorded run, wanted by ``main`` alone
    """

    name: str
    dtype: np.dtype[Any]
    size: int
    public: bool
    note: str
    values: Any
    example: bool
    fixed: bool


class Part(NamedTuple):
    """A tensor within an array."""

    name: str
    first: int
    size: int
    note: str


def leaves_of(name: str, tree: Tree) -> Iterator[tuple[str, Any]]:
    """The arrays and live numbers of a result with their names."""
    for place, leaf in named(name, tree):
        value = array_of(leaf)
        if is_array(value):  # not a number that every run gives
            yield place, value


def is_dense(array: Any) -> bool:
    """Whether the elements lie side by side, in whatever order of axes."""
    step = array.itemsize
    for stride, n in sorted(zip(array.strides, array.shape, strict=True)):
        if n != 1:
            if stride != step:
                return array.size == 0
            step *= n
    return True


def values_of(array: Array) -> str:
    """An array's initial values, eight in a line."""
    flat = np.asarray(_memory(array.values)).ravel()
    shown = [number(x, array.dtype) for x in flat]
    lines = [", ".join(shown[k : k + 8]) for k in range(0, len(shown), 8)]
    return "{\n    " + ",\n    ".join(lines) + "\n}"


def _memory(array: Any) -> Any:
    """All elements in the order of memory."""
    return np.lib.stride_tricks.as_strided(array, (array.size,), (array.itemsize,)) if array.size else array
