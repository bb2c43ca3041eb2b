"""Random numbers while a tape is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .recorded import as_recorded
from .tape import Tape

if TYPE_CHECKING:
    from ...support.types import AnyArray, Function


class Draws:
    """The default generator while a tape is written: every draw is a call, on whatever is the default one then."""

    def __init__(self, tape: Tape, present: Callable[[], Any]) -> None:
        self._tape, self._present = tape, present
        self._count = self._latest = 0

    @property
    def bit_generator(self) -> _Place:
        """Where it stands, for what draws once more as it did (`support.again`): that is not recorded."""
        return _Place(self)

    def draw(self, function: Function, *args: object) -> AnyArray:
        """A random draw as one call."""
        return self._noted(function.__name__, lambda: function(*args, self._present()))

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self._noted(name, lambda: getattr(self._present(), name)(*args, **kwargs))

    def _noted(self, name: str, draw: Callable[[], Any]) -> AnyArray:
        if self._count != self._latest:
            self._tape.refuse("random numbers are drawn again as they were")
        self._count = self._latest = self._count + 1
        result = draw()
        if not self._tape.open or not isinstance(result, (np.ndarray, np.generic, float, int)):
            return result
        target = np.asarray(result)
        self._tape.add(name, lambda: np.copyto(target, draw()), writes=[target], kind="draw")
        return as_recorded(target, result, self._tape)


class _Place:
    """What `Draws` shows as its bit generator."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    @property
    def state(self) -> Any:
        """How many draws there were, and the state of the generator that made them."""
        return self._draws._count, self._draws._present().bit_generator.state

    @state.setter
    def state(self, state: Any) -> None:
        self._draws._count, self._draws._present().bit_generator.state = state
