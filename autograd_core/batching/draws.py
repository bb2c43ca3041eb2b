"""Random numbers under vmap: one draw for each example, one for all, or none."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from .batched import Batched, Level

if TYPE_CHECKING:
    from ..support.types import AnyArray, Function


CHOICES = ("error", "different", "same")


class Draws:
    """The default generator while a level runs: draws for every example as a loop over them would.

    The stream of the generator is used as by that loop where the function draws once.
    """

    def __init__(self, level: Level, generator: Generator, randomness: str) -> None:
        self.level, self.generator, self.randomness = level, generator, randomness

    def draw(self, function: Function, *args: object) -> AnyArray:
        """``function(*args, generator)``, which is one random draw."""
        return self._each(lambda: function(*args, self.generator))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.generator, name)
        if not callable(value) or name.startswith("_"):
            return value

        def method(*args: object, **kwargs: object) -> Any:
            names = list(inspect.signature(value).parameters) if name in _SIZED else []
            given = {**dict(zip(names, args, strict=False)), **kwargs} if names else {}
            size = given.get("size")
            if self.randomness != "different" or not names or given.get("out") is not None:
                return self._each(lambda: value(*args, **kwargs))
            shape = () if size is None else tuple(size) if isinstance(size, (tuple, list)) else (size,)
            return Batched(value(**{**given, "size": (self.level.size, *shape)}), self.level)

        return method

    def _each(self, draw: Callable[[], Any]) -> AnyArray:
        if self.randomness == "error":
            raise RuntimeError(
                'vmap: the function draws random numbers. Fix: randomness="different" for draws of its own for each '
                'example, "same" for one for all.'
            )
        if self.randomness == "same":
            return draw()
        return Batched(np.stack([draw() for _ in range(self.level.size)]), self.level)


_SIZED = {"random", "standard_normal", "normal", "uniform", "integers", "standard_exponential", "exponential", "gumbel"}
