"""A tape: NumPy calls in their order, each with the very arrays that it reads and the one that it writes.

Running the tape again repeats the calls into the same memory (``out=``). So views need no entry, an update in place is
a call whose output is its owner's array, and the run that was recorded was a run like any other.
"""

from __future__ import annotations

import copy
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...support.arrays import add_at
from .parts import Part, Parts

if TYPE_CHECKING:
    from ...support.types import Args, Array, Function, Settings


_PACKAGES = tuple(str(Path(__file__).parents[3] / name) + "/" for name in ("autograd_core", "nn", "optim"))
_SKIPPED = (str(Path(__file__).parents[1]) + "/", str(Path(np.__file__).parent) + "/")


class Mismatch(Exception):
    """A branch would go the other way than when the tape was recorded."""


class Unseen(Exception):
    """A number went where NumPy does not show what becomes of it."""


class Entry(NamedTuple):
    """One call: ``run(*args, **kwargs)``; ``kind`` is call, draw, guard, number or item.

    errors : where np.errstate was set inside the function, what it was
    part : forward, backward or update, and of which module
    """

    name: str
    run: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    writes: tuple[Any, ...]
    reads: tuple[Any, ...]
    kind: str
    where: str
    errors: Any = None
    part: Part = Part("forward", "")

    @property
    def may_fail(self) -> bool:
        """Whether it may raise where the recorded run did not, for the numbers in its arguments (indices, matrices)."""
        return self.kind == "guard" or self.name in _MAY_FAIL or self.name.endswith(".at")

    def taken_apart(self) -> tuple[Any, tuple[Any, ...], dict[str, Any], list[Any]]:
        """The function (of a ufunc's method its name, "add.at"), its arguments, and what they are told to write to."""
        kwargs = dict(self.kwargs)
        if self.run is again:
            function, args, settings, targets = self.args
            return function, args, dict(settings), targets
        owner, name = getattr(self.run, "__self__", None), getattr(self.run, "__name__", "")
        outs = [self.args[0]] if name == "at" else [kwargs.pop("out")] if "out" in kwargs else []
        return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else self.run, self.args, kwargs, outs


def again(function: Function, args: Args, kwargs: Settings, targets: list[Array]) -> None:
    """A call without ``out=``, whose results are copied into their places."""
    found = function(*args, **kwargs)
    for target, new in zip(targets, found if isinstance(found, (tuple, list)) else (found,), strict=True):
        if np.shape(new) != target.shape:
            raise Mismatch(f"{function.__name__}: a result of shape {np.shape(new)}, {target.shape} before")
        np.copyto(target, new)


_MAY_FAIL = {"getitem", "setitem", "take", "take_along_axis", "put_along_axis"}
_MAY_FAIL |= {"cholesky", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "pinv", "solve", "svd"}


class Constant(NamedTuple):
    """A plain array that calls read and none writes, as it was."""

    array: Any
    copy: Any
    where: str


def root(array: Any) -> Array:
    """The array whose memory a view shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def where(frame: FrameType | None = None) -> str:
    """The line of the program, outside of these packages, that made the call; and the line in them."""
    frame, inside = frame or sys._getframe(2), ""
    while frame is not None:
        name, whose = _file(frame.f_code.co_filename)
        if whose == "program":
            return f"{name}:{frame.f_lineno}" + (f" ({inside})" if inside else "")
        if whose == "package" and not inside:
            inside = f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return inside


@functools.cache
def _file(path: str) -> tuple[str, str]:
    """A file's name, and whose it is: of the recorder or NumPy, which are passed over, of a package here, or not."""
    whose = "recorder" if path.startswith(_SKIPPED) else "package" if path.startswith(_PACKAGES) else "program"
    return os.path.basename(path), whose


