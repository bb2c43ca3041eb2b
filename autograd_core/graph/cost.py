"""What a traced computation costs: operations, memory and time of every row, by operation and by module."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.node import Spec
from ..engine.reverse import pull
from ..engine.tensor import make_tensor
from ..expressions.symbol import Symbol
from ..watching.flops import Call, backward, forward
from ..watching.memory import arrays_kept, owner
from ..watching.tally import OUTSIDE, Item, Sheet, Tally, duration, flop, rate, sheet, size, tallies
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..engine.node import Node
    from ..support.types import AnyArray, Fields

_TOP = 25  # lines of a printed table


class Cost:
    """The cost of a graph; ``print`` shows it. Made by ``Graph.cost``.

    items   : for each row of the graph an ``Item``: op, module, flops, backward_flops, kept, seconds, backward_seconds
    total   : their sum, a ``Tally``
    flops, kept, seconds : {row: number}, forward and backward together: ``graph.dot(colour=cost.seconds)``

    What is not known is None, and missing in these dicts: the time of a row whose arguments nobody kept, the operations
    of a primitive that nobody has counted.
    """

    def __init__(self, graph: Graph, repeat: int = 5) -> None:
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
            raise ValueError(f"cost: repeat={repeat!r}; give how often each row is measured, 0 for not at all.")
        self.graph = graph
        self.items = [
            Item(
                row.op.name,
                "" if row.origin is None else row.origin.module,
                1,
                forward(row.op, call := _call(row)),
                backward(row.op, call),
                kept,
                *seconds,
            )
            for row, kept, *seconds in zip(graph.rows, _kept(graph), *_Execution(graph).medians(repeat), strict=True)
        ]
        self.total = Tally("total", self.items)

    def by_op(self) -> list[Tally]:
        """The sum for each operation, the longest first."""
        return sorted(tallies(self.items, lambda item: item.op), key=_most)

    def by_module(self) -> list[Tally]:
        """The sum for each module, in order of execution; what a module inside computes is not in it."""
        return tallies(self.items, lambda item: item.module or OUTSIDE)

    @property
    def seconds(self) -> dict[Row, float]:
        """Time of each row, forward and backward."""
        return self._by_row("seconds", "backward_seconds")

    @property
    def flops(self) -> dict[Row, float]:
        """Floating-point operations of each row, forward and backward."""
        return self._by_row("flops", "backward_flops")

    @property
    def kept(self) -> dict[Row, float]:
        """Bytes that each row keeps for the backward pass."""
        return self._by_row("kept")

    def _by_row(self, *fields: str) -> dict[Row, float]:
        found = {}
        for row, item in zip(self.graph.rows, self.items, strict=True):
            numbers = [n for n in (getattr(item, field) for field in fields) if n is not None]
            if numbers:
                found[row] = sum(numbers)
        return found

    def records(self) -> list[Fields]:
        """A dict for each row of the graph: variable, op, module, and the numbers; None for what is not known.

        >>> import autograd_core as ag
        >>> ag.trace(lambda x: (x @ x).sum(), np.eye(3)).cost(repeat=0).records()[0]["flops"]
        54
        """
        rows = zip(self.graph.rows, self.items, strict=True)
        return [{"variable": row.name, **item._asdict()} for row, item in rows]

    def _sheets(self) -> list[Sheet]:
        sheets = [sheet(self.by_op(), "by operation", "rows", self.total.time, _TOP)]
        if any(item.module for item in self.items):
            sheets.append(sheet(self.by_module(), "by module", "rows", self.total.time))
        return sheets

    def _head(self) -> list[str]:
        whole = self.total
        lines = []
        for word, operations, seconds in (
            ("forward", whole.flops, whole.seconds),
            ("backward", whole.backward_flops, whole.backward_seconds),
        ):
            complete = not (operations.missing or seconds.missing)
            reached = f", {rate(operations.value, seconds.value)}" if complete and seconds.value else ""
            lines.append(f"{word}: {operations.text(flop)} in {seconds.text(duration)}{reached}")
        lines.append(f"kept for the backward pass: {whole.kept.text(size)}")
        uncounted = sorted({i.op for i in self.items if i.flops is None or i.backward_flops is None})
        if uncounted:
            lines.append(f"not counted: {', '.join(uncounted)}")
        unmeasured = max(whole.seconds.missing, whole.backward_seconds.missing)
        if unmeasured:
            why = "their arguments were not kept; trace the function instead of its result"
            lines.append(f"not measured: {unmeasured} of {whole.calls} rows" + (f" ({why})" if whole.time else ""))
        return lines

    def __str__(self) -> str:
        return "\n".join(self._head()) + "\n\n" + "\n\n".join(s.text() for s in self._sheets())

    def _repr_html_(self) -> str:
        from html import escape

        head = "<br>".join(map(escape, self._head()))
        return f"<div><p>{head}</p>\n{''.join(s.html() for s in self._sheets())}</div>"

    def __repr__(self) -> str:
        return f"<cost of {self.graph!r}: {self.total.flops.text(flop)}, {self.total.kept.text(size)} kept>"


def _most(tally: Tally) -> Any:
    return -tally.time, -((tally.flops.value or 0) + (tally.backward_flops.value or 0))


def _call(row: Row) -> Call:
    parents, saved = row.node.parents or (), row.node.saved or (None,) * len(row.arguments)
    shapes = (_shape(a, p, s) for a, p, s in zip(row.arguments, parents, saved, strict=False))
    return Call(tuple(shapes), row.node.shape, row.params or {}, tuple(p is not None for p in parents))


def _shape(argument: AnyArray, parent: Node, saved: AnyArray | None) -> Any:
    known = parent if parent is not None else saved
    if getattr(known, "shape", None) is not None:
        return known.shape
    try:
        return argument.shape if isinstance(argument, Symbol) else np.shape(argument)
    except TypeError:  # of an expression it is found by trying, on arrays that are not too large
        return None


# Memory --------------------------------------------------------------------------------------------------------------


def _kept(graph: Graph) -> list[int | None]:
    """For each row the bytes that it is the first to keep, parameters and inputs not counted."""
    counted = {id(owner(source.value)) for source in graph.sources if source.kind in ("input", "parameter")}
    return [_newly_kept(row.node, counted) for row in graph.rows]


def _newly_kept(node: Node, counted: set[int]) -> int | None:
    if node.saved is None:
        return None
    new = {id(a): a.nbytes for a in arrays_kept(node) if id(a) not in counted}
    counted.update(new)
    return sum(new.values())


# Time ----------------------------------------------------------------------------------------------------------------


class _Execution:
    """The rows of a graph, to be executed again one by one, on the values that they had."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = {r.name: r.value for r in (*graph.sources, *graph.rows) if r.value is not None}
        self.forward: list[list[float]] = [[] for _ in graph.rows]
        self.backward: list[list[float]] = [[] for _ in graph.rows]

    def medians(self, repeat: int) -> tuple[list[float | None], list[float | None]]:
        """Seconds forward and backward, of each row; None where it could not be executed."""
        arguments = [self._arguments(row) for row in self.graph.rows]
        with np.errstate(all="ignore"):  # what there is to say has been said when the graph was made
            for _ in range(repeat):
                self._run_forward(arguments)
                self._run_backward()
        forward, backward = (
            [statistics.median(x) if x else None for x in way] for way in (self.forward, self.backward)
        )
        return forward, backward

    def _run_forward(self, arguments: list[Any]) -> None:
        for row, args, seconds in zip(self.graph.rows, arguments, self.forward, strict=True):
            if args is not None:
                settings = {} if row.params is row.op.defaults else row.params
                start = time.perf_counter()
                row.op.function(*args, **settings)
                seconds.append(time.perf_counter() - start)

    def _run_backward(self) -> None:
        """A backward pass, row by row, with the cotangents that there are."""
        output = self.graph.output
        if any(row.node.saved is None for row in self.graph.rows):
            return
        kept: dict[Any, Any] = {output.node: np.ones(output.shape or (), output.dtype or np.float64)}
        for row, seconds in zip(self.graph.rows[::-1], self.backward[::-1], strict=True):
            g = kept.pop(row.node, None)
            if g is None:  # a rule further on says that nothing depends on this row
                seconds.append(0.0)
            elif calls_back(row):
                found = {p: g for p in row.node.parents if p is not None and p.shape == row.node.shape}
            else:
                start = time.perf_counter()
                found = pull([row.node], {row.node: g})
                seconds.append(time.perf_counter() - start)
            for parent, c in () if g is None else found.items():
                kept[parent] = kept[parent] + c if parent in kept else c

    def _arguments(self, row: Row) -> tuple[Any, ...] | None:
        """What the row was computed from; None where that is not known any more."""
        if calls_back(row) or row.node.saved is None or not hasattr(row.op, "function"):
            return None
        parents, saved = row.node.parents, row.node.saved
        values = [self._value(a, s) for a, s in zip(row.arguments, saved, strict=False)]
        if any(v is None for v in values):
            return None
        return tuple(v if p is None else make_tensor(v, p) for v, p in zip(values, parents, strict=True))

    def _value(self, argument: AnyArray, saved: AnyArray | None) -> Any:
        if saved is not None and not isinstance(saved, Spec):
            return saved
        try:
            return argument.evaluate(self.values) if isinstance(argument, Symbol) else argument
        except KeyError:
            return None


def calls_back(row: Row) -> bool:
    """True where executing the row again would call functions of the program, such as hooks."""
    return any(callable(v) and not isinstance(v, type) for v in (row.params or {}).values())
