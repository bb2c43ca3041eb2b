"""What reads a copy reads the original, where that stays as it was."""

from __future__ import annotations

from ..form import Program, Ref
from .definitions import Definitions
from .renaming import with_memories


def forward_copies(program: Program) -> None:
    """Read the original in place of a copy of the same dtype and layout; the copy itself is then dead."""
    found = Definitions(program)
    now: dict[int, tuple[int, int]] = {}
    rows = []
    for k, row in enumerate(program.rows):
        row = with_memories(row, now)
        out = row.output
        if row.kind == "loop" and row.op == "copy" and out is not None and not row.gather:
            source = row.inputs[0]
            if isinstance(source, Ref) and source.dtype == out.dtype and source.dense() and out.dense():
                last = max(found.reads[out.memory], default=k)
                if found.once(out.memory) and found.unchanged(source.memory, k, last):
                    now[out.memory] = source.memory, source.offset
        rows.append(row)
    program.rows = rows
