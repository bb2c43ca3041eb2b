"""The ξ-table as plain text and as Markdown."""

from __future__ import annotations

import re
import textwrap
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from ...support.columns import aligned

if TYPE_CHECKING:
    from ..table import Table

_WIDEST = 44  # characters; what is longer goes on in the next line


def text(table: Table) -> str:
    """Aligned columns; nothing is cut off."""
    numeric = [column.is_number for column in table.columns]
    grid = [list(zip_longest(*map(_wrapped, line), fillvalue="")) for line in _grid(table)]
    printed = aligned(list(chain.from_iterable(grid)), numeric, len(grid[0]))
    return "\n".join([*table.head, *printed, *table.notice, "", *table.foot])


def markdown(table: Table) -> str:
    """GitHub's tables: https://github.github.com/gfm/#tables-extension-."""
    grid = [[_escaped(cell) for cell in line] for line in _grid(table)]
    marks = ["---:" if column.is_number else ":---" for column in table.columns]
    head, *lines = (f"| {' | '.join(line)} |" for line in (grid[0], marks, *grid[1:]))
    above, below = ("\\\n".join(map(_escaped, part)) for part in (table.head, [*table.notice, *table.foot]))
    return "\n".join([*([above, ""] if above else []), head, *lines, "", below])


def _grid(table: Table) -> list[list[str]]:
    return [[column.heading for column in table.columns], *map(table.cells, table.lines())]


def _escaped(cell: str) -> str:
    """A backslash before every sign that means something to Markdown, HTML or GitHub's mathematics.

    >>> print(_escaped("|a_b|"))
    \\|a\\_b\\|
    """
    return re.sub(r"([\\`*_\[\]<>|~$&#])", r"\\\1", cell)


def _wrapped(cell: str) -> list[str]:
    if len(cell) <= _WIDEST:
        return [cell]
    return textwrap.wrap(cell, _WIDEST, subsequent_indent="  ", break_on_hyphens=False)
