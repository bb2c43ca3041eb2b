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

    def draw(self, function: Function, *args: object) -> AnyArray:
        """A random draw as one call."""
        return self._noted(function.__name__, lambda: function(*args, self._present()))

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self._noted(name, lambda: getattr(self._present(), name)(*args, **kwargs))

    def _noted(self, name: str, draw: Callable[[], Any]) -> AnyArray:
        result = draw()
        if not self._tape.open or not isinstance(result, (np.ndarray, np.generic, float, int)):
            return result
        target = np.asarray(result)
        self._tape.add(name, lambda: np.copyto(target, draw()), writes=[target], kind="draw")
        return as_recorded(target, result, self._tape)
