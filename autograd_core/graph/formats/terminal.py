"""The ξ-table in a terminal, by rich: in colours, and as wide as the terminal is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..table import Column, Table

_STYLES = {"module": "dim", "variable": "bold", "derivative": "blue", "slope": "blue", "product": "green"}
_MANY = 0.25  # of the digits; a number that lost more is red


def show(table: Table) -> None:
    """Print with colours where a terminal and rich are there, plainly otherwise."""
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        print(table)
        return
    console = Console()
    if console.is_terminal:
        console.print(table)
    else:
        print(table)


def renderables(table: Table, console: Any, options: Any) -> Iterator[Any]:
    """A grid where its words have room, else a paragraph for each line, so that nothing is lost."""
    from rich.measure import Measurement
    from rich.text import Text

    yield Text("\n".join(table.head), style="dim", overflow="fold")
    grid = _grid(table)
    if Measurement.get(console, options.update(max_width=100_000), grid).minimum <= options.max_width:
        yield grid
    else:
        yield from _paragraphs(table)
    for notice in table.notice:
        yield Text(notice, style="dim", overflow="fold")
    yield Text("\n".join(["", *table.foot]), style="bold green", overflow="fold")


def _grid(table: Table) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in table.columns:
        grid.add_column(_text(column.heading), justify="right" if column.is_number else "left", overflow="fold")
    for line in table.lines():
        cells = zip(table.cells(line), table.columns, strict=True)
        grid.add_row(*(_text(cell, column, table.severity(line, column) > _MANY) for cell, column in cells))
    return grid


def _paragraphs(table: Table) -> Iterator[Any]:
    from rich.padding import Padding

    for line in table.lines():
        for cell, column in zip(table.cells(line), table.columns, strict=True):
            if cell:
                named = cell if not column.is_number or line is None else f"{column.heading} {cell}"
                yield Padding(_text(named, column), (0, 0, 0, 0 if column.kind in ("module", "variable") else 2))


def _text(cell: str, column: Column | None = None, lost: bool = False) -> Any:
    """Text, in which square brackets mean nothing to rich."""
    from rich.text import Text

    broken = column is not None and column.is_number and any(word in cell for word in ("nan", "inf"))
    broken = broken or lost
    return Text(cell, style="bold red" if broken else _STYLES.get(column.kind, "") if column else "", overflow="fold")
