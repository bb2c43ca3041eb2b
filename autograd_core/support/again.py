"""A function that runs again, as checkpoints and derivatives of loops make it: in the surroundings of its first run."""

from __future__ import annotations

from _thread import _local
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .modes import restoring
from .random import default_generator, generator_of_block, use_generator

if TYPE_CHECKING:
    from .types import Function

    Around = Callable[[Callable[[], object]], object]

T = TypeVar("T")


class _Entered(_local):
    around: tuple[Around, ...] = ()


_entered = _Entered()


def within(around: Around, body: Callable[[], T]) -> T:
    """``around(body)``, and the same around whatever is run again later that ran in ``body``.

    around : calls what it is given with something changed for a while (the parameters of a module), and puts it back
    """
    before = _entered.around

    def inside() -> T:
        _entered.around = (*before, around)
        return body()

    result: T = restoring(lambda: around(inside), lambda: setattr(_entered, "around", before))  # type: ignore[assignment]
    return result


class Moment:
    """Now, for what runs again later: the generator with what it is about to draw, and what `within` is around.

    >>> moment, a = Moment(), default_generator().random()
    >>> moment.run(lambda: default_generator().random()) == a
    True
    """

    __slots__ = ("around", "bits", "drawn", "generator")

    def __init__(self) -> None:
        self.around, self.generator = _entered.around, default_generator()
        self.bits: Any = getattr(self.generator, "bit_generator", None)
        self.drawn = getattr(self.bits, "state", None)  # another library's generator may not tell

    def run(self, body: Callable[[], T]) -> T:
        """``body()`` as it would have been then; the generator draws on afterwards as if nothing had been."""
        now = getattr(self.bits, "state", None)

        def stand(state: Any) -> None:
            if self.drawn is not None:
                self.bits.state = state

        def call() -> object:
            stand(self.drawn)
            with use_generator(self.generator):
                return _surrounded(self.around, body)

        result: T = restoring(call, lambda: stand(now), generator_of_block())  # type: ignore[assignment]
        return result


def remembering(function: Function) -> Function:
    """``function`` with what `within` is around now, whenever it is called; a solver calls it at times of its own."""
    entered = _entered.around
    return (lambda *args: _surrounded(entered, partial(function, *args))) if entered else function


def _surrounded(entered: tuple[Around, ...], body: Callable[[], object]) -> object:
    before = _entered.around

    def inside() -> object:
        _entered.around = entered
        return body()

    for around in reversed(entered):
        inside = partial(around, inside)
    return restoring(inside, lambda: setattr(_entered, "around", before))
