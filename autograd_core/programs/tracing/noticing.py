"""What a function does beside computing while it is recorded, as far as Python tells: a replay will not repeat it."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from .tape import where

_WRITING = {"print", "write", "writelines"}
_GROWING = {"append", "extend", "insert", "pop", "update", "add", "setdefault", "appendleft", "remove", "clear"}


class Effects:
    """A block in which calls of Python's that write, or change a list, dict or set, are noted with their lines.

    A profiler that is running keeps its place, and nothing is noticed then.

    written : lines that write
    changed : the line that changed an object, by its id
    """

    def __init__(self) -> None:
        self.written: dict[str, None] = {}
        self.changed: dict[int, str] = {}

    def __enter__(self) -> Effects:
        self._mine = sys.getprofile() is None
        if self._mine:
            sys.setprofile(self._called)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._mine:
            sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call":
            return
        name = function.__name__
        if name in _WRITING:
            self.written[f"{name}() at {where(frame)}"] = None
        elif name in _GROWING:
            self.changed[id(function.__self__)] = where(frame)
