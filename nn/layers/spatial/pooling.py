"""Pooling: the largest or the mean number of every window."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine import entry
from autograd_core.engine.tensor import bare

from ...kernels.accuracy import accurate, like
from ...kernels.pooling import max_of_windows
from ...kernels.windows import Pads, Sizes, batched, sizes, unfold, windows_along
from ...modules.checking import NONZERO, checked
from ...modules.layer import Layer
from .unpooling import places_of_largest

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, PerAxis, TensorLike

__all__ = [
    *("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"),
    *("avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d"),
]


def _max_pool(
    name: str,
    dims: int,
    input: AnyArray,
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: PerAxis,
    dilation: PerAxis,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x, single = batched(input, dims, name)
    kernel, stride, pads = _geometry(name, dims, x, kernel_size, stride, padding)
    dilation = sizes(dilation, dims, f"{name}: dilation")
    out, pads = _extent(name, x, kernel, stride, dilation, pads, ceil_mode)
    numbers = places_of_largest(x, kernel, stride, dilation, pads, out) if return_indices else None
    if any(map(any, pads)):
        x = np.pad(x, ((0, 0), (0, 0), *pads), constant_values=-np.inf)  # type: ignore[arg-type]
    y = max_of_windows(x, kernel, stride, dilation)
    y, numbers = (y[0], numbers if numbers is None else numbers[0]) if single else (y, numbers)
    return y if numbers is None else (y, numbers)


def _avg_pool(
    name: str,
    dims: int,
    input: AnyArray,
    kernel_size: PerAxis,
    stride: PerAxis | None,
    padding: PerAxis,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None = None,
) -> Tensor:
    x, single = batched(input, dims, name)
    kernel, stride, given = _geometry(name, dims, x, kernel_size, stride, padding)
    ones = (1,) * dims
    out, pads = _extent(name, x, kernel, stride, ones, given, ceil_mode)
    total = np.sum(unfold(accurate(x), kernel, stride, ones, pads), axis=2)
    if divisor is not None:
        if divisor == 0:
            raise ValueError(f"{name}: divisor_override must not be zero.")
        y = total / divisor
    elif pads == given and (count_include_pad or not any(map(any, pads))):
        y = total / math.prod(kernel)
    else:  # windows that reach beyond what is counted have fewer members
        counted = np.ones_like(bare(x), shape=(1, 1, *x.shape[2:]))
        if count_include_pad:
            counted = np.pad(counted, ((0, 0), (0, 0), *given), constant_values=1)
            pads = tuple((0, b - d) for (_, b), (_, d) in zip(pads, given, strict=True))
        y = total / unfold(counted, kernel, stride, ones, pads).sum(axis=2)
    y = like(x, np.reshape(y, (*x.shape[:2], *out)))
    return y[0] if single else y


def _geometry(
    name: str, dims: int, x: AnyArray, kernel_size: PerAxis, stride: PerAxis | None, padding: PerAxis
) -> tuple[Sizes, Sizes, Pads]:
    stride = entry.setting(stride, name, "stride")
    kernel = sizes(kernel_size, dims, f"{name}: kernel_size")
    stride = kernel if stride is None or stride == () else sizes(stride, dims, f"{name}: stride")
    pad = sizes(padding, dims, f"{name}: padding", 0)
    if any(2 * p > k for p, k in zip(pad, kernel, strict=True)):
        raise ValueError(f"{name}: padding={padding!r} must be at most half of kernel_size={kernel_size!r}.")
    return kernel, stride, tuple((p, p) for p in pad)


def _extent(
    name: str, x: AnyArray, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: Pads, ceil_mode: bool
) -> tuple[Sizes, Pads]:
    """The number of windows along each axis, and the padding with which they fit."""
    out, fitting = [], []
    for n, k, s, d, (a, b) in zip(x.shape[2:], kernel, stride, dilation, pads, strict=True):
        count = windows_along(n, k, s, d, (a, b))
        if ceil_mode:
            more = -(-(n + a + b - d * (k - 1) - 1) // s) + 1
            count = more if (more - 1) * s < n + a else more - 1  # the last window must begin inside
            b = max(b, (count - 1) * s + d * (k - 1) + 1 - n - a)
        out.append(count)
        fitting.append((a, b))
    if min(out) < 1:
        raise ValueError(f"{name}: windows of {kernel} do not fit into {x.shape[2:]} padded by {pads}.")
    return tuple(out), tuple(fitting)


@checked()
def max_pool1d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest number of every window of (N, C, L); equal ones share the derivative. stride: kernel_size by default.

    input : (N, C, L) or (C, L); the output has ⌊(L + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1 places
    kernel_size : the places of a window
    stride : from one window to the next, kernel_size by default
    padding : places of −∞ at both ends, at most half of kernel_size
    dilation : from one place of a window to the next
    ceil_mode : whether a last window that reaches beyond the end counts: ⌈…⌉ instead of ⌊…⌋
    return_indices : whether also the place of each of them is given, counted through the unpadded axes: the first
        place of several, for ``max_unpool1d``

    Raises ValueError where no window fits, or padding is more than half of kernel_size.

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[3., 2.]]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@checked()
def max_pool2d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest number of every window of (N, C, H, W).

    input : (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, dilation, ceil_mode : those of ``max_pool1d``, a number or one for each axis
    return_indices : that of ``max_pool1d``
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@checked()
def max_pool3d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest number of every window of (N, C, D, H, W).

    input : (N, C, D, H, W) or (C, D, H, W)
    kernel_size, stride, padding, dilation, ceil_mode : those of ``max_pool1d``, a number or one for each axis
    return_indices : that of ``max_pool1d``
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@checked()
def avg_pool1d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of (N, C, L); zeros of the padding are counted unless count_include_pad is false.

    input : (N, C, L) or (C, L)
    kernel_size, stride, ceil_mode : those of ``max_pool1d``
    padding : zeros at both ends, at most half of kernel_size
    count_include_pad : whether those zeros count in the mean

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2)
    array([[[2., 1.]]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@checked(divisor_override=NONZERO)
def avg_pool2d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of (N, C, H, W), or its sum divided by divisor_override.

    input : (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, ceil_mode, count_include_pad : those of ``avg_pool1d``, numbers or one for each axis
    divisor_override : what every sum is divided by, instead of the number of places
    """
    options = stride, padding, ceil_mode, count_include_pad, divisor_override
    return _avg_pool("avg_pool2d", 2, input, kernel_size, *options)


