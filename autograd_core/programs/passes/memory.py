"""Where intermediates lie: one arena, in which what is not needed at the same time shares its bytes."""

from __future__ import annotations

from collections.abc import Callable

from ..form import Program, Row
from .fusion import Step

LINE = 64


def touched(step: Step) -> set[int]:
    """The memory that a step reads or writes; what a kernel keeps in registers is none."""
    if isinstance(step, Row):
        return {ref.memory for ref in (*step.sources(), *step.targets()) if ref.memory >= 0}
    results = [row.output for row, stored in zip(step.rows, step.stored, strict=True) if stored]
    return {ref.memory for ref in (*step.loaded, *results) if ref is not None}


def arena(
    program: Program, steps: list[Step], only: Callable[[int], bool] = lambda memory: True
) -> tuple[dict[int, int], int]:
    """The first byte of each intermediate in the arena, and the arena's size; of those that ``only`` lets pass."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for k, step in enumerate(steps):
        for memory in touched(step):
            if not program.memories[memory].pinned and only(memory):
                first.setdefault(memory, k)
                last[memory] = k
    placed: list[tuple[int, int, int, int]] = []
    offsets: dict[int, int] = {}
    for memory in sorted(first, key=lambda m: (-program.memories[m].nbytes, first[m])):
        size = -(-program.memories[memory].nbytes // LINE) * LINE
        at = 0
        for start, stop in sorted((a, b) for a, b, f, t in placed if f <= last[memory] and first[memory] <= t):
            if at + size <= start:
                break
            at = max(at, stop)
        offsets[memory] = at
        placed.append((at, at + size, first[memory], last[memory]))
    return offsets, max((stop for _, stop, _, _ in placed), default=0)
