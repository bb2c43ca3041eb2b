"""Numbers as colours: how large the gradient of a row is, or whatever a caller has measured of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..expressions import values
from .graph import Graph, Row

if TYPE_CHECKING:
    from ..support.types import Array

_RAMP = ("#fffbeb", "#fde68a", "#fdba74", "#f87171")  # from small to large; dark text is readable on all
_NOTHING, _BROKEN = "#ffffff", "#f0abfc"
_STRIPES = 24
_DECADES = 1e5  # how far a logarithmic scale reaches down: one gradient that is all rounding must not stretch it
_WIDE = 100.0  # positive numbers that span more than this are compared by their logarithms


class Shades:
    """A number for each row, and its colour.

    numbers : by row; a row that is missing is white
    name    : what they are
    add     : whether a box of several rows has their sum; otherwise it has the largest
    logarithmic : the scale; None lets the numbers decide
    ends    : of the scale; None: the least and the largest number
    """

    def __init__(
        self,
        numbers: dict[Row, float],
        name: str,
        add: bool,
        logarithmic: bool | None,
        ends: tuple[float, float] | None = None,
    ) -> None:
        self.numbers, self.name, self.add = numbers, name, add
        finite = [x for x in numbers.values() if math.isfinite(x)]
        positive = [x for x in finite if x > 0]
        if logarithmic is None:
            logarithmic = len(positive) == len(finite) > 0 and max(positive) > _WIDE * min(positive)
        self.logarithmic = logarithmic
        known = positive if logarithmic else finite
        self.low, self.high = (min(known), max(known)) if known else (0.0, 0.0)
        self.cut = logarithmic and self.low < self.high / _DECADES
        if self.cut:
            self.low = self.high / _DECADES
        if ends is not None:
            self.cut, (self.low, self.high) = True, ends

    def of(self, rows: list[Row]) -> tuple[str, str]:
        """The colour of a box that holds these rows, and the number in words."""
        numbers = [self.numbers[row] for row in rows if row in self.numbers]
        if not numbers:
            return _NOTHING, f"{self.name}: none"
        number = float(np.sum(numbers) if self.add else np.max(numbers))
        return self.shade(number), f"{self.name}: {values.number(number, 4)}"

    def shade(self, number: float) -> str:
        """Dark for large, white for what has no logarithm, violet for NaN and infinity."""
        if not math.isfinite(number):
            return _BROKEN
        if self.logarithmic and number <= 0:
            return _NOTHING
        low, high, x = (math.log(x) if self.logarithmic else x for x in (self.low, self.high, number))
        return _mixed(min(max((x - low) / (high - low), 0.0), 1.0) if high > low else 1.0)

    def legend(self) -> tuple[str, list[str]]:
        """What the colours mean: words, and the colours from small to large."""
        scale = "log scale" if self.logarithmic else "linear scale"
        ends = [values.number(x, 2) for x in (self.low, self.high)]
        stripes = [_mixed(i / (_STRIPES - 1)) for i in range(_STRIPES)]
        ends[0] = f"≤ {ends[0]}" if self.cut else ends[0]
        space = "\u00a0" * 10
        return f"{ends[0]}{space}{self.name} ({scale}){space}{ends[1]}", stripes


def shades(graph: Graph, colour: str | Mapping[Any, float], legend: str) -> Shades | None:
    """What ``Graph.dot(colour=)`` asks for; None for colours by kind."""
    numbers: dict[Row, float] = {}
    if isinstance(colour, Mapping):
        by_name: dict[Any, Row] = {row.name: row for row in (*graph.sources, *graph.rows)}
        for key, number in colour.items():
            row = by_name.get(getattr(key, "name", key))
            if row is None or not (key is row or key == row.name):
                raise ValueError(f"dot: colour= has {key!r}, which is not a row of this graph.")
            try:
                numbers[row] = float(number)
            except (TypeError, ValueError) as error:
                raise ValueError(f"dot: colour= has {key!r}: {number!r}, which is not a number.") from error
        return Shades(numbers, legend or "value", add=True, logarithmic=None)
    if isinstance(colour, str) and colour == "kind":
        return None
    if isinstance(colour, str) and colour == "gradient":
        from .derivatives import cotangents

        numbers = {row: _rms(c) for row, c in cotangents(graph).items()}
        return Shades(numbers, legend or f"RMS of d{graph.output.name}/dξ", add=False, logarithmic=True)
    if isinstance(colour, str) and colour == "rounding":
        from .rounding import Rounding

        rounding = Rounding(graph)
        numbers = {row: error.relative for row, error in rounding.values.items() if error.relative is not None}
        name = legend or "relative rounding error of ξ"
        return Shades(numbers, name, add=False, logarithmic=True, ends=(rounding.precision, 1.0))
    raise ValueError(
        f"dot: colour is 'kind', 'gradient' or a mapping from rows to numbers, or 'rounding', not {colour!r}."
    )


def _rms(array: Array) -> float:
    size = math.prod(np.shape(array))
    with np.errstate(all="ignore"):  # what overflows has a colour of its own
        return float(np.sqrt(np.sum(np.square(np.absolute(array), dtype=np.float64)) / size)) if size else 0.0


def _mixed(share: float) -> str:
    """A colour of the ramp, from 0 to 1."""
    place = share * (len(_RAMP) - 1)
    i = min(int(place), len(_RAMP) - 2)
    ends = [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in _RAMP[i : i + 2]]
    return "#" + "".join(f"{round(a + (b - a) * (place - i)):02x}" for a, b in zip(*ends, strict=True))
