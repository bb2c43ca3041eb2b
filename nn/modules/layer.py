"""Lists of numbers as data: what the library's own layers, losses and functions take wherever they take arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import get_default_dtype
from autograd_core.engine.primitive import parameters_of

from .module import Module


class Layer(Module):
    """Base of the library's layers and losses. A list of numbers given to one is data, in the parameters' dtype.

    >>> import nn
    >>> nn.ReLU()([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if list in map(type, args) or list in map(type, kwargs.values()):
            own = next((p.dtype for p in self.parameters() if p.dtype.kind == "f"), None)
            args, kwargs = _as_arrays(args, kwargs, own)
        return super()._run(args, kwargs)


def takes_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, to which a list of numbers is data, too, where it has to be given arrays."""
    inner: Any = function
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    names, defaults, _ = parameters_of(inner)
    data = {name for name in names if name not in defaults or name in ("weight", "bias")}

    @functools.wraps(function)
    def on_data(*args: Any, **kwargs: Any) -> Any:
        if list in map(type, args) or list in map(type, kwargs.values()):
            named = dict(zip(names, args, strict=False)) | kwargs
            _, kwargs = _as_arrays((), {key: value for key, value in named.items() if key in data}, None, names[0])
            return function(**named | kwargs)
        return function(*args, **kwargs)

    return on_data


def _as_arrays(
    args: tuple[Any, ...], kwargs: dict[str, Any], own: Any, first: str = "input"
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Lists of floats in the parameters' dtype, or in that of an array beside them; the first one of integers, too."""
    floats = (a.dtype for a in (*args, *kwargs.values()) if getattr(getattr(a, "dtype", None), "kind", "") == "f")
    dtype = own or next(floats, get_default_dtype())
    converted = tuple(_as_array(a, dtype, i == 0) for i, a in enumerate(args))
    return converted, {key: _as_array(a, dtype, key == first) for key, a in kwargs.items()}


def _as_array(value: Any, dtype: Any, is_first: bool) -> Any:
    if type(value) is not list:
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # ragged, or of recorded tensors: the layer itself says what it takes
        return value
    return array.astype(dtype) if array.dtype.kind == "f" or (is_first and array.dtype.kind in "iu") else value
