"""Nested containers of arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag

from ...engine.tensor import Tensor
from ..builtins import type as type_of

if TYPE_CHECKING:
    from ...support.types import AnyArray, Function, Tree


def flatten(value: object) -> tuple[Any, Callable[[Any], Any]]:
    """The numbers of nested tuples, lists and dicts (by sorted keys) of arrays as one vector, and the way back.

    value : the arrays and numbers

    >>> vector, unflatten = flatten({"b": 2.0, "a": np.array([[0.0, 1.0]])})
    >>> vector
    array([0., 1., 2.])
    >>> unflatten(vector * 2)["a"]
    array([[0., 2.]])
    """
    leaves: list[Any] = []
    build = _taken_apart(value, leaves)
    sizes = [int(np.size(leaf)) for leaf in leaves]

    def unflatten(vector: AnyArray) -> Any:
        parts, start = [], 0
        for size in sizes:
            parts.append(vector[start : start + size])
            start += size
        return build(iter(parts))

    if any(isinstance(leaf, Tensor) for leaf in leaves):
        return ag.concatenate([np.ravel(leaf) for leaf in leaves]), unflatten
    return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.array([]), unflatten


def _taken_apart(value: Tree, leaves: list[Any]) -> Callable[[Any], Any]:
    if isinstance(value, dict):
        parts = {key: _taken_apart(value[key], leaves) for key in sorted(value)}
        return lambda values: {key: part(values) for key, part in parts.items()}
    if isinstance(value, (tuple, list)):
        items = [_taken_apart(v, leaves) for v in value]
        make = type_of(value)
        return lambda values: (make._make if hasattr(make, "_make") else make)([item(values) for item in items])
    leaves.append(value)
    shape = np.shape(value)
    return lambda values: np.reshape(next(values), shape) if shape else next(values)[0]


def flatten_func(func: Function, example: Any) -> tuple[Function, Callable[[Any], Any], Any]:
    """A function of trees as one of vectors, the way back from a vector, and the example's vector.

    func : of a tree and other arguments, answering with a tree
    example : a tree such as func takes
    """
    vector, unflatten = flatten(example)
    return lambda x, *args: flatten(func(unflatten(x), *args))[0], unflatten, vector
