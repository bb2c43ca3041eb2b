"""Convolution in one, two and three dimensions, as matrix products that reach BLAS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine import entry
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from ... import init
from ...kernels.correlation import correlate
from ...kernels.windows import Pads, Sizes, batched, sizes, windows_along
from ...modules.checking import COUNT, checked
from ...modules.dtypes import check_held, same_dtype
from ...modules.layer import Layer
from ...modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, DTypeLike, PerAxis, TensorLike

__all__ = [
    *("Conv1d", "Conv2d", "Conv3d"),
    *("conv1d", "conv2d", "conv3d"),
]


def _convolve(
    name: str,
    dims: int,
    input: AnyArray,
    weight: AnyArray,
    bias: AnyArray | None,
    stride: PerAxis,
    padding: str | PerAxis,
    dilation: PerAxis,
    groups: int,
) -> Tensor:
    x, single = batched(input, dims, name)
    stride, dilation = sizes(stride, dims, f"{name}: stride"), sizes(dilation, dims, f"{name}: dilation")
    kernel = weight.shape[2:]
    pads = _pads(name, padding, kernel, stride, dilation)
    check_channels(name, x, weight.shape[1] * groups, weight.shape[0], groups)
    axes = zip(x.shape[2:], kernel, stride, dilation, pads, strict=True)
    out = tuple(windows_along(*axis) for axis in axes)
    if min(out) < 1:
        span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
        raise ValueError(f"{name}: a kernel that spans {span} does not fit into {x.shape[2:]} padded by {pads}.")
    same_dtype(name, "input", x, weight)
    check_held(name, x, weight.shape[:1], bias=bias)
    zeros = np.zeros_like(bare(weight), shape=weight.shape[0]) if bias is None else bias
    y = correlate(x, weight, zeros, tuple(x.shape[2:]), kernel, stride, pads, dilation, groups)
    return y[0] if single else y


def _pads(name: str, padding: str | PerAxis, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pads:
    padding = entry.setting(padding, name, "padding")
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError(f"{name}: padding='same' needs stride 1, not {stride}.")
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((t // 2, t - t // 2) for t in totals)
    if isinstance(padding, str):
        raise ValueError(f"{name}: padding={padding!r}; it is a number, one for each axis, 'same' or 'valid'.")
    return tuple((p, p) for p in sizes(padding, len(kernel), f"{name}: padding", 0))


def check_channels(name: str, x: AnyArray, channels: int, filters: int, groups: int) -> None:
    """Refuse groups that do not divide both sides, and an input of other channels than the weight is for."""
    if groups < 1 or filters % groups or channels % groups:
        raise ValueError(f"{name}: groups={groups} must divide the channels {channels} and {filters}.")
    if x.shape[1] != channels:
        raise ValueError(f"{name}: input of shape {x.shape} has {x.shape[1]} channels; the weight is for {channels}.")


def conv1d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:
    """y[n, o, i] = b[o] + Σ W[o, c, k] x[n, c, i·stride + k·dilation].

    input : x of shape (N, C, L) or (C, L)
    weight : W of shape (O, C/groups, K)
    bias : b of shape (O,); None for none
    stride : from one window to the next
    padding : zeros at both ends, "same" for an output of the input's size (with stride 1), or "valid" for none
    dilation : from one place of a window to the next
    groups : into how many parts the channels fall, each with O/groups of the filters

    Raises ValueError for shapes that do not fit, TypeError where the dtypes differ.

    >>> conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    array([[[1., 2.]]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:
    """``conv1d`` over two axes (LeCun et al. 1989).

    input : (N, C, H, W) or (C, H, W)
    weight : (O, C/groups, KH, KW)
    bias, stride, padding, dilation, groups : those of ``conv1d``, numbers or one for each axis

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), padding=1)[0, 0]
    array([[4., 6., 4.],
           [6., 9., 6.],
           [4., 6., 4.]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: PerAxis = 1,
    padding: str | PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Tensor:
    """``conv1d`` over three axes.

    input : (N, C, D, H, W) or (C, D, H, W)
    weight : (O, C/groups, KD, KH, KW)
    bias, stride, padding, dilation, groups : those of ``conv1d``, numbers or one for each axis
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


# Layers --------------------------------------------------------------------------------------------------------------

_PADDING_MODES = {"zeros": None, "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class Convolution(Layer):
    """What convolutions and their adjoints have in common: parameters, their first values, and the line in ``repr``.

    axis_of_outputs : the axis of the weight along which the output's channels lie
    """

    dims: int
    axis_of_outputs = 0
    channels_first = True

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: PerAxis,
        stride: PerAxis,
        padding: str | PerAxis,
        dilation: PerAxis,
        groups: int,
    ) -> None:
        name = class_name(self)
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"{name}: groups={groups} must divide in_channels={in_channels} and {out_channels=}.")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = sizes(kernel_size, self.dims, f"{name}: kernel_size")
        self.stride = sizes(stride, self.dims, f"{name}: stride")
        self.padding = padding if isinstance(padding, str) else sizes(padding, self.dims, f"{name}: padding", 0)
        self.dilation = sizes(dilation, self.dims, f"{name}: dilation")

    def _make(self, shape: Sizes, bias: bool, dtype: DTypeLike) -> None:
        self.weight = Parameter(init.empty(*shape, dtype=dtype))
        self.bias = Parameter(init.empty(self.out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values: U(−1/√fan_in, 1/√fan_in), as in PyTorch."""
        bound = 1 / math.sqrt(max(1, math.prod(self.weight.shape[1:])))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        usual = {"padding": (0,) * self.dims, "dilation": (1,) * self.dims, "groups": 1}
        text += "".join(f", {k}={getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k) != v)
        return text + (", bias=False" if self.bias is None else "")


class _Conv(Convolution):
    function: Callable[..., Tensor]

    @checked(in_channels=COUNT, out_channels=COUNT, groups=COUNT)
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: PerAxis,
        stride: PerAxis = 1,
        padding: str | PerAxis = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: DTypeLike = None,
    ) -> None:
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"{class_name(self)}: padding_mode={padding_mode!r}; one of {list(_PADDING_MODES)}.")
        self.padding_mode = padding_mode
        self._set_up(in_channels, out_channels, kernel_size, stride, padding, dilation, groups)
        self._make((out_channels, in_channels // groups, *self.kernel_size), bias, dtype)

    def forward(self, input: TensorLike) -> Tensor:
        padding: Any = self.padding
        mode = _PADDING_MODES[self.padding_mode]
        if mode is not None:
            pads = _pads(class_name(self), padding, self.kernel_size, self.stride, self.dilation)
            input = np.pad(input, ((0, 0),) * (np.ndim(input) - self.dims) + pads, mode=mode)  # type: ignore[call-overload]
            padding = 0
        return type(self).function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Conv):
    """Convolution of (N, C, L); weight (out, in/groups, K), bias (out,).

    in_channels, out_channels : both multiples of groups
    kernel_size : the places of a window
    stride, padding, dilation, groups : those of ``nn.functional.conv1d``
    bias : whether there is one
    padding_mode : what stands at the ends: "zeros", "reflect", "replicate" or "circular"
    dtype : of the parameters; the default dtype by default

    Both parameters begin as U(−1/√n, 1/√n), n = in/groups · K. Raises ValueError for numbers that do not fit.

    >>> Conv1d(2, 3, 5, padding="same")(np.ones((4, 2, 10), np.float32)).shape
    (4, 3, 10)
    """

    dims, function = 1, staticmethod(conv1d)


class Conv2d(_Conv):
    """Convolution of (N, C, H, W); weight (out, in/groups, KH, KW), bias (out,).

    in_channels, out_channels, groups, bias, padding_mode, dtype : those of ``Conv1d``
    kernel_size, stride, padding, dilation : those of ``Conv1d``, numbers or one for each axis

    >>> Conv2d(1, 8, 3, stride=2, padding=1)(np.ones((4, 1, 8, 8), np.float32)).shape
    (4, 8, 4, 4)
    """

    dims, function = 2, staticmethod(conv2d)


class Conv3d(_Conv):
    """Convolution of (N, C, D, H, W); weight (out, in/groups, KD, KH, KW), bias (out,).

    in_channels, out_channels, groups, bias, padding_mode, dtype : those of ``Conv1d``
    kernel_size, stride, padding, dilation : those of ``Conv1d``, numbers or one for each axis
    """

    dims, function = 3, staticmethod(conv3d)
