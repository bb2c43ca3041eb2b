"""The ξ-table of a graph: a line for each local derivative, and what the chain rule makes of them."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

import numpy as np

from . import values
from .derivatives import cotangents, local_derivatives, tangents
from .graph import Graph, Row
from .notation import write

_FACTORS = 8  # a longer chain-rule product is not written out


class Table:
    """The ξ-table: ``str(table)`` is text, ``to_html()`` a page, ``records()`` the numbers. Made by ``Graph.table``.

    columns   : the headings
    lines     : a list of cells as text for each line
    head      : at which values the table was computed
    foot      : the derivatives of the result
    gradients : them as numbers: dL/dw by the name of w (in forward mode, along the direction)
    """

    def __init__(self, graph: Graph, mode: str = "reverse", wrt: Any = None, direction: Any = None) -> None:
        if mode not in ("reverse", "forward"):
            raise ValueError(f"table: mode is 'reverse' or 'forward', not {mode!r}.")
        if direction is not None and mode == "reverse":
            raise ValueError("table: a direction belongs to mode='forward'; reverse mode has none.")
        self.graph = graph
        self.mode = mode
        self.variables = _chosen(graph, wrt)
        self.head = _where(graph)
        # The last columns: what is known of each row, by heading.
        self.products: dict[str, dict[Row, Any]] = {}
        self.gradients: dict[str, Any] = {}
        if mode == "reverse":
            self._reverse()
        else:
            self._forward(direction)
        self.columns = ["variable", "value", "local derivative", "its value", *self.products]
        self.lines = [line for row in graph.rows for line in self._cells(row)]
        self.foot = self._foot()

    def _reverse(self) -> None:
        output = self.graph.output
        if output.shape:
            self.head.append(f"{output.name} is an array: the derivatives are those of its sum")
        found = cotangents(self.graph)
        self.products[f"d{output.name}/dξ"] = found
        for v in self.variables:
            self.gradients[v.name] = found[v] if v in found else np.zeros(v.shape or ())

    def _forward(self, direction: Any) -> None:
        output = self.graph.output
        for v in self.variables:
            d = _direction(v, direction, len(self.variables))
            if v.shape:
                along = "ones in every element" if direction is None else values.value(d)
                self.head.append(f"d/d{v.name} along the direction {along}")
            found = tangents(self.graph, v, d)
            self.products[f"dξ/d{v.name}"] = found
            self.gradients[v.name] = found[output] if output in found else np.zeros(output.shape or ())

    def _cells(self, row: Row) -> list[list[str]]:
        first = [f"{row.name} = {write(row.expression)}", values.value(row.value)]
        last = [values.value(found.get(row, 0)) for found in self.products.values()]
        lines = []
        for d in local_derivatives(row):
            number = values.value(d.value)
            lines.append([*first, d.equation(row), number, *last])
            first, last = ["", ""], [""] * len(last)
        return lines

    def _foot(self) -> list[str]:
        name = self.graph.output.name
        along = {v.name for v in self.variables if v.shape and self.mode == "forward"}
        foot = []
        for v, gradient in self.gradients.items():
            product = self._written_out(v)
            foot.append(
                f"d{name}/d{v}{' along the direction' if v in along else ''} = {product}{values.value(gradient)}"
            )
        return foot

    def _written_out(self, variable: str) -> str:
        """``∂L/∂ξ2 · ∂ξ2/∂ξ1 · ∂ξ1/∂w = `` where the rows are one chain."""
        rows = self.graph.rows
        parents = [[p for p in row.parents if p is not None] for row in rows]
        chain = [[p.name for p in ps] for ps in parents] == [[variable], *([row.name] for row in rows[:-1])]
        if not chain or not 1 < len(rows) <= _FACTORS:
            return ""
        return (
            " · ".join(f"∂{row.name}/∂{ps[0].name}" for row, ps in zip(rows[::-1], parents[::-1], strict=True)) + " = "
        )

    def records(self) -> list[dict[str, Any]]:
        """A dict for each line, with the numbers themselves: variable, expression, value, wrt, derivative, …

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().records()[0]["derivative"]
        '2·w'
        """
        return [
            {
                "variable": row.name,
                "expression": write(row.expression),
                "value": row.value,
                "wrt": d.parent.name,
                "derivative": d.text,
                "derivative_value": d.value,
                **{column: found.get(row, 0) for column, found in self.products.items()},
            }
            for row in self.graph.rows
            for d in local_derivatives(row)
        ]

    def to_html(self) -> str:
        """A page of its own: no scripts, no network, light and dark.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().to_html()[:15]
        '<!DOCTYPE html>'
        """
        from .markup import page

        return page(self)

    def _repr_html_(self) -> str:
        from .markup import fragment

        return fragment(self)

    def __str__(self) -> str:
        grid = [self.columns, *self.lines]
        widths = [max(map(_width, column)) for column in zip(*grid, strict=True)]
        lines = [_aligned(line, widths) for line in grid]
        rule = "  ".join("─" * w for w in widths)
        return "\n".join([*self.head, lines[0], rule, *lines[1:], "", *self.foot])

    def __repr__(self) -> str:
        return f"<ξ-table of {self.graph!r}, {self.mode} mode>"


def is_number(column: int) -> bool:
    """True for the columns of numbers: all but the variable and its local derivative."""
    return column not in (0, 2)


def _aligned(cells: list[str], widths: list[int]) -> str:
    padded = []
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - _width(cell))
        padded.append(space + cell if is_number(i) else cell + space)
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal the text takes.

    >>> _width("ξ1 = x̄ᵀ"), _width("重")
    (7, 2)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)


def _where(graph: Graph) -> list[str]:
    """The point at which the table is computed: numbers in one line, arrays in one each."""
    known = [s for s in graph.sources if s.value is not None]
    numbers = ", ".join(f"{s.name} = {values.value(s.value)}" for s in known if s.shape == ())
    arrays = [f"{s.name} = {values.value(s.value)}" for s in known if s.shape != ()]
    lines = [f"at {line}" for line in (numbers, *arrays) if line]
    large = any(math.prod(row.shape or ()) > values.IN_FULL for row in (*known, *graph.rows))
    return [*lines, "(a large array stands as its shape: min … mean … max)"] if large else lines


def _chosen(graph: Graph, wrt: Any) -> list[Row]:
    if wrt is None:
        return graph.variables
    by_name = {v.name: v for v in graph.variables}
    wanted = wrt if isinstance(wrt, (tuple, list)) else (wrt,)
    unknown = [w for w in wanted if w not in by_name]
    if unknown:
        raise ValueError(f"table: wrt={unknown[0]!r} is no variable of this trace; there is {', '.join(by_name)}.")
    return [by_name[w] for w in wanted]


def _direction(variable: Row, given: Any, count: int) -> Any:
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
            f"table: direction of shape {given.shape} for {variable.name} of shape {shape}; they must agree."
        )
    return given
