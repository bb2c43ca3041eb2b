"""A constant matrix of scipy.sparse beside tensors: an array type that knows products of matrices and nothing else.

The rules of ``matmul`` are written in ``matmul``, ``swapaxes`` and ``conjugate``; what answers these is differentiated
through in both modes and in every order, without a rule of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import class_name
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, DTypeLike, Function, Settings


class SparseConstant:
    """``matrix``, of scipy.sparse and two axes, as the left or right operand of ``@``."""

    __slots__ = ("matrix",)
    ndim = 2

    def __init__(self, matrix: Any) -> None:
        if matrix.ndim != 2:
            raise TypeError(f"{class_name(matrix)} of shape {matrix.shape}: needs two axes. Fix: A.reshape(1, -1).")
        self.matrix = matrix

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns)."""
        return self.matrix.shape

    @property
    def size(self) -> int:
        """rows · columns, zeros included."""
        return self.shape[0] * self.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the entries."""
        return self.matrix.dtype

    def astype(self, dtype: DTypeLike, copy: bool = True) -> SparseConstant:
        """The same matrix in another dtype."""
        return SparseConstant(self.matrix.astype(dtype, copy=copy))

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Any:
        return np.asarray(self.matrix.toarray(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented  # the tensor records the operation
        if ufunc is np.conjugate:
            return SparseConstant(self.matrix.conj())
        if ufunc is not np.matmul or method != "__call__" or settings:
            raise self._refusal(ufunc.__name__)
        left, right = inputs
        if left is not self:
            return np.swapaxes(_product(self.matrix.T, np.swapaxes(np.atleast_2d(left), -1, -2)), -1, -2)[
                (..., 0, slice(None)) if left.ndim == 1 else ()
            ]
        return _product(self.matrix, right)

    def __array_function__(self, function: Function, types: Any, args: Args, kwargs: Settings) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        if function is np.swapaxes or function is np.transpose:
            return SparseConstant(self.matrix.T)
        if function in (np.shape, np.ndim):
            return self.shape if function is np.shape else 2
        if function is np.iscomplexobj:
            return self.dtype.kind == "c"
        raise self._refusal(function.__name__)

    def _refusal(self, name: str) -> TypeError:
        return TypeError(
            f"{class_name(self.matrix)} {self.shape} beside a tensor takes part in products of matrices only, "
            f"not in {name}. Fix: A @ t for the product, A.toarray() for anything else."
        )


def _product(matrix: Any, x: Any) -> AnyArray:
    """``matrix @ x`` for x of one axis, two, or more: then for each matrix of x."""
    if x.ndim and x.shape[-2 if x.ndim > 1 else 0] != matrix.shape[1]:
        raise ValueError(f"a matrix of shape {matrix.shape} does not take {x.shape}")
    if x.ndim <= 2:
        return np.asarray(matrix @ x)
    columns = np.moveaxis(x, -2, 0)
    product = np.asarray(matrix @ columns.reshape(len(columns), math.prod(columns.shape[1:])))
    return np.moveaxis(product.reshape(len(product), *columns.shape[1:]), 0, -2)
