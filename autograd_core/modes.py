"""Whether operations are recorded, and who watches them.

The hot path of every operation reads one number, ``special``: zero means "record, nobody watches". Only when
some thread has changed that does an operation ask for the state of its own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from typing import Any

__all__ = ["no_grad", "enable_grad", "is_grad_enabled", "observe"]

special = 0
_lock = threading.Lock()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.recording = [True]
        self.observers: list[Callable[..., None]] = []


_thread = _Thread()


def _count(change: int) -> None:
    global special
    with _lock:
        special += change


def is_grad_enabled() -> bool:
    """True where operations on tensors that require gradients are recorded (in this thread)."""
    return _thread.recording[-1]


class _Recording(ContextDecorator):
    """Set recording on or off for a block or, as a decorator, for a function; nests, and is local to the thread."""

    on: bool

    def __enter__(self) -> None:
        _thread.recording.append(self.on)
        _count(+1)

    def __exit__(self, *exc: object) -> None:
        _thread.recording.pop()
        _count(-1)


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


@contextmanager
def observe(callback: Callable[..., None]) -> Iterator[None]:
    """Call ``callback(op, args, params, result)`` after every primitive executed in this thread."""
    _thread.observers.append(callback)
    _count(+1)
    try:
        yield
    finally:
        _thread.observers.remove(callback)
        _count(-1)


def notify(op: Any, args: tuple[Any, ...], params: dict[str, Any], result: Any) -> None:
    """Tell this thread's observers that ``op`` was executed."""
    for callback in _thread.observers:
        callback(op, args, params, result)
