"""Loops over the same points become one kernel, in an order in which host calls cut the program as little as may be.

Rows are placed backwards, each beside the first row that uses it. So what a backward pass can compute from what is
stored anyway is computed there, and not stored.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..form import Program, Ref, Row, overlap
from .dead import Live

if TYPE_CHECKING:
    from ...support.types import Function


MOST_ROWS = 2000
FEW = 4096
"""Points of a loop so short that a call of its own would cost more than the memory of others beside its own."""


@dataclass(slots=True)
class Kernel:
    """Rows that visit the same points, point by point.

    stored : for each row, whether its result goes to memory
    loaded : what is read from memory, and not from a register
    points : what its rows read and write at every point, as `_points` tells it
    """

    rows: list[Row]
    space: tuple[int, ...]
    stored: list[bool] = field(default_factory=list)
    loaded: list[Ref] = field(default_factory=list)
    points: set[Any] = field(default_factory=set)


Step = Kernel | Row


def schedule(program: Program) -> list[Step]:
    """Checks and what they need come first, then random draws, then the rest, fused."""
    early, rest = _needed(program.rows, _is_early)
    draws, rest = _needed(rest, lambda row: row.entry is not None and row.entry.kind == "draw" and row.kind == "host")
    steps = [step for part in (early, draws, rest) for step in _fused(program, part)]
    _choose_stores(program, steps)
    return steps


def _is_early(row: Row) -> bool:
    return row.kind == "check" or (
        row.kind == "host" and row.entry is not None and row.entry.kind in ("guard", "number", "item")
    )


def _needed(rows: list[Row], seed: Function) -> tuple[list[Row], list[Row]]:
    """The seeds with all rows that must come before them; and the others."""
    touched: dict[int, list[tuple[Ref, bool]]] = defaultdict(list)
    first, last = [], []
    for row in reversed(rows):
        accesses = _accesses(row)
        if seed(row) or any(
            (writes or written) and overlap(ref, other)
            for ref, writes in accesses
            for other, written in touched[ref.memory]
        ):
            first.append(row)
            for ref, writes in accesses:
                touched[ref.memory].append((ref, writes))
        else:
            last.append(row)
    return first[::-1], last[::-1]


def _accesses(row: Row) -> list[tuple[Ref, bool]]:
    return [(ref, False) for ref in row.sources()] + [(ref, True) for ref in row.targets()]


def walk(ref: Ref) -> Any:
    """The points that a loop visits, in its order, however its axes are split: two refs that agree are one."""
    axes: list[tuple[int, int]] = []
    for n, s in zip(ref.shape, ref.strides, strict=True):
        if n == 1:
            continue
        if axes and axes[-1][1] == s * n:
            axes[-1] = axes[-1][0] * n, s
        else:
            axes.append((n, s))
    return ref.memory, ref.offset, ref.dtype, tuple(axes)


def refined(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The axes into which both spaces can be split, or None."""
    if a == b:
        return a
    if math.prod(a) != math.prod(b) or 0 in a:
        return None
    products = sorted({math.prod(s[k:]) for s in (a, b) for k in range(len(s) + 1)}, reverse=True)
    axes = []
    for large, small in itertools.pairwise(products):
        if large % small:
            return None
        axes.append(large // small)
    return tuple(axes)


def split(ref: Ref, space: tuple[int, ...]) -> Ref:
    """The ref over the same points, its axes split as those of ``space``."""
    strides: list[int] = []
    axes = [(n, s) for n, s in zip(ref.shape, ref.strides, strict=True) if n != 1]
    for n in reversed(space):
        if n == 1:
            strides.append(0)
            continue
        length, stride = axes.pop()
        strides.append(stride)
        if length != n:
            axes.append((length // n, stride * n))
    return ref._replace(shape=space, strides=tuple(strides[::-1]))


class _Placed:
    """What each memory is accessed by, of the rows placed so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.at: dict[int, list[tuple[int, Ref, bool, Any]]] = defaultdict(list)

    def limit(self, row: Row, accesses: list[tuple[Ref, bool]]) -> int:
        """The last step, counted backwards, in which the row may be: a kernel if all conflicts are point by point."""
        free = _free_points(row)
        low = 0
        for ref, writes in accesses:
            for step, other, written, points in self.at[ref.memory]:
                if (writes or written) and step + 1 > low and overlap(ref, other):
                    same = free and not _stands(row, ref, writes) and points == walk(ref)
                    low = max(low, step if same else step + 1)
        return low

    def add(self, row: Row, accesses: list[tuple[Ref, bool]], step: int) -> None:
        free = _free_points(row)
        for ref, writes in accesses:
            at = self.at[ref.memory]
            if writes and ref.memory >= 0 and self.program.whole(ref):
                at.clear()  # what conflicts with an access behind it conflicts with this write
            at.append((step, ref, writes, walk(ref) if free and not _stands(row, ref, writes) else None))


def _free_points(row: Row) -> bool:
    return row.kind in ("loop", "reduce") and not row.gather and not row.scatter


def _stands(row: Row, ref: Ref, writes: bool) -> bool:
    """A sum is complete after its loop only."""
    return row.kind == "reduce" and writes


def _points(row: Row, writes_after: dict[Any, int]) -> set[Any]:
    """The values that a loop reads or writes at every point: as `walk` tells them, and how often they are overwritten
    after it."""

    def full(ref: Ref) -> bool:
        return all(s or n == 1 for n, s in zip(ref.shape, ref.strides, strict=True))

    written = [w for ref in row.targets() if full(ref) for w in (walk(ref),)]
    found = {(w, writes_after[w]) for w in written}
    for w in written:
        writes_after[w] += 1
    return found | {(w, writes_after[w]) for ref in row.sources() if full(ref) for w in (walk(ref),)}


def _fused(program: Program, rows: list[Row]) -> list[Step]:
    """Long loops are one where they have values in common, short ones wherever that is possible."""
    steps: list[Step] = []
    writes_after: dict[Any, int] = defaultdict(int)
    placed = _Placed(program)
    for row in reversed(rows):
        accesses = _accesses(row)
        low = placed.limit(row, accesses)
        at = len(steps)
        if row.kind in ("loop", "reduce"):
            points, short = _points(row, writes_after), math.prod(row.space) <= FEW
            for k in range(low, len(steps)):
                step = steps[k]
                if isinstance(step, Kernel) and len(step.rows) < MOST_ROWS and (short or points & step.points):
                    space = refined(step.space, row.space)
                    if space is not None:
                        step.rows.append(row)
                        step.points |= points
                        step.space, at = space, k
                        break
            else:
                steps.append(Kernel([row], row.space, points=points))
        else:
            steps.append(row)
        placed.add(row, accesses, at)
    for step in steps:
        if isinstance(step, Kernel):
            step.rows.reverse()
    return steps[::-1]


def _choose_stores(program: Program, steps: list[Step]) -> None:
    """A result that only its own kernel reads stays in registers."""
    live = Live(program)
    for step in reversed(steps):
        if isinstance(step, Row):
            for ref in step.targets():
                live.wrote(ref)
            for ref in step.sources():
                live.read(ref)
            continue
        again: set[Any] = set()
        stored = []
        for row in reversed(step.rows):
            assert row.output is not None
            points = walk(row.output)
            stored.append(bool(row.scatter) or (points not in again and live.wants(row.output)))
            if not row.scatter and row.kind == "loop":
                again.add(points)
        step.stored = stored[::-1]
        for row, kept in zip(step.rows, step.stored, strict=True):
            if kept and not row.scatter:
                live.wrote(row.output)  # type: ignore[arg-type]
        computed: set[Any] = set()
        for row in step.rows:
            for ref in row.sources():
                if walk(ref) not in computed or row.gather or row.scatter:
                    live.read(ref)
                    step.loaded.append(ref)
            if row.kind == "loop" and not row.scatter:
                computed.add(walk(row.output))  # type: ignore[arg-type]
