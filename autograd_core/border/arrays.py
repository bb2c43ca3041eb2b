"""What comes in: arrays, numbers and lists as the data of a tensor, as a constant beside one, as a tensor like one."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..engine import entry
from ..engine.tensor import Tensor

__all__ = ["set_default_dtype", "get_default_dtype"]

_default_dtype = np.dtype(np.float32)


def set_default_dtype(dtype: Any) -> None:
    """Set the floating dtype that Python numbers and lists become (float32 at the start)."""
    global _default_dtype
    if not np.issubdtype(dtype, np.floating):
        raise TypeError(f"set_default_dtype: {np.dtype(dtype)} is not a floating dtype; use float32 or float64.")
    _default_dtype = np.dtype(dtype)


def get_default_dtype() -> np.dtype[Any]:
    """The floating dtype that Python numbers and lists become."""
    return _default_dtype


def as_array(data: Any, dtype: Any) -> Any:
    """``data`` as an array of numbers: arrays as they are, Python numbers and lists in the default dtype."""
    if isinstance(data, Tensor):
        data = data.__array__()
    if not hasattr(data, "__array_ufunc__") or isinstance(data, np.generic):
        try:
            array = np.asarray(data)
        except ValueError as error:
            raise ValueError(f"Tensor: {error} Mend: give rows of one length.") from error
        if array.dtype.kind in "iuf" and not isinstance(data, np.generic):
            array = array.astype(_default_dtype)
        elif array.dtype.kind == "c" and not isinstance(data, np.generic):
            array = array.astype(np.result_type(_default_dtype, np.complex64))
        data = array
    if dtype is not None:
        data = data.astype(dtype)
    if data.dtype.kind not in "biufc":
        raise TypeError(f"Tensor: cannot hold {data.dtype} data; give an array of numbers, not {type(data).__name__}.")
    return data


def like(tensor: Tensor, value: Any) -> Tensor:
    """``value`` as a tensor beside ``tensor``: numbers and lists take its dtype, arrays and tensors keep theirs."""
    if isinstance(value, Tensor):
        return value
    try:
        return Tensor(value if hasattr(value, "__array_ufunc__") else np.asarray(value, tensor.dtype))
    except ValueError as error:
        raise TypeError(f"{type(value).__name__} {value!r} is no array of numbers: {error}.") from error


def operand(value: Any, operation: str) -> Any:
    """A constant beside a tensor: arrays and numbers as they are, lists in the default dtype."""
    if isinstance(value, (builtins.float, int, np.generic, np.ndarray, complex)):
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
            raise TypeError(f"{operation}: {value.dtype} arrays are not differentiable; give an array of numbers.")
        return value
    if isinstance(value, (list, tuple)):
        try:
            return as_array(value, None)
        except (TypeError, ValueError) as error:
            kind = type(value).__name__
            raise TypeError(f"{operation}: a tensor beside a {kind} that is no array: {error}") from error
    if hasattr(value, "__array_ufunc__") and hasattr(value, "dtype"):
        return value
    raise TypeError(
        f"{operation}: cannot combine a tensor with {type(value).__name__}; give a tensor, array or number."
    )


entry.as_array, entry.operand, entry.like = as_array, operand, like
