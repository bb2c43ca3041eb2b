"""Memory filled with a number is that number; an operation on numbers is done now."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..form import Program, Ref
from .definitions import Definitions


def fold_constants(program: Program) -> None:
    """Replace what is known to be one number by the number."""
    found = Definitions(program)
    known: dict[int, Any] = {}
    rows = []
    for row in program.rows:
        out = row.output
        if row.kind == "loop" and out is not None and not row.gather:
            places = [known.get(x.memory, x) if isinstance(x, Ref) else x for x in row.inputs]
            values = [v if isinstance(v, Ref) else t.type(v) for v, t in zip(places, row.types, strict=False)]
            row = row._replace(inputs=tuple(values))
            if not any(isinstance(v, Ref) for v in row.inputs):
                value = _computed(row.op, row.inputs)
                if value is not None:
                    row = row._replace(op="copy", inputs=(value,), types=(row.types[-1],) * 2)
            if row.op == "copy" and not isinstance(row.inputs[0], Ref) and found.once(out.memory):
                with np.errstate(all="ignore"):
                    known[out.memory] = out.dtype.type(row.inputs[0])
        rows.append(row)
    program.rows = rows


def _computed(op: str, numbers: tuple[Any, ...]) -> Any:
    function = getattr(np, op, None)
    if not isinstance(function, np.ufunc):
        return None
    with np.errstate(all="ignore"):
        return function(*numbers)
