"""What a function computes from what lies outside of it: its rows, and the rows that they begin at.

For operations that are one row outside: whose derivative is that of a function at a point which the operation found by
other means (the solution of an equation, the points of a quadrature, the steps of an integrator), or that of rows which
are hidden (under vmap) or not kept (under checkpoint).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import recording
from ..engine.forward import push
from ..engine.node import Leaf, Node
from ..engine.primitive import Contributions, Primitive, Saved
from ..engine.reverse import pull, rows
from ..engine.tensor import Tensor, make_tensor
from ..support.vectors import joined, pieces
from ..watching import observer
from . import trees

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function, Tree


def leaf(array: AnyArray) -> Tensor:
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
        found = pulled(self.order, self.root, g, {*self.x, *self.outside})
        return [found.get(end) for end in ends]

    def push(self, tangents: dict[Any, Any]) -> Any:
        """The tangent of the value, from those of rows; None where it is zero."""
        return None if self.root is None else pushed(self.order, self.root, tangents)


def pulled(order: Iterable[Node], root: Node, g: Any, stop: Collection[Node], chosen: Any = None) -> dict[Node, Any]:
    """The cotangents of the rows that a walk back from ``root`` ends at, itself recorded where ``g`` is a tensor."""
    return pull(order, {root: g}, create_graph=isinstance(g, Tensor), stop=stop, chosen=chosen)


def pushed(order: Iterable[Node], root: Node, tangents: Mapping[Node, Any]) -> Any:
    """The tangent of ``root`` from those of some rows (None: zero), recorded where one of them is a tensor."""
    given = {node: t for node, t in tangents.items() if t is not None}
    record = any(isinstance(t, Tensor) for t in given.values())
    return push(order, given, record).get(root) if given else None


def add(cotangents: dict[Node, Any], row: Node | None, c: Any) -> None:
    """Add a cotangent of a row (None: of nothing that is tracked)."""
    if row is not None:
        cotangents[row] = cotangents[row] + c if row in cotangents else c


def started(x: Any) -> Any:
    """Where a solver starts: a list of numbers is an array, as SciPy's solvers have it; other trees stay."""
    if isinstance(x, list) and x and all(map(_is_numbers, x)):
        return np.array(x, np.float64)
    return x


def _is_numbers(x: Any) -> bool:
    return all(map(_is_numbers, x)) if isinstance(x, list) else isinstance(x, (int, float, np.number))


class Packing:
    """A tree of arrays as one vector, and back."""

    def __init__(self, tree: Any, what: str) -> None:
        leaves, self.rebuild = trees.flatten(tree, what)
        self.shapes = [np.shape(x) for x in leaves]
        self.size = sum(map(math.prod, self.shapes))
        self.tensors = any(isinstance(x, Tensor) for x in leaves)
        kinds = [x.dtype if hasattr(x, "dtype") else np.dtype(float) for x in leaves]
        self.dtype = np.result_type(*(k if k.kind in "fc" else np.dtype(float) for k in kinds))

    def pack(self, tree: Tree, what: str) -> AnyArray:
        """All numbers of a tree in a row."""
        leaves = trees.flatten(tree, what)[0]
        return np.reshape(leaves[0], (-1,)) if len(leaves) == 1 else joined(leaves)

    def unpack(self, vector: AnyArray) -> Tree:
        """The tree again, or of a matrix that of all its rows."""
        if len(self.shapes) == 1:
            return self.rebuild([np.reshape(vector, (*vector.shape[:-1], *self.shapes[0]))])
        return self.rebuild(pieces(vector, self.shapes))


class Found(Primitive):
    """The operation of a row that stands for others, whose derivatives an object in its settings knows, ``_by``.

    _by.pull(node, g, ends)    -> the cotangents of some parents, None where it is zero
    _by.push(node, tangents)   -> the tangent of the result, from those of parents
    """

    def make_vjp(self, i: int) -> Function:
        def vjp(g: AnyArray, node: Node, saved: Saved, index: int) -> Any:
            return next((c for _, c, _ in self.cotangents([index], g, node, saved, None)), None)

        return vjp

    def cotangents(self, places: list[int], g: Any, node: Node, saved: Saved, chosen: Any) -> Contributions:
        found = node.params["_by"].pull(node, g, [node.parents[i] for i in places])  # type: ignore[index]
        return ((i, c, None) for i, c in zip(places, found, strict=True))

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> AnyArray:
        given = dict(zip(node.parents, tangents, strict=True))  # type: ignore[arg-type]
        return node.params["_by"].push(node, {p: t for p, t in given.items() if t is not None})


def _not_alone(*x: object, _by: Any = None) -> Any:
    raise TypeError("this row stands for others: it has no formula and is not run alone.")


_operations: dict[str, Found] = {}


def row(name: str, by: Any, parents: Sequence[Node], shape: tuple[int, ...], kind: type[Found] = Found) -> Node:
    """The row of a result that ``by`` can differentiate, in terms of ``parents``."""
    if name not in _operations:
        _operations[name] = kind(_not_alone, {"x": _not_alone}, name=name)
    return observer.made(Node(_operations[name], tuple(parents), (None,) * (len(parents) + 1), {"_by": by}, shape))
