"""Arguments and results: nested tuples, lists and dicts of arrays and tensors, as they go in and come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import class_name
from ..engine.tensor import Tensor, make_tensor
from .numbers import Live
from .recorded import Recorded, RecordedScalar, plain
from .state import equal


class Opaque(TypeError):
    """An argument whose parts cannot be looked after."""


def same(a: Any, b: Any) -> bool:
    """Whether two results have one structure and equal numbers, bit for bit but for NaN."""
    x: list[Any] = []
    y: list[Any] = []
    a, b = mapped(a, kept), mapped(b, kept)
    try:
        alike = spec_of(a, x) == spec_of(b, y)
    except Opaque:  # an object among the results: a replay would give that of the record
        return False
    return alike and all(equal(array_of(p), array_of(q)) for p, q in zip(x, y, strict=True))


def array_of(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x._data if isinstance(x, Tensor) else x


def is_array(x: Any) -> bool:
    """Whether it is an array of some kind: a leaf of a tree of results."""
    return isinstance(x, (np.ndarray, np.generic, Tensor, Recorded, Live))


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """A tree with ``change`` applied to its arrays."""
    if isinstance(tree, dict):
        return {k: mapped(v, change) for k, v in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [mapped(v, change) for v in tree]
        return tree._make(parts) if hasattr(tree, "_make") else type(tree)(parts)  # type: ignore[union-attr]
    return change(tree) if is_array(tree) else tree


def is_recorded(tree: Any) -> bool:
    """Whether a tensor in it has a graph that was not used up."""
    found: list[Any] = []
    mapped(tree, found.append)
    return any(isinstance(x, Tensor) and x._node is not None and x._node.parents is not None for x in found)


def taken_back(x: Any) -> Any:
    """A result as it is, with its graph, of plain arrays."""
    if isinstance(x, Tensor):
        x._data = taken_back(x._data)
        return x
    return x.again() if isinstance(x, Live) else x.array[()] if isinstance(x, RecordedScalar) else plain(x)


def kept(x: Any) -> Any:
    """A tensor without its graph; anything else as it is."""
    return make_tensor(x._data, None) if isinstance(x, Tensor) else x


def copied(tree: Any) -> Any:
    """The results of a run in memory of their own, NumPy's scalars as such."""

    def fresh(x: Any) -> Any:
        if isinstance(x, Live):
            return x.again()
        if isinstance(x, Tensor):
            return make_tensor(fresh(x._data), None)
        return x.array[()] if isinstance(x, RecordedScalar) else plain(x).copy()

    return mapped(tree, fresh)


def spec_of(tree: Any, leaves: list[Any]) -> Any:
    """The shape of a tree as a key; its arrays go to ``leaves``."""
    if isinstance(tree, dict):
        return (dict, *((k, spec_of(v, leaves)) for k, v in tree.items()))
    if isinstance(tree, (tuple, list)):
        return (type(tree), *(spec_of(v, leaves) for v in tree))
    if is_array(tree):
        leaves.append(tree)
        return (
            type(tree),
            tree.shape,
            tree.dtype.char,
            array_of(tree).strides,
            isinstance(tree, Tensor) and tree._node is not None,
        )
    if tree is None or isinstance(tree, (int, float, complex, str, bytes, type, np.dtype)):
        return (type(tree), tree)  # 1, 1.0 and True are one key
    raise Opaque(f"an argument is a {class_name(tree)}, whose parts may change. Fix: reach it through a closure.")
