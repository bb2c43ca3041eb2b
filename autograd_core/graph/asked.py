"""What a table is asked for: which rows and variables, along which direction, and at which point."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import printable
from ..expressions import values
from ..expressions.notation import write
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..support.types import Array, Tree, Wrt


def rows_of(rows: list[Row], wanted: Any) -> list[Row]:
    """The rows that a slice, a position, a name, or several of them, speak of; in the order of the computation."""
    if wanted is None:
        return rows
    if isinstance(wanted, slice):
        return rows[wanted]
    by_name = {row.name: row for row in rows}
    chosen = set()
    for w in wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str) else (wanted,):
        if isinstance(w, (int, np.integer)) and -len(rows) <= w < len(rows):
            chosen.add(rows[w])
        elif isinstance(w, str) and w in by_name:
            chosen.add(by_name[w])
        else:
            raise ValueError(
                f"table: rows={w!r} is not a row: there are {len(rows)}, {printable(rows[0].name)} … "
                f"{printable(rows[-1].name)}. "
                "Fix: give a slice, a name, a position, or a list of these."
            )
    return [row for row in rows if row in chosen]


def head_of(graph: Graph, mode: str) -> list[str]:
    """The mode and the point at which the table is computed: numbers in one line, arrays in one each."""
    known = [s for s in graph.sources if s.value is not None]
    numbers = ", ".join(f"{write(s.symbol)} = {values.value(s.value)}" for s in known if s.shape == ())
    arrays = [f"{write(s.symbol)} = {values.value(s.value)}" for s in known if s.shape != ()]
    lines = [f"at {line}" for line in (numbers, *arrays) if line]
    lines = [f"{mode} mode {lines[0]}", *lines[1:]] if numbers else [f"{mode} mode", *lines]
    large = any(math.prod(row.shape or ()) > values.IN_FULL for row in (*known, *graph.rows))
    return [*lines, "(a large array stands as its shape: min … mean … max ‖norm‖)"] if large else lines


def variables_of(graph: Graph, wrt: Wrt) -> list[Row]:
    """The variables that ``wrt`` names; all of them for None."""
    if wrt is None:
        return graph.variables
    by_name = {v.name: v for v in graph.variables}
    wanted = wrt if isinstance(wrt, (tuple, list)) else (wrt,)
    unknown = [w for w in wanted if w not in by_name]
    if unknown:
        raise ValueError(
            f"table: wrt={unknown[0]!r} is not a variable of this trace; there is {printable(', '.join(by_name))}."
        )
    return [by_name[w] for w in wanted]


def direction_of(variable: Row, given: Tree, count: int) -> Array:
    """The direction given for a variable, of ``count``; ones in every element for None."""
    shape, dtype = variable.shape or (), getattr(variable.node, "dtype", np.float64)
    if isinstance(given, dict):
        given = given.get(variable.name)
    elif given is not None and count > 1:
        raise ValueError("table: one direction for several variables; give a dict of them by name, or choose wrt=.")
    if given is None:
        return np.ones(shape, dtype)
    given = np.asarray(given, dtype)
    if given.shape != shape:
        raise ValueError(
            f"table: direction of shape {given.shape} for {printable(variable.name)} of shape {shape}; they must agree."
        )
    return given
