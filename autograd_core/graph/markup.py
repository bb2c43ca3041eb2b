"""The ξ-table as HTML: one fragment with its own style, for a notebook or a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..expressions.notation import write

if TYPE_CHECKING:
    from .table import Line, Table

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
_SEEN = 0.1  # of the digits; fewer are lost everywhere


def fragment(table: Table) -> str:
    """The table with its style, to be put into any page."""
    numeric = [column.is_number for column in table.columns]

    def cells(tag: str, line: list[str]) -> str:
        kinds = (' class="number"' if right else "" for right in numeric)
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, line, strict=True))

    lines = list(table.lines())
    body = "".join(f"<tr{_look(table, line)}>{cells('td', table.cells(line))}</tr>\n" for line in lines)
    head = "".join(f"<p>{escape(text)}</p>\n" for text in [*table.head, *table.notice])
    foot = "".join(f'<p class="result">{escape(text)}</p>\n' for text in table.foot)
    headings = cells("th", [column.heading for column in table.columns])
    return (
        f'<div class="xi-table"><style>{_STYLE}</style>\n{head}'
        f"<table><thead><tr>{headings}</tr></thead>\n<tbody>\n{body}</tbody></table>\n{foot}</div>"
    )


def _look(table: Table, line: Line | None) -> str:
    """A rule above each row; red, the more of its digits are lost."""
    lost = table.severity(line)
    shade = f' style="background: rgb(220 38 38 / {_REDDEST * lost:.2f})"' if lost > _SEEN else ""
    return (' class="row"' if line is None or line.first else "") + shade


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
