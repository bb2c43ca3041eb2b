"""Whether operations are recorded, and who is told of them.

The hot path of every operation looks at one table, ``special``: empty means "every thread records, nobody watches".
Only where that is not so does an operation ask for the state of its own thread. A thread writes its own entries alone,
so that no lock is needed: from Python 3.14 on, an interrupt may leave the lock of a ``with`` held.
"""

from __future__ import annotations

from _thread import _local, get_ident
from collections.abc import Iterable, Sequence
from contextlib import ContextDecorator
from typing import Any

__all__ = ["no_grad", "enable_grad", "is_grad_enabled"]

special: dict[int, int] = {}
blocks: dict[int, int] = {}
"""How many ``no_grad`` and ``enable_grad`` blocks are open in a thread; one at least while a transform runs."""


class _Thread(_local):
    def __init__(self) -> None:
        self.recording: list[tuple[Any, bool]] = [(None, True)]  # who said so, and what
        self.observers: list[tuple[Any, ...]] = []
        self.refused: tuple[Any, int, str] | None = None  # code, line and message of the last GraphLostError

    def settle(self) -> None:
        """Bring ``special`` and ``blocks`` in line with what is on."""
        _settle(self.__dict__)


def _settle(mine: dict[str, Any]) -> None:
    """The same, of this thread's state as a dictionary: its attributes take longer to find."""
    me, opened = get_ident(), mine["recording"]
    if here := len(mine["observers"]) + (not opened[-1][1]):
        special[me] = here
    else:
        special.pop(me, None)
    if here := len(opened) - 1:
        blocks[me] = here
    else:
        blocks.pop(me, None)


thread = _Thread()


def state() -> tuple[bool, Sequence[tuple[Any, ...]]]:
    """Whether this thread records, and who watches it."""
    mine = thread.__dict__
    return mine["recording"][-1][1], mine["observers"]


def is_grad_enabled() -> bool:
    """True where operations on tensors that require gradients are recorded (in this thread)."""
    return thread.recording[-1][1]


class _Recording(ContextDecorator):
    """Set recording on or off for a block or, as a decorator, for a function; nests, and is local to the thread."""

    on: bool

    def __new__(cls, function: Any = None) -> Any:
        block = object.__new__(cls)
        return block if function is None else block(function)  # @no_grad without parentheses

    def __enter__(self) -> None:
        mine = thread.__dict__
        mine["recording"].append((self, self.on))
        _settle(mine)

    def __exit__(self, *exc: object) -> None:
        mine = thread.__dict__
        opened = mine["recording"]
        if opened[-1][0] is self:
            del opened[-1]
        else:  # an interrupt kept blocks inside from ending, or this one from beginning
            of_self = [i for i, (block, _) in enumerate(opened) if block is self]
            del opened[of_self[-1] if of_self else len(opened) :]
        _settle(mine)


class no_grad(_Recording):
    """Do not record: results inside carry no graph. A context manager and a decorator.

    function : what is decorated, where the parentheses are left out: ``@ag.no_grad``

    >>> import autograd_core as ag
    >>> w = ag.Tensor(2.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     (w * 3).requires_grad
    False
    """

    on = False


class enable_grad(_Recording):
    """Record again inside a ``no_grad`` block.

    function : that of ``no_grad``
    """

    on = True


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
    """The rows of a backward pass, past this thread's observers: each sees one when the walk asks for the next."""
    for _, follow, *_ in thread.observers:
        order = order if follow is None else follow(order, cotangents)
    return order
