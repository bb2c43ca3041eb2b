"""The ξ-table as HTML: one fragment with its own style, for a notebook or a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ...expressions.notation import write

if TYPE_CHECKING:
    from ..table import Line, Table

_STYLE = """
.xi-table { --ink: #1e293b; --soft: #64748b; --line: #cbd5e1; --stripe: #f1f5f9; --paper: #ffffff; --mark: #1d4ed8;
  color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; overflow-x: auto; padding: 1em; }
.xi-table table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.xi-table th, .xi-table td { padding: .35em .9em; text-align: left; vertical-align: top; border: 0;
  color: inherit; background: none; }
.xi-table th { border-bottom: 2px solid var(--line); color: var(--soft); font-weight: 600; }
.xi-table td { font-family: "STIX Two Math", "Cambria Math", "DejaVu Sans", serif; }
.xi-table .number { text-align: right; }
.xi-table td { max-width: 24em; overflow-wrap: break-word; }
.xi-table td.number { max-width: 15em; }
.xi-table table { margin: .6em 0; }
.xi-table tr.row td { border-top: 1px solid var(--line); }
.xi-table tbody tr:hover td { background: var(--stripe); }
.xi-table p { margin: .3em 0; color: var(--soft); }
.xi-table p.result { color: var(--mark); font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .xi-table { --ink: #e2e8f0; --soft: #94a3b8; --line: #334155; --stripe: #1e293b; --paper: #0f172a; --mark: #93c5fd; }
}
"""


_REDDEST = 0.5
_SEEN = 0.08  # of the digits; fewer are lost everywhere


def fragment(table: Table) -> str:
    """The table with its style, to be put into any page."""
    kinds = [' class="number"' if column.is_number else "" for column in table.columns]

    def cells(tag: str, line: list[str], looks: list[str] | None = None) -> str:
        parts = zip(kinds, looks or [""] * len(kinds), line, strict=True)
        return "".join(f"<{tag}{kind}{look}>{escape(cell)}</{tag}>" for kind, look, cell in parts)

    def row(line: Line | None) -> str:
        first = ' class="row"' if line is None or line.first else ""  # a rule above each row
        looks = [_shade(table.severity(line, column)) if column.is_number else "" for column in table.columns]
        return f"<tr{first}{_shade(table.severity(line) / 2)}>{cells('td', table.cells(line), looks)}</tr>\n"

    body = "".join(map(row, table.lines()))
    head = "".join(f"<p>{escape(text)}</p>\n" for text in [*table.head, *table.notice])
    foot = "".join(f'<p class="result">{escape(text)}</p>\n' for text in table.foot)
    headings = cells("th", [column.heading for column in table.columns])
    return (
        f'<div class="xi-table"><style>{_STYLE}</style>\n{head}'
        f"<table><thead><tr>{headings}</tr></thead>\n<tbody>\n{body}</tbody></table>\n{foot}</div>"
    )


def _shade(lost: float) -> str:
    """Red, the more digits are lost."""
    return f' style="background: rgb(220 38 38 / {_REDDEST * lost:.2f})"' if lost > _SEEN else ""


def page(table: Table) -> str:
    """The fragment as a document of its own."""
    title = f"ξ-table of {write(table.graph.output.symbol)}, {table.mode} mode"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>\n'
        "<style>body { margin: 0 } @media (prefers-color-scheme: dark) { body { background: #0f172a } }</style>\n"
        f"</head><body>{fragment(table)}</body></html>\n"
    )
