"""Normalisation: numbers brought to mean 0 and variance 1, over the batch, a layer, a group or an instance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name
from autograd_core.engine.tensor import bare

from .. import init
from ..kernels import fused
from ..kernels.accuracy import accurate, like, squared
from ..modules.checking import COUNT, NOT_NEGATIVE, checked
from ..modules.dtypes import check_held
from ..modules.layer import Layer
from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import DTypeLike, TensorLike

__all__ = [
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    *("LayerNorm", "RMSNorm", "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"),
]


def _scaled(y: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    y = y if weight is None else y * np.reshape(weight, shape)
    return y if bias is None else y + np.reshape(bias, shape)


@checked(eps=NOT_NEGATIVE)
def batch_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + ε) · weight + bias for each channel of (N, C, …); ε stands inside the root.

    input : (N, C, …)
    running_mean, running_var : (C,) or None; written in place in training, used otherwise
    weight, bias : (C,), the scale and the shift; None for none
    training : whether the batch's own statistics count
    momentum : the weight of the batch in the running statistics
    eps : ε ≥ 0

    Training: mean and biased variance of the batch, towards which (with the unbiased variance) the running ones move
    by ``momentum``. Otherwise the running ones are used. Ioffe & Szegedy 2015, algorithm 1.
    Raises ValueError for one value a channel in training.
    """
    _check_channels("batch_norm", input, running_mean, running_var, weight, bias, training)
    axes = (0, *range(2, input.ndim))
    column = (-1, *[1] * (input.ndim - 2))  # the shape in which a vector of channels lies along axis 1
    x = accurate(input)
    if training:
        n = input.size // max(1, input.shape[1])
        if n == 1:
            raise ValueError(
                f"batch_norm: input of shape {input.shape} has one value a channel, whose variance says nothing. "
                "Fix: use a larger batch, or eval()."
            )
        if n == 0:  # nothing to bring to a mean, and nothing for the running statistics to learn
            centered, var = x, np.ones_like(bare(x), shape=input.shape[1])
        else:
            mean = ag.mean(x, axis=axes)
            centered = x - _lying(mean, column)
            var = ag.mean(squared(centered), axis=axes)
            _move(running_mean, mean, momentum)
            _move(running_var, var, momentum, n / (n - 1))
    else:
        var = accurate(running_var)
        centered = x - _lying(running_mean, column)
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight  # a row: cheaper than scaling the whole batch twice
    y = centered * _lying(scale, column)
    return like(input, y if bias is None else y + _lying(bias, column))


def _move(running: Any, batch: Any, momentum: float, factor: float = 1) -> None:
    """Move running statistics, an array or a tensor, towards those of a batch, in place."""
    if running is not None:
        held = bare(running)
        held[...] += momentum * (factor * bare(batch) - held)


def _check_channels(name: str, input: Any, mean: Any, var: Any, weight: Any, bias: Any, by_input: bool) -> None:
    if input.ndim < 2:
        raise ValueError(f"{name}: input of shape {input.shape}; expected (N, C, …).")
    held = {"running_mean": mean, "running_var": var, "weight": weight, "bias": bias}
    check_held(name, input, (input.shape[1],), **held)
    if (mean is None) != (var is None) or (mean is None and not by_input):
        raise ValueError(f"{name}: give running_mean and running_var, or neither where the input's own count.")


def _lying(channels: Any, column: tuple[int, ...]) -> Any:
    return channels if len(column) == 1 else np.reshape(channels, column)


@checked(eps=NOT_NEGATIVE)
def instance_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``batch_norm`` of each sample by itself: over the places of each channel of (N, C, …) (Ulyanov et al. 2016).

    input : (N, C, …)
    use_input_stats : whether each sample's own statistics count; else the running ones
    running_mean, running_var, weight, bias, momentum, eps : those of ``batch_norm``

    Raises ValueError for one value a channel and sample.
    """
    _check_channels("instance_norm", input, running_mean, running_var, weight, bias, use_input_stats)
    column = (-1, *[1] * (input.ndim - 2))
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    axes = tuple(range(2, input.ndim))
    n = math.prod(input.shape[2:])
    if n == 1:
        raise ValueError(
            f"instance_norm: input of shape {input.shape} has one value a channel and sample, whose variance says "
            "nothing. Fix: inputs with more places."
        )
    if running_mean is not None and input.size:
        values = accurate(bare(input))
        _move(running_mean, values.mean(axis=axes).mean(axis=0), momentum)
        _move(running_var, values.var(axis=axes, ddof=1).mean(axis=0), momentum)
    return _scaled(fused.standardised(input, axes, eps), weight, bias, column)


@checked(eps=NOT_NEGATIVE)
def layer_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(var + ε) · weight + bias over the last axes, ``normalized_shape`` (Ba et al. 2016).

    input : (…, *normalized_shape)
    normalized_shape : the last axes, which have mean 0 and variance 1 before scale and shift
    weight, bias : of that shape; None for none
    eps : ε ≥ 0

    >>> layer_norm(np.array([[1.0, 3.0]]), (2,), eps=0.0)
    array([[-1.,  1.]])
    """
    axes = _last_axes("layer_norm", input, normalized_shape)
    check_held("layer_norm", input, tuple(normalized_shape), weight=weight, bias=bias)
    y = fused.standardised(input, axes, eps)
    if weight is not None and bias is not None and len(axes) == 1:
        return fused.scaled(y, weight, bias)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@checked(eps=NOT_NEGATIVE)
