"""Adaptive pooling: the largest or the mean number of so many windows that cover an axis, whatever its length."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought

from ...kernels.windows import batched, sizes
from ...modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, PerAxis, TensorLike

__all__ = [
    *("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
    *("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
    *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"),
    *("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
]


def _adaptive(
    name: str, dims: int, input: AnyArray, output_size: PerAxis, reduce: Callable[[AnyArray, int], AnyArray]
) -> Any:
    """One axis after the other: window i of n over L places is ⌊iL/n⌋ … ⌈(i+1)L/n⌉."""
    x, single = batched(input, dims, name)
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
    known = sizes(tuple(1 if n is None else n for n in given), dims, f"{name}: output_size", 0)
    wanted = [None if n is None else size for n, size in zip(given, known, strict=True)]
    for axis, n in enumerate(wanted, start=2):
        length = x.shape[axis]
        if n is None or n == length:
            continue
        if length % n == 0:
            x = reduce(np.reshape(x, (*x.shape[:axis], n, length // n, *x.shape[axis + 1 :])), axis + 1)
        else:
            before = (slice(None),) * axis
            parts = [x[(*before, slice(i * length // n, -(-(i + 1) * length // n)))] for i in range(n)]
            x = np.stack([reduce(part, axis) for part in parts], axis=axis)
    return x[0] if single else x


def _mean(x: AnyArray, axis: int) -> AnyArray:
    return ag.mean(x, axis=axis)


def _max(x: AnyArray, axis: int) -> AnyArray:
    return ag.max(x, axis=axis)


def adaptive_avg_pool1d(input: TensorLike, output_size: PerAxis) -> Tensor:
    """The means of ``output_size`` windows that cover (N, C, L).

    input : (N, C, L) or (C, L); window i is the places ⌊i·L/n⌋ … ⌈(i + 1)·L/n⌉ − 1 for n = output_size
    output_size : the number of windows

    >>> adaptive_avg_pool1d(np.array([[[1.0, 2.0, 3.0]]]), 2)
    array([[[1.5, 2.5]]])
    """
    return _adaptive("adaptive_avg_pool1d", 1, input, output_size, _mean)


def adaptive_avg_pool2d(input: TensorLike, output_size: PerAxis) -> Tensor:
    """The means of as many windows as ``output_size`` says along each axis of (N, C, H, W); None keeps an axis.

    input : (N, C, H, W) or (C, H, W)
    output_size : one number for both axes, or a pair
    """
    return _adaptive("adaptive_avg_pool2d", 2, input, output_size, _mean)


def adaptive_avg_pool3d(input: TensorLike, output_size: PerAxis) -> Tensor:
    """The means of as many windows as ``output_size`` says along each axis of (N, C, D, H, W); None keeps an axis.

    input : (N, C, D, H, W) or (C, D, H, W)
    output_size : one number for all axes, or three
    """
    return _adaptive("adaptive_avg_pool3d", 3, input, output_size, _mean)


def _with_places(name: str, dims: int, input: AnyArray, output_size: PerAxis, return_indices: bool) -> Any:
    largest = _adaptive(name, dims, input, output_size, _max)
    if not return_indices:
        return largest
    values, single = batched(bare(input), dims, name)
    out = bare(largest).shape[-dims:]
    numbers = brought(np.arange(math.prod(values.shape[2:])).reshape(values.shape[2:]), values)
    found = np.empty_like(values, np.int64, shape=(*values.shape[:2], *out))
    for place in itertools.product(*map(range, out)):
        axes = zip(place, out, values.shape[2:], strict=True)
        window: Any = tuple(slice(i * n // k, -(-(i + 1) * n // k)) for i, k, n in axes)
        inside = values[(..., *window)].reshape(*values.shape[:2], -1)
        where: Any = (..., *place)
        found[where] = numbers[window].reshape(-1)[np.argmax(inside, axis=-1)]
    return largest, found[0] if single else found


def adaptive_max_pool1d(input: TensorLike, output_size: PerAxis, return_indices: bool = False) -> Tensor:
    """The largest numbers of ``output_size`` windows that cover (N, C, L).

    input, output_size : those of ``adaptive_avg_pool1d``
    return_indices : whether also the place of each of them is given, the first of several
    """
    return _with_places("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: TensorLike, output_size: PerAxis, return_indices: bool = False) -> Tensor:
    """The largest numbers of as many windows as ``output_size`` says along each axis of (N, C, H, W).

    input, output_size : those of ``adaptive_avg_pool2d``
    return_indices : that of ``adaptive_max_pool1d``
    """
    return _with_places("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: TensorLike, output_size: PerAxis, return_indices: bool = False) -> Tensor:
    """The largest numbers of as many windows as ``output_size`` says along each axis of (N, C, D, H, W).

    input, output_size : those of ``adaptive_avg_pool3d``
    return_indices : that of ``adaptive_max_pool1d``
    """
    return _with_places("adaptive_max_pool3d", 3, input, output_size, return_indices)


class _Adaptive(Layer):
    channels_first = True
    function: Callable[..., Tensor]

    def __init__(self, output_size: PerAxis) -> None:
        self.output_size = output_size

    def forward(self, input: TensorLike) -> Tensor:
        return type(self).function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """``adaptive_avg_pool1d`` as a layer.

    output_size : the number of windows
    """

    function = staticmethod(adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Adaptive):
    """``adaptive_avg_pool2d`` as a layer.

    output_size : the number of windows along both axes, or a pair of them; None keeps an axis
    """

    function = staticmethod(adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_Adaptive):
    """``adaptive_avg_pool3d`` as a layer.

    output_size : the numbers of windows
    """

    function = staticmethod(adaptive_avg_pool3d)


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: PerAxis, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: TensorLike) -> Tensor:
        return type(self).function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """``adaptive_max_pool1d`` as a layer.

    output_size : the number of windows
    return_indices : that of ``nn.functional.adaptive_max_pool1d``
    """

    function = staticmethod(adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """``adaptive_max_pool2d`` as a layer.

    output_size : the number of windows along both axes, or a pair of them; None keeps an axis
    return_indices : that of ``nn.functional.adaptive_max_pool1d``
    """

    function = staticmethod(adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """``adaptive_max_pool3d`` as a layer.

    output_size : the numbers of windows
    return_indices : that of ``nn.functional.adaptive_max_pool1d``
    """

    function = staticmethod(adaptive_max_pool3d)
