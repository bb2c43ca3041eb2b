"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..form import Program, Ref, Row
from .definitions import Definitions
from .renaming import with_memories


def share_common(program: Program) -> None:
    """Read the first of two equal results, of intermediates that are written once."""
    found = Definitions(program)
    version: dict[int, int] = defaultdict(int)
    now: dict[int, tuple[int, int]] = {}
    seen: dict[Any, int] = {}
    checked: set[Ref] = set()
    rows = []
    for row in program.rows:
        row = with_memories(row, now)
        out = row.output
        if out is not None and row.kind in ("loop", "reduce", "contract") and found.once(out.memory):
            key = _key(row, version)
            first = seen.setdefault(key, out.memory)
            if first != out.memory:
                now[out.memory] = first, 0
                continue
        if row.kind == "check" and found.once(row.inputs[0].memory):
            if row.inputs[0] in checked:
                continue
            checked.add(row.inputs[0])
        for ref in row.targets():
            version[ref.memory] += 1
        rows.append(row)
    program.rows = rows


def _key(row: Row, version: dict[int, int]) -> Any:
    assert row.output is not None
    values = [
        (x.memory, version[x.memory], x.offset, _walk(x)) if isinstance(x, Ref) else (x.dtype.char, x.tobytes())
        for x in row.inputs
    ]
    indices = [(i.ref, version[i.ref.memory], i.stride, i.length) for i in row.gather]
    return row.op, row.types, tuple(values), tuple(indices), _walk(row.output), row.output.dtype


def _walk(ref: Ref) -> Any:
    """How a ref goes through memory: axes of length 1 do not matter."""
    return tuple((n, s) for n, s in zip(ref.shape, ref.strides, strict=True) if n != 1)
