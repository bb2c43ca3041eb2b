"""Which primitives there are, and which of NumPy's functions they and their composites implement.

A primitive is known by its qualified name: ``numpy.exp`` of a ufunc, and otherwise the module that declared it and its
name, so that two packages may both have a ``correlate``. One that is declared again takes the place of the first: in a
notebook or ``__main__``, when its module is reloaded, or on the same line (a function that declares). Anything else
that comes under a name that is taken is refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .primitive import Primitive

primitives: dict[str, Primitive] = {}
"""By qualified name."""

implementations: dict[Callable[..., Any], Callable[..., Any]] = {}


class Place(NamedTuple):
    """Where a primitive was declared; ``load`` tells a module from the same one reloaded."""

    module: str
    file: str
    line: int
    load: Any

    def repeats(self, other: Place) -> bool:
        """True where this is the declaration ``other``, run again."""
        again = self.module == "__main__" or self.load is not other.load
        return self[:3] == other[:3] or (again and self.module == other.module)


def register(op: Primitive) -> None:
    """Enter a primitive under its qualified name; TypeError where that belongs to another one."""
    op.declared, ufunc = _place(), op.forward
    of_numpy = isinstance(ufunc, np.ufunc) and getattr(np, ufunc.__name__, None) is ufunc
    op.qualified = f"numpy.{ufunc.__name__}" if of_numpy else f"{op.declared.module}.{op.name}"
    known = primitives.get(op.qualified)
    if known is not None and not op.declared.repeats(known.declared):
        where = f"{known.declared.file}:{known.declared.line}"
        fix = "give a function of your own as the forward" if of_numpy else "give it another name="
        raise TypeError(f"a primitive {op.qualified} was declared before, in {where}. Fix: {fix}.")
    primitives[op.qualified] = op


def _place() -> Place:
    """The innermost line that is not the engine's."""
    frame: Any = sys._getframe(1)
    while os.path.dirname(frame.f_code.co_filename) == _ENGINE:
        frame = frame.f_back
    names = frame.f_globals
    return Place(names.get("__name__", "__main__"), frame.f_code.co_filename, frame.f_lineno, names.get("__spec__"))


_ENGINE = os.path.dirname(_place.__code__.co_filename)


def implements(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Decorator: the decorated function is what the given NumPy functions do on tensors."""

    def register(implementation: Any) -> Any:
        implementations.update(dict.fromkeys(functions, implementation))
        return implementation

    return register
