"""Numbers that change between two runs: what each was, and how to compute it again."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .tape import Tape

if TYPE_CHECKING:
    from ...support.types import Array


class Live:
    """A Python number from a place that may hold another one at the next run: a clock, an option, an item of an array.

    What operators compute from it is live, too; a comparison, and every way out to a plain number, is a guard.

    form : the name of its place, an `Item`, or an operator with its operands; None where it has no formula
    """

    __slots__ = ("again", "form", "tape", "value")
    shape, dtype = (), np.dtype(float)

    def __init__(self, tape: Tape, value: Any, again: Callable[[], Any], form: Any = None) -> None:
        self.tape, self.value, self.again, self.form = tape, value, again, form

    def fill(self, array: Array) -> None:
        """Put the number, as it is now, into an array."""
        array.fill(self.again())

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What `isinstance` is told: a number's type, so that a function goes the way that it goes with one."""
        return type(self.value)

    def __bool__(self) -> bool:
        again = self.again
        guard = lambda: self.tape.guard(lambda: bool(again()), bool(self.value), "the truth of a number")
        return bool(self.tape.once(("bool", self), guard))

    def __float__(self) -> float:
        return float(self.tape.guard(self.again, self.value, "a number"))

    def __index__(self) -> int:
        return operator.index(self.tape.guard(self.again, self.value, "a whole number"))

    def __int__(self) -> int:
        return int(self.tape.guard(self.again, self.value, "a number"))

    def __neg__(self) -> Live:
        again = self.again
        return Live(self.tape, -self.value, lambda: -again(), ("neg", self))

    def __hash__(self) -> int:
        return hash(self.tape.guard(self.again, self.value, "a number as a key"))

    def __repr__(self) -> str:
        self.tape.text()
        return repr(self.value)

    def __format__(self, spec: str) -> str:
        self.tape.text()
        return format(self.value, spec)

    def __abs__(self) -> Live:
        again = self.again
        return Live(self.tape, abs(self.value), lambda: abs(again()), ("abs", self))

    def __pos__(self) -> Live:
        return self

    def __round__(self, digits: int | None = None) -> Live:
        again = self.again
        return Live(self.tape, round(self.value, digits), lambda: round(again(), digits))


class Item:
    """A number in an array, as it was when it was read last."""

    __slots__ = ("array", "place", "value")

    def __init__(self, array: Any, place: tuple[int, ...]) -> None:
        self.array, self.place = array, place
        self.read()

    def read(self) -> None:
        """Read it again."""
        self.value = self.array.item(*self.place)

    def get(self) -> Any:
        """The number."""
        return self.value


def value_of(x: Any) -> Any:
    """A live number as it is now; anything else as it is."""
    return x.value if isinstance(x, Live) else x


def again_of(x: Any) -> Callable[[], Any]:
    """What computes a live number again; of anything else, what gives it."""
    return x.again if isinstance(x, Live) else lambda: x


def _arithmetic(name: str, compute: Callable[[Any, Any], Any]) -> None:
    def forwards(self: Live, other: object) -> Any:
        if not isinstance(other, (int, float, Live)):
            return NotImplemented
        a, b = self.again, again_of(other)
        value, again = compute(self.value, value_of(other)), lambda: compute(a(), b())
        made = lambda: Live(self.tape, value, again, (name, self, other))
        return self.tape.once((name, self, type(other), other), made)

    def backwards(self: Live, other: float) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        a = self.again
        value, again = compute(other, self.value), lambda: compute(other, a())
        made = lambda: Live(self.tape, value, again, (name, other, self))
        return self.tape.once((name, type(other), other, self), made)

    setattr(Live, f"__{name}__", forwards)
    setattr(Live, f"__r{name}__", backwards)


def _comparison(name: str, compute: Callable[[Any, Any], bool]) -> None:
    def compare(self: Live, other: object) -> bool:
        if not isinstance(other, (int, float, Live)):
            return NotImplemented
        a, b = self.again, again_of(other)
        guard = lambda: self.tape.guard(lambda: compute(a(), b()), compute(self.value, value_of(other)), "a comparison")
        return self.tape.once((name, self, type(other), other), guard)

    setattr(Live, f"__{name}__", compare)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _arithmetic(_name, getattr(operator, _name))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparison(_name, getattr(operator, _name))
