"""Cells of text under each other, in as many columns of a terminal as they take."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ..engine.errors import printable


def aligned(lines: Sequence[Sequence[str]], right: Sequence[bool], head: int = 1) -> list[str]:
    r"""A line of text for each line of cells, and a rule below the first ``head`` of them.

    right : for each column whether it is flush right, as numbers are

    >>> print("\n".join(aligned([("layer", "size"), ("linear", "12")], (False, True))))
    layer   size
    ──────  ────
    linear    12
    """
    lines = [[printable(cell) for cell in cells] for cells in lines]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    printed = []
    for cells in lines:
        spaces = (" " * (w - width(cell)) for cell, w in zip(cells, widths, strict=True))
        padded = (s + cell if r else cell + s for cell, s, r in zip(cells, spaces, right, strict=True))
        printed.append("  ".join(padded).rstrip())
    return [*printed[:head], "  ".join("─" * w for w in widths), *printed[head:]]


def width(text: str) -> int:
    """How many columns of a terminal the text takes.

    >>> width("ξ1 = x̄ᵀ"), width("重")
    (7, 2)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
