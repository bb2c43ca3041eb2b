"""Reverse mode: walk the rows from the result back, multiply by local derivatives, add up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from . import recording
from .errors import released
from .node import LARGE, PLAIN, Node, Spec, spare
from .tensor import make_tensor


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
            if not parents or node in stop:
                emit(node)
                continue
            push(node)
            push(None)
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
                c = total = None  # held by none but the dictionary
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
        if row in self.own and c.dtype is total.dtype and type(c) is type(total):
            total += c
            return total
        plain = type(c) in PLAIN and type(total) in PLAIN
        out = spare(c, total) if plain and c.nbytes > LARGE else None
        total = total + c if out is None else np.add(total, c, out)
        if plain or type(total) in PLAIN:
            self.own.add(row)
        return total


def lifted(node: Node) -> tuple[Any, ...]:
    """What the row kept, as tensors that know where they came from."""
    owners = (*node.parents, node)  # type: ignore[misc]
    return tuple(
        s if owner is None or s is None or isinstance(s, Spec) else make_tensor(s, owner)
        for s, owner in zip(node.saved, owners, strict=True)  # type: ignore[arg-type]
    )
