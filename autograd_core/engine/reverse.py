"""Reverse mode: walk the rows from the result back, multiply by local derivatives, add up."""

from __future__ import annotations

from _thread import RLock
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from . import entry, recording
from .errors import describe, detached, released
from .node import Leaf, Node, Spec
from .tensor import Tensor, bare, make_tensor


def backward(self: Tensor, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Accumulate d self / d leaf into ``.grad`` of every leaf that ``self`` was computed from.

    gradient : cotangent of self's shape; may be left out for a one-element tensor (then 1)
    retain_graph : keep the graph for another backward pass (default: release it as it is used)
    create_graph : record the pass, too (implies retain_graph); x and ``x.grad`` hold each other until ``x.grad = None``

    Raises RuntimeError where nothing was recorded or the graph was released, ValueError for a wrong cotangent; then
    nothing is accumulated and nothing released. Threads may accumulate into the same leaves. An interrupt (Ctrl-C)
    accumulates into all leaves or into none; the graph may be released then.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> (x**2).backward()
    >>> x.grad.item()
    6.0
    """
    root = self._node
    if root is None:
        raise detached(self)
    seed: Any = _seed(self, gradient)
    if not create_graph:
        seed = seed._data
    order = rows([root])
    cotangents = pull(order, {root: seed}, create_graph, release=not (retain_graph or create_graph))
    leaves = [node for node in order if isinstance(node, Leaf)]
    gradients = as_gradients(cotangents, ((leaf, leaf.shape, leaf.dtype) for leaf in leaves), seed)
    with _accumulating:
        for i, leaf in enumerate(leaves):
            if leaf.grad is not None:
                gradients[i] = leaf.grad + gradients[i]
        any(map(_set_grad, leaves, gradients))  # a loop in C: no signal gets between two leaves


_set_grad: Any = Leaf.__dict__["grad"].__set__
_accumulating = RLock()  # threads may share leaves; a finalizer may call backward() while it is held


def rows(roots: Iterable[Node], stop: Collection[Node] = (), lenient: bool = False) -> list[Node]:
    """Every row that the roots were computed from, each before its parents; the parents of ``stop`` are left out.

    lenient : a row that was released is a constant, not an error

    An iterative depth-first walk: a chain of a million rows needs no stack.
    """
    order: list[Node] = []
    done: set[Node] = set()
    waiting: list[Any] = list(roots)
    pop, push, mark, emit = waiting.pop, waiting.append, done.add, order.append  # looked up a million times
    while waiting:
        node = pop()
        if node is None:  # all parents of the row below are done
            emit(pop())
        elif node not in done:
            mark(node)
            parents = node.parents
            if parents is None:
                if lenient:
                    continue
                raise released(node)
            push(node)
            push(None)
            if node not in stop:
                for parent in reversed(parents):  # the first argument's rows come first in execution
                    if parent is not None and parent not in done:
                        push(parent)
    order.reverse()
    return order


def pull(
    order: Iterable[Node],
    cotangents: dict[Node, Any],
    create_graph: bool = False,
    release: bool = False,
    stop: Collection[Node] = (),
    wanted: Collection[Node] | None = None,
    chosen: dict[Node, Any] | None = None,
) -> dict[Node, Any]:
    """Pull the cotangents of some rows back along ``order``; what remains at the end are those of leaves and ``stop``.

    create_graph : compute with tensors, so that the pass itself is recorded
    release      : let each row forget what it kept as soon as it is used
    wanted       : rows outside need no cotangent (None: all are wanted)
    chosen       : where a row was chosen by np.where and is used nowhere else; at the end, that of ``stop``
    """
    walk = Walk(cotangents, {} if chosen is None else chosen, wanted, create_graph)
    chosen, pop, get = walk.chosen, cotangents.pop, cotangents.get
    if recording.special:
        order = recording.watched(order, cotangents)
    for node in order:
        op = node.op
        if op is None or node in stop:
            continue
        g = pop(node, None)
        if g is not None:
            saved: Any = lifted(node) if create_graph else node.saved
            if op.alone and not chosen:
                for vjp, parent in zip(op.vjps, node.parents):  # type: ignore[arg-type]  # noqa: B905 (vjps may be endless)
                    if parent is not None and (wanted is None or parent in wanted):
                        c = vjp(g, node, saved)
                        if c is not None:
                            total = get(parent)
                            cotangents[parent] = c if total is None else walk.total(parent, total, c)
            else:
                op.pull(node, g, saved, walk)
        if release:
            node.parents = node.saved = None
    return cotangents


class Walk:
    """A backward pass on its way.

    cotangents   : what has reached rows that are still to be walked
    chosen       : where a row was chosen by np.where and is used nowhere else. What was not chosen meets no
        arithmetic, so that 0·∞ there is no NaN.
    wanted       : rows outside need no cotangent (None: all are wanted)
    create_graph : whether the pass itself is recorded
    """

    __slots__ = ("chosen", "cotangents", "create_graph", "own", "wanted")

    def __init__(self, cotangents: dict[Node, Any], chosen: dict[Node, Any], wanted: Any, create_graph: bool) -> None:
        self.cotangents, self.chosen, self.wanted, self.create_graph = cotangents, chosen, wanted, create_graph
        self.own: set[Node] = set()  # rows whose cotangent is an array made here, which may be added to in place

    def asked(self, node: Node) -> list[int]:
        """Which arguments of a row need their cotangents."""
        wanted = self.wanted
        return [i for i, p in enumerate(node.parents or ()) if p is not None and (wanted is None or p in wanted)]

    def add(self, row: Node, c: Any, chosen: Any = None) -> None:
        """Add a cotangent (None: zero) of a row, of which ``chosen`` was chosen (None: not known)."""
        total = self.cotangents.get(row)
        if total is None:
            if c is not None:
                self.cotangents[row] = c
        else:
            chosen = np.logical_or(chosen, self.chosen[row]) if chosen is not None and row in self.chosen else None
            if c is not None:
                self.cotangents[row] = self.total(row, total, c)
        if chosen is not None and row.op is not None and np.shape(chosen) == row.shape:
            self.chosen[row] = chosen
        else:
            self.chosen.pop(row, None)

    def total(self, row: Node, total: Any, c: Any) -> Any:
        """total + c, in place where ``total`` is a sum that was made here."""
        if row in self.own and c.dtype is total.dtype:
            total += c
            return total
        total = total + c
        if type(total) is np.ndarray:
            self.own.add(row)
        return total


def lifted(node: Node) -> tuple[Any, ...]:
    """What the row kept, as tensors that know where they came from."""
    owners = (*node.parents, node)  # type: ignore[misc]
    return tuple(
        s if owner is None or s is None or isinstance(s, Spec) else make_tensor(s, owner)
        for s, owner in zip(node.saved, owners, strict=True)  # type: ignore[arg-type]
    )


def as_gradients(cotangents: dict[Node, Any], leaves: Iterable[Any], *seeds: Any) -> list[Tensor]:
    """Cotangents as gradients: tensors of each leaf's shape and dtype, none of which shares memory with anything.

    A cotangent array is adopted as it is where nothing else can hold it: it is not a view, and no seed of the pass.
    """
    taken = {id(bare(seed)) for seed in seeds}
    gradients = []
    for leaf, shape, dtype in leaves:
        g = cotangents.get(leaf)
        if type(g) is not np.ndarray or g.dtype != dtype or g.base is not None or id(g) in taken:
            g = _own(filled(0, bare(seeds[0]), shape, dtype) if g is None else g, dtype)
        g = g if isinstance(g, Tensor) else make_tensor(g, None)
        taken.add(id(g._data))
        gradients.append(g)
    return gradients


def _own(g: Any, dtype: Any) -> Any:
    """A copy of ``g`` in another dtype or in memory of its own; a tensor stays one and keeps its history."""
    if dtype.kind == "f" and g.dtype.kind == "c":
        g = np.real(g)
    if g.dtype != dtype:
        g = g.astype(dtype)
    elif isinstance(g, Tensor):
        return make_tensor(g._data.copy(), g._node)
    return g if isinstance(g, Tensor) else np.array(g) if isinstance(g, np.generic) else g.copy()


def filled(number: int, like: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """An array of the same kind as ``like`` that holds one number."""
    if isinstance(like, (np.ndarray, np.generic)):
        array = np.empty(shape, dtype)
        array.fill(number)
        return array
    return np.full_like(like, number, dtype, shape=shape)


def _seed(tensor: Tensor, gradient: Any) -> Tensor:
    if gradient is None:
        if tensor.dtype.kind == "c":
            raise ValueError(
                f"backward: a complex result ({describe(tensor)}) has no gradient; only real ones do. "
                "Fix: backward() of its real part or absolute value, or give the cotangent: y.backward(g)."
            )
        if tensor.size != 1:
            raise ValueError(
                f"backward: a result of {describe(tensor)} has no single gradient. "
                "Fix: backward() of a scalar such as y.sum(), or give the cotangent: y.backward(g) with y's shape."
            )
        return make_tensor(filled(1, tensor._data, tensor.shape, tensor.dtype), None)
    gradient = entry.like(tensor, gradient)
    if gradient.shape != tensor.shape:
        raise ValueError(
            f"backward: cotangent {describe(gradient)} for a result of {describe(tensor)}; shapes must agree."
        )
    return gradient