def arrays_in(value: object) -> Iterable[Any]:
    """All arrays in nested tuples, lists and slices."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            yield from arrays_in(v)


class Tape:
    """What one run of a function noted, and what it takes for granted.

    entries   : the calls
    owners    : the memory of parameters, moments, inputs …, by the id of its root: (name, root)
    constants : plain arrays that were read, by the id of their root
    refused   : why the run cannot be repeated, with the line (None: it can)
    texts     : lines that made text of a number
    """

    def __init__(self, parts: Parts | None = None) -> None:
        self.parts = Parts({}) if parts is None else parts
        self.entries: list[Entry] = []
        self.owners: dict[int, tuple[str, Any]] = {}
        self.constants: dict[int, Constant] = {}
        self.refused: str | None = None
        self.texts: dict[str, None] = {}
        self._thread = threading.get_ident()
        self._errors = np.geterr()
        self._closed = False
        self._made: dict[int, Any] = {}
        self._numbers: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    @property
    def open(self) -> bool:
        """Whether calls of this thread are noted."""
        return not self._closed and threading.get_ident() == self._thread

    def close(self) -> None:
        """Record nothing more."""
        self._closed = True

    def cut(self) -> Tape:
        """Give the notes away, on a closed tape of which no recording array or number knows: so there is no cycle."""
        self.close()
        self._made.clear()
        self._numbers.clear()
        notes = copy.copy(self)
        self.entries = []
        return notes

    def own(self, array: Any, name: str) -> None:
        """Say whose memory this is."""
        whole = root(array)
        self.owners.setdefault(id(whole), (name, whole))

    def add(
        self,
        name: str,
        run: Function,
        args: Args = (),
        kwargs: dict[str, Any] | None = None,
        writes: Iterable[Any] = (),
        reads: Iterable[Any] = (),
        kind: str = "call",
    ) -> None:
        """Record one call: what it runs, reads and writes."""
        at = where()
        writes, reads = tuple(writes), tuple(reads)
        if any(array.dtype.hasobject for array in reads + writes):
            raise Unseen(f"{name} of objects at {at}")
        for array in reads:
            whole = root(array)
            if id(whole) not in self.owners and id(whole) not in self._made:
                self.constants.setdefault(id(whole), Constant(whole, whole.copy(), at))
        for array in writes:
            self._made[id(root(array))] = root(array)
        now = np.geterr()
        errors = None if now == self._errors else now
        part = self.parts.at(sys._getframe(1))
        self.entries.append(Entry(name, run, args, kwargs or {}, writes, reads, kind, at, errors, part))

    def refuse(self, why: str) -> None:
        """Say why the step cannot be replayed; the first reason counts."""
        self.refused = self.refused or f"{why} at {where()}"

    def refuse_result(self, why: str) -> None:
        """The same of what the run as a whole has done."""
        self.refused = self.refused or why

    def text(self) -> None:
        """Note that somebody made text of a number."""
        if self.open:
            self.texts[f"the text of a number at {where()}"] = None

    def guard(self, evaluate: Callable[[], Any], expected: Any, what: str, reads: Iterable[Array] = ()) -> Any:
        """Note that the program went on from ``expected``; a run with another value ends in `Mismatch`."""
        if self.open:
            at = where()

            def check() -> None:
                found = evaluate()
                if found != expected and not (found != found and expected != expected):
                    raise Mismatch(f"{what} at {at} was {expected}, now {found}")

            check.expected = expected  # type: ignore[attr-defined]
            self.add(what, check, reads=reads, kind="guard")
        return expected

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What was made for a key before: the same operation on the same changing numbers gives the same."""
        if not self.open:
            return make()
        named = tuple(id(k) if hasattr(k, "again") else repr(k) for k in key)
        if named not in self._numbers:
            self._numbers[named] = key, make()
        return self._numbers[named][1]

    def plan(self) -> list[tuple[Function, tuple[Any, ...]]]:
        """The calls as pairs that a loop runs."""
        return [(_call(e), e.args) for e in self.entries]


def _call(entry: Entry) -> Function:
    run = functools.partial(entry.run, **entry.kwargs) if entry.kwargs else entry.run
    if entry.name == "add.at":
        run = add_at
    if entry.errors is None:
        return run
    errors = entry.errors

    def quietly(*args: object) -> None:
        with np.errstate(**errors):
            run(*args)

    return quietly
