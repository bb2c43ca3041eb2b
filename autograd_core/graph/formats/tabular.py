"""The ξ-table as LaTeX: a tabular, and below it the chain rule of every variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...expressions.latex import digits, escaped, latex, name, value
from ..derivatives import LONGEST, Local
from ..graph import Row

if TYPE_CHECKING:
    from ..table import Column, Line, Table

_ROOM = r"\rule[-2.3ex]{0pt}{6ex}"  # a strut as high as a fraction, lest the lines touch


def tabular(table: Table) -> str:
    """``Table.to_latex``."""
    letters = "".join("r" if column.is_number else "l" for column in table.columns)
    headings = " & ".join(_heading(column, table) for column in table.columns)
    lines = [" & ".join(_cells(table, line)) + rf" {_ROOM} \\" for line in table.lines()]
    above = [f"% {text}" for text in [*table.head, *table.notice]]
    below = [rf"\[ {_gradient(table, v)} \]" for v in table.variables]
    body = [rf"\begin{{tabular}}{{{letters}}}", r"\hline", headings + r" \\", r"\hline", *lines, r"\hline"]
    return "\n".join([*above, *body, r"\end{tabular}", *below])


def _heading(column: Column, table: Table) -> str:
    if column.kind != "product":
        return escaped(column.heading)
    if table.mode == "reverse":
        return rf"$\mathrm{{d}}{_name(table.graph.output)} / \mathrm{{d}}\xi$"
    variable = table.variables[list(table.products).index(column.heading)]
    return rf"$\mathrm{{d}}\xi / \mathrm{{d}}{_name(variable)}$"


def _cells(table: Table, line: Line | None) -> list[str]:
    if line is None:
        return [r"$\vdots$" for _ in table.columns]
    return [f"${cell}$" if cell else "" for cell in (_cell(table, column, line) for column in table.columns)]


def _cell(table: Table, column: Column, line: Line) -> str:
    if not (line.first if column.of_row else line.local):
        return ""
    match column.kind:
        case "module":
            return rf"\text{{{escaped(line.module)}}}" if line.module else r"\text{--}"
        case "variable":
            return f"{_name(line.row)} = {latex(line.row.expression, LONGEST)}"
        case "derivative":
            return _equation(line.row, line.local) if line.local else ""
        case "closed" | "closed derivative":
            form = table.form(column, line)
            return r"\text{--}" if form is None else latex(form, LONGEST)
        case "value" | "slope" | "product":
            return value(table.number(column, line))
    error = table.error(column, line)
    return rf"\text{{{escaped(error.why)}}}" if error.relative is None and error.why else digits(error.text)


def _equation(row: Row, local: Local) -> str:
    formula = latex(local.formula, LONGEST)
    sign = r"\colon\; g \mapsto" if local.is_map else " ="
    return rf"{_ratio(row, local.parent)}{sign} {formula}"


def _ratio(above: Row, below: Row, d: str = r"\partial ") -> str:
    return rf"\dfrac{{{d}{_name(above)}}}{{{d}{_name(below)}}}"


def _gradient(table: Table, variable: Row) -> str:
    ratio = _ratio(table.graph.output, variable, r"\mathrm{d}")
    along = r"\;\text{along the direction}" if table.is_along(variable) else ""
    product = r" \cdot ".join(_ratio(a, b) for a, b in table.factors(variable.name))
    number = value(table.gradients[variable.name])
    form = latex(table.forms[variable.name], LONGEST) if variable.name in table.forms else ""
    return " = ".join(side for side in (ratio + along, product, form * (form != number), number) if side)


def _name(row: Row) -> str:
    return name(row.name)
