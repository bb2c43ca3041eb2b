"""Arguments of PyTorch's functions that the layers' own do without: ``inplace=`` and ``dtype=``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.errors import class_name

from .checking import FLAG


def writing(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, which with ``inplace=True`` gives its result to the input tensor itself."""

    @functools.wraps(function)
    def call(input: Any, *args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        FLAG(name, "inplace", inplace)
        if not inplace:
            return function(input, *args, **kwargs)
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}: inplace=True writes into a tensor, not into {class_name(input)}. Fix: y = {name}(x)."
            )
        from autograd_core.spellings.in_place import change

        return change(input, f"{name}_", function, *args, **kwargs)

    return call


def in_dtype(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of its input in ``dtype`` where that is given."""

    @functools.wraps(function)
    def call(input: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return function(input if dtype is None else ag.astype(input, dtype), *args, **kwargs)

    return call
