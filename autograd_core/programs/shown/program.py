"""A recorded run as a table, with what each call costs, and as a picture."""

from __future__ import annotations

import html
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..state import State
from ..tracing.tape import Entry, arrays_in, root
from .source import Names

if TYPE_CHECKING:
    import graphviz

    from ..record import Record

_COLUMNS = ("", "call", "part", "reads", "writes", "shape", "dtype", "flops", "bytes", "line")
_NUMBERS = {"", "flops", "bytes", "µs"}


class Row(NamedTuple):
    """One call of a recorded run.

    number, call     : which one it is, and of what
    part             : forward, backward or update, and the module, as the function reaches it
    reads, writes    : names of memory, as `source` prints them
    shape, dtype     : of what it writes
    flops, bytes     : additions and multiplications, roughly, and bytes read and written
    line             : of the user's program (and of this project)
    microseconds     : how long it took, where that was measured
    """

    number: int
    call: str
    part: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    flops: int
    bytes: int
    line: str
    microseconds: float | None = None


class Program:
    """The calls of a recorded run: ``print`` shows them as a table, a notebook as HTML, ``render`` as a picture.

    >>> import autograd_core as ag
    >>> f = ag.compile(lambda x: np.tanh(x) @ x.T)
    >>> for _ in range(4):
    ...     y = f(np.ones((2, 3)))
    >>> [(row.call, row.writes, row.flops) for row in f.program.rows]
    [('tanh', ('v0',), 6), ('matmul', ('v1',), 24)]
    """

    def __init__(self, record: Record, seconds: list[float] | None = None) -> None:
        self._record = record
        names = Names(record)
        times = [None] * len(record.tape.entries) if seconds is None else [s * 1e6 for s in seconds]
        self.rows = [_row(k, e, names, t) for k, (e, t) in enumerate(zip(record.tape.entries, times, strict=True))]

    def profile(self, repeat: int = 20) -> Program:
        """The same with the least time that each call took in so many replays by NumPy; all state is as before then."""
        record, before = self._record, State(self._record.owners)
        calls = [(call, args) for call, args in record.tape.plan()]
        least = [float("inf")] * len(calls)
        try:
            for _ in range(repeat):
                for k, (call, args) in enumerate(calls):
                    start = time.perf_counter()
                    call(*args)
                    least[k] = min(least[k], time.perf_counter() - start)
        finally:
            before.restore()
        return Program(record, least)

    @property
    def flops(self) -> int:
        """Of all rows."""
        return sum(row.flops for row in self.rows)

    def _lines(self) -> Iterator[list[str]]:
        timed = any(row.microseconds is not None for row in self.rows)
        yield [*_COLUMNS, *(["µs"] if timed else [])]
        for row in self.rows:
            cells = [str(row.number), row.call, row.part, " ".join(row.reads), " ".join(row.writes), str(row.shape)]
            cells += [row.dtype, f"{row.flops:,}", f"{row.bytes:,}", row.line]
            yield [*cells, *([f"{row.microseconds:.1f}"] if row.microseconds is not None else [])]

    def __repr__(self) -> str:
        lines = list(self._lines())
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        right = [name in _NUMBERS for name in lines[0]]
        return "\n".join(
            "  ".join(
                cell.rjust(w) if to_right else cell.ljust(w)
                for cell, w, to_right in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        head, *lines = [[html.escape(cell) for cell in line] for line in self._lines()]
        rows = "".join(f"<tr><td>{'</td><td>'.join(line)}</td></tr>" for line in lines)
        return f"<table><thead><tr><th>{'</th><th>'.join(head)}</th></tr></thead><tbody>{rows}</tbody></table>"

    def dot(self) -> graphviz.Digraph:
        """A graph of the calls, with a frame for each part; an arrow is memory that one writes and another reads."""
        import graphviz

        picture = graphviz.Digraph(graph_attr={"rankdir": "TB"}, node_attr={"shape": "box", "fontname": "sans-serif"})
        for k, (part, rows) in enumerate(itertools.groupby(self.rows, lambda row: row.part)):
            with picture.subgraph(name=f"cluster_{k}") as frame:
                frame.attr(label=graphviz.escape(part), style="rounded", color="grey")
                for row in rows:
                    frame.node(str(row.number), graphviz.escape(f"{row.number} {row.call}\n{row.shape}"))
        written: dict[str, int] = {}
        for row in self.rows:
            for source in sorted({written[name] for name in row.reads if name in written} - {row.number}):
                picture.edge(str(source), str(row.number))
            written |= dict.fromkeys(row.writes, row.number)
        return picture

    def render(self, path: str | Path) -> Path:
        """The picture as a file: SVG, PNG, PDF, … by its ending; ``dot`` without the program of that name."""
        from ...graph.render import render

        return render(self.dot(), path)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _row(k: int, entry: Entry, names: Names, microseconds: float | None) -> Row:
    first = entry.writes[0] if entry.writes else None
    reads = tuple(dict.fromkeys(names.of(root(a)) for a in entry.reads))
    writes = tuple(dict.fromkeys(names.of(root(a)) for a in entry.writes))
    touched = sum(a.nbytes for a in (*entry.writes, *entry.reads))
    shape, dtype = ((), "") if first is None else (first.shape, first.dtype.name)
    flops = 0 if entry.kind in ("guard", "item", "number", "made") else _flops(entry)
    return Row(k, entry.name, str(entry.part), reads, writes, shape, dtype, flops, touched, entry.where, microseconds)


def _flops(entry: Entry) -> int:
    """Of a contraction twice the products, of all else one for each element read or written, whichever are more."""
    sizes = [a.size for a in (*entry.reads, *entry.writes)]
    if entry.name in ("matmul", "dot", "vdot", "inner", "tensordot"):
        a = next(iter(arrays_in(entry.args)), np.empty(0))
        return 2 * entry.writes[0].size * (a.shape[-1] if a.ndim else 1) if entry.writes else 0
    if entry.name in ("copyto", "fill", "setitem", "getitem", "take", "concatenate", "stack", "empty"):
        return 0
    return max(sizes, default=0)
