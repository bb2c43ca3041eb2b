"""Pooling by powers: the p-norm of every window, and a number divided by what its channels' neighbours hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...kernels.windows import sizes
from ...modules.checking import COUNT, checked
from ...modules.layer import Layer
from .pooling import avg_pool1d, avg_pool2d, avg_pool3d

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import PerAxis, TensorLike

__all__ = [
    *("LPPool1d", "LPPool2d", "LPPool3d", "LocalResponseNorm", "local_response_norm", "lp_pool1d", "lp_pool2d"),
    "lp_pool3d",
]

_AVERAGES = (avg_pool1d, avg_pool2d, avg_pool3d)


def _lp_pool(
    dims: int, input: TensorLike, norm_type: float, kernel_size: PerAxis, stride: PerAxis | None, ceil_mode: bool
) -> Tensor:
    count = math.prod(sizes(kernel_size, dims, f"lp_pool{dims}d: kernel_size"))
    means = _AVERAGES[dims - 1](np.power(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return np.power(means * count, 1.0 / norm_type)  # type: ignore[return-value]


def lp_pool1d(
    input: TensorLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) of every window of (N, C, L); NaN where a power or a root is none.

    input : (N, C, L) or (C, L)
    norm_type : p
    kernel_size, stride, ceil_mode : those of ``nn.functional.avg_pool1d``

    >>> lp_pool1d(np.array([[[3.0, 4.0]]]), 2, 2)
    array([[[5.]]])
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: TensorLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) of every window of (N, C, H, W).

    input, norm_type, kernel_size, stride, ceil_mode : those of ``nn.functional.lp_pool1d``
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: TensorLike,
    norm_type: float,
    kernel_size: PerAxis,
    stride: PerAxis | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(Σ xᵖ)^(1/p) of every window of (N, C, D, H, W).

    input, norm_type, kernel_size, stride, ceil_mode : those of ``nn.functional.lp_pool1d``
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


@checked(size=COUNT)
def local_response_norm(
    input: TensorLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + α·mean of x² over ``size`` neighbouring channels)^β (Krizhevsky et al. 2012).

    input : (N, C, …)
    size : how many channels, the own one in the middle
    alpha, beta, k : α, β and k of the formula

    Raises ValueError for fewer than three axes.
    """
    if np.ndim(input) < 3:
        raise ValueError(f"local_response_norm: input of shape {np.shape(input)}; expected (N, C, …).")
    channels = input.shape[1]
    square = np.square(input)
    widths = [(0, 0)] * np.ndim(input)
    widths[1] = size // 2, (size - 1) // 2
    wide = np.pad(square, widths)
    total = sum((wide[:, i : i + channels] for i in range(1, size)), wide[:, :channels])
    return input / np.power(k + alpha / size * total, beta)  # type: ignore[return-value]


class LPPool1d(Layer):
    """``lp_pool1d`` as a layer.

    norm_type, kernel_size, stride, ceil_mode : those of ``nn.functional.lp_pool1d``
    """

    function = staticmethod(lp_pool1d)

    @checked()
    def __init__(
        self, norm_type: float, kernel_size: PerAxis, stride: PerAxis | None = None, ceil_mode: bool = False
    ) -> None:
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: TensorLike) -> Tensor:
        return type(self).function(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool2d(LPPool1d):
    """``lp_pool2d`` as a layer.

    norm_type, kernel_size, stride, ceil_mode : those of ``nn.functional.lp_pool1d``
    """

    function = staticmethod(lp_pool2d)


class LPPool3d(LPPool1d):
    """``lp_pool3d`` as a layer.

    norm_type, kernel_size, stride, ceil_mode : those of ``nn.functional.lp_pool1d``
    """

    function = staticmethod(lp_pool3d)


class LocalResponseNorm(Layer):
    """``local_response_norm`` as a layer.

    size, alpha, beta, k : those of ``nn.functional.local_response_norm``

    >>> LocalResponseNorm(2)(np.ones((1, 4, 3), np.float32)).shape
    (1, 4, 3)
    """

    @checked(size=COUNT)
    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: TensorLike) -> Tensor:
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
