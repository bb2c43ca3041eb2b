"""Rows whose results nobody reads are left out."""

from __future__ import annotations

from ..form import Program, Ref, Row, overlap


class Live:
    """The memory that is still read: walked backwards, row by row."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._refs: dict[int, set[Ref]] = {}
        self._whole = {m for m, memory in enumerate(program.memories) if memory.kept}

    def wants(self, ref: Ref) -> bool:
        """Whether some byte of a ref is read later."""
        if ref.memory in self._whole:
            return True
        return any(overlap(ref, other) for other in self._refs.get(ref.memory, ()))

    def wrote(self, ref: Ref) -> None:
        """Before this row the ref's old bytes are not needed."""
        if ref.memory >= 0 and self.program.whole(ref):
            self._whole.discard(ref.memory)
            self._refs.pop(ref.memory, None)
        else:
            self._refs.get(ref.memory, set()).discard(ref)

    def read(self, ref: Ref) -> None:
        """The ref is needed before this row."""
        self._refs.setdefault(ref.memory, set()).add(ref)


def drop_dead(program: Program) -> None:
    """Leave out rows whose results are not read. Checks, draws and guards stay: they have effects of their own."""
    live = Live(program)
    kept: list[Row] = []
    for row in reversed(program.rows):
        if row.output is not None and not live.wants(row.output):
            continue
        if row.output is not None and not row.scatter:
            live.wrote(row.output)
        for ref in row.sources():
            live.read(ref)
        kept.append(row)
    program.rows = kept[::-1]
