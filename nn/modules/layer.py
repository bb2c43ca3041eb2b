"""Lists of numbers, and containers of other libraries, as data: wherever layers, losses and functions take arrays."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

import autograd_core as ag
from autograd_core.border.containers import as_numbers, is_container
from autograd_core.engine.errors import class_name
from autograd_core.engine.primitive import parameters_of
from autograd_core.ops.composites import holds_tensors

from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Args, DTypeLike, Function, Settings

_PLAIN = frozenset((ag.Tensor, Parameter, np.ndarray, int, float, bool, str, tuple, type(None)))
"""Types of most arguments, which are what they are."""


class Layer(Module):
    """Base of the library's layers and losses. A list of numbers given to one is data, in the parameters' dtype.

    So is what other libraries keep numbers in (a DataFrame, a tensor of PyTorch), in its own dtype, as an array's.

    channels_first : whether it puts out (N, C, …), so that to a monitor a unit is a channel

    >>> import nn
    >>> nn.ReLU()([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    channels_first: ClassVar[bool] = False

    def _run(self, args: Args, kwargs: Settings) -> Any:
        if not (_PLAIN.issuperset(map(type, args)) and (not kwargs or _PLAIN.issuperset(map(type, kwargs.values())))):
            own = next((p.dtype for p in self.parameters() if p.dtype.kind == "f"), None)
            args, kwargs = _as_arrays(class_name(self), args, kwargs, own)
        return self.forward(*args, **kwargs) if self._hooks is None else self._hooks.call(self, args, kwargs)


def takes_lists(function: Function) -> Function:
    """The function, to which lists of numbers and other libraries' containers are data, where it takes arrays."""
    inner: Any = function
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    names, defaults, _ = parameters_of(inner)
    data = {name for name in names if name not in defaults or name in ("weight", "bias")}

    @functools.wraps(function)
    def on_data(*args: object, **kwargs: object) -> AnyArray:
        if not (_PLAIN.issuperset(map(type, args)) and _PLAIN.issuperset(map(type, kwargs.values()))):
            named = dict(zip(names, args, strict=False)) | kwargs
            given = {key: value for key, value in named.items() if key in data or type(value) is not list}
            _, kwargs = _as_arrays(function.__name__, (), given, None, names[0])
            return function(**named | kwargs)
        return function(*args, **kwargs)

    return on_data


def _as_arrays(
    owner: str, args: Args, kwargs: Settings, own: DTypeLike, first: str = "input"
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Lists of floats in the parameters' dtype, or in that of an array beside them; the first one of integers, too."""
    floats = (a.dtype for a in (*args, *kwargs.values()) if getattr(getattr(a, "dtype", None), "kind", "") == "f")
    dtype = own or next(floats, ag.get_default_dtype())
    converted = tuple(_as_array(owner, a, dtype, i == 0) for i, a in enumerate(args))
    return converted, {key: _as_array(owner, a, dtype, key == first) for key, a in kwargs.items()}


def _as_array(owner: str, value: object, dtype: DTypeLike, is_first: bool) -> Any:
    if type(value) is not list:
        return as_numbers(value, owner) if is_container(value) else value
    if holds_tensors(value):
        return ag.array(value, weak=True)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):  # ragged: the layer itself says what it takes
        return value
    return array.astype(dtype) if array.dtype.kind == "f" or (is_first and array.dtype.kind in "iu") else value
