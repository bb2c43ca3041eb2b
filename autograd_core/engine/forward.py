"""Forward mode: walk the same rows from the inputs on, multiply by local derivatives, add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import recording
from .node import Leaf, Node
from .reverse import lifted, pull, rows
from .tensor import Tensor, bare, make_tensor


def push(order: Iterable[Node], tangents: dict[Node, Any], record: bool = False) -> dict[Node, Any]:
    """Push the tangents of some rows forward along ``order`` (results first, as ``reverse.rows`` gives it).

    Rows that none of them reaches have no entry in the answer: their tangent is zero. With ``record`` the pass is
    computed with tensors, so that it can be differentiated in turn.
    """
    for node in reversed(list(order)):
        if node in tangents or node.op is None:
            continue
        incoming = [None if p is None else tangents.get(p) for p in node.parents]  # type: ignore[union-attr]
        if any(t is not None for t in incoming):
            t = node.op.jvp(node, lifted(node) if record else node.saved, incoming)  # type: ignore[arg-type]
            if t is not None:
                tangents[node] = t
                if recording.special:
                    recording.notify_pushed(node, incoming, t)
    return tangents


def transposed(node: Node, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The tangent of a row that has no jvp: its vjp g ↦ Aᵀg is linear in g, and the adjoint of that map is A.

    So the vjp is recorded at a cotangent of 0, and the tangents are pulled back through it.
    """
    op: Any = node.op
    places = [i for i, t in enumerate(tangents) if t is not None]
    record = any(isinstance(tangents[i], Tensor) for i in places)
    g = Leaf(node.shape, saved[-1].dtype)
    zero = make_tensor(np.zeros_like(bare(tangents[places[0]]), g.dtype, shape=g.shape), g)
    seeds: dict[Node, Any] = {}
    try:
        with recording.enable_grad():
            found = [(i, c) for i, c, _ in op.cotangents(places, zero, node, saved, None) if c is not None]
        for i, c in found:
            if not isinstance(c, Tensor) or c._node is None:
                raise TypeError(f"the cotangent of {op.argument_names(len(tangents))[i]} does not depend on g.")
            seeds[c._node] = seeds[c._node] + tangents[i] if c._node in seeds else tangents[i]
    except TypeError as error:
        fix = "Fix: give jvp=, or write the vjp with functions that accept tensors."
        raise TypeError(f"{op.name}: forward mode transposes the vjp, but {error} {fix}") from error
    stop = {g, node, *(p for p in node.parents or () if p is not None)}
    order = rows(seeds, stop, lenient=True)
    wanted: set[Node] = {g}
    for row in reversed(order):
        if row not in stop and any(p in wanted for p in row.parents or ()):
            wanted.add(row)
    t = pull(order, seeds, create_graph=record, stop=stop, wanted=wanted).get(g)
    return np.real(t) if t is not None and t.dtype.kind == "c" != g.dtype.kind else t
