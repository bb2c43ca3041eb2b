"""Costs added up by operation or by module, as a table: what ``graph.cost()`` and ``ag.profile()`` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..support.columns import aligned

if TYPE_CHECKING:
    from ..support.types import Fields

UNKNOWN = "–"
OUTSIDE = "(no module)"


class Item(NamedTuple):
    """The cost of one thing; None is not known.

    op, module       : what it was, and in which module
    calls            : how many executions it stands for
    flops, backward_flops     : floating-point operations, counted as ``flops.py`` says
    kept             : bytes kept for the backward pass
    seconds, backward_seconds : what it took
    """

    op: str
    module: str
    calls: int = 1
    flops: int | None = 0
    backward_flops: int | None = 0
    kept: int | None = 0
    seconds: float | None = 0.0
    backward_seconds: float | None = 0.0


class Total(NamedTuple):
    """A sum of what is known; None where nothing is. ``missing`` numbers are not in it."""

    value: float | None
    missing: int

    def text(self, write: Callable[[float], str]) -> str:
        """The number as ``write`` writes it; "≥" where parts of it are unknown."""
        if self.value is None:
            return UNKNOWN
        return f"≥ {write(self.value)}" if self.missing else write(self.value)


def total(numbers: Iterable[float | None]) -> Total:
    """
    >>> total([1, None, 2]), total([None])
    (Total(value=3, missing=1), Total(value=None, missing=1))
    """
    numbers = list(numbers)
    known = [n for n in numbers if n is not None]
    missing = len(numbers) - len(known)
    return Total(None if missing and not known else sum(known), missing)


class Tally:
    """What items of one name cost together."""

    def __init__(self, name: str, items: Sequence[Item]) -> None:
        self.name = name
        self.calls = sum(item.calls for item in items)
        self.flops = total(item.flops for item in items)
        self.backward_flops = total(item.backward_flops for item in items)
        self.kept = total(item.kept for item in items)
        self.seconds = total(item.seconds for item in items)
        self.backward_seconds = total(item.backward_seconds for item in items)

    @property
    def time(self) -> float:
        """Seconds forward and backward, as far as they are known."""
        return (self.seconds.value or 0.0) + (self.backward_seconds.value or 0.0)

    def record(self, whole: float) -> Fields:
        """The numbers by name; ``share`` is the part of ``whole`` seconds."""
        known = self.seconds.value is not None or self.backward_seconds.value is not None
        return {
            "name": self.name,
            "calls": self.calls,
            "flops": self.flops.value,
            "backward_flops": self.backward_flops.value,
            "kept": self.kept.value,
            "seconds": self.seconds.value,
            "backward_seconds": self.backward_seconds.value,
            "share": self.time / whole if known and whole else None,
        }


def tallies(items: Iterable[Item], key: Callable[[Item], str]) -> list[Tally]:
    """One for each key, in order of appearance."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return [Tally(name, group) for name, group in groups.items()]


class Sheet(NamedTuple):
    """A table: headings, lines of cells, and how many columns on the left are words."""

    columns: list[str]
    lines: list[list[str]]
    words: int = 1

    def text(self) -> str:
        """The table as lines of text."""
        right = [i >= self.words for i in range(len(self.columns))]
        return "\n".join(aligned([self.columns, *self.lines], right))

    def html(self) -> str:
        """The table as HTML."""
        from html import escape

        def cells(tag: str, line: list[str]) -> str:
            styles = (
                f"text-align: {'left' if i < self.words else 'right'}; padding: .2em .7em" for i in range(len(line))
            )
            pairs = zip(styles, line, strict=True)
            return "".join(f'<{tag} style="{style}">{escape(cell)}</{tag}>' for style, cell in pairs)

        body = "".join(f"<tr>{cells('td', line)}</tr>\n" for line in self.lines)
        return f"<table><thead><tr>{cells('th', self.columns)}</tr></thead>\n<tbody>\n{body}</tbody></table>\n"


def sheet(found: Sequence[Tally], heading: str, counted: str, whole: float, top: int | None = None) -> Sheet:
    """A line for each tally, and below one for what ``top`` leaves out.

    heading, counted : above the names and above the counts; whole : the seconds that the shares are parts of
    """
    columns = [heading, counted, "FLOP", "FLOP backward", "kept", "forward", "backward", "share"]
    shown = found if top is None else found[:top]
    lines = [_line(tally, whole) for tally in shown]
    if len(shown) < len(found):
        rest = sum(tally.time for tally in found[len(shown) :])
        lines.append([f"… and {len(found) - len(shown)} more", *[""] * 6, percent(rest, whole)])
    return Sheet(columns, lines)


def _line(tally: Tally, whole: float) -> list[str]:
    share = tally.record(whole)["share"]
    return [
        tally.name,
        f"{tally.calls:,}",
        tally.flops.text(plain),
        tally.backward_flops.text(plain),
        tally.kept.text(size),
        tally.seconds.text(duration),
        tally.backward_seconds.text(duration),
        UNKNOWN if share is None else percent(share, 1),
    ]


# Numbers with units --------------------------------------------------------------------------------------------------


def plain(number: float) -> str:
    """
    >>> plain(512), plain(1234567), plain(2.5e9)
    ('512', '1.23 M', '2.5 G')
    """
    return _scaled(number, 1000, ("", "k", "M", "G", "T", "P"))


def flop(number: float) -> str:
    """
    >>> flop(512), flop(2.5e9)
    ('512 FLOP', '2.5 GFLOP')
    """
    return _scaled(number, 1000, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"))


def size(count: float) -> str:
    """
    >>> size(100), size(2048)
    ('100 B', '2 KiB')
    """
    return _scaled(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def duration(seconds: float) -> str:
    """
    >>> duration(0.0000123), duration(2)
    ('12.3 µs', '2 s')
    """
    if seconds == 0:
        return "0"
    if seconds >= 1:
        return f"{_digits(seconds)} s"
    return _scaled(seconds * 1e9, 1000, ("ns", "µs", "ms", "s"))


def percent(part: float, whole: float) -> str:
    """part/whole in percent."""
    return f"{100 * part / whole:.1f} %" if whole else UNKNOWN


def rate(flops: float | None, seconds: float | None) -> str:
    """
    >>> rate(2e9, 0.5), rate(2e9, None)
    ('4 GFLOP/s', '–')
    """
    return f"{flop(flops / seconds)}/s" if flops and seconds else UNKNOWN


def _scaled(number: float, base: int, units: Sequence[str]) -> str:
    step = 0
    while abs(number) >= 0.9995 * base and step < len(units) - 1:
        number, step = number / base, step + 1
    return f"{_digits(number)} {units[step]}".rstrip()


def _digits(number: float) -> str:
    """Three significant digits, and all before the point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
