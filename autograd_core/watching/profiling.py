"""profile: where the time, the operations and the memory of a piece of program go."""

from __future__ import annotations

import functools
import time
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from ..engine.errors import class_name
from ..engine.node import Leaf
from ..engine.tensor import Tensor, bare
from . import flops, observer
from .memory import arrays_kept, owner
from .tally import OUTSIDE, UNKNOWN, Item, Sheet, Tally, duration, flop, percent, rate, sheet, size, tallies

if TYPE_CHECKING:
    from pathlib import Path

    from ..engine.node import Node
    from ..engine.primitive import Primitive
    from ..support.types import Args, Fields, Settings

__all__ = ["profile"]

_TOP = 20  # lines of a printed table
_MODULES = "(Python in modules)"


class Event(NamedTuple):
    """Something that was observed; times in nanoseconds of ``time.perf_counter_ns``.

    name   : of the operation, or of the module's class
    kind   : "forward", "backward", or "module"
    own    : the nanoseconds that were not spent in events inside this one
    module : path of the module
    source : file and line of the program; None of modules
    shape  : of the result
    flops, backward_flops : of the operation forward, and of its row backward; None: not known
    kept   : bytes that this row was the first to keep
    made   : of a row of a backward pass, the place among the events of the operation that made it
    """

    name: str
    kind: str
    start: int
    end: int
    own: int
    module: str
    source: tuple[str, int] | None = None
    shape: tuple[int, ...] | None = None
    flops: int | None = 0
    backward_flops: int | None = 0
    kept: int = 0
    made: int | None = None


