"""One memory for each value: what overwrites a whole intermediate gets memory of its own."""

from __future__ import annotations

from ..form import Index, Program, Ref, Row


def rename(program: Program) -> None:
    """Give every whole overwriting of an intermediate a new memory, so that values are told apart by their memory."""
    now: dict[int, tuple[int, int]] = {}
    written: set[int] = set()
    rows = []
    for row in program.rows:
        row = with_memories(row, now)
        out = row.output
        if out is not None:
            memory = out.memory
            known = now.get(memory, (memory, 0))[0]
            if memory in written and not row.scatter and program.whole(out) and not program.memories[memory].pinned:
                old = program.memories[memory]
                known = program.make(f"{old.name}'", old.nbytes)
                now[memory] = known, 0
            written.add(memory)
            row = row._replace(output=out._replace(memory=known))
        rows.append(row)
    program.rows = rows


def with_memories(row: Row, now: dict[int, tuple[int, int]]) -> Row:
    """The row with other memories, and places in them, for what it reads."""
    if not now:
        return row

    def moved(ref: Ref) -> Ref:
        if ref.memory not in now:
            return ref
        memory, start = now[ref.memory]
        return ref._replace(memory=memory, offset=ref.offset + start)

    def index(i: Index) -> Index:
        return i._replace(ref=moved(i.ref))

    inputs = tuple(moved(x) if isinstance(x, Ref) else x for x in row.inputs)
    return row._replace(inputs=inputs, gather=tuple(map(index, row.gather)), scatter=tuple(map(index, row.scatter)))
