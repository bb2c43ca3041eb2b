"""Functions of NumPy's that are made of other functions, which record themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import entry
from ..engine.registry import implements
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..support.types import Function



def composite(*numpys: Function, of_lists: bool = False) -> Callable[[Any], Any]:
    """Decorator: what the given NumPy functions do on tensors; without tensors the first of them answers itself.

    A list that holds tensors comes in as one tensor; ``of_lists``: it is a sequence of arrays, and stays a list.
    """

    def declare(on_tensors: Function) -> Function:
        on_arrays, name = numpys[0], on_tensors.__name__

        @functools.wraps(on_tensors)
        def function(*args: object, **kwargs: object) -> Any:
            if holds_tensors(args) or holds_tensors(kwargs.values()):
                if "dim" in kwargs or "keepdim" in kwargs:
                    kwargs = entry.respelled(name, kwargs)
                kwargs = {k: entry.admitted(v, name, of_lists) for k, v in kwargs.items()}
                return on_tensors(*[entry.admitted(a, name, of_lists) for a in args], **kwargs)
            return on_arrays(*args, **kwargs)

        return implements(*numpys)(function)

    return declare


HOLDERS = (Tensor, list, tuple, dict, slice)
"""What may be a tensor or hold one."""

SIMPLE = frozenset((int, float, bool, complex, str, type, type(None), type(np._NoValue), np.ndarray))  # type: ignore[attr-defined]
"""Types of most arguments, which never do."""


def holds_tensors(values: Collection[Any]) -> bool:
    """True where there is a tensor among the values, also inside lists, tuples, dicts and slices."""
    if SIMPLE.issuperset(map(type, values)):
        return False
    return any(isinstance(v, Tensor) or (isinstance(v, HOLDERS) and holds_tensors(_parts(v))) for v in values)


def _parts(value: Any) -> Collection[Any]:
    if isinstance(value, dict):
        return value.values()
    return (value.start, value.stop, value.step) if isinstance(value, slice) else value


def refuse_out(name: str, out: Any) -> None:
    """Say that ``out`` cannot be answered, also where it was given by position."""
    if out is not None:
        raise TypeError(f"{name}: out= cannot be differentiated through. Fix: use the result, y = np.{name}(...).")