@checked(divisor_override=NONZERO)
def avg_pool3d(
    input: TensorLike,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window of (N, C, D, H, W), or its sum divided by divisor_override.

    input : (N, C, D, H, W) or (C, D, H, W)
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override : those of ``avg_pool2d``
    """
    options = stride, padding, ceil_mode, count_include_pad, divisor_override
    return _avg_pool("avg_pool3d", 3, input, kernel_size, *options)


# Layers --------------------------------------------------------------------------------------------------------------


class _MaxPool(Layer):
    channels_first = True
    function: Callable[..., Tensor]

    @checked()
    def __init__(
        self,
        kernel_size: PerAxis,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        dilation: PerAxis = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode
        self.return_indices = return_indices

    def forward(self, input: TensorLike) -> Tensor:
        options = self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        return type(self).function(input, *options, self.return_indices)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """``max_pool1d`` as a layer.

    kernel_size, stride, padding, dilation, return_indices, ceil_mode : those of ``nn.functional.max_pool1d``
    """

    function = staticmethod(max_pool1d)


class MaxPool2d(_MaxPool):
    """``max_pool2d`` as a layer.

    kernel_size, stride, padding, dilation, return_indices, ceil_mode : those of ``nn.functional.max_pool2d``

    >>> MaxPool2d(2)(np.ones((4, 8, 6, 6), np.float32)).shape
    (4, 8, 3, 3)
    """

    function = staticmethod(max_pool2d)


class MaxPool3d(_MaxPool):
    """``max_pool3d`` as a layer.

    kernel_size, stride, padding, dilation, return_indices, ceil_mode : those of ``nn.functional.max_pool3d``
    """

    function = staticmethod(max_pool3d)


class AvgPool1d(Layer):
    """``avg_pool1d`` as a layer.

    kernel_size, stride, padding, ceil_mode, count_include_pad : those of ``nn.functional.avg_pool1d``
    """

    channels_first = True

    @checked()
    def __init__(
        self,
        kernel_size: PerAxis,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, input: TensorLike) -> Tensor:
        options = self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return avg_pool1d(input, *options)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(AvgPool1d):
    function: Callable[..., Tensor]

    @checked(divisor_override=NONZERO)
    def __init__(
        self,
        kernel_size: PerAxis,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: TensorLike) -> Tensor:
        options = self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return type(self).function(input, *options, self.divisor_override)


class AvgPool2d(_AvgPool):
    """``avg_pool2d`` as a layer.

    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override : those of
        ``nn.functional.avg_pool2d``
    """

    function = staticmethod(avg_pool2d)


class AvgPool3d(_AvgPool):
    """``avg_pool3d`` as a layer.

    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override : those of
        ``nn.functional.avg_pool3d``
    """

    function = staticmethod(avg_pool3d)
