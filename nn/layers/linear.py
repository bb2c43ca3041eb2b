"""Layers: parameters, and an equation in ``forward``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name

from .. import init
from ..kernels import fused
from ..modules.checking import COUNT, checked
from ..modules.dtypes import check_held
from ..modules.layer import Layer
from ..modules.module import Module, Parameter

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import DType, DTypeLike, TensorLike


def linear(x: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """x Wᵀ + b for x of shape (…, in).

    x : (…, in)
    weight : W of shape (out, in)
    bias : b of shape (out,); None for none

    >>> linear(np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([0.5]))
    array([[3.5]])
    """
    return x @ np.swapaxes(weight, -1, -2) if bias is None else fused.linear(x, weight, bias)


def bilinear(input1: TensorLike, input2: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """x₁ᵀ W_o x₂ + b_o for each output o.

    input1, input2 : (…, in₁) and (…, in₂)
    weight : W of shape (out, in₁, in₂)
    bias : b of shape (out,); None for none

    >>> bilinear(np.array([[2.0]]), np.array([[3.0]]), np.ones((1, 1, 1)))
    array([[6.]])
    """
    out, in1, in2 = weight.shape
    check_held("bilinear", input1, (out,), bias=bias)
    columns = np.reshape(np.transpose(weight, (1, 0, 2)), (in1, out * in2))
    halves = np.reshape(input1 @ columns, (*input1.shape[:-1], out, in2))
    y = (halves @ input2[..., None])[..., 0]
    return y if bias is None else y + bias  # type: ignore[return-value]


class Linear(Layer):
    """y = x Wᵀ + b for x of shape (…, in_features).

    in_features, out_features : the sizes of the last axes of x and y
    bias : whether b is added
    dtype : of the parameters; the default dtype by default

    weight (out_features, in_features), bias (out_features,): both U(−1/√in, 1/√in), as in PyTorch.
    Raises ValueError where the last axis of x is not in_features, TypeError where its dtype is not the weight's.

    >>> Linear(3, 2)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    @checked(in_features=COUNT, out_features=COUNT)
    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: DTypeLike = None) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear: in_features={in_features}, out_features={out_features}; both must be at least 1."
            )
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(init.empty(out_features, in_features, dtype=dtype))
        self.bias = Parameter(init.empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: TensorLike) -> Tensor:
        weight = self.weight
        if getattr(input, "shape", ())[-1:] != (self.in_features,):
            raise ValueError(
                f"Linear({self.extra_repr()}): input of shape {np.shape(input)}; "
                f"the last axis must be {self.in_features}."
            )
        if input.dtype != weight.dtype:
            raise _wrong_dtype(self, "input", input.dtype, weight.dtype)
        return linear(input, weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Layer):
    """y_o = x₁ᵀ W_o x₂ + b_o for x₁ of shape (…, in1_features) and x₂ of shape (…, in2_features).

    in1_features, in2_features, out_features : the sizes of the last axes of x₁, x₂ and y
    bias : whether b is added
    dtype : of the parameters; the default dtype by default

    weight (out_features, in1_features, in2_features), bias (out_features,): both U(−1/√in1, 1/√in1).
    Raises ValueError for shapes that do not fit, TypeError where a dtype is not the weight's.

    >>> Bilinear(3, 4, 2)(np.ones((5, 3), np.float32), np.ones((5, 4), np.float32)).shape
    (5, 2)
    """

    @checked(in1_features=COUNT, in2_features=COUNT, out_features=COUNT)
    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, dtype: DTypeLike = None
    ) -> None:
        if min(in1_features, in2_features, out_features) < 1:
            raise ValueError(
                f"Bilinear: in1_features={in1_features}, in2_features={in2_features}, out_features={out_features}; "
                "all must be at least 1."
            )
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(init.empty(out_features, in1_features, in2_features, dtype=dtype))
        self.bias = Parameter(init.empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: TensorLike, input2: TensorLike) -> Tensor:
        weight = self.weight
        one, other = np.shape(input1), np.shape(input2)
        if not one or one[:-1] != other[:-1] or (one[-1], other[-1]) != (self.in1_features, self.in2_features):
            raise ValueError(
                f"Bilinear({self.extra_repr()}): inputs of shapes {one} and {other}; "
                f"expected (…, {self.in1_features}) and (…, {self.in2_features}), alike up to the last axis."
            )
        for name, x in (("input1", input1), ("input2", input2)):
            if x.dtype != weight.dtype:
                raise _wrong_dtype(self, name, x.dtype, weight.dtype)
        return bilinear(input1, input2, weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


def _wrong_dtype(layer: Module, name: str, given: DType, expected: DType) -> TypeError:
    return TypeError(
        f"{class_name(layer)}({layer.extra_repr()}): {name} is {given}, but the weights are {expected}. "
        f"Fix: x.astype(np.{expected}), or model.to(np.{given if given.kind == 'f' else 'float64'})."
    )


class Identity(Layer):
    """x, whatever arguments it was made with: a placeholder.

    >>> Identity(54, unused=True)(3)
    3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: TensorLike) -> Tensor:
        return input  # type: ignore[return-value]


class Flatten(Layer):
    """The axes from ``start_dim`` to ``end_dim`` as one.

    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    @checked()
    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: TensorLike) -> Tensor:
        shape, n = input.shape, max(input.ndim, 1)
        start, end = (d + n if d < 0 else d for d in (self.start_dim, self.end_dim))
        if not 0 <= start <= end < n:
            raise ValueError(f"Flatten({self.extra_repr()}): input of shape {shape} has no such range of axes.")
        return np.reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))  # type: ignore[return-value]

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Layer):
    """Axis ``dim`` as several of the sizes ``unflattened_size``, of which one may be −1.

    >>> Unflatten(1, (3, -1))(np.ones((2, 12))).shape
    (2, 3, 4)
    """

    @checked()
    def __init__(self, dim: int, unflattened_size: Any) -> None:
        sizes = tuple(unflattened_size) if isinstance(unflattened_size, (tuple, list)) else None
        if not isinstance(dim, int) or not sizes or not all(isinstance(n, (int, np.integer)) for n in sizes):
            raise TypeError(
                f"Unflatten: dim={dim!r}, unflattened_size={unflattened_size!r}; expected an axis number and a tuple "
                "of sizes."
            )
        self.dim, self.unflattened_size = dim, sizes

    def forward(self, input: TensorLike) -> Tensor:
        shape, sizes = input.shape, self.unflattened_size
        if not -len(shape) <= self.dim < len(shape):
            raise ValueError(f"Unflatten({self.extra_repr()}): input of shape {shape} has no axis {self.dim}.")
        axis = self.dim % len(shape)
        known = math.prod(n for n in sizes if n != -1)
        free = sizes.count(-1)
        if free > 1 or min(sizes) < -1 or (shape[axis] % known if free and known else shape[axis] != known):
            raise ValueError(
                f"Unflatten({self.extra_repr()}): axis {self.dim} of {shape} cannot become {sizes}; "
                f"the product of the sizes must be {shape[axis]}."
            )
        sizes = tuple(shape[axis] // known if n == -1 else n for n in sizes)
        return np.reshape(input, (*shape[:axis], *sizes, *shape[axis + 1 :]))  # type: ignore[return-value]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
