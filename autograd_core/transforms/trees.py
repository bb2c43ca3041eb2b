"""Nested tuples, lists and dicts of arrays, taken apart into their leaves and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..border.containers import as_numbers, is_container, is_plain
from ..engine.errors import class_name

if TYPE_CHECKING:
    from ..support.types import Tree

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Tree, what: str) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree in order (of a dict, by its own order), and the function that rebuilds it from others.

    ``what`` names the tree in the message of the TypeError that a leaf which is not a number or array raises.

    >>> import numpy as np
    >>> leaves, rebuild = flatten({"w": np.ones(2), "b": (1.0, 2.0)}, "parameters")
    >>> leaves
    [array([1., 1.]), 1.0, 2.0]
    >>> rebuild([10, 20, 30])
    {'w': 10, 'b': (20, 30)}
    """
    leaves: list[Any] = []
    build = _taken_apart(tree, what, leaves)
    count = len(leaves)  # rebuild must not keep the leaves themselves alive

    def rebuild(values: Sequence[Any]) -> Tree:
        if len(values) != count:
            raise ValueError(f"{what}: {len(values)} values for {count} leaves.")
        return build(iter(values))

    return leaves, rebuild


def _taken_apart(tree: Tree, path: str, leaves: list[Any]) -> Callable[[Any], Any]:
    if isinstance(tree, dict):
        parts = {k: _taken_apart(v, f"{path}[{k!r}]", leaves) for k, v in tree.items()}
        return lambda values: {k: part(values) for k, part in parts.items()}
    if isinstance(tree, (tuple, list)):
        items = [_taken_apart(v, f"{path}[{i}]", leaves) for i, v in enumerate(tree)]
        make = tree._make if hasattr(tree, "_make") else type(tree)  # a named tuple takes its fields one by one
        return lambda values: make([item(values) for item in items])
    if is_container(tree):
        tree = as_numbers(tree, path)
    if not is_leaf(tree):
        raise TypeError(
            f"{path} is {class_name(tree)}; derivatives are of numbers, arrays and tensors, and of tuples, lists "
            "and dicts of them. Fix: leave it to the function itself (functools.partial, a closure)."
        )
    leaves.append(tree)
    return next


def is_leaf(value: object) -> bool:
    """True of what has a value to differentiate by: a number, an array, a tensor."""
    return is_plain(value)