def rms_norm(
    input: TensorLike,
    normalized_shape: Sequence[int],
    weight: TensorLike | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / √(mean x² + ε) · weight over the last axes (Zhang & Sennrich 2019); ε is the dtype's resolution by default.

    input, normalized_shape, weight : those of ``layer_norm``
    eps : ε ≥ 0; None is the resolution of the dtype

    >>> rms_norm(np.array([[3.0, 4.0]]), (2,), eps=0.0).round(4)
    array([[0.8485, 1.1314]])
    """
    axes = _last_axes("rms_norm", input, normalized_shape)
    check_held("rms_norm", input, tuple(normalized_shape), weight=weight)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    x = accurate(input)
    y = like(input, x / np.sqrt(ag.mean(squared(x), axis=axes, keepdims=True) + eps))
    return y if weight is None else y * weight


def _last_axes(name: str, input: Any, shape: Sequence[int]) -> tuple[int, ...]:
    shape = tuple(shape)
    if tuple(input.shape[-len(shape) :]) != shape:
        raise ValueError(f"{name}: input of shape {input.shape}; its last axes must be {shape}.")
    return tuple(range(-len(shape), 0))


@checked(eps=NOT_NEGATIVE)
def group_norm(
    input: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each of num_groups groups of channels of (N, C, …) by its own mean and variance (Wu & He 2018).

    input : (N, C, …)
    num_groups : a divisor of C
    weight, bias : (C,); None for none
    eps : ε ≥ 0

    Raises ValueError where num_groups does not divide C.

    >>> group_norm(np.array([[1.0, 3.0, 5.0, 5.0]]), 2, eps=0.1).round(3)
    array([[-0.953,  0.953,  0.   ,  0.   ]])
    """
    if input.ndim < 2 or input.shape[1] % num_groups:
        raise ValueError(f"group_norm: {num_groups} groups do not divide the channels of an input {input.shape}.")
    check_held("group_norm", input, (input.shape[1],), weight=weight, bias=bias)
    grouped = np.reshape(input, (input.shape[0], num_groups, math.prod(input.shape[1:]) // num_groups))
    y = np.reshape(fused.standardised(grouped, (2,), eps), input.shape)
    return _scaled(y, weight, bias, (-1, *[1] * (input.ndim - 2)))


# Layers --------------------------------------------------------------------------------------------------------------


class _RunningNorm(Layer):
    """Scale and shift for each channel, and running statistics, as batch and instance norm have them."""

    channels_first = True

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any
    ranks: tuple[int, ...]
    expected: str

    def _set_up(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track: bool, dtype: Any, bias: bool
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track
        self.weight = Parameter(init.empty(num_features, dtype=dtype) + 1) if affine else None
        self.bias = Parameter(init.empty(num_features, dtype=dtype)) if affine and bias else None
        self.register_buffer("running_mean", init.empty(num_features, dtype=dtype) if track else None)
        self.register_buffer("running_var", init.empty(num_features, dtype=dtype) + 1 if track else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if track else None)

    def _check(self, x: Any, channel_axis: int = 1) -> None:
        if np.ndim(x) not in self.ranks or x.shape[channel_axis] != self.num_features:
            expected = self.expected.format(C=self.num_features)
            raise ValueError(
                f"{class_name(self)}({self.extra_repr()}): input of shape {np.shape(x)}; expected {expected}."
            )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    of_batches = True  # its running statistics are those of batches: optim.swa_utils.update_bn makes them anew

    @checked(num_features=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: TensorLike) -> Tensor:
        self._check(input)
        by_batch = self.training or not self.track_running_stats
        if by_batch and input.size // max(1, input.shape[1]) == 1:
            raise ValueError(
                f"{class_name(self)}({self.extra_repr()}): input of shape {input.shape} has one value a channel, "
                "whose variance says nothing. Fix: use a larger batch, or eval()."
            )
        name = f"{class_name(self)}({self.extra_repr()})"
        check_held(name, input, (self.num_features,), weight=self.weight, running_mean=self.running_mean)
        momentum = self._momentum()
        mean, var = (self.running_mean, self.running_var) if self.training or not by_batch else (None, None)
        return batch_norm(input, mean, var, self.weight, self.bias, by_batch, momentum, self.eps)

    def _momentum(self) -> float:
        """The weight of this batch; of momentum None, that of a plain average over all batches."""
        if not (self.training and self.track_running_stats):
            return 0.0
        self.num_batches_tracked._data[...] += 1
        return 1.0 / self.num_batches_tracked._data.item() if self.momentum is None else self.momentum


class BatchNorm1d(_BatchNorm):
    """Normalise each channel of (N, C) or (N, C, L) over the batch, then scale and shift (Ioffe & Szegedy 2015).

    num_features : the number of channels C
    eps : ε ≥ 0, beside the variance
    momentum : the weight of a batch in the running statistics; None: they are plain averages
    affine : whether each channel is scaled and shifted by parameters weight and bias (C,)
    track_running_stats : whether there are running statistics; without, eval mode uses the batch's, too
    dtype : of parameters and buffers; the default dtype by default
    bias : whether there is a shift

    Training: mean and biased variance of the batch; the running ones move by ``momentum`` (None: a plain average)
    towards the batch's mean and unbiased variance. Eval: the running ones. Buffers and defaults as in PyTorch.
    Raises ValueError for a wrong rank, a wrong number of channels, or one value a channel in training.

    >>> y = BatchNorm1d(2)(np.array([[1.0, 10.0], [3.0, 30.0]], np.float32))
    >>> y.numpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """

    ranks, expected = (2, 3), "(N, {C}) or (N, {C}, L)"


class BatchNorm2d(_BatchNorm):
    """``BatchNorm1d`` of images (N, C, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``
    """

    ranks, expected = (4,), "(N, {C}, H, W)"


class BatchNorm3d(_BatchNorm):
    """``BatchNorm1d`` of volumes (N, C, D, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``
    """

    ranks, expected = (5,), "(N, {C}, D, H, W)"


class _InstanceNorm(_RunningNorm):
    @checked(num_features=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        self._set_up(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input: TensorLike) -> Tensor:
        single = np.ndim(input) == self.ranks[0]
        self._check(input, 0 if single else 1)
        x = np.reshape(input, (1, *input.shape)) if single else input
        own = self.training or not self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if self.training or not own else (None, None)
        y = instance_norm(x, mean, var, self.weight, self.bias, own, self.momentum or 0.0, self.eps)
        return y[0] if single else y


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample of (N, C, L) or (C, L) over its places (Ulyanov et al. 2016).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``BatchNorm1d``, but that there
        are neither parameters nor running statistics by default
    """

    ranks, expected = (2, 3), "(N, {C}, L) or ({C}, L)"


class InstanceNorm2d(_InstanceNorm):
    """``InstanceNorm1d`` of images (N, C, H, W) or (C, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``InstanceNorm1d``
    """

    ranks, expected = (3, 4), "(N, {C}, H, W) or ({C}, H, W)"


class InstanceNorm3d(_InstanceNorm):
    """``InstanceNorm1d`` of volumes (N, C, D, H, W) or (C, D, H, W).

    num_features, eps, momentum, affine, track_running_stats, dtype, bias : those of ``InstanceNorm1d``
    """

    ranks, expected = (4, 5), "(N, {C}, D, H, W) or ({C}, D, H, W)"


class LayerNorm(Layer):
    """Normalise over the last axes of every sample, then scale and shift each of their elements (Ba et al. 2016).

    normalized_shape : the last axes, or their only one
    eps : ε ≥ 0, beside the variance
    elementwise_affine : whether there are parameters weight and bias of that shape
    bias : whether there is a shift
    dtype : of the parameters; the default dtype by default

    >>> LayerNorm(4)(np.ones((2, 3, 4), np.float32)).shape
    (2, 3, 4)
    """

    @checked(eps=NOT_NEGATIVE)
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(init.empty(*shape, dtype=dtype) + 1) if elementwise_affine else None
        self.bias = Parameter(init.empty(*shape, dtype=dtype)) if elementwise_affine and bias else None

    def forward(self, input: TensorLike) -> Tensor:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Layer):
    """Divide by the root mean square over the last axes, then scale (Zhang & Sennrich 2019).

    normalized_shape, elementwise_affine, dtype : those of ``LayerNorm``
    eps : beside the mean square; None is the resolution of the input's dtype
    """

    @checked(eps=NOT_NEGATIVE)
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: DTypeLike = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(init.empty(*shape, dtype=dtype) + 1) if elementwise_affine else None

    def forward(self, input: TensorLike) -> Tensor:
        return rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Layer):
    """Normalise each group of channels of every sample, then scale and shift each channel (Wu & He 2018).

    num_groups, num_channels : the first divides the second
    eps : ε ≥ 0, beside the variance
    affine : whether each channel is scaled and shifted by parameters weight and bias
    dtype : of the parameters; the default dtype by default
    bias : whether there is a shift

    Raises ValueError where num_groups does not divide num_channels.
    """

    channels_first = True

    @checked(num_groups=COUNT, num_channels=COUNT, eps=NOT_NEGATIVE)
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: DTypeLike = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}.")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(init.empty(num_channels, dtype=dtype) + 1) if affine else None
        self.bias = Parameter(init.empty(num_channels, dtype=dtype)) if affine and bias else None

    def forward(self, input: TensorLike) -> Tensor:
        if np.ndim(input) < 2 or input.shape[1] != self.num_channels:
            expected = f"(N, {self.num_channels}, …)"
            raise ValueError(f"GroupNorm({self.extra_repr()}): input of shape {np.shape(input)}; expected {expected}.")
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
