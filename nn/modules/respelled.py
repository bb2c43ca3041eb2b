"""Arguments of PyTorch's functions that the layers' own do without: ``inplace=`` and ``dtype=``."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import class_name

from .checking import FLAG

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Function


def writing(function: Function, name: str) -> Function:
    """The function, which with ``inplace=True`` gives its result to the input tensor itself."""

    # Where PyTorch has it: before the generator, which PyTorch has not.
    names = [*inspect.signature(function).parameters]
    place, own = len([n for n in names if n not in ("inplace", "generator")]), [False] * ("inplace" in names)

    @functools.wraps(function)
    def call(input: Any, *rest: Any, inplace: bool = False, **kwargs: object) -> AnyArray:
        if len(rest) >= place and isinstance(rest[place - 1], (bool, np.bool_)):
            inplace, rest = rest[place - 1], (*rest[: place - 1], *own, *rest[place:])
        FLAG(name, "inplace", inplace)
        if not inplace:
            return function(input, *rest, **kwargs)
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}: inplace=True writes into a tensor, not into {class_name(input)}. Fix: y = {name}(x)."
            )
        from autograd_core.spellings.in_place import change

        return change(input, f"{name}_", function, *rest, **kwargs)

    call.inplace_at = place  # type: ignore[attr-defined]

    return call


def in_dtype(function: Function) -> Function:
    """The function, of its input in ``dtype`` where that is given."""

    @functools.wraps(function)
    def call(input: Any, *args: object, dtype: Any = None, **kwargs: object) -> Tensor:
        return function(input if dtype is None else ag.astype(input, dtype), *args, **kwargs)

    return call
