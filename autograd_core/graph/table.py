"""The ξ-table of a graph: a line for each local derivative, and what the chain rule makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..expressions import values
from ..expressions.notation import write
from .asked import direction_of, head_of, rows_of, variables_of
from .closed import Closed
from .derivatives import LONGEST, Local, cotangents, local_derivatives, tangents
from .graph import Graph, Row
from .rounding import NO_ERROR, Error, Rounding

if TYPE_CHECKING:
    import pandas

    from ..support.types import Array, ArrayLike, Fields, Wrt

_FEW = 4  # inputs that the heading of a column names
_FACTORS = 8  # a longer chain-rule product is not written out


class Column(NamedTuple):
    """kind : "module", "variable", "closed" (its closed form), "derivative", "closed derivative", "value", "slope" (the
    value of the derivative), "product", or "… error", the rounding error of one of the last three."""

    heading: str
    kind: str

    @property
    def is_number(self) -> bool:
        """Whether its entries are numbers, and stand on the right."""
        return self.kind in ("value", "slope", "product") or self.is_error

    @property
    def is_error(self) -> bool:
        """Whether its entries are rounding errors."""
        return self.kind.endswith("error")

    @property
    def of_row(self) -> bool:
        """Whether its entries belong to the row, not to one of its local derivatives, and stand in its first line."""
        return "derivative" not in self.kind and not self.kind.startswith("slope")


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
    forms     : them as formulas of the inputs, where ``closed`` was asked for and there are any
    """

    def __init__(
        self,
        graph: Graph,
        mode: str = "reverse",
        wrt: Wrt = None,
        direction: ArrayLike | None = None,
        rows: Any = None,
        max_rows: int | None = 200,
        closed: bool = False,
        rounding: bool = False,
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
        self.rows = rows_of(graph.rows, rows)
        self.max_rows = max_rows
        self.variables = variables_of(graph, wrt)
        self.head = head_of(graph, mode)
        # The last columns: what is known of each row, by heading.
        self.products: dict[str, dict[Row, Array]] = {}
        self.gradients: dict[str, Any] = {}
        self._locals: dict[Row, Sequence[Local | None]] = {}
        self.closed = Closed(graph) if closed else None
        self.rounding = Rounding(graph) if rounding else None
        self._errors: dict[str, dict[Row, Error]] = {}
        self._slope_errors: dict[Row, dict[Row, Error]] = {}
        if mode == "reverse":
            self._reverse()
        else:
            self._forward(direction)
        known = self.closed.gradients() if self.closed else {}
        self.forms = {v.name: form for v, form in known.items() if not self.is_along(v)}
        self.columns = list(self._columns())
        self.foot = self._foot()

    def _columns(self) -> Iterator[Column]:
        of = ", ".join(write(s.symbol) for s in self.graph.sources)
        of = f"in {of}" if len(self.graph.sources) <= _FEW else "in the inputs"
        if any(map(_module, self.rows)):
            yield Column("module", "module")
        yield Column("variable", "variable")
        if self.closed:
            yield Column(of, "closed")
        yield Column("local derivative", "derivative")
        if self.closed:
            yield Column(f"derivative {of}", "closed derivative")
        numbers = [("value", "value"), ("value of derivative", "slope"), *((name, "product") for name in self.products)]
        for heading, kind in numbers:
            yield Column(heading, kind)
            if self.rounding:
                yield Column(f"error of {heading.removeprefix('value of ')}", f"{kind} error")

    def _reverse(self) -> None:
        output = self.graph.output
        name = write(output.symbol)
        if output.shape:
            self.head.append(f"{name} is an array: the derivatives are those of its sum")
        found = cotangents(self.graph)
        self.products[f"d{name}/dξ"] = found
        if self.rounding:
            self._errors[f"error of d{name}/dξ"] = self.rounding.cotangents(found)
        for v in self.variables:
            self.gradients[v.name] = found[v] if v in found else np.zeros(v.shape or ())

    def _forward(self, direction: ArrayLike | None) -> None:
        output = self.graph.output
        for v in self.variables:
            d = direction_of(v, direction, len(self.variables))
            if v.shape:
                along = "ones in every element" if direction is None else values.value(d)
                self.head.append(f"d/d{write(v.symbol)} along the direction {along}")
            found = tangents(self.graph, v, d)
            self.products[f"dξ/d{write(v.symbol)}"] = found
            if self.rounding:
                self._errors[f"error of dξ/d{write(v.symbol)}"] = self.rounding.tangents(found, v, d)
            self.gradients[v.name] = found[output] if output in found else np.zeros(output.shape or ())

    # What the formats are made of ----------------------------------------------------------------------------------

    def lines(self) -> Iterator[Line | None]:
        """The lines to be shown; None stands for the rows left out in the middle."""
        left_out = self.left_out
        half = (len(self.rows) - left_out + 1) // 2
        for i, row in enumerate(self.rows):
            if left_out and half <= i < half + left_out:
                if i == half:
                    yield None
                continue
            for j, local in enumerate(self.locals(row)):
                yield Line(row, local, j == 0, _module(row))

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
            return ["⋮" for _ in self.columns]
        return [self._cell(column, line) for column in self.columns]

    def _cell(self, column: Column, line: Line) -> str:
        row, local, first, module = line
        if not (first if column.of_row else local):
            return ""
        if column.kind == "module":
            return module or values.UNKNOWN
        if column.kind == "variable":
            return f"{write(row.symbol)} = {write(row.expression, LONGEST)}"
        if column.kind == "derivative" and local:
            return local.equation(row)
        if column.kind.startswith("closed"):
            form = self.form(column, line)
            return values.UNKNOWN if form is None else write(form, LONGEST)
        if column.is_error:
            return self.error(column, line).text
        return values.value(self.number(column, line))

    def number(self, column: Column, line: Line) -> Any:
        """The value, the value of the derivative, or dL/dξ, of a line."""
        if column.kind == "slope":
            return line.local.value if line.local else None
        return line.row.value if column.kind == "value" else self.products[column.heading].get(line.row, 0)

    def form(self, column: Column, line: Line) -> Any:
        """The value or the local derivative as a formula of the inputs; None where it would be too long."""
        if self.closed is None or (column.kind != "closed" and line.local is None):
            return None
        return self.closed.values.get(line.row) if column.kind == "closed" else self.closed.slope(line.local)  # type: ignore[arg-type]

    def error(self, column: Column, line: Line) -> Error:
        """The rounding error of a number."""
        if self.rounding is None:
            return NO_ERROR
        if column.kind == "value error":
            return self.rounding.values[line.row]
        if column.kind == "product error":
            return self._errors[column.heading].get(line.row, Error(0.0))
        if line.row not in self._slope_errors:
            self._slope_errors[line.row] = self.rounding.slopes(line.row)
        return self._slope_errors[line.row].get(line.local.parent, NO_ERROR) if line.local else NO_ERROR

    def severity(self, line: Line | None, column: Column | None = None) -> float:
        """How many of its digits a number has lost, from 0 to 1, by its column or that of its error; without one, ξ."""
        kind = "value" if column is None else column.kind.removesuffix(" error")
        errors = [c for c in self.columns if c.is_error and c.kind == f"{kind} error"]
        if column is not None and kind == "product":
            errors = [c for c in errors if c.heading.endswith(column.heading.removeprefix("error of "))]
        if line is None or self.rounding is None or not errors or not (line.first if errors[0].of_row else line.local):
            return 0.0
        return self.rounding.severity(self.error(errors[0], line).relative)

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
            form = write(self.forms[v.name], LONGEST) if v.name in self.forms else ""
            number = values.value(self.gradients[v.name])
            sides = [f"{ratio}{along}", product, form * (form != number), number]
            foot.append(" = ".join(side for side in sides if side))
        return foot

    # The formats ---------------------------------------------------------------------------------------------------

    def records(self) -> list[Fields]:
        """A dict for each line, with the numbers themselves: variable, expression, wrt, derivative, value, …

        ``wrt`` and ``derivative`` are None for a row without a derivative, ``derivative_value`` also for a matrix
        that nobody has written out. Rounding errors are relative, and None where they are not known.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().records()[0]["derivative"]
        '2·w'
        """
        modules = self.columns[0].kind == "module"
        errors = [column for column in self.columns if column.is_error]
        forms = [column for column in self.columns if column.kind.startswith("closed")]
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
                **{column.kind: self._cell(column, line._replace(first=True)) for column in forms},
                **{column.heading: self.error(column, line).relative for column in errors},
            }
            for line in (Line(row, local, j == 0, "") for row in self.rows for j, local in enumerate(self.locals(row)))
            for row, local in [line[:2]]
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
        from .formats.layout import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """The table as a ``tabular`` and the derivatives of the result as formulas; needs the package ``amsmath``.

        >>> import autograd_core.graph as see
        >>> print(see.trace(lambda w: w * w, 3.0).table().to_latex().splitlines()[5])
        $L = w \\cdot w$ & $\\dfrac{\\partial L}{\\partial w} = 2 \\cdot w$ & $9$ & $6$ & $1$ ...
        """
        from .formats.tabular import tabular

        return tabular(self)

    def to_html(self) -> str:
        """A page of its own: no scripts, no network, light and dark.

        >>> import autograd_core.graph as see
        >>> see.trace(lambda w: w * w, 3.0).table().to_html()[:15]
        '<!DOCTYPE html>'
        """
        from .formats.markup import page

        return page(self)

    def show(self) -> None:
        """Print the table; in a terminal, where rich is installed, in colours and fitted to its width."""
        from .formats.terminal import show

        show(self)

    def _repr_html_(self) -> str:
        from .formats.markup import fragment

        return fragment(self)

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from .formats.terminal import renderables

        return renderables(self, console, options)

    def __str__(self) -> str:
        from .formats.layout import text

        return text(self)

    def __repr__(self) -> str:
        return f"<ξ-table of {self.graph!r}, {self.mode} mode>"


def _module(row: Row) -> str:
    return row.origin.module if row.origin else ""
