"""Resampling: images and signals in another size, and channels traded for places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd_core.engine import entry
from autograd_core.support.arrays import brought

from ...kernels.windows import sizes
from ...modules.checking import COUNT, checked
from ...modules.layer import Layer
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, PerAxis, TensorLike

__all__ = [
    *("ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"),
    *("channel_shuffle", "interpolate", "pixel_shuffle", "pixel_unshuffle"),
]

_RANKS = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4}
_MODES = ("nearest", "nearest-exact", "area", *_RANKS)


def interpolate(
    input: TensorLike,
    size: PerAxis | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, *places) in another size, each axis by itself: a product with a matrix of weights.

    size, scale_factor : of the result, or its ratio to the input; a number or one for each axis; give one of the two
    mode : "nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" (Keys 1981, a = −¾) or "area"
    align_corners : whether the first and last places coincide (with linear and cubic modes); else the edges do
    recompute_scale_factor : whether the ratio is that of the rounded sizes, instead of ``scale_factor`` itself
    antialias : refused where true: smooth before, or use mode "area"

    >>> interpolate(np.array([[[0.0, 1.0]]]), size=4, mode="linear")
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    if mode not in _MODES:
        raise ValueError(f"interpolate: mode={mode!r}; one of {', '.join(_MODES)}.")
    if antialias:
        raise ValueError('interpolate: antialias=True is not here. Fix: smooth the input before, or mode="area".')
    dims = input.ndim - 2
    if input.ndim != _RANKS.get(mode, input.ndim) or not 1 <= dims <= 3:
        raise ValueError(f"interpolate: mode {mode!r} does not fit an input of shape {input.shape}.")
    if align_corners is not None and mode not in _RANKS:
        raise ValueError(f"interpolate: align_corners has no meaning with mode {mode!r}.")
    out, scales = _target(input, size, scale_factor, dims)
    if recompute_scale_factor:
        scales = tuple(n / m for n, m in zip(input.shape[2:], out, strict=True))
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[dims - 1](input, out)
    for axis, (n, scale) in enumerate(zip(out, scales, strict=True), start=2):
        length = input.shape[axis]
        if mode.startswith("nearest"):
            shift = 0.5 if mode == "nearest-exact" else 0.0
            taken = np.minimum(np.floor((np.arange(n) + shift) * scale).astype(int), length - 1)
            input = input[(*(slice(None),) * axis, taken)]
        else:
            weights = _weights(n, length, scale, bool(align_corners), mode == "bicubic").astype(input.dtype)
            input = np.swapaxes(np.swapaxes(input, axis, -1) @ brought(weights, input).T, axis, -1)
    return input  # type: ignore[return-value]


def _target(
    input: AnyArray, size: PerAxis | None, scale_factor: float | Sequence[float] | None, dims: int
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The sizes of the result, and how far apart its places lie in the input."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor.")
    places = input.shape[2:]
    if scale_factor is None:
        out = sizes(size, dims, "interpolate: size")
        return out, tuple(n / m for n, m in zip(places, out, strict=True))
    given = entry.setting(scale_factor, "interpolate", "scale_factor")
    scales = tuple(given) if isinstance(given, (tuple, list)) else (given,) * dims
    if len(scales) != dims:
        raise ValueError(f"interpolate: scale_factor={given!r} for {dims} axes; give a number or {dims} of them.")
    out = tuple(math.floor(n * s) for n, s in zip(places, scales, strict=True))
    if min(out) < 1:
        raise ValueError(f"interpolate: the result would have the size {out}.")
    return out, tuple(1 / s for s in scales)


def _weights(n: int, length: int, scale: float, align_corners: bool, cubic: bool) -> AnyArray:
    """The matrix (n, length) that takes the numbers along an axis to those in between."""
    if align_corners:
        source = np.arange(n) * ((length - 1) / (n - 1) if n > 1 else 0.0)
    else:
        source = (np.arange(n) + 0.5) * scale - 0.5
        source = source if cubic else np.maximum(source, 0)
    first = np.floor(source).astype(int)
    t = source - first
    if cubic:
        a = -0.75
        near = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1  # 0 ≤ x ≤ 1
        far = lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a  # 1 ≤ x ≤ 2
        parts = [(-1, far(t + 1)), (0, near(t)), (1, near(1 - t)), (2, far(2 - t))]
    else:
        parts = [(0, 1 - t), (1, t)]
    matrix = np.zeros((n, length))
    for offset, weight in parts:
        np.add.at(matrix, (np.arange(n), np.clip(first + offset, 0, length - 1)), weight)
    return matrix


def pixel_shuffle(input: TensorLike, upscale_factor: int) -> Tensor:
    """(…, C·r², H, W) → (…, C, H·r, W·r) (Shi et al. 2016).

    input : (…, C·r², H, W)
    upscale_factor : r

    >>> pixel_shuffle(np.arange(4.0).reshape(1, 4, 1, 1), 2)[0, 0]
    array([[0., 1.],
           [2., 3.]])
    """
    r = upscale_factor
    *batch, channels, height, width = input.shape
    if channels % (r * r):
        raise ValueError(f"pixel_shuffle: {channels} channels are no multiple of {r}² in an input {input.shape}.")
    parts = np.reshape(input, (math.prod(batch), channels // (r * r), r, r, height, width))
    return np.reshape(np.transpose(parts, (0, 1, 4, 2, 5, 3)), (*batch, channels // (r * r), height * r, width * r))  # type: ignore[return-value]


def pixel_unshuffle(input: TensorLike, downscale_factor: int) -> Tensor:
    """(…, C, H·r, W·r) → (…, C·r², H, W), the inverse of ``pixel_shuffle``.

    input : (…, C, H·r, W·r)
    downscale_factor : r

    >>> pixel_unshuffle(np.arange(4.0).reshape(1, 1, 2, 2), 2).ravel()
    array([0., 1., 2., 3.])
    """
    r = downscale_factor
    *batch, channels, height, width = input.shape
    if height % r or width % r:
        raise ValueError(f"pixel_unshuffle: {height}×{width} places are no multiples of {r}.")
    parts = np.reshape(input, (math.prod(batch), channels, height // r, r, width // r, r))
    return np.reshape(np.transpose(parts, (0, 1, 3, 5, 2, 4)), (*batch, channels * r * r, height // r, width // r))  # type: ignore[return-value]


@checked(groups=COUNT)
def channel_shuffle(input: TensorLike, groups: int) -> Tensor:
    """The channels of (N, C, …) as ``groups`` rows, read by columns (Zhang et al. 2018).

    input : (N, C, …)
    groups : a divisor of C

    >>> channel_shuffle(np.arange(4.0).reshape(1, 4, 1, 1), 2).ravel()
    array([0., 2., 1., 3.])
    """
    count, channels, *places = input.shape
    if channels % groups:
        raise ValueError(f"channel_shuffle: {channels} channels are no multiple of groups={groups}.")
    parts = np.reshape(input, (count, groups, channels // groups, *places))
    return np.reshape(np.swapaxes(parts, 1, 2), input.shape)  # type: ignore[return-value]


class Upsample(Layer):
    """``interpolate`` as a layer.

    size, scale_factor, mode, align_corners, recompute_scale_factor : those of ``nn.functional.interpolate``

    >>> Upsample(scale_factor=2)(np.ones((1, 3, 4, 4), np.float32)).shape
    (1, 3, 8, 8)
    """

    @checked()
    def __init__(
        self,
        size: PerAxis | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.recompute_scale_factor = recompute_scale_factor
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, input: TensorLike) -> Tensor:
        sizes = self.size, self.scale_factor, self.mode, self.align_corners
        return interpolate(input, *sizes, self.recompute_scale_factor)

    def extra_repr(self) -> str:
        what = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Layer):
    """``interpolate`` of images to the nearest place.

    size, scale_factor : those of ``nn.functional.interpolate``
    """

    mode, align_corners = "nearest", None

    def __init__(self, size: PerAxis | None = None, scale_factor: float | Sequence[float] | None = None) -> None:
        self.size, self.scale_factor = size, scale_factor

    def forward(self, input: TensorLike) -> Tensor:
        return interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        what = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingBilinear2d(UpsamplingNearest2d):
    """``interpolate`` of images, bilinear and with ``align_corners``.

    size, scale_factor : those of ``nn.functional.interpolate``
    """

    mode, align_corners = "bilinear", True  # type: ignore[assignment]


class ChannelShuffle(Layer):
    """``channel_shuffle`` as a layer.

    groups : that of ``nn.functional.channel_shuffle``
    """

    @checked(groups=COUNT)
    def __init__(self, groups: int) -> None:
        self.groups = groups

    def forward(self, input: TensorLike) -> Tensor:
        return channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


class PixelShuffle(Layer):
    """``pixel_shuffle`` as a layer.

    upscale_factor : r
    """

    @checked(upscale_factor=COUNT)
    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def forward(self, input: TensorLike) -> Tensor:
        return pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Layer):
    """``pixel_unshuffle`` as a layer.

    downscale_factor : r
    """

    @checked(downscale_factor=COUNT)
    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def forward(self, input: TensorLike) -> Tensor:
        return pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"
