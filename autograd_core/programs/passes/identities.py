"""Algebraic identities that keep every bit, of NaN, of infinity and of a zero's sign, too."""

from __future__ import annotations

from ..form import Program, Ref, Row


def simplify(program: Program) -> None:
    """1·x = x, x/1 = x, x − 0 = x, x² = x·x, x¹ = x; of floating-point numbers and whole ones."""
    program.rows = [_simpler(row) if row.kind == "loop" and len(row.inputs) == 2 else row for row in program.rows]


def _simpler(row: Row) -> Row:
    a, b = row.inputs
    if isinstance(b, Ref) and not isinstance(a, Ref) and row.op == "multiply":
        a, b = b, a
    if not isinstance(a, Ref) or isinstance(b, Ref):
        return row
    if b == 1 and row.op in ("multiply", "divide", "power"):
        return _copy(row, a)
    if b == 0 and row.op == "subtract" and str(b) in ("0", "0.0"):
        return _copy(row, a)
    if b == 2 and row.op == "power":
        return row._replace(op="multiply", inputs=(a, a))
    return row


def _copy(row: Row, value: Ref) -> Row:
    """The value itself, in the dtype in which it took part."""
    return row._replace(op="copy", inputs=(value,), types=(row.types[0], row.types[-1]))
