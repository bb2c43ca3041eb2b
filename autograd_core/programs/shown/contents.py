"""What the memory of a run holds at a point of the program: of each array, the value that was written there last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..record import Record
from ..tracing.tape import root
from .expressions import Value
from .spelled import dtype, literal
from .viewed import view_of

if TYPE_CHECKING:
    from ...support.types import Array


_LITERAL = 64
"""Elements of an array that is printed as a list; a larger one is a name, whose value is among ``constants``."""


class Contents:
    """The values of arrays, and of views of them.

    constants : large arrays that the run reads, by their names in the code
    taken : the names that something has
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.values: dict[Any, Value] = {}
        self.roots: dict[int, list[Any]] = {}
        self.constants: dict[str, Any] = {}
        self.taken: set[str] = {"np"}

    def base(self, array: Any) -> Array:
        """The array by which the memory of another is known."""
        whole = root(array)
        return self.roots[id(whole)][0][0] if id(whole) in self.roots else whole

    def _key(self, array: Array) -> Any:
        return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str

    def know(self, array: Array, value: Value) -> None:
        """This memory holds this value now, and nothing else."""
        whole = root(array)
        for _, key in self.roots.pop(id(whole), []):
            self.values.pop(key, None)
        self.values[self._key(array)] = value
        self.roots[id(whole)] = [(array, self._key(array))]

    def value(self, array: Any) -> Value:
        """What an array is at this point."""
        key, whole = self._key(array), root(array)
        if key in self.values:
            return self.values[key]
        if id(whole) not in self.roots:
            self._first(whole)
            return self.value(array)
        base, base_key = self.roots[id(whole)][0]
        of, show = self.values[base_key], view_of(base, array)
        if show is None:
            raise ValueError(f"decompile: a view of {base.shape} as {array.shape} has no short name.")
        value = Value(lambda: (show(of.tight()), 9), [of])
        self.values[key] = value
        self.roots[id(whole)].append((array, key))
        return value

    def _first(self, whole: Array) -> None:
        """Memory that the run reads before it writes any of it."""
        named = [(p.name, p.value) for p in self.record.owners.constants if isinstance(p.value, np.ndarray)]
        named += [(name, home) for (name, _), home in zip(self.record.owners.tensors, self.record.homes, strict=True)]
        for name, array in named:
            if root(array) is whole:
                self.know(array, self._constant(array, name))
                return
        if whole.ndim == 0:
            value = Value(lambda: literal(whole.item(), whole.dtype), [])
            value.number = whole.item()
        elif whole.size <= _LITERAL:
            value = Value(lambda: (f"np.array({whole.tolist()}, {dtype(whole.dtype)})", 9), [])
        else:
            value = self._constant(whole, self.record.tape.owners.get(id(whole), ("constant",))[0])
        self.know(whole, value)

    def _constant(self, whole: Array, name: str) -> Value:
        text = self.new(re.sub(r"\W+", "_", name).strip("_") or "constant")
        self.constants[text] = whole.copy()
        return Value(lambda: (text, 9), [], text)

    def new(self, name: str) -> str:
        """A name that nothing has."""
        found, k = name, 1
        while found in self.taken:
            k += 1
            found = f"{name}_{k}"
        self.taken.add(found)
        return found
