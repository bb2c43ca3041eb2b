"""Patches: all windows of an image as columns, and columns added up into an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels import windows
from ...kernels.windows import batched, outs, sizes
from ...modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import PerAxis, TensorLike

__all__ = ["Fold", "Unfold", "fold", "unfold"]


def unfold(
    input: TensorLike, kernel_size: PerAxis, dilation: PerAxis = 1, padding: PerAxis = 0, stride: PerAxis = 1
) -> Tensor:
    """(N, C, H, W) → (N, C·k₁·k₂, L): the numbers of each of the L windows as a column.

    input : (N, C, H, W) or (C, H, W)
    kernel_size : the places of a window, a number or a pair
    dilation : from one place of a window to the next
    padding : zeros around the image
    stride : from one window to the next

    Raises ValueError where no window fits.

    >>> unfold(np.arange(4.0).reshape(1, 1, 2, 2), (1, 2))[0]
    array([[0., 2.],
           [1., 3.]])
    """
    x, single = batched(input, 2, "unfold")
    kernel, step = sizes(kernel_size, 2, "unfold: kernel_size"), sizes(stride, 2, "unfold: stride")
    apart, pad = sizes(dilation, 2, "unfold: dilation"), sizes(padding, 2, "unfold: padding", 0)
    pads = tuple((p, p) for p in pad)
    if min(outs(x.shape[2:], kernel, step, apart, pads)) < 1:
        raise ValueError(f"unfold: windows of {kernel} do not fit into {x.shape[2:]} padded by {pad}.")
    found = windows.unfold(x, kernel, step, apart, pads)
    columns: Any = np.reshape(found, (found.shape[0], math.prod(found.shape[1:3]), found.shape[3]))
    return columns[0] if single else columns


def fold(
    input: TensorLike,
    output_size: PerAxis,
    kernel_size: PerAxis,
    dilation: PerAxis = 1,
    padding: PerAxis = 0,
    stride: PerAxis = 1,
) -> Tensor:
    """(N, C·k₁·k₂, L) → (N, C, H, W): every column added up at its window's places; the adjoint of ``unfold``.

    input : (N, C·k₁·k₂, L) or (C·k₁·k₂, L)
    output_size : (H, W)
    kernel_size, dilation, padding, stride : those of ``nn.functional.unfold``

    Raises ValueError where the columns are not as many, or as long, as the windows.

    >>> fold(np.ones((1, 2, 2)), (2, 2), (1, 2))[0, 0]
    array([[1., 1.],
           [1., 1.]])
    """
    if np.ndim(input) not in (2, 3):
        raise ValueError(f"fold: input of shape {np.shape(input)}; expected (N, C·k₁·k₂, L) or (C·k₁·k₂, L).")
    single = np.ndim(input) == 2
    x = np.reshape(input, (1, *input.shape)) if single else input
    size, kernel = sizes(output_size, 2, "fold: output_size"), sizes(kernel_size, 2, "fold: kernel_size")
    apart, step = sizes(dilation, 2, "fold: dilation"), sizes(stride, 2, "fold: stride")
    pads = tuple((p, p) for p in sizes(padding, 2, "fold: padding", 0))
    count, places = math.prod(outs(size, kernel, step, apart, pads)), math.prod(kernel)
    if x.shape[1] % places or x.shape[2] != count:
        raise ValueError(
            f"fold: input of shape {np.shape(input)}; expected {count} columns of a multiple of {places} numbers."
        )
    columns = np.reshape(x, (x.shape[0], x.shape[1] // places, places, count))
    image = windows.fold(columns, size, kernel, step, apart, pads)
    return image[0] if single else image


class Unfold(Layer):
    """``unfold`` as a layer.

    kernel_size, dilation, padding, stride : those of ``nn.functional.unfold``
    """

    def __init__(self, kernel_size: PerAxis, dilation: PerAxis = 1, padding: PerAxis = 0, stride: PerAxis = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: TensorLike) -> Tensor:
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Unfold):
    """``fold`` as a layer.

    output_size, kernel_size, dilation, padding, stride : those of ``nn.functional.fold``
    """

    def __init__(
        self,
        output_size: PerAxis,
        kernel_size: PerAxis,
        dilation: PerAxis = 1,
        padding: PerAxis = 0,
        stride: PerAxis = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size

    def forward(self, input: TensorLike) -> Tensor:
        return fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, {super().extra_repr()}"
