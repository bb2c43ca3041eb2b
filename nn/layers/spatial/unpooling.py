"""Where the largest numbers of windows stood, and putting them back there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought, hosted

from ...kernels.windows import Pads, Sizes, batched, sizes, unfold
from ...modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, PerAxis, TensorLike

__all__ = ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d"]


def places_of_largest(x: AnyArray, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: Pads, out: Sizes) -> AnyArray:
    """For each window the number of its largest element, the first of several, within the unpadded places of x."""
    values = bare(x)
    padded = np.pad(values, ((0, 0), (0, 0), *pads), constant_values=-np.inf)
    numbers = brought(np.arange(math.prod(values.shape[2:])).reshape(1, 1, *values.shape[2:]), values)
    numbers = np.pad(numbers, ((0, 0), (0, 0), *pads), constant_values=-1)
    none = ((0, 0),) * len(kernel)
    first = np.argmax(unfold(padded, kernel, stride, dilation, none), axis=2)
    columns = unfold(numbers, kernel, stride, dilation, none)
    found = np.take_along_axis(columns, first[:, :, None], axis=2)
    return np.reshape(found, (*values.shape[:2], *out))


def _unpool(
    name: str,
    dims: int,
    input: AnyArray,
    indices: AnyArray,
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: PerAxis,
    output_size: Any,
) -> Tensor:
    x, single = batched(input, dims, name)
    places = np.reshape(hosted(bare(indices)), x.shape)
    if places.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: indices are {places.dtype}; give integers, those of max_pool with return_indices=True."
        )
    kernel = sizes(kernel_size, dims, f"{name}: kernel_size")
    step = kernel if stride is None else sizes(stride, dims, f"{name}: stride")
    pad = sizes(padding, dims, f"{name}: padding", 0)
    usual = tuple((n - 1) * s + k - 2 * p for n, k, s, p in zip(x.shape[2:], kernel, step, pad, strict=True))
    wanted = usual if output_size is None else tuple(output_size)[-dims:]
    if len(wanted) != dims or any(abs(n - u) >= s for n, u, s in zip(wanted, usual, step, strict=True)):
        raise ValueError(f"{name}: output_size={output_size}; expected {usual}, and less than a stride off that.")
    count = math.prod(wanted)
    if places.size and (places.min() < 0 or places.max() >= count):
        raise ValueError(f"{name}: indices {places.min()} … {places.max()} for {wanted} places.")
    rows = math.prod(x.shape[:2])
    where = (np.arange(rows)[:, None], places.reshape(rows, -1))
    whole: Any = _put(np.reshape(x, (rows, -1)), where, (rows, count))
    whole = np.reshape(whole, (*x.shape[:2], *wanted))
    return whole[0] if single else whole


def _put(values: AnyArray, where: Any, shape: tuple[int, ...]) -> AnyArray:
    """Zeros with ``values`` at places; of several at one place the last stays."""
    from autograd_core import Tensor

    zeros = np.zeros_like(bare(values), shape=shape)
    if isinstance(values, Tensor):
        return Tensor(zeros).at[where].set(values)
    zeros[where] = values
    return zeros


def max_unpool1d(
    input: TensorLike,
    indices: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    output_size: Any = None,
) -> Tensor:
    """The numbers of (N, C, L) at their places before ``max_pool1d``, and zeros elsewhere.

    input : what ``max_pool1d`` gave
    indices : the places that it gave with ``return_indices=True``
    kernel_size, stride, padding : what it was called with
    output_size : the shape before it, where several would give this one

    Raises ValueError for places outside, and for an output_size that does not fit.

    >>> max_unpool1d(np.array([[[3.0, 4.0]]]), np.array([[[1, 2]]]), 2)
    array([[[0., 3., 4., 0.]]])
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: TensorLike,
    indices: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    output_size: Any = None,
) -> Tensor:
    """The numbers of (N, C, H, W) at their places before ``max_pool2d``, and zeros elsewhere.

    input, indices, kernel_size, stride, padding, output_size : those of ``nn.functional.max_unpool1d``
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: TensorLike,
    indices: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    output_size: Any = None,
) -> Tensor:
    """The numbers of (N, C, D, H, W) at their places before ``max_pool3d``, and zeros elsewhere.

    input, indices, kernel_size, stride, padding, output_size : those of ``nn.functional.max_unpool1d``
    """
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


class MaxUnpool1d(Layer):
    """``max_unpool1d`` as a layer of numbers and places.

    kernel_size, stride, padding : those of ``nn.functional.max_unpool1d``
    """

    function = staticmethod(max_unpool1d)

    def __init__(self, kernel_size: PerAxis, stride: PerAxis | None = None, padding: PerAxis = 0) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding = padding

    def forward(self, input: TensorLike, indices: TensorLike, output_size: Any = None) -> Tensor:
        """input, indices, output_size : those of ``nn.functional.max_unpool1d``"""
        return type(self).function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool2d(MaxUnpool1d):
    """``max_unpool2d`` as a layer of numbers and places.

    kernel_size, stride, padding : those of ``nn.functional.max_unpool1d``
    """

    function = staticmethod(max_unpool2d)


class MaxUnpool3d(MaxUnpool1d):
    """``max_unpool3d`` as a layer of numbers and places.

    kernel_size, stride, padding : those of ``nn.functional.max_unpool1d``
    """

    function = staticmethod(max_unpool3d)
