"""The adjoints of the convolutions in one, two and three dimensions: from fewer places to more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from autograd_core.engine.errors import class_name

from ...kernels.windows import batched, fold, sizes
from ...modules.checking import COUNT, checked
from ...modules.dtypes import check_held, same_dtype
from .convolution import Convolution, check_channels

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, PerAxis, TensorLike

__all__ = [
    *("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
    *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
]


def _convolve_transposed(
    name: str,
    dims: int,
    input: AnyArray,
    weight: AnyArray,
    bias: AnyArray | None,
    stride: PerAxis,
    padding: str | PerAxis,
    output_padding: PerAxis,
    groups: int,
    dilation: PerAxis,
) -> Tensor:
    x, single = batched(input, dims, name)
    stride, dilation = sizes(stride, dims, f"{name}: stride"), sizes(dilation, dims, f"{name}: dilation")
    extra = sizes(output_padding, dims, f"{name}: output_padding", 0)
    pads = tuple((p, p) for p in sizes(padding, dims, f"{name}: padding", 0))
    kernel = weight.shape[2:]
    check_channels(name, x, weight.shape[0], weight.shape[1] * groups, groups)
    same_dtype(name, "input", x, weight)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(f"{name}: output_padding={extra} must be smaller than stride={stride} or dilation={dilation}.")
    check_held(name, x, (weight.shape[1] * groups,), bias=bias)
    size = tuple(
        (n - 1) * s - sum(p) + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(x.shape[2:], stride, pads, dilation, kernel, extra, strict=True)
    )
    if min(size) < 1:
        raise ValueError(f"{name}: padding={padding!r} leaves {size} places of an input of shape {x.shape}.")
    count, places = len(x), math.prod(x.shape[2:])
    flat = np.reshape(x, (count, groups, x.shape[1] // groups, places))
    filters = np.reshape(weight, (groups, weight.shape[0] // groups, -1))
    columns = np.swapaxes(filters, -1, -2) @ flat
    columns = np.reshape(columns, (count, weight.shape[1] * groups, math.prod(kernel), places))
    if all(e < s for e, s in zip(extra, stride, strict=True)):
        y = fold(columns, size, kernel, stride, dilation, pads)
    else:  # what is added behind the last window would hold further windows
        behind = tuple((a, b - e) if b >= e else (a, 0) for (a, b), e in zip(pads, extra, strict=True))
        short = tuple(min(e, e - b) if b < e else 0 for (_, b), e in zip(pads, extra, strict=True))
        within = tuple(n - m for n, m in zip(size, short, strict=True))
        y = fold(columns, within, kernel, stride, dilation, behind)
        y = np.pad(y, ((0, 0), (0, 0), *((0, m) for m in short)))
    y = y if bias is None else y + np.reshape(bias, (-1, *[1] * dims))
    return y[0] if single else y


def conv_transpose1d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Tensor:
    """The adjoint of ``conv1d`` (Dumoulin & Visin 2016).

    input : (N, C, L) or (C, L); the output has (L − 1)·stride − 2·padding + dilation·(K − 1) + output_padding + 1
        places
    weight : (C, O/groups, K)
    bias : (O,); None for none
    stride, dilation, groups : those of the ``conv1d`` whose adjoint it is
    padding : places cut off at both ends
    output_padding : places added at the end, fewer than stride or dilation

    Raises ValueError for shapes that do not fit, TypeError where the dtypes differ.

    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 10.0]]]), stride=2)
    array([[[ 1., 10.,  2., 20.]]])
    """
    options = stride, padding, output_padding, groups, dilation
    return _convolve_transposed("conv_transpose1d", 1, input, weight, bias, *options)


def conv_transpose2d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Tensor:
    """The adjoint of ``conv2d``.

    input : (N, C, H, W) or (C, H, W)
    weight : (C, O/groups, KH, KW)
    bias, stride, padding, output_padding, groups, dilation : those of ``conv_transpose1d``, numbers or one for each
        axis
    """
    options = stride, padding, output_padding, groups, dilation
    return _convolve_transposed("conv_transpose2d", 2, input, weight, bias, *options)


def conv_transpose3d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Tensor:
    """The adjoint of ``conv3d``.

    input : (N, C, D, H, W) or (C, D, H, W)
    weight : (C, O/groups, KD, KH, KW)
    bias, stride, padding, output_padding, groups, dilation : those of ``conv_transpose1d``, numbers or one for each
        axis
    """
    options = stride, padding, output_padding, groups, dilation
    return _convolve_transposed("conv_transpose3d", 3, input, weight, bias, *options)


class _ConvTranspose(Convolution):
    function: Callable[..., Tensor]
    axis_of_outputs = 1

    @checked(in_channels=COUNT, out_channels=COUNT, groups=COUNT)
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: PerAxis,
        stride: PerAxis = 1,
        padding: str | PerAxis = 0,
        output_padding: PerAxis = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: PerAxis = 1,
        padding_mode: str = "zeros",
        dtype: DTypeLike = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f"{class_name(self)}: padding_mode={padding_mode!r}; only 'zeros' has a meaning here.")
        self.padding_mode = padding_mode
        self._set_up(in_channels, out_channels, kernel_size, stride, padding, dilation, groups)
        self.output_padding = sizes(output_padding, self.dims, f"{class_name(self)}: output_padding", 0)
        self._make((in_channels, out_channels // groups, *self.kernel_size), bias, dtype)

    def forward(self, input: TensorLike) -> Tensor:
        options = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return type(self).function(input, self.weight, self.bias, *options)


class ConvTranspose1d(_ConvTranspose):
    """The adjoint of a convolution, from fewer places to more; weight (in, out/groups, K).

    in_channels, out_channels, kernel_size, stride, dilation, groups, bias, dtype : those of ``Conv1d``
    padding, output_padding : those of ``nn.functional.conv_transpose1d``
    padding_mode : "zeros"; nothing else has a meaning here

    >>> ConvTranspose1d(2, 3, 4, stride=2, padding=1)(np.ones((1, 2, 5), np.float32)).shape
    (1, 3, 10)
    """

    dims, function = 1, staticmethod(conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """The adjoint of a convolution of images; weight (in, out/groups, KH, KW).

    in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode,
        dtype : those of ``ConvTranspose1d``, numbers or one for each axis
    """

    dims, function = 2, staticmethod(conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """The adjoint of a convolution of volumes; weight (in, out/groups, KD, KH, KW).

    in_channels, out_channels, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode,
        dtype : those of ``ConvTranspose1d``, numbers or one for each axis
    """

    dims, function = 3, staticmethod(conv_transpose3d)
