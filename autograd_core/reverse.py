"""Reverse mode: walk the rows from the result back, multiply by local derivatives, add up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from .errors import describe
from .primitive import Spec
from .tensor import Leaf, Node, Tensor, make_tensor


def backward(tensor: Tensor, gradient: Any, *, retain_graph: bool, create_graph: bool) -> None:
    """``Tensor.backward``: nothing is accumulated, and nothing released, before all checks are passed."""
    root = tensor._node
    if root is None:
        raise RuntimeError(
            "backward: this tensor was computed from nothing that requires gradients, or inside no_grad(). "
            "Mend: set requires_grad=True on the inputs before computing."
        )
    seed = _seed(tensor, gradient)
    if not create_graph:
        seed = seed._data
    order = rows([root])
    cotangents = pull(order, {root: seed}, create_graph, release=not retain_graph)
    for leaf in order:
        if isinstance(leaf, Leaf):
            g = as_gradient(cotangents.get(leaf), leaf.shape, leaf.dtype)
            leaf.grad = g if leaf.grad is None else leaf.grad + g


def rows(roots: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """Every row that the roots were computed from, each before its parents; the parents of ``stop`` are left out.

    An iterative depth-first walk: a chain of a million rows needs no stack.
    """
    order: list[Node] = []
    done: set[Node] = set()
    waiting: list[Node | None] = list(roots)
    while waiting:
        node = waiting.pop()
        if node is None:  # all parents of the row below are done
            order.append(waiting.pop())  # type: ignore[arg-type]
        elif node not in done:
            done.add(node)
            if node.parents is None:
                raise RuntimeError(
                    "backward: the graph was released by an earlier backward pass. "
                    "Mend: backward(retain_graph=True) the first time, or compute the loss again."
                )
            waiting += (node, None)
            if node not in stop:
                waiting += [p for p in node.parents if p is not None and p not in done]
    order.reverse()
    return order


def pull(
    order: Iterable[Node],
    cotangents: dict[Node, Any],
    create_graph: bool = False,
    release: bool = False,
    stop: Collection[Node] = (),
    wanted: Collection[Node] | None = None,
) -> dict[Node, Any]:
    """Pull the cotangents of some rows back along ``order``; what remains at the end are those of leaves and ``stop``.

    create_graph : compute with tensors, so that the pass itself is recorded
    release      : let each row forget what it kept as soon as it is used
    wanted       : rows outside need no cotangent (None: all are wanted)
    """
    for node in order:
        if node.op is None or node in stop:
            continue
        g = cotangents.pop(node, None)
        if g is not None:
            saved = lifted(node) if create_graph else node.saved
            vjps = node.op.vjps
            for i, parent in enumerate(node.parents):  # type: ignore[arg-type]
                if parent is not None and (wanted is None or parent in wanted):
                    c = vjps[i](g, node, saved)
                    if c is not None:
                        cotangents[parent] = cotangents[parent] + c if parent in cotangents else c
        if release:
            node.release()
    return cotangents


def lifted(node: Node) -> tuple[Any, ...]:
    """What the row kept, as tensors that know where they came from."""
    owners = (*node.parents, node)  # type: ignore[misc]
    return tuple(
        s if owner is None or s is None or isinstance(s, Spec) else make_tensor(s, owner)
        for s, owner in zip(node.saved, owners, strict=True)  # type: ignore[arg-type]
    )


def as_gradient(g: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """A cotangent as the gradient of a leaf: a tensor of the leaf's shape and dtype that shares no memory."""
    if g is None:
        return make_tensor(np.zeros(shape, dtype), None)
    if dtype.kind == "f" and g.dtype.kind == "c":
        g = np.real(g)
    if isinstance(g, Tensor):
        return g if g.dtype == dtype else g.astype(dtype)
    return make_tensor(np.array(g, dtype=dtype), None)


def _seed(tensor: Tensor, gradient: Any) -> Tensor:
    if gradient is None:
        if tensor.size != 1:
            raise ValueError(
                f"backward: a result of {describe(tensor)} has no single gradient. "
                "Mend: backward() of a scalar such as y.sum(), or give the cotangent: y.backward(g) with y's shape."
            )
        return make_tensor(np.ones(tensor.shape, tensor.dtype), None)
    if not isinstance(gradient, Tensor):
        gradient = Tensor(gradient)
    if gradient.shape != tensor.shape:
        raise ValueError(
            f"backward: cotangent {describe(gradient)} for a result of {describe(tensor)}; shapes must agree."
        )
    return gradient
