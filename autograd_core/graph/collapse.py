"""What is drawn as one box: modules below a depth, repeats, and whatever else makes a picture too large.

Every box holds rows that were executed one after another, so folding never makes a cycle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from .graph import Graph, Row

_IDEA = re.compile(r"\w*(Norm|Conv|ConvTranspose)(\dd)?|\w+Loss(\dd)?")
"""Classes of modules that are drawn as one box, by the name of the class or of a base."""
_FEW = 40  # rows that a picture shows in full, repeats and all
_TIMES = 3  # what comes less often is not a repeat
_WORTHWHILE = 10  # rows; a shorter repeat is drawn as it is
_LONGEST_PERIOD = 200  # rows and calls that are looked for as one repeated pattern
_ENDS = 15  # boxes that stay at either end where the middle is folded
CROWDED = 2_000  # levels that all edges cross together; above, the search for the best layout takes seconds
_TOO_FAR = 8_000  # above, a plain layout takes seconds, too, so more is folded
TANGLED = 40_000  # above, it takes minutes where nothing may be folded


class Frame:
    """A call of a module, or a run of calls and rows that is drawn as one box.

    path    : ``net.encoder.0``; empty outside of all modules and for a run of several things
    module  : the module itself, where there is one
    level   : how many modules are around it
    prefix  : what the names of its parameters begin with
    members : rows and frames, in the order of execution
    period, times : of a repeat: how many members its pattern has, and how often it comes
    folded  : whether it is drawn as one box, or as a frame around its members
    """

    __slots__ = ("path", "module", "level", "members", "period", "times", "folded", "key", "prefix")

    def __init__(self, path: str, module: Any, level: int, key: Any = None, prefix: str = "") -> None:
        self.path, self.module, self.level, self.key, self.prefix = path, module, level, key, prefix
        self.members: list[Row | Frame] = []
        self.period, self.times, self.folded = 0, 1, False

    def rows(self) -> Iterator[Row]:
        """All rows inside, in order."""
        for member in self.members:
            if isinstance(member, Frame):
                yield from member.rows()
            else:
                yield member


class Folding(NamedTuple):
    """How a graph is drawn.

    top     : the outermost frame
    places  : for each row and source what it is drawn as: itself, or the box that it is in
    frames  : for each source that is drawn, the frame that it stands in
    span    : how many levels all edges cross together, which is what a layout costs
    notice  : what was left out and how to see it; often empty
    """

    top: Frame
    places: dict[Row, Row | Frame]
    frames: dict[Row, Frame]
    span: int
    notice: str


def fold(graph: Graph, depth: int | None, repeats: bool | None, limit: int | None) -> Folding:
    """Fold modules at ``depth`` and repeats; where that leaves more than ``limit`` boxes, fold on.

    A depth of None folds the modules that are one idea: normalisations, losses, convolutions.
    """
    top = calls(graph.rows)
    if depth is None:
        _close_ideas(top)
    else:
        _close(top, depth)
    if repeats or (repeats is None and len(graph.rows) > _FEW):
        _fold_repeats(top, {})
    places, frames = _place(graph, top)
    said = []
    if limit is not None and _too_large(graph, places, limit):
        deepest = max((frame.level for frame in _open(top)), default=0)
        for level in range(deepest, -1, -1):
            _close(top, level)
            places, frames = _place(graph, top)
            if not _too_large(graph, places, limit):
                said = [f"modules below depth={level} are folded"]
                break
        else:
            _fold_middle(top, min(_ENDS, max(limit // 4, 1)))
            places, frames = _place(graph, top)
            said = ["the middle is folded"]
    boxes = {id(place): place for place in places.values() if isinstance(place, Frame)}.values()
    if any(box.times > 1 for box in boxes):
        said.append("repeats are folded")
    hidden = sum(isinstance(places[row], Frame) for row in graph.rows)
    notice = f"{hidden:,} of {len(graph.rows):,} rows are inside boxes" if said else ""
    if said:
        notice += f": {' and '.join(said)}. To see all: dot(repeats=False, limit=None)"
    return Folding(top, places, frames, _span(graph, places), notice)


# Calls of modules ----------------------------------------------------------------------------------------------------


def calls(rows: list[Row]) -> Frame:
    """The rows in nested frames, one for each call of a module (and for the containers on the way to it)."""
    top = Frame("", None, -1)
    stack = [top]
    modules: dict[int, dict[str, Any]] = {}
    for row in rows:
        steps = _steps(row, modules)
        same = 0
        while same < min(len(steps), len(stack) - 1) and steps[same].key == stack[same + 1].key:
            same += 1
        del stack[same + 1 :]
        for frame in steps[same:]:
            stack[-1].members.append(frame)
            stack.append(frame)
        stack[-1].members.append(row)
    return top


def _steps(row: Row, modules: dict[int, dict[str, Any]]) -> list[Frame]:
    """New frames for the modules around a row, the outermost first."""
    origin = row.origin
    if origin is None or origin.root is None:
        return []
    root = origin.root
    if id(root) not in modules:
        modules[id(root)] = dict(root.named_modules()) if hasattr(root, "named_modules") else {}
    called, call = {}, origin.call
    while call is not None:
        called[call[1]] = call
        call = call[3]
    name = origin._replace(path="").module
    paths = ["", *accumulate(origin.path.split("."), "{}.{}".format)] if origin.path else [""]
    frames = []
    for level, path in enumerate(paths):
        owner = called[path][2] if path in called else modules[id(root)].get(path, root if not path else None)
        key = id(root), path, id(called.get(path))
        full = f"{name}.{path}" if path else name
        frames.append(Frame(full, owner, level, key, full if origin.name else path))
    return frames


def _open(frame: Frame) -> Iterator[Frame]:
    """The frames inside that are not folded."""
    for member in frame.members:
        if isinstance(member, Frame) and not member.folded:
            yield member
            yield from _open(member)


def _close(frame: Frame, level: int) -> None:
    for member in frame.members:
        if isinstance(member, Frame) and not member.folded:
            if member.level >= level:
                member.folded = True
            else:
                _close(member, level)


def _close_ideas(frame: Frame) -> None:
    for member in frame.members:
        if isinstance(member, Frame):
            names = (base.__name__ for base in type(member.module).__mro__)
            member.folded = any(map(_IDEA.fullmatch, names))
            _close_ideas(member)


# Repeats -------------------------------------------------------------------------------------------------------------


def _fold_repeats(frame: Frame, kinds: dict[Any, int]) -> None:
    """Put every run of equal patterns among the members into a box."""
    signs = [_kind(member, kinds) for member in frame.members]
    sizes = [sum(1 for _ in m.rows()) if isinstance(m, Frame) else 1 for m in frame.members]
    members: list[Row | Frame] = []
    at = 0
    for start, period, times in _runs(signs):
        end = start + period * times
        if start < at or sum(sizes[start:end]) < _WORTHWHILE:
            continue
        members += frame.members[at:start]
        first = frame.members[start]
        alone = period == 1 and isinstance(first, Frame)
        box = Frame(first.path if alone else "", first.module if alone else None, frame.level + 1)  # type: ignore[union-attr]
        box.members, box.period, box.times, box.folded = frame.members[start:end], period, times, True
        members.append(box)
        at = end
    frame.members = members + frame.members[at:]
    for member in frame.members:
        if isinstance(member, Frame) and not member.folded:
            _fold_repeats(member, kinds)


def _kind(member: Row | Frame, kinds: dict[Any, int]) -> int:
    """A number, the same for what looks the same: operations and shapes, in order."""
    if isinstance(member, Frame):
        key: Any = type(member.module), *(_kind(m, kinds) for m in member.members)
    else:
        key = member.op, member.kind, member.shape, *(source.shape for source in member.inputs)
    return kinds.setdefault(key, len(kinds))


def _runs(signs: list[int]) -> Iterator[tuple[int, int, int]]:
    """(start, period, times) of patterns that come at least three times in a row; at each start the longest run.

    >>> list(_runs([7, 1, 2, 1, 2, 1, 2]))[0]
    (1, 2, 3)
    """
    n, sequence = len(signs), np.array(signs)
    covered, periods = np.zeros(n, int), np.ones(n, int)
    for period in range(1, min(n // _TIMES, _LONGEST_PERIOD) + 1):
        start = np.arange(n - period)
        differs = np.flatnonzero(sequence[:-period] != sequence[period:])
        end = np.append(differs, n - period)[np.searchsorted(differs, start)]
        times = (end - start) // period + 1
        better = (times >= _TIMES) & (times * period > covered[: n - period])
        covered[: n - period][better] = (times * period)[better]
        periods[: n - period][better] = period
    for i in np.flatnonzero(covered):
        yield int(i), int(periods[i]), int(covered[i] // periods[i])


# Places --------------------------------------------------------------------------------------------------------------


def _place(graph: Graph, top: Frame) -> tuple[dict[Row, Row | Frame], dict[Row, Frame]]:
    places: dict[Row, Row | Frame] = {}
    around: dict[Row | Frame, tuple[Frame, ...]] = {}
    _walk(top, (top,), places, around)
    users: dict[Row, list[Row]] = {source: [] for source in graph.sources}
    for row in graph.rows:
        for source in row.inputs:
            if source in users:
                users[source].append(row)
    frames = {}
    for source, rows in users.items():
        homes = dict.fromkeys(places[row] for row in rows)
        box = next(iter(homes), None)
        if len(homes) == 1 and isinstance(box, Frame) and (source.kind != "input" or box.key == _MIDDLE):
            places[source] = box
            continue
        places[source] = source
        chains = [around[home] for home in homes] or [(top,)]
        outside = source.kind == "input"  # what comes from outside stands outside
        common = [level[0] for level in zip(*chains, strict=False) if all(frame is level[0] for frame in level)]
        frames[source] = top if outside else common[-1]
    return places, frames


def _walk(
    frame: Frame,
    chain: tuple[Frame, ...],
    places: dict[Row, Row | Frame],
    around: dict[Row | Frame, tuple[Frame, ...]],
) -> None:
    for member in frame.members:
        around[member] = chain
        if not isinstance(member, Frame):
            places[member] = member
        elif member.folded:
            places.update(dict.fromkeys(member.rows(), member))
        else:
            _walk(member, (*chain, member), places, around)


def _size(places: dict[Row, Row | Frame]) -> int:
    """How many boxes there are to draw."""
    return len(set(map(id, places.values())))


def _span(graph: Graph, places: dict[Row, Row | Frame]) -> int:
    """How many levels all edges cross together, where each box stands one level below the lowest that it uses."""
    level: dict[int, int] = {}
    edges: set[tuple[int, int]] = set()
    for row in graph.rows:
        end = id(places[row])
        for source in row.inputs:
            start = id(places[source])
            if start != end:
                level[end] = max(level.get(end, 0), level.get(start, 0) + 1)
                edges.add((start, end))
    return sum(level[end] - level.get(start, 0) for start, end in edges)


def _too_large(graph: Graph, places: dict[Row, Row | Frame], limit: int) -> bool:
    return _size(places) > limit or _span(graph, places) > _TOO_FAR


_MIDDLE = "middle"


def _fold_middle(top: Frame, ends: int) -> None:
    """Keep both ends and put all between into one box."""
    box = Frame("", None, 0, _MIDDLE)
    box.members, box.folded = top.members[ends : len(top.members) - ends], True
    if box.members:
        top.members = [*top.members[:ends], box, *top.members[len(top.members) - ends :]]
