"""The arrays of a file of C, and how results and arguments are called."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..numbers import Live
from ..record import Record
from ..results import is_array
from .expressions import number


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


def leaves_of(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """The arrays and live numbers of a result with their names."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves_of(f"{name}_{key}", value)
    elif isinstance(tree, (tuple, list)):
        for k, value in enumerate(tree):
            yield from leaves_of(f"{name}_{k}", value)
    elif is_array(tree):
        data = getattr(tree, "_data", tree)
        yield from (
            [(name, data)] if isinstance(data, Live) or not is_array(data) or data is tree else leaves_of(name, data)
        )


def names_of_inputs(record: Record, function: Any) -> dict[str, str]:
    """The arguments' own names, where each argument is one array or number."""
    names: list[str] = []
    if record.by_position:
        with contextlib.suppress(TypeError, ValueError):
            names = list(inspect.signature(function).parameters)
    if len(names) != len(record.inputs):
        return {}
    return {f"input {k}": name for k, name in enumerate(names)}


def values_of(array: Array) -> str:
    """An array's initial values, eight in a line."""
    flat = np.asarray(_memory(array.values)).ravel()
    shown = [number(x, array.dtype) for x in flat]
    lines = [", ".join(shown[k : k + 8]) for k in range(0, len(shown), 8)]
    return "{\n    " + ",\n    ".join(lines) + "\n}"


def _memory(array: Any) -> Any:
    """All elements in the order of memory."""
    return np.lib.stride_tricks.as_strided(array, (array.size,), (array.itemsize,)) if array.size else array
