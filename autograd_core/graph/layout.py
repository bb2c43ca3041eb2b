"""The ξ-table as plain text and as Markdown."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .table import Table

_WIDEST = 44  # characters; what is longer goes on in the next line


def text(table: Table) -> str:
    """Aligned columns; nothing is cut off."""
    numeric = [column.is_number for column in table.columns]
    grid = [[_wrapped(cell) for cell in line] for line in _grid(table)]
    widths = [max(_width(part) for cell in column for part in cell) for column in zip(*grid, strict=True)]
    printed = ["\n".join(_aligned(line, widths, numeric)) for line in grid]
    rule = "  ".join("─" * w for w in widths)
    return "\n".join([*table.head, printed[0], rule, *printed[1:], *table.notice, "", *table.foot])


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


def _aligned(cells: list[list[str]], widths: list[int], numeric: list[bool]) -> list[str]:
    lines = []
    for i in range(max(map(len, cells))):
        padded = []
        for cell, width, right in zip(cells, widths, numeric, strict=True):
            part = cell[i] if i < len(cell) else ""
            space = " " * (width - _width(part))
            padded.append(space + part if right else part + space)
        lines.append("  ".join(padded).rstrip())
    return lines


def _width(text: str) -> int:
    """How many columns of a terminal the text takes.

    >>> _width("ξ1 = x̄ᵀ"), _width("重")
    (7, 2)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
