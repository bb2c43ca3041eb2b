"""Graph: the rows of one computation, as values to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import values
from .symbol import Symbol

if TYPE_CHECKING:
    from pathlib import Path

    import graphviz

    from ..modes import Origin
    from .table import Table


class Row:
    """One variable of a computation: an input, a parameter, a constant, or the result of one operation.

    name       : ``x``, ``ξ3``, ``L``
    kind       : "input", "parameter", "constant", "op", or "output" for the last row
    op         : the primitive; None where nothing was computed
    params     : its settings, such as ``axis``
    arguments  : its arguments as expressions
    parents    : for each argument the row that it is differentiated by, or None
    inputs     : every row that the expression names
    expression : what was computed, as a Symbol (of an input, its name)
    shape, dtype, value : of the result; a value of None was not kept
    node       : the engine's own row; None for constants
    origin     : the module and the line of the program that computed it (``modes.Origin``), where that was observed
    """

    __slots__ = (
        *("name", "kind", "op", "params", "arguments", "parents", "inputs"),
        *("expression", "shape", "dtype", "value", "node", "symbol", "origin"),
    )

    name: str
    kind: str
    op: Any
    params: dict[str, Any]
    arguments: tuple[Any, ...]
    parents: tuple[Row | None, ...]
    inputs: tuple[Row, ...]
    expression: Any
    node: Any
    symbol: Symbol
    origin: Origin | None

    def __init__(self, name: str, kind: str, value: Any, shape: tuple[int, ...] | None, node: Any) -> None:
        self.name, self.kind, self.node = name, kind, node
        self.value = value
        self.shape = shape
        self.dtype = getattr(value, "dtype", None)
        self.symbol = self.expression = Symbol(name, shape, self.dtype or float)
        self.op, self.params, self.origin = None, {}, None
        self.arguments = self.parents = self.inputs = ()

    def __repr__(self) -> str:
        sizes = "?" if self.shape is None else values.shape(self.shape)
        return f"<{self.kind} {self.name}{f' = {self.expression}' if self.op else ''} ({sizes})>"


class Graph:
    """A traced computation: made by ``ag.trace``.

    rows      : what was computed, in order, one operation each; the last is the result
    sources   : the inputs, parameters and named constants that the rows use
    variables : the sources that the table differentiates with respect to
    output    : the row of the result

    >>> import autograd_core.graph as see
    >>> see.trace(lambda x, y: x * y + 1, 2.0, 3.0).rows
    [<op ξ1 = x·y (scalar)>, <output L = ξ1 + 1 (scalar)>]
    """

    def __init__(self, rows: list[Row], sources: list[Row], variables: list[Row], output: Row) -> None:
        self.rows = rows
        self.sources = sources
        self.variables = variables
        self.output = output

    def table(self, mode: str = "reverse", wrt: Any = None, direction: Any = None) -> Table:
        """The ξ-table; print it, or let a notebook show it.

        mode : "reverse" adds dL/dξ for every row, "forward" adds dξ/dw for every variable w
        wrt : name (or names) of the variables to answer for; default: all that were traced
        direction : forward mode: the tangent of an array variable, or a dict of them by name; default: ones

        Raises ValueError for an unknown mode or variable and for a direction of the wrong shape.

        >>> import autograd_core.graph as see
        >>> print(see.trace(lambda w: w * w, 3.0).table())
        at w = 3
        variable  value  local derivative  its value  dL/dξ
        ────────  ─────  ────────────────  ─────────  ─────
        L = w·w       9  ∂L/∂w = 2·w               6      1
        <BLANKLINE>
        dL/dw = 6
        """
        from .table import Table

        return Table(self, mode, wrt, direction)

    def dot(self, rankdir: str = "TB") -> graphviz.Digraph:
        """The picture as a ``graphviz.Digraph``: a box for each row, an edge for each use, local derivatives on them.

        rankdir : "TB", "BT", "LR" or "RL": the direction in which the computation runs

        Raises ValueError for another rankdir, ModuleNotFoundError where the graphviz package is missing.
        """
        from .picture import draw

        return draw(self, rankdir)

    def render(self, path: str | Path, rankdir: str = "TB") -> Path:
        """Draw the picture into a file, whose ending says the format; return its path.

        ``.svg`` needs no program; other formats (``.png``, ``.pdf``) need Graphviz's ``dot`` on the PATH.

        Raises ValueError for a path without ending, RuntimeError where nothing can render it, OSError where the path
        cannot be written.
        """
        from .picture import render

        return render(self.dot(rankdir), path)

    def _repr_svg_(self) -> str | None:
        from .picture import svg

        try:
            return svg(self.dot())
        except (RuntimeError, ImportError):  # a notebook then shows the text
            return None

    def __repr__(self) -> str:
        names = ", ".join(s.name for s in self.sources)
        return f"Graph({names} → {self.output.name}: {len(self.rows)} rows)"
