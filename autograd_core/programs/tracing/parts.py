"""The parts of a program: forward, backward and update, and the module that each call belongs to."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...engine.node import Node
    from ...engine.primitive import Primitive
    from ...engine.tensor import Tensor
    from ...support.types import Args


_HOUSE = str(Path(__file__).parents[3]) + "/"
_MODULES, _OPTIMIZERS, _BACKWARD = (
    _HOUSE + "nn/modules/",
    _HOUSE + "optim/",
    (_HOUSE + "autograd_core/engine/reverse.py", _HOUSE + "autograd_core/border/backward.py"),
)


class Part(NamedTuple):
    """Where a call belongs: phase is forward, backward or update; module is a name as the function reaches it."""

    phase: str
    module: str

    def __str__(self) -> str:
        return f"{self.phase} {self.module}".rstrip()


class Parts:
    """Tells of every call of a recorded run which part it is in.

    While it runs it watches the engine: ``made`` and ``follow`` are what an observer of ``engine.recording`` is.
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names
        self._of: dict[Any, Part] = {}
        self._row: Part | None = None

    def made(self, op: Primitive, args: Args, params: Any, result: Tensor) -> None:
        """A primitive was called: what its row will pull back is in the same module."""
        if result._node is not None:
            self._of[result._node] = self.at(sys._getframe(1))

    def follow(self, order: Iterable[Node], cotangents: Any) -> Iterator[Any]:
        """The rows of a backward pass; what is called between two of them belongs to the first."""
        for node in order:
            before = self._row
            self._row = Part("backward", self._of[node].module) if node in self._of else Part("backward", "")
            yield node
            self._row = before

    def forget(self) -> None:
        """The run is over: no row is kept alive."""
        self._of.clear()

    def at(self, frame: FrameType | None) -> Part:
        """The part of a call made in this frame."""
        if self._row is not None:
            return self._row
        phase, module = "forward", None
        while frame is not None:
            of = _part_of(frame.f_code.co_filename)
            if of == "update":
                return Part("update", "")
            if of == "backward":
                phase = "backward"
            if of == "modules" and module is None and frame.f_code.co_name in ("_run", "__call__"):
                module = self.names.get(id(frame.f_locals.get("self")))
            frame = frame.f_back
        return Part(phase, module or "")


@functools.cache
def _part_of(path: str) -> str:
    """What a frame in this file says of the calls that are made under it."""
    if path.startswith(_OPTIMIZERS):
        return "update"
    return "backward" if path in _BACKWARD else "modules" if path.startswith(_MODULES) else ""
