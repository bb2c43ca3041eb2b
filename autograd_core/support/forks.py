"""A forked process has none of its parent's other threads: locks that they held are free in it."""

from __future__ import annotations

import os
from _thread import RLock, get_ident

from ..engine import node, recording


def _in_child() -> None:
    node.accumulating = RLock()
    for table in (recording.special, recording.blocks):
        for other in table.keys() - {get_ident()}:
            del table[other]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
