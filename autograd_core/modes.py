"""Whether operations are recorded, and who watches them.

The hot path of every operation reads one number, ``special``: zero means "record, nobody watches". Only when
some thread has changed that does an operation ask for the state of its own thread.
"""

from __future__ import annotations

import sys
import time
from _thread import _local, allocate_lock
from collections.abc import Callable, Iterable, Iterator
from contextlib import ContextDecorator, contextmanager
from typing import Any, NamedTuple

__all__ = ["no_grad", "enable_grad", "is_grad_enabled", "observe"]

special = 0
_lock = allocate_lock()


class _Thread(_local):
    def __init__(self) -> None:
        self.recording = [True]
        self.observers: list[tuple[Any, ...]] = []
        self.scopes: list[tuple[Any, str, Any, Any]] = []


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
        return "" if self.root is None else ".".join(filter(None, (self.name or type(self.root).__name__, self.path)))

    @property
    def place(self) -> str:
        """``/home/me/train.py:41``; in a notebook ``Cell In[3], line 2``, for the file's name means nothing there."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        name_of_cell = getattr(getattr(shell, "compile", None), "format_code_name", lambda file: None)
        cell = name_of_cell(self.file)
        return f"{' '.join(cell)}, line {self.line}" if cell else f"{self.file}:{self.line}"

    @property
    def source(self) -> str:
        """The text of the line, as far as it can be read."""
        import linecache

        return linecache.getline(self.file, self.line).strip()


class Pulled(NamedTuple):
    """One row of a backward pass, just walked.

    node, parents, saved : the row and what it had before it was released
    cotangent            : what reached it
    cotangents           : by row, what has been added up so far, that of ``parents`` included
    seconds              : what the row took
    """

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
    observer = callback, backward, module, pushed
    _thread.observers.append(observer)
    _count(+1)
    try:
        yield
    finally:
        _thread.observers.remove(observer)
        _count(-1)


def observed() -> bool:
    """True where somebody watches this thread."""
    return bool(_thread.observers)


def notify(op: Any, args: tuple[Any, ...], params: dict[str, Any], result: Any) -> None:
    """Tell this thread's observers that ``op`` was executed."""
    for callback, *_ in _thread.observers:
        if callback is not None:
            callback(op, args, params, result)


def notify_pushed(node: Any, tangents: list[Any], tangent: Any) -> None:
    """Tell this thread's observers that forward mode has walked a row."""
    for *_, pushed in _thread.observers:
        if pushed is not None:
            pushed(node, tangents, tangent)


def watched(order: Iterable[Any], cotangents: dict[Any, Any]) -> Iterable[Any]:
    """The rows of a backward pass, each reported as soon as the walk asks for the next one."""
    watchers = [backward for _, backward, *_ in _thread.observers if backward is not None]
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


@contextmanager
def inside(owner: Any, name: str) -> Iterator[None]:
    """Say that what follows is computed by ``owner``, which is called ``name`` inside the one around it."""
    outer = scope()
    root, path = (owner, "") if outer is None else (outer[0], f"{outer[1]}.{name}".lstrip("."))
    here = root, path, owner, outer
    _thread.scopes.append(here)
    _tell(here, True)
    try:
        yield
    finally:
        _tell(here, False)
        _thread.scopes.pop()


def _tell(here: Any, begins: bool) -> None:
    for _, _, module, _ in _thread.observers:
        if module is not None:
            module(here, begins)


def scope() -> tuple[Any, str, Any, Any] | None:
    """The outermost owner, the path from there to the innermost, the innermost, and the scope around it, if any."""
    return _thread.scopes[-1] if _thread.scopes else None


_INNER = {"autograd_core", "nn", "optim", "numpy", "contextlib", "functools"}


def origin() -> Origin:
    """Where the program is now: the innermost module, and the innermost line that is not this library's."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INNER:
        frame = frame.f_back
    call = scope()
    root, path, owner, _ = call or (None, "", None, None)
    return Origin(root, path, owner, frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, call=call)
