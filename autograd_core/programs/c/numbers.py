"""Numbers that change between two runs (learning rates, counts of steps), computed in C as they were in Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing.numbers import Item, Live
from .expressions import Expressions, number
from .names import Names, comment

_DOUBLE = np.dtype(np.float64)
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}


class Numbers:
    """The variables of the places that numbers come from, and formulas of them."""

    def __init__(self, names: Names, called: dict[str, str], expressions: Expressions) -> None:
        self._names, self._called, self._expressions = names, called, expressions
        self.places: dict[str, tuple[str, float]] = {}
        self._items: dict[int, str] = {}

    def item(self, item: Item) -> str:
        """The variable of a number that is read from an array."""
        return self._items.setdefault(id(item), f"item{len(self._items)}")

    def variable(self, place: str, value: float) -> str:
        """The variable of a place."""
        if place not in self.places:
            self.places[place] = self._names.new(self._called.get(place, place)), value
        return self.places[place][0]

    def items(self) -> list[str]:
        """The variables of all numbers that are read from arrays."""
        return list(self._items.values())

    def formula(self, live: Any) -> str:
        """A number as an expression in double; ValueError where it is of values that a run computes."""
        if not isinstance(live, Live):
            text = self._expressions.number(live, _DOUBLE)
            return f"({text})" if text.startswith("-") else text
        if isinstance(live.form, str):
            return self.variable(live.form, float(live.again()))
        if isinstance(live.form, Item):
            return self.item(live.form)
        if live.form is None:
            raise ValueError("a number without a formula")
        op, *operands = live.form
        values = [self.formula(x) for x in operands]
        if op in _SIGNS:
            return f"({values[0]} {_SIGNS[op]} {values[1]})"
        if op == "pow":
            return f"pow({values[0]}, {values[1]})"
        if op == "floordiv":
            return f"floor({values[0]} / {values[1]})"
        if op in ("neg", "abs"):
            return f"(-{values[0]})" if op == "neg" else f"fabs({values[0]})"
        raise ValueError(f"{op} of a number")

    def declared(self) -> list[tuple[str, str]]:
        """Declaration and definition of each variable."""
        return [
            (f"extern double {name}; /* {comment(place)} */", f"double {name} = {number(value, _DOUBLE)};")
            for place, (name, value) in self.places.items()
        ]
