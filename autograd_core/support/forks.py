"""A forked process has none of its parent's other threads: locks that they held are free in it."""

from __future__ import annotations

import os
from _thread import RLock, allocate_lock

from ..engine import node, recording


def _in_child() -> None:
    recording._lock, node.accumulating = allocate_lock(), RLock()
    recording.special, recording.blocks = recording.thread.counted


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
