"""The one observer: who watches a computation, and where in the program it is.

The engine tells what it executes (``engine.recording``); here is how to listen, and how a module says that what
follows is its own.
"""

from __future__ import annotations

import sys
import time
from _thread import _local
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engine.errors import class_name, printable
from ..engine.recording import thread
from ..support import caller

if TYPE_CHECKING:
    from ..engine.node import Node


__all__ = ["observe"]

_LINE = 80  # characters of a line of the program


class _Scopes(_local):
    def __init__(self) -> None:
        self.stack: list[tuple[Any, str, Any, Any]] = []


_scopes = _Scopes()


class Pulled(NamedTuple):
    """A row of a backward pass, just walked: what it had before, what reached it, and what has been added up so far."""

    node: Any
    parents: Any
    saved: Any
    cotangent: Any
    cotangents: dict[Any, Any]
    seconds: float


@contextmanager
def observe(
    callback: Callable[..., None] | None = None,
    backward: Callable[[Pulled], None] | None = None,
    module: Callable[[Any, bool], None] | None = None,
    pushed: Callable[[Any, list[Any], Any], None] | None = None,
) -> Iterator[None]:
    """Watch what this thread computes: the one hook behind traces, the NaN watch and the profile.

    callback : called as ``callback(op, args, params, result)`` after every primitive
    backward : called with a ``Pulled`` after every row of a backward pass
    module   : called with the ``scope`` of a module's call, and whether it begins (True) or ends (False)
    pushed   : called as ``pushed(node, tangents, tangent)`` after every row of a forward-mode pass

    >>> import autograd_core as ag
    >>> w = ag.Tensor(2.0, requires_grad=True)
    >>> with observe(lambda op, *_: print(op.name), lambda pulled: print("back through", pulled.node.op.name)):
    ...     (w * 3).backward()
    multiply
    back through multiply
    """
    observer = callback, backward and _reported(backward), module, pushed
    if not thread.observers:
        _scopes.stack.clear()  # modules whose calls an interrupt kept from ending
    try:
        thread.observers.append(observer)
        thread.settle()
        yield
    finally:
        if observer in thread.observers:
            thread.observers.remove(observer)
        thread.settle()


def _reported(watcher: Callable[[Pulled], None]) -> Callable[[Iterable[Any], dict[Any, Any]], Iterator[Any]]:
    """The rows of a backward pass, each told to ``watcher`` when it was walked."""

    def follow(order: Iterable[Any], cotangents: dict[Any, Any]) -> Iterator[Any]:
        for node in order:
            parents, saved, g = node.parents, node.saved, cotangents.get(node)
            start = time.perf_counter()
            yield node
            seconds = time.perf_counter() - start
            if node.op is not None and g is not None:
                watcher(Pulled(node, parents, saved, g, cotangents, seconds))

    return follow


class _Collecting(_local):
    def __init__(self) -> None:
        self.sets: list[set[Any]] = []


_collecting = _Collecting()


@contextmanager
def collect() -> Iterator[set[Any]]:
    """A set of all rows that this thread makes in the block, those of transforms included."""
    rows: set[Any] = set()
    _collecting.sets.append(rows)
    try:
        with observe(lambda op, args, params, result: rows.add(result._node)):
            yield rows
    finally:
        _collecting.sets.pop()
        rows.discard(None)


def made(node: Node) -> Any:
    """``node``, a row that a transform made: no operation tells of it."""
    for rows in _collecting.sets:
        rows.add(node)
    return node


class Origin(NamedTuple):
    """Where an operation was called: in which module of which model, and on which line of the user's program.

    root  : the outermost module; None outside of all modules
    path  : from there to the innermost one, as in ``named_modules`` ("" for the outermost itself)
    owner : the innermost module
    name  : what the program calls the root, where that is known
    call  : the innermost call as ``scope`` gives it: tells two calls of one module apart
    """

    root: Any
    path: str
    owner: Any
    file: str
    line: int
    function: str
    name: str = ""
    call: Any = None

    @property
    def module(self) -> str:
        """``net.encoder.0``, or ``Sequential.encoder.0`` of a nameless model; empty outside of all modules."""
        if self.root is None:
            return ""
        return printable(".".join(filter(None, (self.name or class_name(self.root), self.path))))

    @property
    def place(self) -> str:
        """``/home/me/train.py:41``; in a notebook ``Cell In[3], line 2``, for the file's name means nothing there."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        name_of_cell = getattr(getattr(shell, "compile", None), "format_code_name", lambda file: None)
        cell = name_of_cell(self.file)
        return f"{' '.join(cell)}, line {self.line}" if cell else f"{printable(self.file)}:{self.line}"

    @property
    def source(self) -> str:
        """The text of the line, as far as it can be read."""
        import linecache

        return printable(linecache.getline(self.file, self.line).strip())

    @property
    def description(self) -> str:
        """``Net.encoder.0 (Linear), train.py:41: y = self.linear(x)``, as far as it is known."""
        kind = class_name(self.owner)
        owner = "" if self.root is None else f"{self.module}, " if self.module == kind else f"{self.module} ({kind}), "
        text = self.source
        source = f": {text[:_LINE]}{'…' if len(text) > _LINE else ''}" if text else ""
        return f"{owner}{self.place}{source}"


@contextmanager
def inside(owner: Any, name: str) -> Iterator[None]:
    """Say that what follows is computed by ``owner``, which is called ``name`` inside the one around it."""
    outer = scope()
    root, path = (owner, "") if outer is None else (outer[0], f"{outer[1]}.{name}".lstrip("."))
    here, depth = (root, path, owner, outer), len(_scopes.stack)
    _scopes.stack.append(here)
    _tell(here, True)
    try:
        yield
    finally:
        _tell(here, False)
        del _scopes.stack[depth:]


def _tell(here: Any, begins: bool) -> None:
    for _, _, module, _ in thread.observers:
        if module is not None:
            module(here, begins)


def scope() -> tuple[Any, str, Any, Any] | None:
    """The outermost owner, the path from there to the innermost, the innermost, and the scope around it, if any."""
    return _scopes.stack[-1] if _scopes.stack else None


def origin() -> Origin:
    """Where the program is now: the innermost module, and the innermost line that is not this library's."""
    frame = caller.frame()
    call = scope()
    root, path, owner, _ = call or (None, "", None, None)
    return Origin(root, path, owner, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, call=call)
