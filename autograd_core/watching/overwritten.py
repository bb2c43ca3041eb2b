"""Buffers that are overwritten after they were used: told where fingerprints of what rows keep are taken.

A row keeps the arrays that its derivatives need, not copies of them. One that belongs to the program (a buffer that is
refilled in a loop, a parameter's array that is written to) may have changed when the backward pass comes, and the
gradient would be wrong. Arrays cannot be versioned for free, so ``detect_anomaly`` and ``gradcheck`` compare checksums.
"""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import describe
from ..engine.node import Leaf, WatchedNode
from ..engine.tensor import bare
from . import observer
from .anomaly import AnomalyError

if TYPE_CHECKING:
    from ..engine.node import Node
    from ..engine.primitive import Primitive
    from ..support.types import Array, Settings

__all__ = ["OverwrittenError"]


class OverwrittenError(AnomalyError):
    """An array was overwritten between an operation that kept it and the derivative that needs it.

    report : the message
    phase, op, origin : "overwritten", the name of the operation, and where the program computed it
    """

    __module__ = "autograd_core"  # where it is imported from

    def __init__(self, report: str, op: str = "", origin: observer.Origin | None = None) -> None:
        super().__init__(report)
        self.phase, self.op, self.origin = "overwritten", op, origin


class Kept:
    """The checksums of the arrays that rows keep, taken when each row was made."""

    def __init__(self) -> None:
        self.marks: weakref.WeakKeyDictionary[WatchedNode, list[int]] = weakref.WeakKeyDictionary()

    def note(self, node: Node | None) -> None:
        """A row was made."""
        if isinstance(node, WatchedNode):
            marks = checksums(*node.saved, *node.params.values())  # type: ignore[misc]
            if marks:
                self.marks[node] = marks

    def check(self, node: Any, saved: Any, parents: Any) -> None:
        """A row's derivative was taken: OverwrittenError where what it kept is no longer what it was."""
        marks = self.marks.get(node) if isinstance(node, WatchedNode) else None
        if marks is None or marks == checksums(*saved, *node.params.values()):
            return
        for (name, array, source), mark in zip(_arrays(node, saved, parents), marks, strict=True):
            if checksum(array) != mark:
                raise error(node.op.name, f"{name} ({describe(array)}, {source})", getattr(node, "origin", None))


def error(operation: str, what: str, origin: observer.Origin | None) -> OverwrittenError:
    """The exception that tells what was overwritten, and who kept it."""
    lines = [
        f"{operation} kept {what}, which was overwritten before its derivative was taken: the gradient would be wrong",
        *([] if origin is None else [f"in {origin.description}"]),
        "Fix: make a new array for each use (b = row.copy(), not b[:] = row), or write after the backward pass.",
    ]
    return OverwrittenError("\n  ".join(lines), operation, origin)


def _arrays(node: Any, saved: Any, parents: Sequence[Node | None]) -> Iterator[tuple[str, Array, str]]:
    """Name, array and source of all that a row keeps and that can be written to."""
    names = (*node.op.argument_names(len(parents)), "its result")
    sources = [*map(_source, parents), "a result"]
    for name, value, source in zip(names, saved, sources, strict=True):
        for array in _writable(value):
            yield name, array, source
    for name, value in node.params.items():
        for array in _writable(value):
            yield name, array, "a setting"


def _source(parent: Any) -> str:
    if parent is None:
        return "a constant"
    return "a leaf" if isinstance(parent, Leaf) else f"the result of {parent.op.name}"


def _writable(value: Any) -> Iterator[Array]:
    """The arrays of a value, also within tuples and lists, whose memory somebody may write to."""
    if type(value) in (tuple, list):
        for item in value:
            yield from _writable(item)
    elif issubclass(type(value), np.ndarray) and value.dtype.kind in "biufc" and _is_writable(value):
        yield value


def _is_writable(array: Any) -> bool:
    while not array.flags.writeable and isinstance(array.base, np.ndarray):
        array = array.base
    return bool(array.flags.writeable)


def checksum(array: Array) -> int:
    """A number that almost surely changes with the array."""
    if array.flags.c_contiguous:
        return zlib.crc32(array)  # type: ignore[arg-type]
    once = array[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in array.strides)]
    return zlib.crc32(np.ascontiguousarray(once).reshape(-1).view(np.uint8).data) if once.size else 0


def checksums(*values: object) -> list[int]:
    """Those of all arrays of some values, tensors included."""
    return [checksum(array) for value in values for array in _writable(bare(value))]


@contextmanager
def watch() -> Iterator[None]:
    """Raise OverwrittenError for a row made and differentiated in the block whose arrays changed in between."""
    kept = Kept()

    def computed(op: Primitive, args: Any, params: Settings, result: Any) -> None:
        node = result._node
        if node is not None and getattr(node, "origin", None) is None:
            node.origin = observer.origin()
        kept.note(node)

    def pulled(row: observer.Pulled) -> None:
        kept.check(row.node, row.saved, row.parents)

    with observer.observe(computed, pulled):
        yield
