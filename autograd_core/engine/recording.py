"""Whether operations are recorded, and who is told of them.

The hot path of every operation reads one number, ``special``: zero means "record, nobody watches". Only when
some thread has changed that does an operation ask for the state of its own thread.
"""

from __future__ import annotations

import time
from _thread import _local, allocate_lock
from collections.abc import Callable, Iterable, Iterator
from contextlib import ContextDecorator
from typing import Any, NamedTuple

__all__ = ["no_grad", "enable_grad", "is_grad_enabled"]

special = 0
_lock = allocate_lock()


class _Thread(_local):
    def __init__(self) -> None:
        self.recording: list[tuple[Any, bool]] = [(None, True)]  # who said so, and what
        self.observers: list[tuple[Any, ...]] = []
        self.counted = 0  # the part of ``special`` that is this thread's
        self.refused: tuple[Any, int, str] | None = None  # code, line and message of the last GraphLostError

    def settle(self) -> None:
        """Bring ``special`` in line with what is on."""
        global special
        on = len(self.recording) - 1 + len(self.observers)
        with _lock:
            special, self.counted = special + on - self.counted, on


thread = _Thread()


def is_grad_enabled() -> bool:
    """True where operations on tensors that require gradients are recorded (in this thread)."""
    return thread.recording[-1][1]


class _Recording(ContextDecorator):
    """Set recording on or off for a block or, as a decorator, for a function; nests, and is local to the thread."""

    on: bool

    def __enter__(self) -> None:
        thread.recording.append((self, self.on))
        thread.settle()

    def __exit__(self, *exc: object) -> None:
        blocks = thread.recording
        mine = [i for i, (block, _) in enumerate(blocks) if block is self]
        del blocks[mine[-1] if mine else len(blocks) :]  # with blocks inside that an interrupt kept from ending
        thread.settle()


class no_grad(_Recording):
    """Do not record: results inside carry no graph. A context manager and a decorator.

    >>> import autograd_core as ag
    >>> w = ag.Tensor(2.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     (w * 3).requires_grad
    False
    """

    on = False


class enable_grad(_Recording):
    """Record again inside a ``no_grad`` block."""

    on = True


class Pulled(NamedTuple):
    """A row of a backward pass, just walked: what it had before, what reached it, and what has been added up so far."""

    node: Any
    parents: Any
    saved: Any
    cotangent: Any
    cotangents: dict[Any, Any]
    seconds: float


def observed() -> bool:
    """True where somebody watches this thread."""
    return bool(thread.observers)


def notify(op: Any, args: tuple[Any, ...], params: dict[str, Any], result: Any) -> None:
    """Tell this thread's observers that ``op`` was executed."""
    for callback, *_ in thread.observers:
        if callback is not None:
            callback(op, args, params, result)


def notify_pushed(node: Any, tangents: list[Any], tangent: Any) -> None:
    """Tell this thread's observers that forward mode has walked a row."""
    for *_, pushed in thread.observers:
        if pushed is not None:
            pushed(node, tangents, tangent)


def watched(order: Iterable[Any], cotangents: dict[Any, Any]) -> Iterable[Any]:
    """The rows of a backward pass, each reported as soon as the walk asks for the next one."""
    watchers = [backward for _, backward, *_ in thread.observers if backward is not None]
    return _watched(order, cotangents, watchers) if watchers else order


def _watched(order: Iterable[Any], cotangents: dict[Any, Any], watchers: list[Callable[..., None]]) -> Iterator[Any]:
    for node in order:
        parents, saved, g = node.parents, node.saved, cotangents.get(node)
        start = time.perf_counter()
        yield node
        seconds = time.perf_counter() - start
        if node.op is not None and g is not None:
            pulled = Pulled(node, parents, saved, g, cotangents, seconds)
            for watcher in watchers:
                watcher(pulled)
