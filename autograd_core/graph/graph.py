"""Graph: the rows of one computation, as values to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..engine.errors import printable
from ..expressions import values
from ..expressions.symbol import Symbol

if TYPE_CHECKING:
    from pathlib import Path

    import graphviz

    from ..engine.node import Node
    from ..support.types import ArrayLike, Settings, Wrt
    from ..watching.observer import Origin
    from .cost import Cost
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
    origin     : the module and the line of the program that computed it (``observer.Origin``), where that was observed
    """

    __slots__ = (
        *("name", "kind", "op", "params", "arguments", "parents", "inputs"),
        *("expression", "shape", "dtype", "value", "node", "symbol", "origin"),
    )

    name: str
    kind: str
    op: Any
    params: Settings
    arguments: tuple[Any, ...]
    parents: tuple[Row | None, ...]
    inputs: tuple[Row, ...]
    expression: Any
    node: Any
    symbol: Symbol
    origin: Origin | None

    def __init__(self, name: str, kind: str, value: Any, shape: tuple[int, ...] | None, node: Node | None) -> None:
        self.name, self.kind, self.node = name, kind, node
        self.value = value
        self.shape = shape
        self.dtype = getattr(value, "dtype", None)
        self.symbol = self.expression = Symbol(name, shape, self.dtype or float)
        self.op, self.params, self.origin = None, {}, None
        self.arguments = self.parents = self.inputs = ()

    def __repr__(self) -> str:
        sizes = "?" if self.shape is None else values.shape(self.shape)
        return f"<{self.kind} {printable(self.name)}{f' = {self.expression}' if self.op else ''} ({sizes})>"


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

    def table(
        self,
        mode: str = "reverse",
        wrt: Wrt = None,
        direction: ArrayLike | None = None,
        rows: Any = None,
        max_rows: int | None = 200,
        *,
        closed: bool = False,
        rounding: bool = False,
    ) -> Table:
        """The ξ-table; print it, ``show()`` it in colours, or let a notebook show it.

        mode : "reverse" adds dL/dξ for every row, "forward" adds dξ/dw for every variable w
        wrt : name (or names) of the variables to answer for; default: all that were traced
        direction : forward mode: the tangent of an array variable, or a dict of them by name; default: ones
        rows : the rows that it is made of: a slice, a name, a position, or a list of these; default: all
        max_rows : of more rows than that, those in the middle are not shown (None: all are; ``records`` has them all)
        closed : also show every variable and local derivative as a formula of the inputs, and dL/dw in closed form
            (shortened by SymPy, where that is installed)
        rounding : also show the rounding error of every number: the rows run again in higher precision (float32 in
            float64, float64 in longdouble where that is wider). It is relative, of an array the largest error over
            the largest element; what cannot run again says so

        Raises ValueError for an unknown mode, variable or row and for a direction of the wrong shape, RuntimeError
        where a backward pass has released the graph.

        >>> import autograd_core.graph as see
        >>> print(see.trace(lambda w: w * w, 3.0).table())
        reverse mode at w = 3
        variable  local derivative  value  value of derivative  dL/dξ
        ────────  ────────────────  ─────  ───────────────────  ─────
        L = w·w   ∂L/∂w = 2·w           9                    6      1
        <BLANKLINE>
        dL/dw = 6
        """
        from .table import Table

        return Table(self, mode, wrt, direction, rows, max_rows, closed, rounding)

    def dot(
        self,
        rankdir: str = "TB",
        depth: int | None = None,
        colour: str | Mapping[Any, float] = "kind",
        *,
        legend: str = "",
        repeats: bool | None = None,
        limit: int | None = 150,
    ) -> graphviz.Digraph:
        """The picture as a ``graphviz.Digraph``: boxes for rows in frames for modules, an edge for each use.

        An edge is labelled with the local derivative where both ends are numbers, with the shape of what it carries
        elsewhere; a dashed edge carries a constant.

        rankdir : "TB", "BT", "LR" or "RL": the direction in which the computation runs
        depth : a module with so many modules around it is one box with its class, parameters and output shape; None:
            normalisations, losses and convolutions are
        colour : "kind" (input, parameter, op, output, module); "gradient", the root mean square of dL/dξ, or
            "rounding", the rounding error of ξ (see ``table``), both computed here; or numbers by row or
            name of a row, such as seconds: a box then has the sum of what it holds
        legend : what the numbers are
        repeats : fold what comes three times or more in a row, such as equal layers or the steps of a recurrence,
            into one box ``×12``; None: where there are more than 40 rows
        limit : fold modules, and at last the middle of the graph, where there were more boxes; None: never

        Raises ValueError for another rankdir or colour and a negative depth or limit, ModuleNotFoundError where the
        graphviz package is missing.

        >>> import autograd_core.graph as see
        >>> picture = see.trace(lambda w: w * w, 3.0).dot(colour="gradient")
        >>> "RMS of dL/dξ" in picture.source
        True
        """
        from .picture import draw

        return draw(self, rankdir, depth, colour, legend, repeats, limit)

    def render(self, path: str | Path, rankdir: str = "TB", **options: Any) -> Path:
        """Draw the picture into a file, whose ending says the format; return its path.

        ``.svg`` and ``.dot`` need no program; other formats (``.png``, ``.pdf``) need Graphviz's ``dot`` on the PATH.

        options : those of ``dot``

        Raises ValueError for a path without ending or with one that Graphviz does not know, RuntimeError where nothing
        can render it, OSError where the path cannot be written.
        """
        from .render import render

        return render(self.dot(rankdir, **options), path)

    def show(self, rankdir: str = "TB", **options: Any) -> Path | None:
        """Show the picture: in a notebook below the cell, elsewhere in the browser.

        options : those of ``dot``

        Returns the temporary file that the browser shows; None in a notebook. Raises as ``render`` does.
        """
        from .render import show

        return show(self.dot(rankdir, **options))

    def cost(self, repeat: int = 5) -> Cost:
        """Operations, bytes kept for the backward pass and measured time of every row, by operation and by module.

        Operations are counted as ``watching.flops`` says. Memory is that of the arrays which the rows keep, each
        counted once, at the first row that keeps it; parameters and inputs are not in it. For the time each row is
        executed again, forward and backward, on the values that it had.

        repeat : how often each row is measured; the median counts; 0: not at all

        Raises ValueError for a negative repeat.

        >>> import numpy as np, autograd_core.graph as see
        >>> cost = see.trace(lambda x, w: np.tanh(x @ w).sum(), np.ones((8, 4)), np.ones((4, 2))).cost()
        >>> [(item.op, item.flops, item.backward_flops, item.kept) for item in cost.items]
        [('matmul', 128, 256, 0), ('tanh', 16, 48, 128), ('sum', 15, 0, 0)]
        """
        from .cost import Cost

        return Cost(self, repeat)

    def to_html(self, path: str | Path | None = None, *, rounding: bool | None = None) -> str | Path:
        """A page that walks through values and derivatives, step by step: one file, which needs no network.

        path : where to write it; None: return the text
        rounding : whether the page can colour the rows by their rounding errors, for which they run again (see
            ``table``); None: where all of them together hold no more than 5,000 numbers

        Returns the path, or the text, which a notebook shows as the page itself.

        Raises OSError where the path cannot be written; then it is left as it was.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).to_html()[:15]
        '<!DOCTYPE html>'
        """
        from .page import page, write

        text = page(self, rounding)
        return text if path is None else write(text, path)

    def _repr_svg_(self) -> str | None:
        from .render import svg

        try:
            return svg(self.dot())
        except (RuntimeError, ImportError):  # a notebook then shows the text
            return None

    def __repr__(self) -> str:
        names = ", ".join(s.name for s in self.sources)
        return f"Graph({printable(f'{names} → {self.output.name}')}: {len(self.rows)} rows)"
