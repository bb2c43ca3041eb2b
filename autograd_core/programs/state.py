"""A copy of all state that a function reaches: to put back, and to compare with."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..support.random import default_generator
from .owners import Owners, gradient, gradient_array


class State:
    """A copy of all state that a function reaches."""

    def __init__(self, owners: Owners) -> None:
        self.owners = owners
        self.arrays = [(name, whole, whole.copy()) for name, whole in owners.arrays_of().values()]
        self.homes = [(t, t._data) for _, t in owners.tensors]
        self.numbers = [(place, place.get()) for place in owners.live]
        self.gradients = [
            (n, t, gradient(t), None if (g := gradient_array(t)) is None else g.copy()) for n, t in owners.tensors
        ]
        self.generator = default_generator().bit_generator
        self.drawn = copy.deepcopy(self.generator.state)

    def restore(self) -> None:
        """Put arrays, numbers and gradients back, once."""
        for t, home in self.homes:
            t._data = home
        for _, array, kept in self.arrays:
            np.copyto(array, kept)
        for place, value in self.numbers:
            place.put(value)
        for _, t, g, kept in self.gradients:
            if hasattr(t._node, "grad"):
                t._node.grad = g
                if g is not None and kept is not None:
                    np.copyto(g._data, kept)
        self.gradients = []  # the traceback of an exception would keep them
        self.generator.state = self.drawn

    def difference(self, other: State) -> str:
        """The name of something that differs, or nothing."""
        for (name, _, a), (_, _, b) in zip(self.arrays, other.arrays, strict=True):
            if not equal(a, b) and not is_scratch(name):
                return name
        for (name, _, _, a), (_, _, _, b) in zip(self.gradients, other.gradients, strict=True):
            if (a is None) != (b is None) or (a is not None and not equal(a, b)):
                return f"{name}.grad"
        for (place, a), (_, b) in zip(self.numbers, other.numbers, strict=True):
            if a != b:
                return place.name
        return "" if str(self.drawn) == str(other.drawn) else "the generator"


def is_scratch(name: str) -> bool:
    """Whether an array, by the name of its place, is an optimizer's room for what is in between."""
    return "_storages[" in name and name.rpartition(".")[2].startswith(("work", "buffer"))


def equal(a: Any, b: Any) -> bool:
    """Equal in shape, dtype and every element; NaN equals NaN."""
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
