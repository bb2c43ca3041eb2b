"""In which dtype an operation is computed: PyTorch's rules, where NumPy's are others.

An integer beside a float takes the float's dtype, numbers and tensors without axes never widen what has axes, and
what has no integer result (a quotient, exp) is computed in the default dtype. NumPy would take float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import Tensor, make_tensor
from autograd_core.spellings.arguments import cast

if TYPE_CHECKING:
    from autograd_core.support.types import DType


FLOATING = frozenset(
    (
        *("exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin"),
        *("acos", "atan", "asinh", "acosh", "atanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"),
        *("sqrt", "rsqrt", "sigmoid", "reciprocal", "erf", "erfc", "erfinv", "lgamma", "digamma", "sinc", "deg2rad"),
        *(
            "rad2deg",
            "logit",
            "angle",
            "i0",
            "ldexp",
            "mvlgamma",
            "polygamma",
            "xlogy",
            "logsumexp",
            "copysign",
            "trapz",
        ),
        *("trapezoid", "cumulative_trapezoid", "gradient", "cov", "corrcoef", "atan2", "arctan2", "softmax"),
        *("log_softmax",),
    )
)
"""Functions whose results are floating-point numbers."""

_RANK = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


def as_floating(x: Tensor) -> Any:
    """Integers in the default dtype."""
    return cast(x, ag.get_default_dtype()) if isinstance(x, Tensor) and x.dtype.kind in "biu" else x


def _number_dtype(value: object) -> DType:
    if isinstance(value, bool):
        return np.dtype(bool)
    if isinstance(value, int):
        return np.dtype(np.int64)
    default = ag.get_default_dtype()
    return np.result_type(default, np.complex64) if isinstance(value, complex) else default


def _common(dtypes: list[DType]) -> DType:
    """Of one kind NumPy's common dtype; of several kinds that of the highest."""
    found = dtypes[0]
    for dtype in dtypes[1:]:
        a, b = _RANK[found.kind], _RANK[dtype.kind]
        if a == b or {a, b} == {2, 3}:
            found = np.result_type(found, dtype)
        elif b > a:
            found = dtype
    return found


def result_type(*operands: Any) -> np.dtype[Any]:
    """The dtype of an operation on tensors and numbers: ``torch.result_type``."""
    groups: list[list[DType]] = [[], [], []]
    for x in operands:
        if hasattr(x, "dtype"):
            groups[0 if np.ndim(x) else 1].append(x.dtype)
        else:
            groups[2].append(_number_dtype(x))
    found: DType | None = None
    for group in groups:
        if group:
            dtype = _common(group)
            if found is None or _RANK[dtype.kind] > _RANK[found.kind]:
                found = dtype if found is None else _common([found, dtype])
    assert found is not None
    return found


def promoted(a: Any, b: Any, divides: bool = False) -> tuple[Any, Any]:
    """Two operands in the dtype of their result; numbers stay numbers."""
    dtype = result_type(a, b)
    if divides and dtype.kind in "biu":
        dtype = ag.get_default_dtype()
    return _in(a, dtype), _in(b, dtype)


def _in(x: Any, dtype: DType) -> Any:
    if isinstance(x, Tensor):
        return cast(x if type(x) is Tensor else make_tensor(x._data, x._node), dtype)
    return x.astype(dtype) if hasattr(x, "dtype") else x
