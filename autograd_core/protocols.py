"""NumPy's own functions on tensors: ``np.exp(t)`` and ``np.concatenate([t, u])`` record like any operation.

A NumPy function is in one of three states: *differentiable* (a primitive or a composite implements it), *passing*
(its result is an integer, a truth value or a shape, so it is computed on the bare arrays), or refused with a
TypeError. None drops the graph in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

implementations: dict[Callable[..., Any], Callable[..., Any]] = {}

PASSING: set[Callable[..., Any]] = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.signbit, np.isnan, np.isinf, np.isfinite),
    *(np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.nonzero, np.argwhere, np.count_nonzero),
    *(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.searchsorted, np.iscomplexobj, np.isrealobj),
    *(np.result_type, np.shares_memory, np.may_share_memory, np.array_repr, np.array_str, np.array2string),
    *(np.zeros_like, np.ones_like, np.empty_like, np.floor_divide),
}


def implements(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Decorator: the decorated function is what the given NumPy functions do on tensors."""

    def register(implementation: Any) -> Any:
        for function in functions:
            implementations[function] = implementation
        return implementation

    return register


def call_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``__array_ufunc__`` of Tensor."""
    name = f"np.{ufunc.__name__}"
    if kwargs.pop("out", None) is not None:
        raise TypeError(f"{name}: out= cannot be differentiated through. Mend: use the result, y = {name}(...).")
    if method != "__call__":
        raise TypeError(f"{name}.{method} is not differentiable here. Mend: use the np function of the reduction.")
    if ufunc in PASSING:
        return ufunc(*map(bare, inputs), **kwargs)
    if kwargs:
        raise TypeError(f"{name}: {', '.join(kwargs)}= is not differentiable here; apply it to the result instead.")
    implementation = implementations.get(ufunc)
    if implementation is None:
        raise TypeError(_refusal(name))
    return implementation(*inputs)


def call_numpy_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``__array_function__`` of Tensor."""
    implementation = implementations.get(function)
    if implementation is not None:
        return implementation(*args, **kwargs)
    if function in PASSING:
        return function(*map(bare, args), **{k: bare(v) for k, v in kwargs.items()})
    raise TypeError(_refusal(f"{function.__module__}.{function.__name__}"))


def bare(value: Any) -> Any:
    """The array of a tensor, also inside lists and tuples; anything else as it is."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(bare, value)) if type(value) in (list, tuple) else value
    return getattr(value, "_data", value) if hasattr(value, "_node") else value


def _refusal(name: str) -> str:
    return (
        f"{name} is not differentiable here, and dropping the graph in silence would make gradients wrong. "
        "Mend: give it t.detach().numpy() if no gradient is needed, or declare a primitive (help(ag.primitive))."
    )
