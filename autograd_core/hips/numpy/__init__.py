"""NumPy's namespace. What collects its arguments in lists takes boxes there, too; everything else is NumPy's own."""

from __future__ import annotations

from functools import wraps as _wraps
from typing import TYPE_CHECKING, Any

import numpy as _np

import autograd_core as _ag

from ...engine.tensor import Tensor as _Tensor
from ..installing import missing as _missing
from . import fft as fft
from . import linalg as linalg
from . import numpy_boxes as numpy_boxes
from . import numpy_vjps as numpy_vjps
from . import random as random

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, DTypeLike, Function


def _boxed(values: Any) -> bool:
    """Whether a box is among the values, or within lists and tuples of them."""
    return any(isinstance(v, _Tensor) or (type(v) in (list, tuple) and _boxed(v)) for v in values)


def _either(plain: Any, ours: Any) -> Function:
    """NumPy's function of plain arrays, and the library's where a box is among the arguments."""

    @_wraps(plain)
    def function(*args: object, **kwargs: object) -> AnyArray:
        return (ours if _boxed(args) or (kwargs and _boxed(kwargs.values())) else plain)(*args, **kwargs)

    return function


def _asarray(a: ArrayLike, dtype: DTypeLike = None, *args: object, **kwargs: object) -> Any:
    """``a`` as an array, boxed where a box is in it."""
    return a if isinstance(a, _Tensor) and dtype is None else _ag.array(a, dtype=dtype)


_OTHERS = ("trace", "argmin")  # which mean something else in ag: NumPy's own take boxes
_OURS = {name: getattr(_ag, name) for name in dir(_ag) if not name.startswith("_") and name not in _OTHERS}
_OURS |= {"asarray": _asarray, "asanyarray": _asarray, "ascontiguousarray": _asarray}
for _name in dir(_np):
    _value = getattr(_np, _name)
    if _name.startswith("_") or _name in ("linalg", "fft", "random", "test", "f2py", "typing", "testing"):
        continue
    _ours = _OURS.get(_name)
    _function = callable(_value) and not isinstance(_value, (type, _np.ufunc)) and callable(_ours)
    globals()[_name] = _either(_value, _ours) if _function else _value

r_, c_ = _ag.r_, _ag.c_


def array(object: Any, *args: Any, **kwargs: Any) -> Any:
    """An array of what may be boxes, in nested lists.

    object, args, kwargs : those of ``np.array``
    """
    if not _boxed((object,)):
        return _np.array(object, *args, **kwargs)
    dtype = args[0] if args else kwargs.get("dtype")
    made = _ag.array(object) if dtype is None else _ag.array(object, dtype=dtype)
    lacking = kwargs.get("ndmin", 0) - made.ndim
    return made if lacking <= 0 else made[(None,) * lacking]


__getattr__ = _missing(__name__)
