"""Where memory is written and read: what several passes ask."""

from __future__ import annotations

from collections import defaultdict

from ..form import Program


class Definitions:
    """For every memory the numbers of the rows that write and read it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.writes: dict[int, list[int]] = defaultdict(list)
        self.reads: dict[int, list[int]] = defaultdict(list)
        for k, row in enumerate(program.rows):
            for ref in row.targets():
                self.writes[ref.memory].append(k)
            for ref in row.sources():
                self.reads[ref.memory].append(k)

    def once(self, memory: int) -> bool:
        """Whether an intermediate is written by one row only, and as a whole."""
        if len(self.writes[memory]) != 1 or self.program.memories[memory].pinned:
            return False
        row = self.program.rows[self.writes[memory][0]]
        return not row.scatter and self.program.whole(row.output)

    def unchanged(self, memory: int, first: int, last: int) -> bool:
        """Whether no row after ``first``, up to and with ``last``, writes a memory."""
        return not any(first < k <= last for k in self.writes[memory])
