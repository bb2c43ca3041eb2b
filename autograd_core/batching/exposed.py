"""Hidden axes shown, for what knows arrays alone: a solver is given all examples of a ``vmap`` as one problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .batched import Batched, Level

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array


def largest(value: AnyArray) -> float:
    """The largest |number| of all examples; 0 where there are none."""
    return float(np.max(np.abs(shown(value)), initial=0.0))


def shown(value: Any) -> Array:
    """All examples as an array of NumPy's, their axes first."""
    while type(value) is Batched:
        value = value.array
    return np.asarray(value)


def arrayed(value: Any) -> Any:
    """An array of NumPy's, or one with hidden axes as it is."""
    return value if type(value) is Batched else np.asarray(value)


class Together:
    """The levels at which some values differ, the outermost first: between one example and all of them.

    >>> Together(np.ones(2)).levels
    ()
    """

    def __init__(self, *values: Any) -> None:
        found: dict[int, Level] = {}
        for value in values:
            while type(value) is Batched:
                found[value.level.order] = value.level
                value = value.array
        self.levels = tuple(found[order] for order in sorted(found))
        self.sizes = tuple(level.size for level in self.levels)

    def hidden(self, array: Any) -> Any:
        """One example, of an array whose first axes are those of the levels."""
        for level in self.levels:
            array = Batched(array, level)
        return array

    def all(self, value: Any) -> Array:
        """All examples of a value, the axes of the levels first; one that is the same for some is repeated."""
        if not self.levels:
            return np.asarray(value)
        same = self.hidden(np.zeros((*self.sizes, *np.shape(value)), value.dtype))
        return shown(value + same)

    def vector(self, value: Any) -> Array:
        """The numbers of all examples in a row."""
        return self.all(value).reshape(-1)

    def example(self, vector: Array, shape: tuple[int, ...]) -> Any:
        """One example again, of this shape."""
        return self.hidden(np.reshape(vector, (*self.sizes, *shape)))

    def of(self, F: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[[Array], Array]:
        """F of one example, an array of this shape, as a function of all their numbers."""
        return lambda vector: self.vector(F(self.example(vector, shape)))
