"""A product with ones is a sum, which fuses with what computes its terms."""

from __future__ import annotations

import numpy as np

from ..form import Program, Ref, Row


def sum_products_with_ones(program: Program) -> None:
    """1ᵀ·A as the sum over the rows of A, where the ones are an array that nobody can write."""
    program.rows = [_as_sum(program, row) if row.kind == "contract" else row for row in program.rows]


def _as_sum(program: Program, row: Row) -> Row:
    (a, b), c = row.inputs, row.output
    assert c is not None
    if c.shape[-2] == 1 and _ones(program, a):
        count, last = b.shape[-2:]
        batch = c.shape[:-2]
        out = c._replace(shape=(*batch, count, last), strides=(*c.strides[:-2], 0, c.strides[-1]))
        terms = b
    elif c.shape[-1] == 1 and _ones(program, b):
        out = c._replace(shape=a.shape, strides=(*c.strides[:-1], 0))
        terms = a
    else:
        return row
    return row._replace(kind="reduce", op="add", inputs=(terms,), output=out, types=(c.dtype, c.dtype))


def _ones(program: Program, ref: Ref) -> bool:
    array = program.memories[ref.memory].array
    if array is None or array.flags.writeable or array.size != int(np.prod(ref.shape[-2:])):
        return False
    return bool((array == 1).all())
