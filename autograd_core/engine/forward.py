"""Forward mode: walk the same rows from the inputs on, multiply by local derivatives, add up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from . import recording
from .node import Node
from .reverse import lifted


def push(order: Iterable[Node], tangents: dict[Node, Any], record: bool = False) -> dict[Node, Any]:
    """Push the tangents of some rows forward along ``order`` (results first, as ``reverse.rows`` gives it).

    Rows that none of them reaches have no entry in the answer: their tangent is zero. With ``record`` the pass is
    computed with tensors, so that it can be differentiated in turn.
    """
    with np.errstate(invalid="ignore"):  # a slope that is no number may belong to a direction that nobody goes
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
