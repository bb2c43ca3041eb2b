"""Arguments and results: nested tuples, lists and dicts of arrays and tensors, as they go in and come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name
from ..engine.tensor import Tensor, make_tensor
from .state import equal
from .tracing.numbers import Live
from .tracing.recorded import Recorded, RecordedScalar, plain

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, Function, Tree


CONSTANTS = (type(None), int, float, complex, str, bytes, type, np.dtype)
"""Types of values that are the same for good."""


class Opaque(TypeError):
    """An argument whose parts cannot be looked after."""


def same(a: Tree, b: Tree) -> bool:
    """Whether two results have one structure and equal numbers, bit for bit but for NaN.

    An object among them is not the same: a replay would give that of the record.
    """
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if is_array(a):
        return equal(array_of(a), array_of(b))
    return isinstance(a, CONSTANTS) and (a == b or (a != a and b != b))


def near(a: Any, b: Any) -> bool:
    """Whether two results of one structure agree to half of their digits, counted from the largest number in each.

    A Python float may have been a number in single precision.
    """
    x: list[Any] = []
    y: list[Any] = []
    mapped(a, x.append)
    mapped(b, y.append)
    return all(map(_near, map(_numbers, x), map(_numbers, y)))


def _numbers(x: Any) -> Any:
    return np.float32(x) if type(x) is float else np.asarray(array_of(x))


def _near(a: Array, b: Array) -> bool:
    if a.dtype.kind != "f":
        return True
    scale = float(np.max(np.abs(b[np.isfinite(b)]), initial=1))
    return np.allclose(a, b, rtol=0, atol=float(np.finfo(b.dtype).eps) ** 0.5 * scale, equal_nan=True)


def array_of(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x._data if isinstance(x, Tensor) else x


def is_array(x: Tree) -> bool:
    """Whether it is an array of some kind: a leaf of a tree of results."""
    return isinstance(x, (np.ndarray, np.generic, Tensor, Recorded, Live))


def mapped(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """A tree with ``change`` applied to its arrays and floats."""
    if isinstance(tree, dict):
        return {k: mapped(v, change) for k, v in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [mapped(v, change) for v in tree]
        return tree._make(parts) if hasattr(tree, "_make") else type(tree)(parts)  # type: ignore[union-attr]
    return change(tree) if is_array(tree) or type(tree) is float else tree


def named(name: str, tree: Tree) -> Iterator[tuple[str, Any]]:
    """The arrays and floats of a tree in the order of `mapped`, named by their place: "x", "x_0", "x_weight"."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from named(f"{name}_{key}", value)
    elif isinstance(tree, (tuple, list)):
        for k, value in enumerate(tree):
            yield from named(f"{name}_{k}", value)
    elif is_array(tree) or type(tree) is float:
        yield name, tree


def is_recorded(tree: Tree) -> bool:
    """Whether a tensor in it has a graph that was not used up."""
    found: list[Any] = []
    mapped(tree, found.append)
    return any(isinstance(x, Tensor) and x._node is not None and x._node.parents is not None for x in found)


def holds_objects(tree: Tree) -> bool:
    """Whether an array in it is one of Python objects."""
    found: list[Any] = []
    mapped(tree, found.append)
    return any(hasattr(x, "dtype") and x.dtype.hasobject for x in found)


def taken_back(x: AnyArray) -> Any:
    """A result as it is, with its graph, of plain arrays."""
    if isinstance(x, Tensor):
        x._data = taken_back(x._data)
        return x
    return x.again() if isinstance(x, Live) else x.array[()] if isinstance(x, RecordedScalar) else plain(x)


def kept(x: Any) -> Any:
    """A tensor without its graph; anything else as it is."""
    return make_tensor(x._data, None) if isinstance(x, Tensor) else x


def giver(tree: Tree) -> Callable[[], Any]:
    """A function that makes the results of a run, in memory of their own, NumPy's scalars as such."""
    if isinstance(tree, Live):
        return tree.again
    if isinstance(tree, Tensor):
        data = giver(tree._data)
        return lambda: make_tensor(data(), None)
    if isinstance(tree, RecordedScalar):
        scalar = tree.array
        return lambda: scalar[()]
    if is_array(tree):
        copy: Function = plain(tree).copy
        return lambda: copy("K")  # what is computed from it depends on its strides, in the last bit
    if isinstance(tree, dict):
        keys, values = list(tree), list(map(giver, tree.values()))
        return lambda: dict(zip(keys, [value() for value in values], strict=True))
    if isinstance(tree, (tuple, list)):
        parts = list(map(giver, tree))
        make = tree._make if hasattr(tree, "_make") else type(tree)
        return lambda: make([part() for part in parts])
    return lambda: tree


def spec_of(tree: Any, leaves: list[Any], live: bool = True) -> Any:
    """The shape of a tree as a key; its arrays and, where these are ``live``, its floats go to ``leaves``."""
    kind = type(tree)
    if kind is np.ndarray:
        leaves.append(tree)
        return tree.shape, tree.dtype, tree.strides
    if kind is float and live:
        leaves.append(tree)
        return float
    if kind is tuple or kind is list or isinstance(tree, (tuple, list)):
        return (kind, *[spec_of(v, leaves, live) for v in tree])
    if isinstance(tree, dict):
        return (kind, *[(k, spec_of(v, leaves, live)) for k, v in tree.items()])
    if isinstance(tree, (Tensor, np.generic)):
        if isinstance(tree, Tensor) and tree._node is not None:
            raise Opaque(
                "an argument requires gradients, which a replay would not record. Fix: compile the whole step."
            )
        array = array_of(tree)
        leaves.append(tree)
        return kind, array.shape, array.dtype, array.strides
    if isinstance(tree, CONSTANTS):
        return kind, tree  # 1, 1.0 and True are one key
    raise Opaque(
        f"an argument is a {class_name(tree)}, whose parts may change. "
        "Fix: reach it through a closure, or static=(name,)."
    )
