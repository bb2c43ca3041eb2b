"""What other libraries ask of a tensor behind its back: a plain array, a mask, who answers an operator of two.

NumPy cannot be intercepted where it makes arrays: ``np.array([t, u])``, ``x[i] = t`` and ``x.dot(t)`` ask for a plain
array without a graph. The refusal names, for each of them, what keeps the gradient.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import describe
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..support.types import AnyArray, DTypeLike

_NO_ARRAY = (
    "np.asarray: a plain array has no graph, so the gradient of this tensor ({}) would be lost in silence. Fix: "
    "ag.array([[c, -s], [s, c]]) makes an array of tensors (or np.stack, np.block; ag.r_, ag.c_, ag.full, ag.diag, "
    "ag.select stand for NumPy's); x.at[index].set(t) gives what x[index] = t would write; ag.dot(x, t) stands for "
    "x.dot(t), ag.matmul(df, t) for df @ t, ag.special.f(t) and ag.linalg.f(t) for scipy.special.f(t) and "
    "scipy.linalg.f(t). Where it is meant as a constant: ag.stop_gradient(t)."
)
_NO_MASK = (
    "numpy.ma: a masked array has no graph, so the gradient of this tensor ({}) would be lost in silence. Fix: "
    "np.where(m.mask, 0, t * m.filled(0)), a plain array beside the tensor and the mask as a condition."
)


def _array(self: Tensor, dtype: DTypeLike = None, copy: bool | None = None) -> AnyArray:
    if sys._getframe(1).f_code.co_name == "_matmul_dispatch":
        unreadable = np.empty((), object)  # scipy.sparse answers NotImplemented, and the tensor is asked for A @ t
        unreadable[()] = self
        return unreadable
    if self._node is not None:
        raise TypeError(_NO_ARRAY.format(describe(self)))
    return np.array(self._data, dtype=dtype, copy=copy)


def _mask(self: Tensor) -> Any:
    """Asked for by numpy.ma, which has read ``_data`` before."""
    if self._node is not None:
        raise TypeError(_NO_MASK.format(describe(self)))
    return np.False_


ASKED = {
    "__array__": _array,
    "_mask": property(_mask),
    "__array_priority__": 1e6,  # operators of other arrays' give way to a tensor's
    "__pandas_priority__": 10_000,
}
