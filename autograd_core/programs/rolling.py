"""Loops found in a tape: calls that repeat with other arrays are one body, and where each round finds its memory.

Whoever wrote the loop, `ag.scan` or Python's ``for``, recorded its rounds one after another. What makes code of a tape
makes it of the body alone, however many rounds there are.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from .tracing.tape import Entry, arrays_in, root

if TYPE_CHECKING:
    from ..support.types import Array

FEWEST_ROUNDS = 16
"""Of fewer rounds the code is printed one after another, so that neighbours may be fused."""
FEWEST_CALLS = 4
"""A shorter body is worth more fused with that of the next round."""
_ALMOST = 0.95  # of two periods that cover about the same calls, the shorter one is meant

_OF_PYTHON = ("number", "item", "draw")

Places: TypeAlias = "list[tuple[Any, int]]"
"""Where arrays lie: their roots, and how many bytes from where those begin."""


class Piece(NamedTuple):
    """Calls that follow each other.

    body : the calls, of a loop those of the round that stands for all
    rounds : of a loop all its rounds, whose calls do the same on arrays of the same form; else none
    memory : for each round, by the id of the root of an array of ``body``: the root in its place, and how many bytes
        further on the arrays in it lie
    """

    body: list[Entry]
    rounds: list[list[Entry]]
    memory: list[dict[int, tuple[Any, int]]]


def pieces(entries: list[Entry]) -> list[Piece]:
    """The calls of a tape in their order, those that repeat as loops."""
    if len(entries) < FEWEST_ROUNDS * FEWEST_CALLS:
        return [Piece(entries, [], [])]
    found = list(_pieces(entries, np.array(_kinds(entries), np.int64)))
    return found if any(piece.rounds for piece in found) else [Piece(entries, [], [])]


def _pieces(entries: list[Entry], kinds: Any) -> Iterator[Piece]:
    loop = None
    place = _longest(kinds)
    if place is not None:
        start, period, count = _cut(entries, *place)
        loop = _loop([entries[start + k * period : start + (k + 1) * period] for k in range(count)])
    if loop is None:
        if entries:
            yield Piece(entries, [], [])
        return
    first, piece = loop
    begin = start + first * period
    end = begin + len(piece.rounds) * period
    yield from _pieces(entries[:begin], kinds[:begin])
    yield piece
    yield from _pieces(entries[end:], kinds[end:])


def _loop(rounds: list[list[Entry]]) -> tuple[int, Piece] | None:
    """The rounds about the middle one whose memory corresponds to its memory, and the number of the first."""
    middle = len(rounds) // 2
    body = rounds[middle]
    if all(array.size <= 1 for entry in body for array in (*entry.reads, *entry.writes)):
        return None  # numbers stay in registers from one round to the next
    places = [_places(entries) for entries in rounds]
    memory = [_counterparts(places[middle], other) for other in places]
    low = max((k + 1 for k in range(middle) if memory[k] is None), default=0)
    high = min((k for k in range(middle, len(rounds)) if memory[k] is None), default=len(rounds))
    if high - low < FEWEST_ROUNDS:
        return None
    return low, Piece(body, rounds[low:high], [m for m in memory[low:high] if m is not None])


def _longest(kinds: Any) -> tuple[int, int, int] | None:
    """Where the most calls repeat: (first call, calls of a round, rounds)."""
    if len(kinds) < FEWEST_ROUNDS * FEWEST_CALLS:
        return None
    order = np.argsort(kinds, kind="stable")
    same = kinds[order[1:]] == kinds[order[:-1]]
    periods = Counter(np.diff(order)[same].tolist())
    found = []
    for period, times in periods.items():
        if times < FEWEST_ROUNDS - 1 or period < FEWEST_CALLS:
            continue
        equal = np.concatenate([[False], kinds[period:] == kinds[:-period], [False]])
        edges = np.flatnonzero(equal[1:] != equal[:-1])
        lengths = edges[1::2] - edges[::2]
        if len(lengths):
            at = int(lengths.argmax())
            count = int(lengths[at]) // period + 1
            if count >= FEWEST_ROUNDS:
                found.append((count * period, period, int(edges[2 * at]), count))
    most = max((covered for covered, *_ in found), default=0)
    good = [(period, start, count) for covered, period, start, count in found if covered >= _ALMOST * most]
    if not good:
        return None
    period, start, count = min(good)
    return start, period, count


def _cut(entries: list[Entry], start: int, period: int, count: int) -> tuple[int, int, int]:
    """The same, where a round begins so that the fewest arrays are read there that were written before."""
    middle = start + (count // 2) * period
    window = range(max(start, middle - period), min(middle + 2 * period, start + count * period))
    uses: dict[int, dict[int, bool]] = {}
    for k in window:
        for array in entries[k].writes:
            uses.setdefault(id(root(array)), {})[k] = False
        for array in entries[k].reads:
            uses.setdefault(id(root(array)), {})[k] = True
    alive = [0] * period
    for of_root in uses.values():
        for (before, _), (after, reads) in itertools.pairwise(sorted(of_root.items())):
            if reads:
                for shift in range(max(0, before + 1 - middle), min(period, after + 1 - middle)):
                    alive[shift] += 1
    shift = alive.index(min(alive))
    return start + shift, period, count - bool(shift)


def _kinds(entries: Iterable[Entry]) -> list[int]:
    """A number for each call, equal where they do the same on arrays of the same form."""
    numbers: dict[Any, int] = {}
    return [numbers.setdefault(_kind(entry), len(numbers)) for entry in entries]


def _kind(entry: Entry) -> Any:
    memory = tuple(map(_value, entry.reads)), tuple(map(_value, entry.writes))
    what: Any
    if entry.kind in _OF_PYTHON:
        what = None
    elif entry.kind == "guard":
        what = repr(getattr(entry.run, "expected", id(entry.run)))
    else:
        what = _value(entry.run), _value(entry.args), _value(entry.kwargs)
    return entry.kind, entry.name, what, memory, None if entry.errors is None else repr(entry.errors)


def _value(x: Any) -> Any:
    """What is to be equal in two rounds."""
    if isinstance(x, np.ndarray):
        return np.ndarray, x.shape, x.strides, x.dtype
    if isinstance(x, (tuple, list)):
        return type(x), tuple(map(_value, x))
    if isinstance(x, dict):
        return dict, tuple((k, _value(v)) for k, v in sorted(x.items()))
    if isinstance(x, slice):
        return slice, _value(x.start), _value(x.stop), _value(x.step)
    if isinstance(x, np.generic):
        return x.dtype, x.tobytes()
    if x is None or isinstance(x, (int, float, complex, str, np.dtype)):
        return type(x), repr(x)
    owner = getattr(x, "__self__", None)
    if isinstance(owner, (np.ndarray, np.ufunc)):
        return _value(owner) if isinstance(owner, np.ndarray) else id(owner), x.__name__
    return id(x)


def _places(entries: list[Entry]) -> Places:
    """All arrays of some calls."""
    found = []
    for entry in entries:
        inside = () if entry.kind in _OF_PYTHON else (entry.args, tuple(entry.kwargs.values()))
        for array in (*entry.reads, *entry.writes, *arrays_in((inside, getattr(entry.run, "__self__", None)))):
            whole = root(array)
            found.append((whole, 0 if whole is array else _address(array) - _address(whole)))
    return found


def _address(array: Array) -> int:
    where: int = array.__array_interface__["data"][0]
    return where


def _counterparts(body: Places, other: Places) -> dict[int, tuple[Any, int]] | None:
    """For each root of the body's arrays the one in its place, and the distance; None where they do not correspond."""
    found: dict[int, tuple[Any, int]] = {}
    taken: dict[int, int] = {}
    for (of, mine), (there, its) in zip(body, other, strict=True):
        known = found.setdefault(id(of), (there, its - mine))
        if known[0] is not there or known[1] != its - mine or of.nbytes != there.nbytes:
            return None
        if of is not there and not of.flags.writeable:  # passes look at constants, and see those of one round
            return None
        if taken.setdefault(id(there), id(of)) != id(of):
            return None
    return found


def carried(found: list[Piece]) -> set[int]:
    """The ids of the roots that a piece, or a round, reads as others have left them.

    Room that every round fills anew before it looks is none: its numbers may stay in registers.
    """
    outside: set[int] = set()
    for piece in found:
        for entries in piece.rounds or [piece.body]:
            filled: dict[int, list[tuple[int, int]]] = {}
            for entry in entries:
                for array in entry.reads:
                    low, high = np.lib.array_utils.byte_bounds(array)
                    if not any(a <= low and high <= b for a, b in filled.get(id(root(array)), ())):
                        outside.add(id(root(array)))
                for array in entry.writes:
                    if array.flags.forc:
                        filled.setdefault(id(root(array)), []).append(np.lib.array_utils.byte_bounds(array))
    return outside
