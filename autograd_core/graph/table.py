"""The ξ-table of a graph: a line for each local derivative, and what the chain rule makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.errors import printable
from ..expressions import values
from ..expressions.notation import write
from .derivatives import LONGEST, Local, cotangents, local_derivatives, tangents
from .graph import Graph, Row

if TYPE_CHECKING:
    import pandas

    from ..support.types import Array, ArrayLike, Fields, Wrt

_FACTORS = 8  # a longer chain-rule product is not written out


class Column(NamedTuple):
    """kind : "module", "variable", "derivative", "value", "slope" (value of the derivative) or "product"."""

    heading: str
    kind: str

    @property
    def is_number(self) -> bool:
        """Whether its entries are numbers, and stand on the right."""
        return self.kind in ("value", "slope", "product")


class Line(NamedTuple):
    """One local derivative of a row, None where the row has none; what belongs to the row stands in its first line."""

    row: Row
    local: Local | None
    first: bool
    module: str


class Table:
    """The ξ-table: ``str(table)`` is text, ``show()`` colours it; Markdown, LaTeX, HTML, records. By ``Graph.table``.

    columns   : heading and kind of each column
    rows      : the rows of the graph that it is made of
    head      : at which values the table was computed
    foot      : the derivatives of the result
    gradients : them as numbers: dL/dw by the name of w (in forward mode, along the direction)
    """

    def __init__(
        self,
        graph: Graph,
        mode: str = "reverse",
        wrt: Wrt = None,
        direction: ArrayLike | None = None,
        rows: Any = None,
        max_rows: int | None = 200,
    ) -> None:
        if mode not in ("reverse", "forward"):
            raise ValueError(f"table: mode is 'reverse' or 'forward', not {mode!r}.")
        if direction is not None and mode == "reverse":
            raise ValueError("table: a direction belongs to mode='forward'; reverse mode has none.")
        if max_rows is not None and max_rows < 1:
            raise ValueError(f"table: max_rows is at least 1, or None for all rows, not {max_rows}.")
        if any(row.node.parents is None for row in graph.rows):
            raise RuntimeError(
                "table: the graph was released by a backward pass since it was traced. "
                "Fix: ask for the table before backward(), or backward(retain_graph=True)."
            )
        self.graph = graph
        self.mode = mode
        self.rows = _part(graph.rows, rows)
        self.max_rows = max_rows
        self.variables = _chosen(graph, wrt)
        self.head = _where(graph)
        # The last columns: what is known of each row, by heading.
        self.products: dict[str, dict[Row, Array]] = {}
        self.gradients: dict[str, Any] = {}
        self._locals: dict[Row, Sequence[Local | None]] = {}
        if mode == "reverse":
            self._reverse()
        else:
            self._forward(direction)
        self.columns = [
            *([Column("module", "module")] if any(map(_module, self.rows)) else []),
            Column("variable", "variable"),
            Column("local derivative", "derivative"),
            Column("value", "value"),
            Column("value of derivative", "slope"),
            *(Column(heading, "product") for heading in self.products),
        ]
        self.foot = self._foot()

    def _reverse(self) -> None:
        output = self.graph.output
        name = write(output.symbol)
        if output.shape:
            self.head.append(f"{name} is an array: the derivatives are those of its sum")
        found = cotangents(self.graph)
        self.products[f"d{name}/dξ"] = found
        for v in self.variables:
            self.gradients[v.name] = found[v] if v in found else np.zeros(v.shape or ())

    def _forward(self, direction: ArrayLike | None) -> None:
        output = self.graph.output
        for v in self.variables:
            d = _direction(v, direction, len(self.variables))
            if v.shape:
                along = "ones in every element" if direction is None else values.value(d)
                self.head.append(f"d/d{write(v.symbol)} along the direction {along}")
            found = tangents(self.graph, v, d)
            self.products[f"dξ/d{write(v.symbol)}"] = found
            self.gradients[v.name] = found[output] if output in found else np.zeros(output.shape or ())

    # What the formats are made of ----------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line | None]:
        """The lines to be shown; None stands for the rows left out in the middle."""
        left_out = self.left_out
        half = (len(self.rows) - left_out + 1) // 2
        module = ""
        for i, row in enumerate(self.rows):
            if left_out and half <= i < half + left_out:
                if i == half:
                    module = ""
                    yield None
                continue
            for j, local in enumerate(self.locals(row)):
                yield Line(row, local, j == 0, _module(row) if _module(row) != module else "")
                module = _module(row)

    @property
    def left_out(self) -> int:
        """How many rows there are beyond ``max_rows``."""
        return 0 if self.max_rows is None else max(0, len(self.rows) - self.max_rows)

    @property
    def notice(self) -> list[str]:
        """What is said of rows that are not shown."""
        if not self.left_out:
            return []
        return [
            f"({self.left_out:,} of {len(self.rows):,} rows are left out: "
            "max_rows=None shows all of them, rows=slice(start, stop) a part)"
        ]

    def cells(self, line: Line | None) -> list[str]:
        """The line as text."""
        if line is None:
            return ["⋮" if column.kind != "module" else "" for column in self.columns]
        return [self._cell(column, line) for column in self.columns]

    def _cell(self, column: Column, line: Line) -> str:
        row, local, first, module = line
        match column.kind:
            case "module":
                return module
            case "variable":
                return f"{write(row.symbol)} = {write(row.expression, LONGEST)}" if first else ""
            case "derivative":
                return local.equation(row) if local else ""
            case "slope":
                return values.value(local.value) if local else ""
        return values.value(self.number(column, line)) if first else ""

    def number(self, column: Column, line: Line) -> Any:
        """The value, the value of the derivative, or dL/dξ, of a line."""
        if column.kind == "slope":
            return line.local.value if line.local else None
        return line.row.value if column.kind == "value" else self.products[column.heading].get(line.row, 0)

    def locals(self, row: Row) -> Sequence[Local | None]:
        """The row's local derivatives; a None where there are none, for every row has a line."""
        if row not in self._locals:
            found = local_derivatives(row)
            self._locals[row] = found if found else (None,)
        return self._locals[row]

    def factors(self, variable: str) -> list[tuple[Row, Row]]:
        """(ξ2, ξ1), (ξ1, w): the local derivatives whose product is the gradient, where the rows are one chain."""
        rows = self.graph.rows
        parents = [[p for p in row.parents if p is not None] for row in rows]
        chain = [[p.name for p in ps] for ps in parents] == [[variable], *([row.name] for row in rows[:-1])]
        if not chain or not 1 < len(rows) <= _FACTORS:
            return []
        return [(row, ps[0]) for row, ps in zip(rows[::-1], parents[::-1], strict=True)]

    def is_along(self, v: Row) -> bool:
        """True where the derivative by v is one along a direction."""
        return bool(v.shape) and self.mode == "forward"

    def _foot(self) -> list[str]:
        foot = []
        for v in self.variables:
            along = " along the direction" if self.is_along(v) else ""
            product = " · ".join(f"∂{write(a.symbol)}/∂{write(b.symbol)}" for a, b in self.factors(v.name))
            ratio = f"d{write(self.graph.output.symbol)}/d{write(v.symbol)}"
            sides = [f"{ratio}{along}", product, values.value(self.gradients[v.name])]
            foot.append(" = ".join(side for side in sides if side))
        return foot

    # The formats ---------------------------------------------------------------------------------------------------

    def records(self) -> list[Fields]:
        """A dict for each line, with the numbers themselves: variable, expression, wrt, derivative, value, …

        ``wrt`` and ``derivative`` are None for a row without a derivative, ``derivative_value`` also for a matrix
        that nobody has written out.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().records()[0]["derivative"]
        '2·w'
        """
        modules = self.columns[0].kind == "module"
        return [
            {
                "variable": row.name,
                "expression": write(row.expression, LONGEST),
                "wrt": local and local.parent.name,
                "derivative": local and local.text,
                "value": row.value,
                "derivative_value": local and local.value,
                **{column: found.get(row, 0) for column, found in self.products.items()},
                **({"module": _module(row)} if modules else {}),
            }
            for row in self.rows
            for local in self.locals(row)
        ]

    def to_pandas(self) -> pandas.DataFrame:
        """The records as a DataFrame. Raises ModuleNotFoundError where pandas is not installed."""
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                'table.to_pandas needs pandas: pip install "autograd-core[pandas]".', name="pandas"
            ) from error
        return pandas.DataFrame(self.records())

    def to_markdown(self) -> str:
        """A table in GitHub's Markdown; names and formulas are escaped, so that they show as they are.

        >>> import autograd_core.graph as see
        >>> print(see.trace(lambda w: abs(w) * 2, -3.0).table().to_markdown().splitlines()[4])
        | ξ1 = \\|w\\| | ∂ξ1/∂w = sign w | 3 | −1 | 2 |
        """
        from .layout import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """The table as a ``tabular`` and the derivatives of the result as formulas; needs the package ``amsmath``.

        >>> import autograd_core.graph as see
        >>> print(see.trace(lambda w: w * w, 3.0).table().to_latex().splitlines()[5])
        $L = w \\cdot w$ & $\\dfrac{\\partial L}{\\partial w} = 2 \\cdot w$ & $9$ & $6$ & $1$ ...
        """
        from .tabular import tabular

        return tabular(self)

    def to_html(self) -> str:
        """A page of its own: no scripts, no network, light and dark.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().to_html()[:15]
        '<!DOCTYPE html>'
        """
        from .markup import page

        return page(self)

    def show(self) -> None:
        """Print the table; in a terminal, where rich is installed, in colours and fitted to its width."""
        from .terminal import show

        show(self)

    def _repr_html_(self) -> str:
        from .markup import fragment

        return fragment(self)

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from .terminal import renderables

        return renderables(self, console, options)

    def __str__(self) -> str:
        from .layout import text

        return text(self)

    def __repr__(self) -> str:
        return f"<ξ-table of {self.graph!r}, {self.mode} mode>"


def _module(row: Row) -> str:
    return row.origin.module if row.origin else ""


def _part(rows: list[Row], wanted: Any) -> list[Row]:
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


def _where(graph: Graph) -> list[str]:
    """The point at which the table is computed: numbers in one line, arrays in one each."""
    known = [s for s in graph.sources if s.value is not None]
    numbers = ", ".join(f"{write(s.symbol)} = {values.value(s.value)}" for s in known if s.shape == ())
    arrays = [f"{write(s.symbol)} = {values.value(s.value)}" for s in known if s.shape != ()]
    lines = [f"at {line}" for line in (numbers, *arrays) if line]
    large = any(math.prod(row.shape or ()) > values.IN_FULL for row in (*known, *graph.rows))
    return [*lines, "(a large array stands as its shape: min … mean … max ‖norm‖)"] if large else lines


def _chosen(graph: Graph, wrt: Wrt) -> list[Row]:
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
            f"table: direction of shape {given.shape} for {printable(variable.name)} of shape {shape}; they must agree."
        )
    return given
