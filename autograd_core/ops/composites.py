"""Functions of NumPy's that are made of other functions, which record themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..engine.registry import implements
from ..engine.tensor import Tensor


def composite(*numpys: Callable[..., Any]) -> Callable[[Any], Any]:
    """Decorator: what the given NumPy functions do on tensors; without tensors the first of them answers itself."""

    def declare(on_tensors: Any) -> Any:
        on_arrays = numpys[0]

        @functools.wraps(on_tensors)
        def function(*args: Any, **kwargs: Any) -> Any:
            if holds_tensors(args) or holds_tensors(kwargs.values()):
                return on_tensors(*args, **kwargs)
            return on_arrays(*args, **kwargs)

        return implements(*numpys)(function)

    return declare


def holds_tensors(values: Any) -> bool:
    """True where there is a tensor among the values, also inside lists and tuples."""
    for value in values:
        if isinstance(value, Tensor) or (isinstance(value, (list, tuple)) and holds_tensors(value)):
            return True
    return False


def refuse_out(name: str, out: Any) -> None:
    """Say that ``out`` cannot be answered, also where it was given by position."""
    if out is not None:
        raise TypeError(f"{name}: out= cannot be differentiated through. Mend: use the result, y = np.{name}(...).")