class profile:
    """Measure what happens in a ``with`` block: every operation, every row of a backward pass, every module.

    ``print(profile)`` is a table by operation and by module, ``records()`` the numbers, ``export_chrome_trace(path)`` a
    file for chrome://tracing or https://ui.perfetto.dev. Only the thread that entered the block is watched.

    What the times are: of a row of a backward pass, exactly what it took. Of an operation, what has passed since the
    last event before it (another operation or row, a module that begins or ends): its own arithmetic, its recording,
    and the Python that led to it. An operation that follows a backward pass, or the beginning of the block, outside of
    all modules is executed a second time instead, for before it comes an optimizer or whatever else. What passes in a
    module and in no operation is the module's Python. The rest (optimizer, data, printing) is "other", and what the
    profile itself takes "profiling".

    Operations are counted as ``watching.flops`` says. Bytes are those of the arrays that the rows keep for the
    backward pass, as long as they live; those of parameters are not among them.

    events : what was observed, in the order in which it ended
    wall   : seconds in the block, or in all of them
    phases : these seconds: forward, backward, other, profiling
    peak   : the most bytes kept at one time

    >>> import numpy as np, autograd_core as ag
    >>> w = ag.Tensor(np.ones((3, 4)), requires_grad=True)
    >>> with ag.profile() as profile:
    ...     np.tanh(np.ones((2, 3)) @ w).sum().backward()
    >>> sorted((r["name"], r["calls"], r["flops"], r["backward_flops"]) for r in profile.records())
    [('matmul', 1, 48, 48), ('sum', 1, 7, 0), ('tanh', 1, 8, 24)]
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.kept: list[tuple[int, int]] = []  # when, and how many bytes
        self.peak = 0
        self.began: int | None = None  # of the first block
        self._inside: ExitStack | None = None
        self._entered = self._last = self._spent = 0
        self._profiling: list[int] = []  # for each event, the nanoseconds that noting it took
        self._made: dict[int, int] = {}  # by id of a row, its event
        self._open: list[tuple[int, int]] = []  # modules: when they began, and what profiling had taken then
        self._unsure = True  # what comes before the next operation is not its own
        self._alive: dict[int, tuple[Any, int]] = {}
        self._leaves: dict[int, Any] = {}
        self._bytes = 0
        self._counted: dict[Any, tuple[int | None, int | None]] = {}

    def __enter__(self) -> Self:
        if self._inside is not None:
            raise RuntimeError("profile: this profile is running already. Fix: ag.profile() for another one.")
        with ExitStack() as stack:
            stack.enter_context(observer.observe(self._after_operation, self._after_row, self._at_module))
            self._inside = stack.pop_all()
        self._entered = self._last = time.perf_counter_ns()
        self._unsure = True
        if self.began is None:
            self.began = self._entered
        return self

    def __exit__(self, *exc: object) -> None:
        self._spent += time.perf_counter_ns() - self._entered
        inside, self._inside = self._inside, None
        self._open.clear()
        self._made.clear()
        self._alive.clear()
        self._leaves.clear()
        self._counted.clear()
        self._bytes = 0
        if inside is not None:
            inside.close()

    # What is observed ----------------------------------------------------------------------------------------------

    def _after_operation(self, op: Primitive, args: Args, params: Settings, result: Tensor) -> None:
        now = time.perf_counter_ns()
        start = self._last
        if self._unsure and not self._open:
            start = max(start, now - _taken(op, args, params))
        self._unsure = False
        node = result._node
        kept, tracked = 0, (False,) * len(args)
        if node is not None:
            self._made[id(node)] = len(self.events)
            kept, tracked = self._keep(node, args), tuple([p is not None for p in node.parents or ()])
        operations = self._count(op, flops.Call(_shapes(args), result.shape, params, tracked))
        origin = observer.origin()
        source, shape, own = (origin.file, origin.line), result.shape, now - start
        self._note(Event(op.name, "forward", start, now, own, origin.module, source, shape, *operations, kept), now)

    def _count(self, op: Primitive, call: flops.Call) -> tuple[int | None, int | None]:
        """Operations forward and backward; what a step of training does again is looked up."""
        try:
            key = op, call.shapes, call.out, call.tracked, *call.params.values()
            known = self._counted.get(key)
        except TypeError:  # arrays among the settings
            key, known = None, None
        if known is None:
            known = flops.forward(op, call), flops.backward(op, call)
            if key is not None and len(self._counted) < 10_000:
                self._counted[key] = known
        return known

    def _after_row(self, pulled: observer.Pulled) -> None:
        now = time.perf_counter_ns()
        node = pulled.node
        made = self._made.get(id(node))
        by = None if made is None or self.events[made].name != node.op.name else self.events[made]
        start, inside = self._within(now - int(1e9 * pulled.seconds))
        own = max(0, now - start - inside)
        self._unsure = True
        if by is None:
            event = Event(node.op.name, "backward", start, now, own, "", None, node.shape, 0, _operations(pulled))
        else:
            name, module, source, shape = by.name, by.module, by.source, by.shape
            event = Event(name, "backward", start, now, own, module, source, shape, 0, by.backward_flops, 0, made)
        self._note(event, now)

    def _at_module(self, scope: Any, begins: bool) -> None:
        now = time.perf_counter_ns()
        if begins:
            self._unsure = False
            self._open.append((now, len(self.events)))
            self._last = time.perf_counter_ns()
        elif self._open:
            start, first = self._open.pop()
            inside = sum(e.own for e in self.events[first:]) + sum(self._profiling[first:])
            path = observer.Origin(scope[0], scope[1], scope[2], "", 0, "").module
            kind = class_name(scope[2])
            self._note(Event(kind, "module", start, now, max(0, now - start - inside), path), now)

    def _within(self, start: int) -> tuple[int, int]:
        """Where an event that began at ``start`` and ends now begins, that it may hold all others since then, and the
        nanoseconds that they and noting them took."""
        inside = 0
        for event, profiling in zip(reversed(self.events), reversed(self._profiling), strict=True):
            if event.end <= start:
                break
            start = min(start, event.start)
            inside += event.own + profiling
        return start, inside

    def _note(self, event: Event, since: int) -> None:
        if not self.kept or self.kept[-1][1] != self._bytes:
            self.kept.append((event.end, self._bytes))
        self.events.append(event)
        self._last = time.perf_counter_ns()
        self._profiling.append(self._last - since)

    def _keep(self, node: Node, args: Args) -> int:
        """Bytes that a row is the first to keep; each array counts until it dies."""
        for a in args:
            if isinstance(a, Tensor) and isinstance(a._node, Leaf):
                array = owner(a._data)
                if id(array) not in self._leaves and isinstance(array, np.ndarray):
                    self._leaves[id(array)] = weakref.ref(array, functools.partial(self._leaves.pop, id(array)))
        new = 0
        for array in arrays_kept(node):
            key = id(array)
            if key not in self._alive and key not in self._leaves and isinstance(array, np.ndarray):
                self._alive[key] = weakref.ref(array, functools.partial(self._forget, key)), array.nbytes
                new += array.nbytes
        self._bytes += new
        self.peak = max(self.peak, self._bytes)
        return new

    def _forget(self, key: int, _: object) -> None:
        self._bytes -= self._alive.pop(key, (None, 0))[1]

    # What it comes to ----------------------------------------------------------------------------------------------

    @property
    def wall(self) -> float:
        """Seconds inside the block."""
        running = 0 if self._inside is None else time.perf_counter_ns() - self._entered
        return (self._spent + running) / 1e9

    @property
    def phases(self) -> dict[str, float]:
        """Seconds of forward and backward passes, of the profiler itself, and of everything else."""
        known = {"forward": 0, "backward": 0, "module": 0}
        for event in self.events:
            known[event.kind] += event.own
        forward, backward = (known["forward"] + known["module"]) / 1e9, known["backward"] / 1e9
        profiling = sum(self._profiling) / 1e9
        other = max(0.0, self.wall - forward - backward - profiling)
        return {"forward": forward, "backward": backward, "other": other, "profiling": profiling}

    def by_op(self) -> list[Tally]:
        """The sum for each operation, the longest first."""
        return sorted(tallies(map(_item, self.events), lambda item: item.op), key=lambda tally: -tally.time)

    def by_module(self) -> list[Tally]:
        """The sum for each module, the longest first; what a module inside computes is not in it."""
        found = tallies(map(_item, self.events), lambda item: item.module or OUTSIDE)
        return sorted(found, key=lambda tally: -tally.time)

    def total(self) -> Tally:
        """All events added up in one table."""
        return Tally("total", [_item(event) for event in self.events])

    def records(self, by: str = "op") -> list[Fields]:
        """A dict for each operation or module: name, calls, flops, backward_flops, kept, seconds, backward_seconds, and
        its share of all time that was spent forward and backward.

        by : "op" or "module"; any other raises ValueError
        """
        if by not in ("op", "module"):
            raise ValueError(f"records: by={by!r}; it is 'op' or 'module'.")
        whole = self.total().time
        return [tally.record(whole) for tally in (self.by_op() if by == "op" else self.by_module())]

    def export_chrome_trace(self, path: str | Path) -> Path:
        """Write all events as a file for chrome://tracing or https://ui.perfetto.dev; return its path.

        Modules hold their operations on one track, the rows of backward passes stand on another, an arrow leads from
        each operation to its row, and a curve shows the bytes kept.

        Raises OSError where the path cannot be written; then what stood there is as it was.
        """
        from .chrome_trace import write

        return write(self, path)

    def _sheets(self, top: int | None = _TOP) -> list[Sheet]:
        whole = self.total().time
        sheets = [sheet(self.by_op(), "by operation", "calls", whole, top)]
        if any(event.module for event in self.events):
            sheets.append(sheet(self.by_module(), "by module", "calls", whole, top))
        return sheets

    def _head(self) -> list[str]:
        whole, phases = self.total(), self.phases
        shares = ", ".join(f"{name} {percent(seconds, self.wall)}" for name, seconds in phases.items())
        lines = [f"{duration(self.wall)}: {shares}"]
        for name, operations in (("forward", whole.flops), ("backward", whole.backward_flops)):
            reached = UNKNOWN if operations.missing else rate(operations.value, phases[name])
            lines.append(f"{name}: {operations.text(flop)} in {duration(phases[name])}, {reached}")
        lines.append(f"kept for the backward pass: {size(self.peak)} at most")
        uncounted = {e.name for e in self.events if (e.backward_flops if e.kind == "backward" else e.flops) is None}
        if uncounted:
            lines.append(f"not counted: {', '.join(sorted(uncounted))}")
        return lines

    def __str__(self) -> str:
        if not self.events:
            return f"{duration(self.wall)}: no operation on tensors was observed"
        return "\n".join(self._head()) + "\n\n" + "\n\n".join(s.text() for s in self._sheets())

    def _repr_html_(self) -> str:
        from html import escape

        head = "<br>".join(map(escape, self._head()))
        return f"<div><p>{head}</p>\n{''.join(s.html() for s in self._sheets())}</div>"

    def __repr__(self) -> str:
        return f"<profile of {duration(self.wall)}: {len(self.events)} events>"


def _shapes(args: Args) -> tuple[Any, ...]:
    return tuple([a.shape if isinstance(a, (Tensor, np.ndarray)) else np.shape(a) for a in args])


def _operations(pulled: observer.Pulled) -> int | None:
    """Of a row that was made before the block."""
    node, tracked = pulled.node, tuple([p is not None for p in pulled.parents])
    known = zip(pulled.parents, pulled.saved, strict=False)
    shapes = tuple([getattr(saved if parent is None else parent, "shape", None) for parent, saved in known])
    return flops.backward(node.op, flops.Call(shapes, node.shape, node.params or {}, tracked))


def _taken(op: Primitive, args: Args, params: Settings) -> int:
    """The nanoseconds that an operation takes, by executing it once more."""
    values = [bare(a) for a in args]
    start = time.perf_counter_ns()
    op.forward(*values, **params)
    return time.perf_counter_ns() - start


def _item(event: Event) -> Item:
    if event.kind == "backward":
        return Item(event.name, event.module, 0, 0, event.backward_flops, 0, 0.0, event.own / 1e9)
    name, calls = (_MODULES, 0) if event.kind == "module" else (event.name, 1)
    return Item(name, event.module, calls, event.flops, 0, event.kept, event.own / 1e9, 0.0)
