"""What a function computes from what lies outside of it: its rows, and the rows that they begin at.

For operations whose derivative is that of a function at a point which the operation found by other means: the solution
of an equation, the points of a quadrature, the steps of an integrator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import recording
from ..engine.forward import push
from ..engine.node import Leaf, Node
from ..engine.primitive import Contributions, Primitive, Saved
from ..engine.reverse import pull, rows
from ..engine.tensor import Tensor, make_tensor
from ..watching import observer
from . import trees


def leaf(array: Any) -> Tensor:
    """An array as a variable: a tensor on a row of its own. A tensor that has a row is one already."""
    if isinstance(array, Tensor):
        return array if array._node is not None else leaf(array._data)
    return make_tensor(array, Leaf(np.shape(array), array.dtype))


class Local:
    """The rows of one value ``f(*x)``, from tensors ``x`` that have rows and from ``outside``."""

    def __init__(self, f: Callable[..., Any], *x: Tensor) -> None:
        with observer.collect() as made, recording.enable_grad():
            y = f(*x)
        self.value = y._data if isinstance(y, Tensor) else np.asarray(y)
        self.root = y._node if isinstance(y, Tensor) and (y._node in made or y._node in [t._node for t in x]) else None
        own: set[Any] = {t._node for t in x}
        self.x: list[Any] = [t._node for t in x]
        self.order = [] if self.root is None else rows([self.root], stop=own, lenient=True)
        self.order = [n for n in self.order if n in made]
        ends = (p for n in self.order for p in n.parents or () if p is not None and p not in made and p not in own)
        self.outside: list[Node] = list(dict.fromkeys(ends))
        if isinstance(y, Tensor) and y._node is not None and self.root is None:  # a tensor from outside, as it is
            self.root, self.outside = y._node, [y._node]

    def pull(self, g: Any, ends: Sequence[Any]) -> list[Any]:
        """The cotangents of some rows, None where it is zero."""
        if self.root is None:
            return [None] * len(ends)
        stop: set[Any] = {*self.x, *self.outside}
        found = pull(self.order, {self.root: g}, create_graph=isinstance(g, Tensor), stop=stop)
        return [found.get(end) for end in ends]

    def push(self, tangents: dict[Any, Any]) -> Any:
        """The tangent of the value, from those of rows; None where it is zero."""
        given = {node: t for node, t in tangents.items() if t is not None}
        if self.root is None or not given:
            return None
        return push(self.order, given, record=any(isinstance(t, Tensor) for t in given.values())).get(self.root)


class Packing:
    """A tree of arrays as one vector, and back."""

    def __init__(self, tree: Any, what: str) -> None:
        leaves, self.rebuild = trees.flatten(tree, what)
        self.shapes = [np.shape(x) for x in leaves]
        self.sizes = [math.prod(s) for s in self.shapes]
        self.size = sum(self.sizes)
        self.tensors = any(isinstance(x, Tensor) for x in leaves)
        kinds = [x.dtype if hasattr(x, "dtype") else np.dtype(float) for x in leaves]
        self.dtype = np.result_type(*(k if k.kind in "fc" else np.dtype(float) for k in kinds))

    def pack(self, tree: Any, what: str) -> Any:
        """All numbers of a tree in a row."""
        leaves = trees.flatten(tree, what)[0]
        if len(leaves) == 1:
            return np.reshape(leaves[0], (-1,))
        return np.concatenate([np.reshape(x, (-1,)) for x in leaves])

    def unpack(self, vector: Any) -> Any:
        """The tree again."""
        if len(self.shapes) == 1:
            return self.rebuild([np.reshape(vector, self.shapes[0])])
        ends = np.cumsum(self.sizes).tolist()
        parts = [vector[end - size : end] for end, size in zip(ends, self.sizes, strict=True)]
        return self.rebuild([np.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)])


class Found(Primitive):
    """The operation of a row whose derivatives an object in its settings knows: ``_by`` has ``pull`` and ``push``."""

    def make_vjp(self, i: int) -> Callable[..., Any]:
        def vjp(g: Any, node: Node, saved: Saved, index: int) -> Any:
            return next((c for _, c, _ in self.cotangents([index], g, node, saved, None)), None)

        return vjp

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        found = node.params["_by"].pull(node, g, [node.parents[i] for i in places])  # type: ignore[index]
        return ((i, c, None) for i, c in zip(places, found, strict=True))

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> Any:
        given = dict(zip(node.parents, tangents, strict=True))  # type: ignore[arg-type]
        return node.params["_by"].push(node, {p: t for p, t in given.items() if t is not None})


def _not_alone(*x: Any, _by: Any = None) -> Any:
    raise TypeError("this row was found by a solver: it has no formula and is not run alone.")


_operations: dict[str, Any] = {}


def row(name: str, by: Any, parents: Sequence[Node], shape: tuple[int, ...]) -> Node:
    """The row of a result that ``by`` can differentiate, in terms of ``parents``."""
    if name not in _operations:
        _operations[name] = Found(_not_alone, {"x": _not_alone}, name=name)
    return observer.made(Node(_operations[name], tuple(parents), (None,) * (len(parents) + 1), {"_by": by}, shape))
